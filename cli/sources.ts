// `.twin` files from the file system, for the compiler's `read`. Links that lead out of the model's folder are refused.
import { readFileSync, realpathSync, statSync } from "node:fs";
import { dirname, sep } from "node:path";
import type { Read } from "../compiler/index.ts";

/** Longest `.twin` file that is read at all; the grammar names its own, smaller limit. */
const readable = 64 * 1024 * 1024;

/**
 * A reader for an entry file and what it imports.
 * @param replace with `--features FILE`: the file that is read in place of every import
 */
export function reader(entry: string, replace?: string): Read {
  const home = folderOf(entry);
  return (path) => {
    const imported = path !== entry;
    const file = imported && replace !== undefined ? replace : path;
    try {
      if (imported && file === path && home !== null && !realpathSync(file).startsWith(home)) {
        return { error: "is a link that leads out of the model's folder" };
      }
      const { size } = statSync(file);
      if (size > readable) {
        return { error: `is too large: ${size} bytes, and ${readable} is the most that is read` };
      }
      return readFileSync(file);
    } catch (failure) {
      return { error: reason(failure as NodeJS.ErrnoException) };
    }
  };
}

function folderOf(entry: string): string | null {
  try {
    const folder = realpathSync(dirname(entry));
    return folder.endsWith(sep) ? folder : folder + sep;
  } catch {
    return null;
  }
}

function reason(failure: NodeJS.ErrnoException): string {
  if (failure.code === "ENOENT") {
    return "there is no such file";
  }
  if (failure.code === "EISDIR") {
    return "it is a folder";
  }
  if (failure.code === "EACCES") {
    return "permission denied";
  }
  return failure.code ?? failure.message;
}
