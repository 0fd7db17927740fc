// A process that says by an empty file that it is at work, or reads something: touched while it lives, removed at its end.
import { rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { type Owner, ownerOf } from "./process-mark.ts";

/** One that nobody here can ask about counts while its file was touched in so many milliseconds. */
const silent = 10 * 60 * 1000;
const touchEvery = 60 * 1000;

/**
 * @param path whose last part ends with the mark of this process
 * @returns what ends it
 * @throws the system's error where the file cannot be written
 */
export function announce(path: string): () => void {
  writeFileSync(path, "", { flag: "wx" });
  const timer = setInterval(() => touch(path), touchEvery).unref();
  return () => {
    clearInterval(timer);
    rmSync(path, { force: true });
  };
}

/** Who announced itself by a file that still counts; null: nobody, and the file is removed. @param mark at the end of its name */
export function announced(path: string, mark: string): Owner | null {
  const owner = ownerOf(mark);
  if (owner === null) {
    return null;
  }
  if (owner.state === "ended" || (owner.state === "elsewhere" && isSilent(path))) {
    rmSync(path, { force: true });
    return null;
  }
  return owner;
}

function isSilent(path: string): boolean {
  try {
    return statSync(path).mtimeMs < Date.now() - silent;
  } catch {
    return true; // It has just ended.
  }
}

function touch(path: string): void {
  try {
    utimesSync(path, new Date(), new Date());
  } catch {
    // Removed by hand: nothing that its process could do about it.
  }
}
