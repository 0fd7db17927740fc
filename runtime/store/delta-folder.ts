// DIR/tables/deltas: a log of what was put in and taken out after a build, each whole in a folder of its number; a delta
// gets its number, the next one, by the rename that makes it visible.
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { TwinError } from "../../contract/error.ts";
import { hasher } from "../../contract/hash.ts";
import { recordOf } from "../../contract/record.ts";
import { type Delta, deltaOf } from "../delta/delta.ts";
import { type DeltaFile, deltaCure, deltaText, parseDelta } from "../delta/delta-description.ts";
import type { KeyColumn } from "../encode/keys.ts";
import { attempt, codeOf, expectFile, fileError, readText, syncFolder, writeFileAtomic } from "../host/files.ts";
import { linkFolder } from "../host/link-folder.ts";
import { newMark, ownerOf } from "../host/process-mark.ts";
import { type RowFormat, sameFormat } from "../table/precision.ts";
import { rootOfFile } from "./block-file.ts";
import { currentGeneration, generationFolder } from "./generation-commit.ts";
import { readGeneration } from "./generation-file.ts";
import { ItemStore } from "./item-store.ts";
import { openKeyIndex } from "./key-index-file.ts";
import { TableFile } from "./table-file.ts";

const fileName = "delta.json";

/** Where releases of a folder lie in it: what is put in is put in for all of them. */
const releases = "releases";

/** The folder whose deltas a build folder reads: its own; a release's is the one that it is a release of. */
export function deltasFolder(dir: string): string {
  const folder = resolve(dir);
  const above = dirname(folder);
  const home =
    basename(above) === releases && existsSync(join(dirname(above), "manifest.yaml")) ? dirname(above) : folder;
  return join(home, "tables", "deltas");
}

export const deltaFolder = (folder: string, number: number): string => join(folder, String(number));

const numbersIn = (names: readonly string[]): number[] =>
  names
    .filter((name) => /^[1-9]\d{0,14}$/.test(name))
    .map(Number)
    .sort((a, b) => a - b);

/** Numbers of the deltas that are there, ascending. */
export function deltaNumbers(folder: string): number[] {
  return existsSync(folder) ? numbersIn(attempt("read", folder, () => readdirSync(folder))) : [];
}

/** The same without waiting for a slow disk. */
export async function deltaNumbersLater(folder: string): Promise<number[]> {
  try {
    return numbersIn(await readdir(folder));
  } catch (error) {
    if (codeOf(error) === "ENOENT") {
      return [];
    }
    throw fileError(error, "read", folder);
  }
}

/** A folder for the files of a delta that is being made; removes what killed ones left. */
export function newDelta(folder: string): string {
  return attempt("write", folder, () => {
    mkdirSync(folder, { recursive: true });
    for (const name of readdirSync(folder)) {
      if (isLeft(folder, name)) {
        rmSync(join(folder, name), { recursive: true, force: true });
      }
    }
    const partial = join(folder, `.${newMark()}.partial`);
    mkdirSync(partial);
    return partial;
  });
}

/** Seconds after which what another machine began counts as given up. */
const givenUp = 24 * 3600;

/** Whether it was left by a process that ended. */
function isLeft(folder: string, name: string): boolean {
  const [, what, kind] = /^\.(.+)\.(partial|removed)$/.exec(name) ?? [];
  if (what === undefined || kind === "removed") {
    return kind === "removed";
  }
  const owner = ownerOf(what);
  const age = () => (Date.now() - (statSync(join(folder, name), { throwIfNoEntry: false })?.mtimeMs ?? 0)) / 1000;
  return owner?.state === "ended" || (owner?.state === "elsewhere" && age() > givenUp);
}

/** Written last: the files that it names are there, and durable. */
export function writeDelta(partial: string, delta: Omit<DeltaFile, "files">): void {
  const files = recordOf(deltaFiles(delta).map((name) => [name, rootOfFile(join(partial, name))]));
  writeFileAtomic(join(partial, fileName), deltaText({ ...delta, files }));
}

const deltaFiles = ({ index, store, gone, tables }: Omit<DeltaFile, "files">): string[] => [
  index,
  store,
  gone,
  ...Object.values(tables).map(({ file }) => file),
];

/**
 * Makes a delta visible, as the newest. Of several that do so at once each gets a number of its own.
 * @param dir the build folder, whose generation says which numbers were given before
 */
export function commitDelta(dir: string, folder: string, partial: string): number {
  return attempt("write", folder, () => {
    syncFolder(partial);
    for (;;) {
      const number = Math.max(0, ...deltaNumbers(folder), deltasThrough(dir)) + 1;
      try {
        // A folder that is not empty is never replaced.
        renameSync(partial, deltaFolder(folder, number));
      } catch (error) {
        if (existsSync(deltaFolder(folder, number)) && existsSync(partial)) {
          continue;
        }
        throw error;
      }
      syncFolder(folder);
      return number;
    }
  });
}

/** Number of the last delta that the generation of a folder holds; 0: none, or there is no generation that can be read. */
export function deltasThrough(dir: string): number {
  try {
    const number = currentGeneration(dir);
    return number === null ? 0 : (readGeneration(generationFolder(dir, number)).deltas ?? 0);
  } catch {
    return 0;
  }
}

/** Tables by name, as far as it counts here. */
export type StoredAs = ReadonlyMap<string, { readonly format: RowFormat }>;

/** What a delta says of itself. @throws TwinError where it is damaged */
export function readDelta(folder: string): DeltaFile {
  const path = join(folder, fileName);
  expectFile(path, deltaCure(folder));
  return parseDelta(readText(path, 16 * 1024 * 1024), path, folder);
}

/**
 * A delta in memory, every byte held against its checksum.
 * @param tables whose rows are read, too; null: none are
 * @returns null where its rows are stored otherwise than those tables' are (their precision is no part of a fingerprint)
 * @throws TwinError naming what is damaged, and the way out
 */
export async function openDelta(
  folder: string,
  described: DeltaFile,
  { shared, tables: due }: { readonly shared: boolean; readonly tables: StoredAs | null },
): Promise<Delta | null> {
  const hash = await hasher();
  for (const name of deltaFiles(described)) {
    const path = join(folder, name);
    expectFile(path, deltaCure(folder));
    if (!Object.hasOwn(described.files, name) || rootOfFile(path) !== described.files[name]) {
      throw new TwinError(
        `${path} is not the file that this delta was written with (its checksums are others). ${deltaCure(folder)}`,
      );
    }
  }
  const whole = { memoryLimit: Number.POSITIVE_INFINITY };
  try {
    const keys = (await openKeyIndex(join(folder, described.index))).allKeys();
    const removed = (await openKeyIndex(join(folder, described.gone))).allKeys();
    expectKeys(folder, described, keys, described.items);
    expectKeys(folder, described, removed, described.removed);
    const store = await ItemStore.open(join(folder, described.store), whole);
    store.close();
    const tables: [string, Uint8Array][] = [];
    for (const [name, { file }] of due === null ? [] : Object.entries(described.tables)) {
      const table = await TableFile.open(join(folder, file), whole);
      table.close();
      const other = due?.get(name);
      if (other === undefined || !sameFormat(table.format, other.format)) {
        return null;
      }
      tables.push([name, rowsOf(folder, file, described, table.rows, table.rowBytes, table.image().stored)]);
    }
    const records = rowsOf(folder, described.store, described, store.records, store.rowBytes, store.image().memory);
    return await deltaOf(
      { items: keys, removed, features: store.features, records, tables: new Map(tables) },
      { where: folder, shared, hasher: hash },
    );
  } catch (error) {
    // What the files of a generation say of a way out is none of a delta's.
    if (!(error instanceof TwinError) || error.message.includes(deltaCure(folder))) {
      throw error;
    }
    const what = error.message.replace(/\.? ?Build the tables again.*$/s, "");
    throw new TwinError(`${what}. ${deltaCure(folder)}`, { cause: error });
  }
}

function expectKeys(folder: string, { key }: DeltaFile, keys: KeyColumn, count: number): void {
  if (keys.type !== key.type || keys.length !== count) {
    throw new TwinError(
      `${folder} is damaged: an index holds ${keys.length} ${keys.type} keys, not ${count} of ${key.type}. ${deltaCure(folder)}`,
    );
  }
}

/** The rows without the first, which is the one of what is absent. */
function rowsOf(
  folder: string,
  file: string,
  { items }: DeltaFile,
  rows: number,
  rowBytes: number,
  memory: ArrayBuffer | SharedArrayBuffer | null,
): Uint8Array {
  if (memory === null || rows !== items + 1) {
    throw new TwinError(`${join(folder, file)} has ${rows} rows, and ${items + 1} are due. ${deltaCure(folder)}`);
  }
  return new Uint8Array(memory, rowBytes, items * rowBytes);
}

/** Removes deltas that no generation needs any more. @param through the last of them */
export function removeDeltas(folder: string, through: number): void {
  for (const number of deltaNumbers(folder).filter((one) => one <= through)) {
    const gone = join(folder, `.${number}.removed`);
    attempt("remove", folder, () => {
      // By one step: half a delta would be a damaged one.
      renameSync(deltaFolder(folder, number), gone);
      rmSync(gone, { recursive: true, force: true });
    });
  }
}

/**
 * The last number that nobody needs any more: neither the generation before, which processes may still serve, nor a release.
 * @param before the last number that the generation before holds
 */
export function lastUnneeded(dir: string, before: number): number {
  const folder = join(dir, releases);
  const numbers = existsSync(folder) ? attempt("read", folder, () => readdirSync(folder)) : [];
  return Math.min(before, ...numbersIn(numbers).map((number) => deltasThrough(join(folder, String(number)))));
}

/** Takes over the deltas of a folder that is being replaced; those that are there already stay. */
export function adoptDeltas(from: string, to: string): void {
  const known = new Set(deltaNumbers(to));
  for (const number of deltaNumbers(from).filter((one) => !known.has(one))) {
    linkFolder(deltaFolder(from, number), deltaFolder(to, number));
  }
}
