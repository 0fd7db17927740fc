// The files that a run was made with, held against what its folder lists of them before they are used.
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { TwinError } from "../../contract/error.ts";
import { attempt } from "../host/files.ts";
import { readManifestAt } from "../host/manifest-file.ts";
import { type ListedFile, listed } from "./listed-file.ts";
import { readRun, runFile } from "./run-folder.ts";

/** The manifest of the build whose graphs a run trains, without its inference graphs. */
export const runManifestFile = "train/manifest.yaml";

/** The manifest of a run, or of a build; null where a folder is neither. */
export const manifestPath = (dir: string): string | null =>
  [join(dir, runManifestFile), join(dir, "manifest.yaml")].find((one) => existsSync(one)) ?? null;

/** Files under these folders, and this one, are made with a run and never written again. */
const made = ["model", "train", "vocabularies", "data.yaml"];

/** The files that a folder was made with, as they are now: for a run of a version that kept no list. */
export function listRunFiles(dir: string): ListedFile[] {
  const files = made.flatMap((name) => {
    const path = join(dir, name);
    if (!existsSync(path)) {
      return [];
    }
    if (statSync(path).isFile()) {
      return [name];
    }
    const inside = readdirSync(path, { recursive: true, encoding: "utf8" });
    return inside.map((one) => `${name}/${one.replaceAll("\\", "/")}`).sort();
  });
  return files
    .filter((path) => statSync(join(dir, path)).isFile())
    .map((path) =>
      listed(
        path,
        attempt("read", join(dir, path), () => readFileSync(join(dir, path))),
      ),
    );
}

/** What a run, or a build, lists of its files; nothing for another folder. A run of Twin 0.1 lists those of its build. */
export function listedFiles(dir: string): readonly ListedFile[] {
  if (existsSync(join(dir, runFile))) {
    const { files } = readRun(dir);
    if (files !== null) {
      return files;
    }
  }
  const path = manifestPath(dir);
  if (path === null) {
    return [];
  }
  const { files } = readManifestAt(path).manifest;
  return Object.entries(files).map(([file, { bytes, sha256 }]) => ({ path: file, bytes, sha256 }));
}

/** What is wrong with a listed file; null: it is as it was listed. */
export function damageOf(dir: string, { path, bytes, sha256 }: ListedFile): string | null {
  const file = join(dir, path);
  if (!existsSync(file)) {
    return "it is missing";
  }
  const content = attempt("read", file, () => readFileSync(file));
  if (content.length !== bytes) {
    return `it has ${content.length} bytes, and ${bytes} are due`;
  }
  return listed(path, content).sha256 === sha256 ? null : "its SHA-256 is not the one that was listed";
}

/**
 * Reads the chosen files of a run or a build through.
 * @throws TwinError naming the first that is not as it was listed
 */
export function expectListed(dir: string, chosen: (path: string) => boolean): void {
  for (const file of listedFiles(dir)) {
    const why = chosen(file.path) ? damageOf(dir, file) : null;
    if (why === null) {
      continue;
    }
    throw new TwinError(
      `${join(dir, file.path)} is damaged, or was changed: ${why}. Restore it from a copy, or make the folder anew (a run from what it learned: twin train --from)`,
    );
  }
}
