// A temporary folder of its own for every run, removed at its end: whatever a test forgets, also one that was killed.
import { accessSync, chmodSync, constants, existsSync, mkdtempSync, readdirSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { long } from "./effort.ts";

/** The folder of this run, in its own process and in those of the tests. */
export const runFolder = (): string | undefined => process.env.TWIN_TEST_FOLDER;

/** Removes a folder in which tests may have taken permissions away. */
function remove(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  } catch {
    if (!existsSync(folder)) {
      return;
    }
    for (const one of [
      folder,
      ...readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => join(folder, name)),
    ]) {
      chmodSync(one, 0o755);
    }
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

const memory = "/dev/shm";
/** What a run may leave there at one time, several times over. */
const room = 8 * 2 ** 30;

/**
 * Linux has a file system in memory: a test waits for the disk a tenth of its time, for a file is safe before it has its name.
 * The long tier goes to the disk, and so does who names a folder by TMPDIR.
 */
function place(): string {
  if (long || process.env.TMPDIR !== undefined || process.availableMemory() < 1.5 * room) {
    return tmpdir();
  }
  try {
    accessSync(memory, constants.W_OK);
    const { type, bavail, bsize } = statfsSync(memory);
    return type === 0x01021994 && bavail * bsize > room ? memory : tmpdir();
  } catch {
    return tmpdir();
  }
}

export default function setup(): () => void {
  const folder = mkdtempSync(join(place(), "twin-run-"));
  // Tests become another user, who must get through to what he may read.
  chmodSync(folder, 0o755);
  for (const name of ["TMPDIR", "TMP", "TEMP", "TWIN_TEST_FOLDER"]) {
    process.env[name] = folder;
  }
  // Also of a run that is stopped by hand.
  process.once("exit", () => remove(folder));
  return () => remove(folder);
}
