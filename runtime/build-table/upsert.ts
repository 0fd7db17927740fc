// `twin table upsert`: items put in and taken out while others serve, as a delta for each set of weights that serves.
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { encodersFingerprint } from "../../contract/encoders-fingerprint.ts";
import { TwinError } from "../../contract/error.ts";
import { recordOf } from "../../contract/record.ts";
import { vectorsOf } from "../../contract/vectors-of.ts";
import { expectSameVectors, type KeyType } from "../data/index.ts";
import { type MadeOf, madeAlike, madeBy } from "../delta/delta-description.ts";
import { type KeyColumn, keyText } from "../encode/keys.ts";
import { readManifest } from "../host/manifest-file.ts";
import { keyFeature, rowFormat } from "../projection/index.ts";
import { readPointer, releaseFolder } from "../release/index.ts";
import { type Artefacts, openArtefacts } from "../serve/index.ts";
import {
  BlockFile,
  commitDelta,
  currentGeneration,
  deltasFolder,
  generationFolder,
  newDelta,
  newFile,
  readGeneration,
  readPublished,
  writeDelta,
} from "../store/index.ts";
import { writeKeyIndex } from "../table/key-index-build.ts";
import { sameFormat } from "../table/precision.ts";
import { readTableHeader } from "../table/table-header.ts";
import { type EncodedChunk, expectCount, readItems } from "./encoded-chunks.ts";
import { storeItems } from "./store-items.ts";
import { type UpsertFiles, UpsertSource } from "./upsert-source.ts";
import { type RowsInput, writeRows } from "./write-rows.ts";

export interface UpsertOptions extends UpsertFiles {
  /** The build folder. */
  readonly dir: string;
  readonly providers?: readonly string[];
  readonly signal?: AbortSignal;
  readonly warn?: (message: string) => void;
  /** Time that the deltas say; default now. */
  readonly now?: Date;
}

export interface UpsertReport {
  readonly dir: string;
  /** Items put in, and keys taken out. */
  readonly items: number;
  readonly removed: number;
  /** Numbers of the deltas: one for each set of weights that serves, or may by the next `twin release`. */
  readonly deltas: readonly number[];
  readonly seconds: number;
}

/** One set of weights that items are projected with. */
interface Target {
  readonly folder: string;
  readonly made: MadeOf;
  readonly keyType: KeyType;
}

/** Rounds in which other weights may come to serve meanwhile. */
const mostRounds = 10;

/**
 * Puts items in, and takes items out; a process that serves the folder sees it within a second. Killed at any moment, each
 * set of weights has all of it or nothing; what was returned from is there.
 * @throws TwinError for whatever is wrong with artefacts or items, naming file and row; where no tables are built; where the
 * disk is full: nothing is changed then
 */
export async function upsertItems(options: UpsertOptions): Promise<UpsertReport> {
  const { dir } = options;
  const begun = performance.now();
  const source = await UpsertSource.open(options);
  const done: (MadeOf & { readonly number: number })[] = [];
  let counts = { items: 0, removed: 0 };
  try {
    // Other weights may come to serve while these are projected with: what is asked of them at last has its delta, too.
    for (let round = 0; ; round++) {
      const due = targetsOf(dir).filter(({ made }) => !done.some((one) => madeAlike(one, made)));
      if (due.length === 0) {
        break;
      }
      if (round === mostRounds) {
        throw new TwinError(`${dir} is built anew again and again while items are put in: try again when that is over`);
      }
      const [target] = due;
      const folder = deltasFolder(dir);
      const partial = newDelta(folder);
      try {
        counts = await makeDelta(options, source, target, partial);
        stopped(options.signal);
        done.push({ ...target.made, number: commitDelta(dir, folder, partial) });
      } catch (error) {
        // `twin build` put another folder in the place of this one: it is begun again there.
        if (existsSync(partial) || options.signal?.aborted) {
          throw error;
        }
        await wait(20);
      } finally {
        rmSync(partial, { recursive: true, force: true });
      }
    }
  } finally {
    source.close();
  }
  const unseen = await unseenIn(dir);
  if (unseen !== null) {
    options.warn?.(unseen);
  }
  if (readPublished(dir) !== null) {
    options.warn?.(
      `processes that read ${dir}'s rows from a Redis do not see this: build the tables and publish them (twin table build ${dir} --from-store, twin table publish ${dir} --to …)`,
    );
  }
  return { dir, ...counts, deltas: done.map(({ number }) => number), seconds: (performance.now() - begun) / 1000 };
}

function stopped(signal: AbortSignal | undefined): void {
  if (signal?.aborted) {
    throw new TwinError("the upsert was stopped; nothing was put in or taken out");
  }
}

/** The folder's own weights, those of the release that serves, and of the one before, which still may. */
function targetsOf(dir: string): Target[] {
  const pointer = readPointer(dir);
  const numbers = pointer === null ? [] : [pointer.release, ...(pointer.before === null ? [] : [pointer.before])];
  const released = numbers.map((number) => releaseFolder(dir, number)).filter((folder) => existsSync(folder));
  const targets: Target[] = [];
  for (const folder of [...released, dir]) {
    const generation = currentGeneration(folder);
    const type =
      generation === null ? targets[0]?.keyType : readGeneration(generationFolder(folder, generation)).key.type;
    if (type === undefined) {
      throw new TwinError(
        readPublished(folder) === null
          ? `${folder} has no built tables yet that could be added to: twin table build ${folder} --data DATA`
          : `${folder} holds no tables itself, its rows lie in a Redis, and items are not put in there: do it in the folder that was published, build its tables and publish them anew`,
      );
    }
    const manifest = readManifest(folder);
    const made = madeBy(manifest, type);
    if (!targets.some((one) => madeAlike(one.made, made))) {
      targets.push({ folder, made, keyType: type });
    }
  }
  return targets;
}

/** Why processes that read the folder as it lies do not see what is put in; null: they do, or it is served by releases. */
async function unseenIn(dir: string): Promise<string | null> {
  const number = currentGeneration(dir);
  if (number === null || readPointer(dir) !== null) {
    return null;
  }
  const folder = generationFolder(dir, number);
  const { fingerprints, tables } = readGeneration(folder);
  const manifest = readManifest(dir);
  let fits = fingerprints.encoders === encodersFingerprint(manifest);
  for (const [name, table] of Object.entries(manifest.tables)) {
    fits &&= fingerprints.producer[name] === manifest.fingerprints.producer[name];
    if (fits) {
      const file = await BlockFile.open(join(folder, tables[name].file), "table");
      fits = sameFormat(readTableHeader(file).format, rowFormat(table));
      file.close();
    }
  }
  return fits
    ? null
    : `the tables of ${dir} were made with other weights, encoders or another precision, so that nobody sees yet what was put in: build them (twin table build ${dir} --from-store)`;
}

async function makeDelta(
  options: UpsertOptions,
  source: UpsertSource,
  { folder, keyType, made }: Target,
  partial: string,
): Promise<{ items: number; removed: number }> {
  const artefacts = await openArtefacts(folder, options.warn ?? (() => undefined));
  try {
    await artefacts.weights.sound;
    const { manifest } = artefacts;
    const { binding, items } = options;
    // Vectors that stand among the new items themselves say nothing of how they were made.
    if (items !== null && binding?.vectors) {
      await expectSameVectors(binding, manifest.features, vectorsOf(manifest), folder);
    }
    const header = { model: manifest.model, step: manifest.step, made_at: (options.now ?? new Date()).toISOString() };
    const removed = await source.removed(manifest, keyType);
    const input = await inputOf(source, artefacts, keyType, removed);
    stopped(options.signal);
    await writeRows({
      dir: folder,
      manifest,
      partial,
      header,
      rows: recordOf(Object.keys(manifest.tables).map((name) => [name, input.items + 1])),
      input,
      seconds: { read: 0, encode: 0, project: 0, rows: 0, write: 0 },
      stopped: () => stopped(options.signal),
      measureLoss: false,
      ...(options.providers && { providers: options.providers }),
      ...(options.warn && { warn: options.warn }),
    });
    await writeKeyIndex(newFile(join(partial, "removed.index")), removed, header);
    writeDelta(partial, {
      ...header,
      items: input.items,
      removed: removed.length,
      key: { feature: keyFeature(manifest).column, type: keyType },
      fingerprints: made.fingerprints,
      tables: recordOf(Object.keys(manifest.tables).map((name) => [name, { file: `${name}.table` }])),
      index: "keys.index",
      store: "items.store",
      gone: "removed.index",
    });
    return { items: input.items, removed: removed.length };
  } finally {
    artefacts.outside?.close();
  }
}

async function inputOf(
  source: UpsertSource,
  artefacts: Artefacts,
  keyType: KeyType,
  removed: KeyColumn,
): Promise<RowsInput> {
  const { manifest } = artefacts;
  const items = await source.items(manifest, keyType);
  const total = (await items?.check()) ?? 0;
  return {
    items: total,
    keyType,
    store: null,
    check: () => Promise.resolve(),
    jobs(partial, header, batch, seconds) {
      const chunks =
        items === null
          ? none()
          : without(removed, readItems({ items, order: null, artefacts, keyType, batch, seconds }));
      const counted = (found: number): void => expectCount(items?.relation.name ?? "", total, found);
      return storeItems({ chunks, manifest, keyType, partial, header, seconds, counted });
    },
  };
}

async function* none(): AsyncGenerator<EncodedChunk> {}

/** The same chunks. @throws TwinError for an item that is to be taken out, too */
async function* without(removed: KeyColumn, chunks: AsyncIterable<EncodedChunk>): AsyncGenerator<EncodedChunk> {
  const told = new Set(Array.from({ length: removed.length }, (_, i) => keyText(removed, i)));
  for await (const chunk of chunks) {
    for (let i = 0; told.size > 0 && i < chunk.keys.length; i++) {
      const key = keyText(chunk.keys, i);
      if (told.has(key)) {
        throw new TwinError(
          `the item ${JSON.stringify(key)} is both to be put in and to be taken out: name it in one of the files`,
        );
      }
    }
    yield chunk;
  }
}
