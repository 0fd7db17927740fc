// Temporary folders that carry their process's mark, so that the next run removes what a killed one left.
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { attempt } from "./files.ts";
import { newMark, ownerOf } from "./process-mark.ts";

/**
 * Makes `twin-PURPOSE-MARK` in the system's folder for temporary files, readable by its owner alone, after removing those
 * of the same purpose whose process has ended. Whoever asks removes it in the end.
 * @throws TwinError where it cannot be made
 */
export function temporaryFolder(purpose: string): string {
  const prefix = `twin-${purpose}-`;
  const folder = join(tmpdir(), `${prefix}${newMark()}`);
  attempt("write", folder, () => {
    removeAbandoned(prefix);
    mkdirSync(folder, { mode: 0o700 });
  });
  return folder;
}

/** Only what surely has no owner any more goes; and no run fails because something could not be removed. */
function removeAbandoned(prefix: string): void {
  for (const name of readdirSync(tmpdir())) {
    if (!name.startsWith(prefix) || ownerOf(name.slice(prefix.length))?.state !== "ended") {
      continue;
    }
    try {
      rmSync(join(tmpdir(), name), { recursive: true, force: true });
    } catch {
      // Another user's, or another run is removing it.
    }
  }
}
