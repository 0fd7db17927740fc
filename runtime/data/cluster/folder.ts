// The folder of clustered data: what it was made of, how far it has come, and that nothing half-made is taken for whole.
import { existsSync, mkdirSync, readdirSync, renameSync, rmdirSync, rmSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import * as v from "valibot";
import { TwinError } from "../../../contract/error.ts";
import { parseYaml } from "../../../contract/yaml-text.ts";
import { yamlText } from "../../../contract/yaml-write.ts";
import { sumOf } from "../../host/file-sum.ts";
import { attempt, removeLeftovers } from "../../host/files.ts";
import { readSigned, writeSigned } from "../../host/signed-text.ts";
import type { Counts } from "./write-shard.ts";

/** Written last: says that the folder is whole, and of what it was made. */
export const clustersFile = "clusters.yaml";
const workFolder = ".work";
const most = 1 << 26;
/** What a whole folder has beside its two files. */
export const outputFolders = ["samples", "items", "users"] as const;

/** What the output hangs on; other values are another folder. */
export interface Origin {
  readonly model: string;
  readonly histories: unknown;
  readonly every: string;
  readonly seed: number;
  /** `learned`: the fingerprint of what another model learned, where the vectors are not the data's. */
  readonly vectors: { readonly model?: string; readonly learned?: string; readonly sha256: string };
  readonly data: string;
}

export interface Done extends Counts {
  /** Shards of users that are written. */
  readonly shards: number;
}

interface State {
  readonly key: string;
  readonly sorted: boolean;
  readonly done: Done;
}

const statePath = (folder: string): string => join(folder, workFolder, "state.json");
/** Where a file of rows is written before it gets its name: the database writes nowhere else. */
export const scratchOf = (folder: string): string => resolve(folder, workFolder, "rows.parquet");

/** Gives a file its name in the folder once it is whole. */
export async function saveAs(folder: string, file: string, write: (path: string) => Promise<void>): Promise<void> {
  const scratch = scratchOf(folder);
  await write(scratch);
  attempt("write", join(folder, file), () => renameSync(scratch, join(folder, file)));
}

export const databasePath = (folder: string): string => resolve(folder, workFolder, "events.duckdb");

/** @throws TwinError where the folder holds other things, or clusters of something else */
export function expectFree(folder: string, key: string): void {
  if (!existsSync(folder)) {
    return;
  }
  const found = attempt("read", folder, () => readdirSync(folder));
  if (found.length > 0 && !found.includes(clustersFile) && !found.includes(workFolder)) {
    throw new TwinError(
      `${folder} holds files that are no clusters (it has no ${clustersFile}); name a new or empty folder`,
    );
  }
  const whole = readDone(folder);
  const begun = whole === null ? readState(folder) : null;
  if (whole !== null) {
    expectWhole(folder, whole);
  }
  if ((whole ?? begun) !== null && (whole ?? begun)!.key !== key) {
    throw new TwinError(
      `${folder} holds clusters of other data, of a model with other \`cluster\` settings, by other vectors (--weights), with another --every or --seed, or by an earlier version, which clustered otherwise: name another folder with -o, or remove this one`,
    );
  }
}

/** @throws TwinError where a file is away or of another length: what else may be wrong with it `twin verify` finds */
function expectWhole(folder: string, { files }: Whole): void {
  for (const { file, bytes } of files) {
    const path = join(folder, file);
    const found = attempt("read", path, () => statSync(path, { throwIfNoEntry: false }))?.size;
    if (found !== bytes) {
      const state = found === undefined ? "is not there" : `has ${found} bytes of ${bytes}`;
      throw new TwinError(`${path} ${state}, and ${clustersFile} says that it is whole. ${madeAnew(folder)}`);
    }
  }
}

const WholeSchema = v.object({
  format: v.literal(3),
  key: v.string(),
  counts: v.object({
    users: v.number(),
    samples: v.number(),
    snapshots: v.number(),
    clusters: v.number(),
    virtual: v.number(),
    entries: v.number(),
  }),
  /** All that was written but for this file, by name. */
  files: v.array(v.object({ file: v.string(), bytes: v.number(), sha256: v.string() })),
});

export type Whole = v.InferOutput<typeof WholeSchema>;

export const madeAnew = (folder: string): string => `Remove ${folder}, and the same command makes it anew`;

/** Null where it is not whole. */
export function readDone(folder: string): Whole | null {
  const path = join(folder, clustersFile);
  if (!existsSync(path)) {
    return null;
  }
  const cure = madeAnew(folder);
  const { text } = readSigned(path, most, cure);
  return parseYaml(text, path, WholeSchema, { what: "a description of clusters", cure, formats: [3] });
}

export function readState(folder: string): State | null {
  if (!existsSync(statePath(folder))) {
    return null;
  }
  try {
    return JSON.parse(readSigned(statePath(folder), most, "").text) as State;
  } catch (error) {
    if (error instanceof TwinError) {
      return null;
    }
    throw error;
  }
}

export const writeState = (folder: string, state: State): void =>
  writeSigned(statePath(folder), `${JSON.stringify(state)}\n`);

/** An empty folder, but for what is under way. */
export function begin(folder: string): void {
  clear(folder);
  for (const name of [...outputFolders, workFolder]) {
    attempt("write", folder, () => mkdirSync(join(folder, name), { recursive: true }));
  }
}

/** Takes away what was begun before there was anything to go on with; the folder, too, where it is empty then. */
export function abandon(folder: string): void {
  clear(folder);
  if (existsSync(folder) && readdirSync(folder).length === 0) {
    rmdirSync(folder);
  }
}

function clear(folder: string): void {
  for (const name of [clustersFile, "data.yaml", ...outputFolders, workFolder]) {
    rmSync(join(folder, name), { recursive: true, force: true });
  }
}

export async function finish(folder: string, key: string, origin: Origin, counts: Counts): Promise<void> {
  // Of a process that was killed while it wrote.
  for (const name of ["", ...outputFolders]) {
    removeLeftovers(join(folder, name));
  }
  const written = outputFolders.flatMap((name) => readdirSync(join(folder, name)).map((file) => join(name, file)));
  const files: Whole["files"] = [];
  for (const file of ["data.yaml", ...written.toSorted()]) {
    files.push({ file, ...(await sumOf(join(folder, file))) });
  }
  writeSigned(join(folder, clustersFile), yamlText({ format: 3, key, ...origin, counts, files }));
  clearWork(folder);
}

/** Takes away what a whole folder has no more use for, and what a process that was killed right before that left. */
export function clearWork(folder: string): void {
  rmSync(join(folder, workFolder), { recursive: true, force: true });
}
