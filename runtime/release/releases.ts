// DIR/releases: the releases of a build folder, which of them serves, and who reads them.
import { existsSync, readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { TwinError } from "../../contract/error.ts";
import { attempt, codeOf, fileError, readText, writeFileAtomic } from "../host/files.ts";
import { movedTo, type Pointer, parsePointer, pointerText } from "./pointer.ts";
import { readersOf } from "./readers.ts";
import { parseRelease, type ReleaseFile } from "./release-file.ts";

/** Where the releases of a build folder lie in it. */
export const releasesName = "releases";

export const releasesFolder = (dir: string): string => join(dir, releasesName);

/** A build folder of its own. */
export const releaseFolder = (dir: string, number: number): string => join(releasesFolder(dir), String(number));

const pointerPath = (dir: string): string => join(releasesFolder(dir), "current.json");

/** Whether a folder is served by releases. */
export const isReleased = (dir: string): boolean => existsSync(pointerPath(dir));

/** Which release serves; null: there is none. @throws TwinError where that cannot be read */
export function readPointer(dir: string): Pointer | null {
  return isReleased(dir) ? parsePointer(readText(pointerPath(dir), 1 << 20), pointerPath(dir)) : null;
}

/** The same without waiting for a slow disk. */
export async function readPointerLater(dir: string): Promise<Pointer | null> {
  let text: string;
  try {
    text = await readFile(pointerPath(dir), "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") {
      return null;
    }
    throw fileError(error, "read", pointerPath(dir));
  }
  return parsePointer(text, pointerPath(dir));
}

/** Numbers of the releases that are there, ascending. */
export function numbersOf(dir: string): number[] {
  const folder = releasesFolder(dir);
  if (!existsSync(folder)) {
    return [];
  }
  return attempt("read", folder, () => readdirSync(folder))
    .filter((name) => /^[1-9]\d{0,14}$/.test(name))
    .map(Number)
    .sort((a, b) => a - b);
}

/** @throws TwinError where there is no such release */
export function readRelease(dir: string, number: number): ReleaseFile {
  if (!numbersOf(dir).includes(number)) {
    throw new TwinError(
      `${dir} has no release ${number}; it has ${numbersOf(dir).join(", ") || "none"} (twin releases ${dir})`,
    );
  }
  const path = join(releaseFolder(dir, number), "release.json");
  return parseRelease(readText(path, 1 << 24), path);
}

/** Lets a release serve, by one step. */
export function serveBy(dir: string, number: number, now = new Date()): Pointer {
  // One that cannot be read is mended by being written anew.
  let before: Pointer | null = null;
  try {
    before = readPointer(dir);
  } catch (error) {
    if (!(error instanceof TwinError)) {
      throw error;
    }
  }
  const pointer = movedTo(number, before, numbersOf(dir), now);
  writeFileAtomic(pointerPath(dir), pointerText(pointer));
  return pointer;
}

export interface ReleaseLine extends ReleaseFile {
  readonly serves: boolean;
  /** Since when it serves, or does not any more; null where it never did. */
  readonly since: string | null;
  /** Processes that have it open. */
  readonly readers: number;
}

/** All that are there, the newest first. */
export function releasesOf(dir: string): ReleaseLine[] {
  const pointer = readPointer(dir);
  return numbersOf(dir)
    .reverse()
    .map((number) => {
      const serves = pointer?.release === number;
      return {
        ...readRelease(dir, number),
        serves,
        since: serves ? pointer.since : (pointer?.left[number] ?? null),
        readers: readersOf(releasesFolder(dir), number),
      };
    });
}
