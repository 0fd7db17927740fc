// Files that nobody changes, under a second name: hard links, or copies where links cannot be had.
import { cpSync, linkSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { syncFolder } from "./files.ts";

/** @param to what there is not yet; its folder is made */
export function linkFile(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  try {
    linkSync(from, to);
  } catch {
    cpSync(from, to);
  }
}

/** All that lies in a folder but what is being written (`….partial`). */
export function linkFolder(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(from).filter((one) => !one.endsWith(".partial"))) {
    const [source, destination] = [join(from, name), join(to, name)];
    if (statSync(source).isDirectory()) {
      linkFolder(source, destination);
    } else {
      linkFile(source, destination);
    }
  }
}

/** Makes the names in a folder, and in all folders within, durable. */
export function syncFolders(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) {
      syncFolders(join(folder, entry.name));
    }
  }
  syncFolder(folder);
}
