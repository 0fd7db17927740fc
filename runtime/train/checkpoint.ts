// The checkpoints of a run's folder: the newest, and the one before, which is kept.

import { existsSync, renameSync } from "node:fs";
import { join } from "node:path";
import { TwinError } from "../../contract/error.ts";
import type { Hasher } from "../../contract/hash.ts";
import { weightsFile } from "../../contract/safetensors.ts";
import type { ByteSink } from "../bytes/byte-sink.ts";
import { AtomicFile, attempt } from "../host/files.ts";
import { openTensors } from "../host/tensor-file.ts";
import { checkedCheckpoint, type OpenCheckpoint } from "../learn/index.ts";

export const checkpointFile = "checkpoint.safetensors";
export const previousFile = "checkpoint.previous.safetensors";

/**
 * Where the next checkpoint goes; the one before stays as `checkpoint.previous.safetensors`. Killed at any moment, one
 * whole checkpoint remains.
 */
export function nextCheckpoint(dir: string): ByteSink {
  const path = join(dir, checkpointFile);
  const file = AtomicFile.create(path);
  return {
    name: path,
    write: (bytes, position) => file.write(bytes, position),
    sync: () => file.sync(),
    commit() {
      if (existsSync(path)) {
        attempt("rename", path, () => renameSync(path, join(dir, previousFile)));
      }
      file.commit();
    },
    abort: () => file.abort(),
  };
}

/** Where the weights go: `weights.safetensors`. */
export const nextWeights = (dir: string): ByteSink => AtomicFile.create(join(dir, weightsFile));

/** Whether a run has written one, sound or not. */
export const hasCheckpoint = (dir: string): boolean =>
  [checkpointFile, previousFile].some((name) => existsSync(join(dir, name)));

/**
 * The newest sound checkpoint of a run; null where none was written yet. Each is read whole once and checked first.
 * @param warn told where the newest one could not be read, and the one before is used
 * @throws TwinError where there are checkpoints, and none is sound
 */
export function openCheckpoint(dir: string, hasher: Hasher, warn: (message: string) => void): OpenCheckpoint | null {
  const paths = [checkpointFile, previousFile].map((name) => join(dir, name)).filter((path) => existsSync(path));
  let problem: TwinError | null = null;
  for (const path of paths) {
    try {
      const found = checkedCheckpoint(openTensors(path), hasher);
      if (problem) {
        warn(`${problem.message}. The checkpoint before it is used: step ${found.meta.step}`);
      }
      return found;
    } catch (error) {
      if (!(error instanceof TwinError)) {
        throw error;
      }
      problem ??= error;
    }
  }
  if (problem) {
    throw new TwinError(
      `${problem.message}. Restore an earlier checkpoint from a copy, or start a new run in another folder: from weights that are whole (--from), or from nothing`,
      { cause: problem },
    );
  }
  return null;
}
