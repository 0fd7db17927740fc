// Who has a release open: each process says so by a file of its own, so that nobody removes what it reads.
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { announce, announced } from "../host/announcement.ts";
import { attempt } from "../host/files.ts";
import { newMark } from "../host/process-mark.ts";

const readersFolder = (releases: string): string => join(releases, ".readers");

/**
 * Says that this process reads a release.
 * @returns what ends it; null where the folder cannot be written: then the release is safe for as long as releases that were
 * replaced are kept
 */
export function readsRelease(releases: string, number: number): (() => void) | null {
  try {
    mkdirSync(readersFolder(releases), { recursive: true });
    return announce(join(readersFolder(releases), `${number}.${newMark()}`));
  } catch {
    return null;
  }
}

/** How many processes have a release open. */
export function readersOf(releases: string, number: number): number {
  const folder = readersFolder(releases);
  if (!existsSync(folder)) {
    return 0;
  }
  const prefix = `${number}.`;
  return attempt("read", folder, () => readdirSync(folder)).filter(
    (name) => name.startsWith(prefix) && announced(join(folder, name), name.slice(prefix.length)) !== null,
  ).length;
}
