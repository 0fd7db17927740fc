// Which releases go when another one serves: those beyond `keep`, out of use for long enough, that nobody reads.
import { renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Pointer } from "./pointer.ts";
import { readersOf } from "./readers.ts";
import { numbersOf, releaseFolder, releasesFolder } from "./releases.ts";

export interface Kept {
  /** Releases that stay, the one that serves among them. */
  readonly keep: number;
  /** Seconds that a release stays after it was replaced, however many there are. */
  readonly grace: number;
}

/** @returns the numbers of those that were removed */
export function removeOld(dir: string, pointer: Pointer, { keep, grace }: Kept, now = Date.now()): number[] {
  const others = numbersOf(dir).filter((number) => number !== pointer.release);
  const surplus = others.slice(0, Math.max(0, others.length - (keep - 1)));
  return surplus.filter((number) => {
    const left = pointer.left[number];
    // One that never served (a check failed after it got its name) has nobody to wait for; a clock that was set back waits.
    return (left === undefined || now - Date.parse(left) >= 1000 * grace) && remove(dir, number);
  });
}

/**
 * Nobody can open it once it is renamed; who said so before, and had not opened it when we looked, gets it back.
 * @returns whether it is removed
 */
function remove(dir: string, number: number): boolean {
  const releases = releasesFolder(dir);
  if (readersOf(releases, number) > 0) {
    return false;
  }
  const [folder, away] = [releaseFolder(dir, number), join(releases, `.${number}.removed`)];
  renameSync(folder, away);
  if (readersOf(releases, number) > 0) {
    renameSync(away, folder);
    return false;
  }
  rmSync(away, { recursive: true, force: true });
  return true;
}
