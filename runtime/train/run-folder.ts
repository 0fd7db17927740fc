// The folder of a training run: made as a whole, held by one process at a time, never mistaken for something else.

import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import * as v from "valibot";
import { stringify } from "yaml";
import { TwinError } from "../../contract/error.ts";
import { ExtensionsSchema, expectSections } from "../../contract/extensions.ts";
import { named, strict } from "../../contract/named-schema.ts";
import { parseYaml } from "../../contract/yaml-text.ts";
import { attempt, isAlive, syncFolder, writeFully } from "../host/files.ts";
import { readSigned, signed, writeSigned } from "../host/signed-text.ts";
import { type ListedFile, listed, RunFileSchema } from "./listed-file.ts";

export const runFile = "run.yaml";

const natural = v.pipe(v.number(), v.integer(), v.minValue(0));

const entries = {
  model: v.string(),
  /** Entry file, below `model/`. */
  source: v.string(),
  /** The binding as it was named, and the folder of the prepared data (`run-cache.ts`). */
  data: v.string(),
  cache: v.string(),
  started: v.string(),
  versions: named(v.string()),
  seed: natural,
  threads: natural,
  batch: natural,
  /** Where the command line overrides the model's. */
  epochs: v.nullable(v.number()),
  steps: v.nullable(natural),
  evaluate_every: v.nullable(natural),
  /** The run of a warm start. */
  from: v.nullable(v.string()),
  fingerprints: strict({ spec: v.string(), data: v.nullable(v.string()) }),
  /** Samples of each part; null until the data are prepared. */
  samples: v.nullable(named(natural)),
};

/** run.yaml: what the run was started with. */
export const RunSchema = strict({
  format: v.literal(2),
  ...entries,
  /** The files that it was made with; null where a version wrote it that kept no list. */
  files: v.nullable(v.array(RunFileSchema)),
  /** Of whom the run trains, where not of all: a share or a number of users, and how many these were once that is known. */
  users: v.optional(
    strict({
      by: v.union([strict({ seed: natural, share: v.number() }), strict({ seed: natural, count: natural })]),
      drawn: v.nullable(strict({ taken: natural, of: natural })),
    }),
  ),
  extensions: v.optional(ExtensionsSchema),
});

/** As Twin 0.1 wrote it, without checksums. */
const FirstSchema = strict({ format: v.literal(1), ...entries });

export type RunRecord = v.InferOutput<typeof RunSchema>;

export interface RunFile {
  /** Relative, with `/`. */
  readonly path: string;
  readonly content: Uint8Array | string;
}

/** Makes the folder with its files, all at once, and lists them. @throws TwinError where there is something already */
export function createRun(dir: string, record: RunRecord, files: Iterable<RunFile>): RunRecord {
  const folder = resolve(dir);
  const prefix = `.${basename(folder)}.next-`;
  const stage = join(dirname(folder), `${prefix}${process.pid}`);
  mkdirSync(dirname(folder), { recursive: true });
  for (const name of readdirSync(dirname(folder))) {
    const owner = name.startsWith(prefix) ? Number(name.slice(prefix.length)) : process.pid;
    if (owner !== process.pid && !isAlive(owner)) {
      rmSync(join(dirname(folder), name), { recursive: true, force: true });
    }
  }
  rmSync(stage, { recursive: true, force: true });
  try {
    mkdirSync(stage);
    const folders = new Set([stage]);
    const list: ListedFile[] = [];
    for (const { path, content } of files) {
      const file = join(stage, path);
      const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
      mkdirSync(dirname(file), { recursive: true });
      folders.add(dirname(file));
      writeDurable(file, bytes);
      list.push(listed(path, bytes));
    }
    const known = { ...record, files: list };
    writeDurable(join(stage, runFile), new TextEncoder().encode(signed(recordText(known))));
    for (const one of folders) {
      syncFolder(one);
    }
    if (existsSync(folder)) {
      rmdirSync(folder);
    }
    attempt("write", dir, () => renameSync(stage, folder));
    syncFolder(dirname(folder));
    return known;
  } catch (error) {
    rmSync(stage, { recursive: true, force: true });
    throw error;
  }
}

function writeDurable(path: string, bytes: Uint8Array): void {
  const file = attempt("write", path, () => openSync(path, "w"));
  try {
    attempt("write", path, () => {
      writeFully(file, bytes, 0);
      fsyncSync(file);
    });
  } finally {
    closeSync(file);
  }
}

const recordText = (record: RunRecord): string => stringify(record, { lineWidth: 0 });

export const updateRun = (dir: string, record: RunRecord): void => writeSigned(join(dir, runFile), recordText(record));

/** @throws TwinError where the folder is no run */
export function readRun(dir: string): RunRecord {
  const path = join(dir, runFile);
  if (!existsSync(path)) {
    throw new TwinError(
      `${dir} is no training run: it has no ${runFile}. \`twin train FILE --data DATA -o ${dir}\` makes one`,
    );
  }
  const cure = "Restore it from a copy, or start the run anew in another folder";
  const kind = { what: "a training run of Twin", cure };
  const { text, signed: isSigned } = readSigned(path, 1 << 24, cure);
  if (isSigned) {
    const record = parseYaml(text, path, RunSchema, { ...kind, formats: [2] });
    expectSections(record.extensions, path, cure);
    return record;
  }
  return { ...parseYaml(text, path, FirstSchema, kind), format: 2, files: null };
}

/** Whether a run may be made in the folder, or goes on there. @throws TwinError saying what is in the way, and the way out */
export function expectFolder(dir: string, resume: boolean): void {
  if (!existsSync(dir)) {
    if (!resume) {
      return;
    }
    throw new TwinError(`there is no run in ${dir} to go on with: leave out --resume to start one`);
  }
  if (!statSync(dir).isDirectory()) {
    throw new TwinError(`${dir} is a file; name a folder for the run with -o`);
  }
  const isRun = existsSync(join(dir, runFile));
  if (isRun && !resume) {
    throw new TwinError(`${dir} holds a run already: go on with it by --resume, or name another folder with -o`);
  }
  if (!isRun && readdirSync(dir).length > 0) {
    throw new TwinError(`${dir} holds files that are no training run; name a new or empty folder with -o`);
  }
  if (!isRun && resume) {
    throw new TwinError(`there is no run in ${dir} to go on with: leave out --resume to start one`);
  }
}

/** Keeps a second process out of the folder. Call what it returns at the end. */
export function holdRun(dir: string): () => void {
  const path = join(dir, ".lock");
  const owner = existsSync(path) ? Number(readFileSync(path, "utf8")) : 0;
  if (owner > 0 && owner !== process.pid && isAlive(owner)) {
    throw new TwinError(
      `process ${owner} trains in ${dir} already: wait for it, stop it, or name another folder with -o`,
    );
  }
  attempt("write", path, () => writeFileSync(path, String(process.pid)));
  return () => rmSync(path, { force: true });
}
