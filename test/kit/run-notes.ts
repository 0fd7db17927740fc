// What tests leave for the end of a run, where it is said: notes in its temporary folder.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runFolder } from "./own-folder.ts";

const place = (name: string): string | null => {
  const folder = runFolder();
  return folder === undefined ? null : join(folder, `note ${name}`);
};

export function noteOfRun(name: string, text: string): void {
  const path = place(name);
  if (path !== null) {
    writeFileSync(path, text);
  }
}

/** What a test of this run left under a name, or null. */
export function notedInRun(name: string): string | null {
  const path = place(name);
  return path !== null && existsSync(path) ? readFileSync(path, "utf8") : null;
}
