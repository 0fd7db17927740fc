// A temporary folder of its own for every run, removed at its end: whatever a test forgets, also one that was killed.
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

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

export default function setup(): () => void {
  const folder = mkdtempSync(join(tmpdir(), "twin-run-"));
  // Tests become another user, who must get through to what he may read.
  chmodSync(folder, 0o755);
  for (const name of ["TMPDIR", "TMP", "TEMP", "TWIN_TEST_FOLDER"]) {
    process.env[name] = folder;
  }
  // Also of a run that is stopped by hand.
  process.once("exit", () => remove(folder));
  return () => remove(folder);
}
