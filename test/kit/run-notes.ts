// What tests leave for the end of a run, where it is said: notes in its temporary folder.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runFolder } from "./own-folder.ts";

/** @param name what the note is of, without a slash */
export function noteOfRun(name: string, text: string): void {
  const folder = runFolder();
  if (folder !== undefined) {
    writeFileSync(join(folder, `note ${name}`), text);
  }
}

/** What tests of this run left, by name. */
export function notesOfRun(): { readonly name: string; readonly text: string }[] {
  const folder = runFolder();
  if (folder === undefined) {
    return [];
  }
  return readdirSync(folder)
    .filter((file) => file.startsWith("note "))
    .sort()
    .map((file) => ({ name: file.slice("note ".length), text: readFileSync(join(folder, file), "utf8") }));
}
