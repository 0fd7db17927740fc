// A release: what a build folder holds now, its tables with it, as a folder of its own that nobody changes.
import { mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { TwinError } from "../../contract/error.ts";
import { holdBuild } from "../host/build-folder.ts";
import { attempt, expectFile, syncFolder, writeFileAtomic } from "../host/files.ts";
import { linkFile, linkFolder, syncFolders } from "../host/link-folder.ts";
import { readManifest } from "../host/manifest-file.ts";
import { Generation, generationFolder, readPublished } from "../store/index.ts";
import type { Pointer } from "./pointer.ts";
import { type ReleaseFile, releaseText } from "./release-file.ts";
import { numbersOf, readPointer, readRelease, releaseFolder, releasesFolder, serveBy } from "./releases.ts";
import { type Kept, removeOld } from "./remove-old.ts";

export interface ReleaseOptions extends Kept {
  /** Tries the release before anybody is served by it; what it throws leaves everything as it was. */
  readonly check: (folder: string) => Promise<void>;
}

export interface Released extends ReleaseFile {
  readonly pointer: Pointer;
  /** Numbers of the releases that were removed. */
  readonly removed: readonly number[];
}

/**
 * Makes a release of a build folder and lets it serve. Killed at any moment, either the earlier release serves or this one,
 * whole; no other process may write the folder meanwhile.
 * @throws TwinError where the folder is not whole, the check fails, or another process writes it
 */
export async function makeRelease(dir: string, { keep, grace, check }: ReleaseOptions): Promise<Released> {
  expectFile(join(dir, "manifest.yaml"), "Name the folder of a build: twin build FILE -o DIR");
  const done = holdBuild(dir);
  try {
    const folder = releasesFolder(dir);
    attempt("write", folder, () => mkdirSync(folder, { recursive: true }));
    removeUnfinished(folder);
    const number = Math.max(0, ...numbersOf(dir), readPointer(dir)?.made ?? 0) + 1;
    const stage = join(folder, `.${number}.partial`);
    let described: ReleaseFile;
    try {
      described = attempt("write", folder, () => gather(dir, stage, number));
      await check(stage);
      attempt("write", folder, () => {
        syncFolders(stage);
        renameSync(stage, releaseFolder(dir, number));
        syncFolder(folder);
      });
    } catch (error) {
      rmSync(stage, { recursive: true, force: true });
      throw error;
    }
    const pointer = serveBy(dir, number);
    return { ...described, pointer, removed: removeOld(dir, pointer, { keep, grace }) };
  } finally {
    done();
  }
}

/** Lets another release serve; null: the one that did before. @throws TwinError where there is none, or the check fails */
export async function rollBack(dir: string, to: number | null, check: ReleaseOptions["check"]): Promise<Pointer> {
  const done = holdBuild(dir);
  try {
    const number = to ?? readPointer(dir)?.before ?? null;
    if (number === null) {
      throw new TwinError(`no release served ${dir} before: there is nothing to go back to (twin releases ${dir})`);
    }
    readRelease(dir, number);
    await check(releaseFolder(dir, number));
    return serveBy(dir, number);
  } finally {
    done();
  }
}

/** What serves of a build folder, under second names; no training cache, nothing of others. */
function gather(dir: string, stage: string, number: number): ReleaseFile {
  const manifest = readManifest(dir);
  const take = (name: string): void => {
    expectFile(join(dir, name), "Build the artefacts again: twin build FILE -o DIR");
    linkFile(join(dir, name), join(stage, name));
  };
  mkdirSync(stage);
  for (const name of new Set(["manifest.yaml", ...Object.keys(manifest.files)])) {
    take(name);
  }
  const generation = Generation.current(dir);
  if (generation !== null) {
    linkFolder(generationFolder(dir, generation), generationFolder(stage, generation));
    take("tables/current");
  }
  const published = readPublished(dir);
  if (published !== null) {
    take("tables/published.json");
  }
  const { weights, producer } = manifest.fingerprints;
  const release: ReleaseFile = {
    number,
    model: manifest.model,
    made_at: new Date().toISOString(),
    step: manifest.step,
    fingerprints: { weights, producer },
    generation,
    published: published && { address: published.address, generation: published.described.number },
  };
  writeFileAtomic(join(stage, "release.json"), releaseText(release));
  return release;
}

/** What killed ones left. */
function removeUnfinished(folder: string): void {
  for (const name of readdirSync(folder)) {
    if (/^\.\d+\.(partial|removed)$/.test(name)) {
      rmSync(join(folder, name), { recursive: true, force: true });
    }
  }
}
