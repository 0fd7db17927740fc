// Puts a build in its folder as a whole: staged beside it, swapped in by renames. Killed at any moment, one whole result
// remains: the folder itself, or `.NAME.previous`, which the next writer puts back.
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { ArtefactFile } from "../compiler/index.ts";
import { TwinError } from "../contract/error.ts";
import { holdBuild, previousOf, stageOf } from "../runtime/host/build-folder.ts";
import { attempt, syncFolder, writeFully } from "../runtime/host/files.ts";
import { linkFile, linkFolder, syncFolders } from "../runtime/host/link-folder.ts";
import { releasesName } from "../runtime/release/index.ts";
import { adoptDeltas, deltasFolder, publishedBeforePath } from "../runtime/store/index.ts";

/**
 * Writes all files of a build and makes them visible together.
 * @param carry whether built tables of an earlier build are carried over
 * @throws TwinError where `signal` stops it, or another process writes the folder: it is then as it was
 */
export async function writeArtefacts(
  target: string,
  files: Iterable<Pick<ArtefactFile, "path" | "content">>,
  signal: AbortSignal,
  carry = true,
): Promise<void> {
  const folder = resolve(target);
  refuseForeign(target);
  mkdirSync(dirname(folder), { recursive: true });
  const release = holdBuild(target);
  const stage = stageOf(folder);
  try {
    mkdirSync(stage);
    for (const file of files) {
      await writeWhole(join(stage, file.path), file.content, signal);
    }
    if (carry && existsSync(join(folder, "tables/current"))) {
      carryTables(folder, stage);
    }
    // What lies in a Redis by this folder can be taken out by the builds to come.
    if (existsSync(publishedBeforePath(folder))) {
      linkFile(publishedBeforePath(folder), publishedBeforePath(stage));
    }
    // So do items that were put in since.
    adoptDeltas(deltasFolder(folder), deltasFolder(stage));
    // What is served stays, whatever is built beside it.
    if (existsSync(join(folder, releasesName))) {
      linkFolder(join(folder, releasesName), join(stage, releasesName));
    }
    syncFolders(stage);
    if (existsSync(folder)) {
      renameSync(folder, previousOf(folder));
    }
    renameSync(stage, folder);
    // And those that were put in meanwhile.
    adoptDeltas(deltasFolder(previousOf(folder)), deltasFolder(folder));
    syncFolder(dirname(folder));
    rmSync(previousOf(folder), { recursive: true, force: true });
  } catch (failure) {
    rmSync(stage, { recursive: true, force: true });
    throw failure;
  } finally {
    release();
  }
}

/** @throws TwinError where a folder holds what is no build: it is not replaced */
export function refuseForeign(shown: string): void {
  const folder = resolve(shown);
  if (!existsSync(folder)) {
    return;
  }
  if (!statSync(folder).isDirectory()) {
    throw new TwinError(`${shown} is a file; name a folder for the artefacts with -o`);
  }
  if (existsSync(join(folder, "manifest.yaml")) || readdirSync(folder).length === 0) {
    return;
  }
  throw new TwinError(
    `${shown} holds files that are not a build (it has no manifest.yaml), and a build replaces its whole folder; name a new or empty folder with -o`,
  );
}

async function writeWhole(path: string, content: ArtefactFile["content"], signal: AbortSignal): Promise<void> {
  mkdirSync(dirname(path), { recursive: true });
  const file = attempt("write", path, () => openSync(path, "w"));
  try {
    let position = 0;
    for (const chunk of content instanceof Uint8Array ? [content] : content()) {
      attempt("write", path, () => writeFully(file, chunk, position));
      position += chunk.byteLength;
      // The event loop turns between chunks, so that a signal is heard.
      await new Promise(setImmediate);
      if (signal.aborted) {
        throw new TwinError("the build was stopped; what was in its folder before is unchanged");
      }
    }
    attempt("write", path, () => fsyncSync(file));
  } finally {
    closeSync(file);
  }
}

/** Generations and releases are immutable, so hard links carry them. */
function carryTables(from: string, to: string): void {
  linkFolder(join(from, "tables/generations"), join(to, "tables/generations"));
  linkFile(join(from, "tables/current"), join(to, "tables/current"));
}
