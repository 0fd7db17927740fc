// `twin table build`: items → item store, key index and tables, as one generation that becomes visible in one step.

import { copyFileSync, linkSync } from "node:fs";
import { join } from "node:path";
import { encodersFingerprint } from "../../contract/encoders-fingerprint.ts";
import { TwinError } from "../../contract/error.ts";
import { recordOf } from "../../contract/record.ts";
import { vectorsOf } from "../../contract/vectors-of.ts";
import {
  type Binding,
  boundFiles,
  coverTables,
  expectSameVectors,
  itemKeyType,
  openItems,
  Source,
  saidRenamed,
  type TableCover,
} from "../data/index.ts";
import { holdBuild } from "../host/build-folder.ts";
import { attempt } from "../host/files.ts";
import { meter, type OnProgress } from "../host/progress.ts";
import { keyFeature, rowFormat } from "../projection/index.ts";
import { type Artefacts, openArtefacts } from "../serve/index.ts";
import {
  commitGeneration,
  currentGeneration,
  discardGeneration,
  Generation,
  generationFolder,
  ItemStore,
  nextGeneration,
  readGeneration,
  writeGeneration,
} from "../store/index.ts";
import type { GenerationFile } from "../table/generation-description.ts";
import { rowBytes } from "../table/precision.ts";
import { storeItems } from "./store-items.ts";
import { type RowsInput, storeBatch, writeRows } from "./write-rows.ts";

export interface BuildTablesOptions {
  /** The build folder. */
  readonly dir: string;
  /** Where items (and the event log, for coverage) come from; null with `fromStore`. */
  readonly binding: Binding | null;
  /** Take the encoded items of the current generation: enough where only weights changed. */
  readonly fromStore?: boolean;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
  /** Threads that project; default 2. 0: in this thread. */
  readonly workers?: number;
  /** Execution providers in order of preference; default `["cpu"]`. On another one projects in this thread. */
  readonly providers?: readonly string[] | undefined;
  /** Measure the largest error of narrower rows; default true. */
  readonly measureLoss?: boolean;
  /** Items projected at once; default 8,192. */
  readonly batch?: number;
  readonly warn?: (message: string) => void;
  /** Time that the generation says; default now. */
  readonly now?: Date;
}

export interface TableReport {
  readonly name: string;
  /** Rows, the miss row among them. */
  readonly rows: number;
  readonly bytes: number;
  readonly precision: string;
  /** Largest absolute error of a stored value against the projector's; null for float32 or where not measured. */
  readonly loss: number | null;
  /** Share of the log's (request, behaviour) pairs that it finds; null without a log. */
  readonly coverage: number | null;
  readonly note: string | null;
}

/** Seconds that each phase took, of whichever thread. Phases overlap: their sum is more than `total`. */
export interface Phases {
  readonly read: number;
  readonly encode: number;
  readonly project: number;
  readonly rows: number;
  readonly write: number;
  /** From the first item sent to the last row written: without opening, starting threads, syncing and committing. */
  readonly flow: number;
  readonly total: number;
}

export interface BuildReport {
  readonly dir: string;
  readonly generation: number;
  readonly items: number;
  readonly key: GenerationFile["key"];
  readonly tables: readonly TableReport[];
  /** Item features that an SQL expression makes: whoever sends items inline must supply them. */
  readonly supplied: readonly string[];
  readonly seconds: Phases;
}

/**
 * Builds one generation of all tables of a model.
 * Killed or stopped at any moment, the earlier generation stays in use, and the next build removes what is left.
 * @throws TwinError for whatever is wrong with artefacts or items, naming file and row; where `signal` stops it; and where
 * another process writes the build folder
 */
export async function buildTables(options: BuildTablesOptions): Promise<BuildReport> {
  const release = holdBuild(options.dir);
  try {
    return await buildHeld(options);
  } finally {
    release();
  }
}

async function buildHeld(options: BuildTablesOptions): Promise<BuildReport> {
  const { dir, binding, signal } = options;
  const artefacts = await openArtefacts(dir, options.warn ?? (() => undefined));
  try {
    await artefacts.weights.sound;
    if (options.fromStore) {
      return await write(options, artefacts, null, null);
    }
    if (binding === null) {
      throw new TwinError("a table build needs a data binding that names the items: --data data.yaml");
    }
    const source = await Source.open({ reads: boundFiles(binding) });
    try {
      stopped(signal);
      return await write(options, artefacts, source, binding);
    } finally {
      source.close();
    }
  } finally {
    artefacts.outside?.close();
  }
}

async function write(
  options: BuildTablesOptions,
  artefacts: Artefacts,
  source: Source | null,
  binding: Binding | null,
): Promise<BuildReport> {
  const { signal } = options;
  const { dir, manifest } = artefacts;
  const begun = performance.now();
  const input =
    source !== null && binding !== null
      ? await fromItems(source, binding, artefacts, options.warn)
      : await fromStore(artefacts);
  const seconds = { read: (performance.now() - begun) / 1000, encode: 0, project: 0, rows: 0, write: 0 };
  const { number, partial } = nextGeneration(dir);
  try {
    const rows = recordOf(Object.entries(input.tables).map(([name, cover]) => [name, cover.rows]));
    const header = { model: manifest.model, step: manifest.step, made_at: (options.now ?? new Date()).toISOString() };
    const progress = meter("items", input.items, options.onProgress);
    const { loss, flow } = await writeRows({
      ...options,
      manifest,
      partial,
      header,
      rows,
      input,
      seconds,
      progress,
      stopped: () => stopped(signal),
    });
    const start = performance.now();
    const generation = describe(number, manifest, input, header.made_at);
    writeGeneration(partial, generation);
    stopped(signal);
    commitGeneration(dir, number, partial);
    seconds.write += (performance.now() - start) / 1000;
    progress.done();
    return {
      dir,
      generation: number,
      items: input.items,
      key: generation.key,
      tables: Object.entries(manifest.tables).map(([name, table]) => ({
        name,
        rows: rows[name],
        bytes: rows[name] * rowBytes(rowFormat(table)),
        precision: table.precision,
        loss: loss.get(name) ?? null,
        coverage: input.tables[name].reached,
        note: input.tables[name].note,
      })),
      supplied: input.supplied,
      seconds: { ...seconds, flow, total: (performance.now() - begun) / 1000 },
    };
  } catch (error) {
    discardGeneration(partial);
    throw error;
  }
}

function stopped(signal: AbortSignal | undefined): void {
  if (signal?.aborted) {
    throw new TwinError("the table build was stopped; the tables built before stay in use");
  }
}

/** Where the items of a build come from. */
interface Input extends RowsInput {
  /** Column of the key feature. */
  readonly feature: string;
  readonly tables: Readonly<Record<string, TableCover>>;
  readonly supplied: readonly string[];
}

/** Items from the binding's files: read, encoded, stored, indexed. */
async function fromItems(
  source: Source,
  binding: Binding,
  artefacts: Artefacts,
  warn: BuildTablesOptions["warn"],
): Promise<Input> {
  const { manifest } = artefacts;
  await expectSameVectors(binding, manifest.features, vectorsOf(manifest), artefacts.dir);
  const feature = keyFeature(manifest);
  const keyType = await itemKeyType(source, binding, feature);
  const items = await openItems(source, binding, artefacts.itemFeatures, keyType);
  for (const heading of saidRenamed(items.relation)) {
    warn?.(heading);
  }
  const total = await items.check();
  const cover = await coverTables(source, binding, items, keyType, total, manifest.tables, manifest.histories);
  return {
    items: total,
    keyType,
    feature: feature.column,
    tables: cover.tables,
    supplied: items.supplied,
    store: null,
    check: () => Promise.resolve(),
    jobs: (partial, header, batch, seconds) =>
      storeItems({ items, order: cover.order, artefacts, keyType, partial, header, batch, total, seconds }),
  };
}

/** Items of the current generation, as they were encoded. */
async function fromStore(artefacts: Artefacts): Promise<Input> {
  const { dir, manifest } = artefacts;
  const number = currentGeneration(dir);
  if (number === null) {
    throw new TwinError(`${dir} has no built tables yet: twin table build ${dir} --data DATA`);
  }
  const folder = generationFolder(dir, number);
  const description = readGeneration(folder);
  if (description.fingerprints.encoders !== encodersFingerprint(manifest)) {
    throw new TwinError(
      `${folder}: the item features or their encoders have changed since the item store was made; build from the items: twin table build ${dir} --data data.yaml`,
    );
  }
  const path = join(folder, description.store);
  const store = await ItemStore.open(path, { memoryLimit: 0 });
  store.close();
  const cover = Object.keys(manifest.tables).map((name) => {
    const before = description.tables[name];
    if (before === undefined) {
      throw new TwinError(
        `${folder} has no table ${name} yet; build from the items: twin table build ${dir} --data data.yaml`,
      );
    }
    return [name, { rows: before.rows, reached: before.coverage_reached, note: null }] as const;
  });
  return {
    items: description.items,
    keyType: description.key.type,
    feature: description.key.feature,
    tables: Object.fromEntries<TableCover>(cover),
    supplied: [],
    store: { path, features: store.features },
    async check(): Promise<void> {
      (await Generation.open(dir, { number, memoryLimit: 0 })).close();
    },
    async *jobs(partial, _header, batch) {
      share(path, join(partial, "items.store"));
      share(join(folder, description.index), join(partial, "keys.index"));
      for (let first = 1; first <= description.items; first += storeBatch(batch)) {
        yield { first, items: Math.min(storeBatch(batch), description.items + 1 - first), columns: null };
      }
    },
  };
}

/** The same bytes under another name: a hard link, or a copy where the file system has none. */
function share(from: string, to: string): void {
  attempt("write", to, () => {
    try {
      linkSync(from, to);
    } catch {
      copyFileSync(from, to);
    }
  });
}

function describe(number: number, manifest: Artefacts["manifest"], input: Input, madeAt: string): GenerationFile {
  const tables = Object.entries(input.tables).map(([name, { rows, reached }]) => {
    return [name, { file: `${name}.table`, rows, coverage_reached: reached }] as const;
  });
  return {
    format: 1,
    number,
    model: manifest.model,
    made_at: madeAt,
    step: manifest.step,
    items: input.items,
    key: { feature: input.feature, type: input.keyType },
    fingerprints: {
      producer: manifest.fingerprints.producer,
      metric: manifest.fingerprints.metric,
      encoders: encodersFingerprint(manifest),
    },
    tables: recordOf(tables),
    index: "keys.index",
    store: "items.store",
  };
}
