// One cycle: what is new is built, tried, published and released, and nothing else. What decides is on disk, so that a cycle
// that was killed or failed is gone on with by the next one.
import { join, resolve } from "node:path";
import { encodersFingerprint } from "../../contract/encoders-fingerprint.ts";
import { TwinError } from "../../contract/error.ts";
import { hasher } from "../../contract/hash.ts";
import type { Manifest } from "../../contract/manifest.ts";
import { buildTables, publishTables } from "../build-table/index.ts";
import type { Binding } from "../data/index.ts";
import { selfTest, selfTestText } from "../evaluate/served.ts";
import { holdBuild } from "../host/build-folder.ts";
import { expectFile, readText } from "../host/files.ts";
import { readManifest } from "../host/manifest-file.ts";
import type { OnProgress } from "../host/progress.ts";
import type { Published } from "../redis/index.ts";
import {
  type Built,
  makeRelease,
  numbersOf,
  type RefreshStep,
  readPointer,
  readRelease,
  releaseFolder,
} from "../release/index.ts";
import { expectServes } from "../serve/index.ts";
import { currentGeneration, generationFolder, readGeneration, readPublished } from "../store/index.ts";
import { freshness } from "../table/freshness.ts";
import type { GenerationFile } from "../table/generation-description.ts";
import { newestWeights, type RunWeights, readRunManifest } from "../train/index.ts";
import { type ItemsSeen, itemsSeen } from "./items-seen.ts";
import { hasWeights } from "./same-weights.ts";

export interface CycleOptions {
  /** The build folder. */
  readonly dir: string;
  /** Where the items come from; read anew for each cycle. */
  readonly binding: () => Binding;
  /** The run whose newest weights are taken; null: those of the build stay. */
  readonly run: string | null;
  /** Builds the run's model with these weights into the folder, as the build there was made. */
  readonly build: (weights: RunWeights, manifest: Manifest, signal: AbortSignal) => Promise<void>;
  /** Releases that stay, and publications. */
  readonly keep: number;
  /** Seconds that a release stays after it was replaced. */
  readonly grace: number;
  readonly workers: number;
  readonly providers: readonly string[];
  readonly signal: AbortSignal;
  readonly onProgress?: OnProgress;
  readonly warn: (message: string) => void;
}

export interface CycleReport {
  readonly outcome: "released" | "nothing new";
  /** The release that serves. */
  readonly release: number;
  /** What was new, as a phrase. */
  readonly because: string;
}

/** What a cycle says of itself while it goes. */
export interface CycleNotes {
  /** What the folder was built of, as far as that is known. */
  built: Built;
  readonly doing: (step: RefreshStep) => void;
}

/** Random requests that a release is tried by. */
const tried = { requests: 8, history: 200 };

/** @throws TwinError (or the system's error) saying what failed: the release that served before serves on */
export async function refreshOnce(options: CycleOptions, notes: CycleNotes): Promise<CycleReport> {
  const { dir, signal } = options;
  notes.doing("look");
  // Puts right what a killed build has left.
  holdBuild(dir)();
  expectFile(join(dir, "manifest.yaml"), "Name the folder of a build: twin build FILE -o DIR");
  const address = published(dir)?.address ?? notes.built.address;
  notes.built = { ...notes.built, address };
  const news: string[] = [];
  for (const take of [takeWeights, takeItems, publish]) {
    stopped(signal);
    const found = await take(options, notes);
    if (found !== null) {
      news.push(found);
    }
  }
  stopped(signal);
  const serves = upToDate(dir);
  if (serves !== null) {
    return { outcome: "nothing new", release: serves, because: "no new items and no new weights" };
  }
  notes.doing("release");
  const { keep, grace } = options;
  const { number } = await makeRelease(dir, { keep, grace, check: tryOut });
  return {
    outcome: "released",
    release: number,
    because: news.length === 0 ? "what lies in the folder was not released yet" : news.join(", "),
  };
}

function stopped(signal: AbortSignal): void {
  if (signal.aborted) {
    throw new TwinError("the release before serves on");
  }
}

/** Builds the graphs where the run has other weights than the folder. */
async function takeWeights({ dir, run, build, warn, signal }: CycleOptions, notes: CycleNotes): Promise<string | null> {
  if (run === null) {
    return null;
  }
  const manifest = readManifest(dir);
  const ofRun = readRunManifest(run);
  expectSameKind(dir, manifest, run, ofRun);
  const weights = await newestWeights(run, ofRun, await hasher(), warn);
  try {
    const known = { run: resolve(run), checksum: weights.checksum, step: weights.step };
    const { weights: before } = notes.built;
    const same =
      before !== null &&
      before.run === known.run &&
      before.checksum === known.checksum &&
      before.fingerprint === manifest.fingerprints.weights;
    const isBuilt = same || hasWeights(dir, manifest, ofRun, weights);
    if (!isBuilt) {
      stopped(signal);
      notes.doing("graphs");
      await build(weights, manifest, signal);
    }
    const { weights: fingerprint } = readManifest(dir).fingerprints;
    notes.built = { ...notes.built, weights: { ...known, fingerprint } };
    return isBuilt ? null : `weights of step ${weights.step}`;
  } finally {
    weights.close();
  }
}

/** @throws TwinError where the folder cannot be built of the run as it was */
function expectSameKind(dir: string, { model, extensions }: Manifest, run: string, ofRun: Manifest): void {
  if (model !== ofRun.model) {
    throw new TwinError(
      `${dir} is a build of ${model}, and ${run} trains ${ofRun.model}: name a run of that model, or build the folder from this one first`,
    );
  }
  for (const [name, option] of [
    ["budget", "--budget"],
    ["search_weights", "--search-weights"],
  ]) {
    if (extensions?.[name] !== undefined) {
      throw new TwinError(
        `${dir} was built with ${option}, which a refresh cannot do again: leave out --weights-from, and build and release by hand when there are new weights`,
      );
    }
  }
}

/** Builds the tables where they are of other items or of other weights. */
async function takeItems(options: CycleOptions, notes: CycleNotes): Promise<string | null> {
  const { dir, workers, providers, signal, onProgress, warn } = options;
  const manifest = readManifest(dir);
  const binding = options.binding();
  const now = await itemsSeen(binding, manifest.tables);
  const generation = described(dir);
  const before = notes.built.items;
  const known = generation !== null && before?.generation === generation.number ? before : null;
  const content = await contentOf(now, known, signal);
  const same = known !== null && known.content === content;
  if (same && generation !== null && fits(manifest, generation)) {
    notes.built = { ...notes.built, items: { ...known, seen: now.seen } };
    return null;
  }
  stopped(signal);
  notes.doing("tables");
  const fromStore = same && generation !== null && holdsItems(manifest, generation);
  const report = await buildTables({
    ...{ dir, binding: fromStore ? null : binding, fromStore, workers, providers, signal, warn },
    ...(onProgress && { onProgress }),
    measureLoss: false,
  });
  notes.built = { ...notes.built, items: { generation: report.generation, seen: now.seen, content } };
  return `${report.items.toLocaleString("en-GB")} items${same ? ", as before" : ""}`;
}

/** Without reading what looks as it did. */
const contentOf = (now: ItemsSeen, known: Built["items"], signal: AbortSignal): Promise<string> | string =>
  known !== null && now.settled && known.seen === now.seen ? known.content : now.content(signal);

/** What can be read; what is damaged is made anew. */
function soundOrNull<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof TwinError) {
      return null;
    }
    throw error;
  }
}

/** The generation in use; null: there is none. */
const described = (dir: string): GenerationFile | null =>
  soundOrNull(() => {
    const number = currentGeneration(dir);
    return number === null ? null : readGeneration(generationFolder(dir, number));
  });

/** Whether a generation's items are encoded as the build encodes them, and are those of all its tables. */
const holdsItems = (manifest: Manifest, { fingerprints, tables }: GenerationFile): boolean =>
  fingerprints.encoders === encodersFingerprint(manifest) &&
  Object.keys(manifest.tables).every((name) => tables[name] !== undefined);

/** Whether its tables were made with the build's weights, too. */
const fits = (manifest: Manifest, generation: GenerationFile): boolean =>
  holdsItems(manifest, generation) &&
  Object.keys(manifest.tables).every((table) => {
    const { fingerprints, made_at: madeAt } = generation;
    return freshness(manifest, table, { madeAt, fingerprints }, Date.now() / 1000).state === "fresh";
  });

/** What the folder has in a Redis, or its newest release; null: neither has. */
const published = (dir: string): Published | null =>
  soundOrNull(() => readPublished(dir)) ?? newestRelease(dir, (folder) => readPublished(folder));

function newestRelease<T>(dir: string, read: (folder: string, number: number) => T): T | null {
  const number = numbersOf(dir).at(-1);
  return number === undefined ? null : soundOrNull(() => read(releaseFolder(dir, number), number));
}

async function publish(options: CycleOptions, notes: CycleNotes): Promise<string | null> {
  const { dir, keep, signal, onProgress, warn } = options;
  const { address } = notes.built;
  const generation = described(dir);
  const now = soundOrNull(() => readPublished(dir));
  const there =
    now !== null && now.described.number === generation?.number && now.described.made_at === generation.made_at;
  if (address === null || there) {
    return null;
  }
  notes.doing("publish");
  const buckets = published(dir)?.items.buckets;
  const { address: where } = await publishTables({
    ...{ dir, to: address, keep, signal, note: warn },
    ...(buckets !== undefined && { buckets }),
    ...(onProgress && { onProgress }),
  });
  return `published to ${where}`;
}

/** The release that serves, where the newest one is what lies in the folder now; null: there is something to release. */
function upToDate(dir: string): number | null {
  const pointer = readPointer(dir);
  return (
    pointer &&
    newestRelease(dir, (folder, number) => {
      // One that never served was killed, or given up, before its turn; one that was rolled back is forced on nobody.
      const served = pointer.release === number || pointer.left[number] !== undefined;
      const release = readRelease(dir, number);
      const now = readPublished(dir);
      return served &&
        manifestText(folder) === manifestText(dir) &&
        release.generation === currentGeneration(dir) &&
        release.published?.generation === now?.described.number &&
        release.published?.address === now?.address
        ? pointer.release
        : null;
    })
  );
}

/** It lists every file with its SHA-256. */
const manifestText = (dir: string): string => readText(join(dir, "manifest.yaml"));

/** Opens it as a server does, and runs every graph. @throws TwinError saying what is wrong */
async function tryOut(folder: string): Promise<void> {
  await expectServes(folder);
  const report = await selfTest(folder, tried);
  if (!report.passed) {
    throw new TwinError(`${folder} does not pass its self-test, so it is not released:\n${selfTestText(report)}`);
  }
}
