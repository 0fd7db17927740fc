// `twin table build`: items → item store, key index and tables, as one generation that becomes visible in one step.

import { encodersFingerprint } from "../../contract/encoders-fingerprint.ts";
import { TwinError } from "../../contract/error.ts";
import { recordOf } from "../../contract/record.ts";
import { type Binding, boundFiles, Source } from "../data/index.ts";
import { holdBuild } from "../host/build-folder.ts";
import { meter, type OnProgress } from "../host/progress.ts";
import { rowFormat } from "../projection/index.ts";
import { type Artefacts, openArtefacts } from "../serve/index.ts";
import {
  commitGeneration,
  deltasFolder,
  deltasThrough,
  discardGeneration,
  lastUnneeded,
  nextGeneration,
  removeDeltas,
  writeGeneration,
} from "../store/index.ts";
import type { GenerationFile } from "../table/generation-description.ts";
import { rowBytes } from "../table/precision.ts";
import { type BuildInput, fromItems, fromStore } from "./build-input.ts";
import { Reuse } from "./reuse.ts";
import { writeRows } from "./write-rows.ts";

export interface BuildTablesOptions {
  /** The build folder. */
  readonly dir: string;
  /** Where items (and the event log, for coverage) come from; null with `fromStore`. */
  readonly binding: Binding | null;
  /** Take the encoded items of the current generation: enough where only weights changed. */
  readonly fromStore?: boolean;
  /** Take over the rows of items whose encoded features have not changed, where the weights have not either. */
  readonly incremental?: boolean;
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
  /** What was put in and taken out since the generation before (`twin table upsert`), and is taken in. */
  readonly deltas: { readonly items: number; readonly removed: number };
  /** Items whose rows were taken over from the generation before. */
  readonly reused: number;
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
  const before = deltasThrough(dir);
  const input =
    source !== null && binding !== null
      ? await fromItems(source, binding, artefacts, options.warn)
      : await fromStore(artefacts, options.incremental === true, options.warn);
  const seconds = { read: (performance.now() - begun) / 1000, encode: 0, project: 0, rows: 0, write: 0 };
  const { number, partial } = nextGeneration(dir);
  let reuse: Reuse | null = null;
  try {
    const asked = recordOf(Object.entries(input.tables).map(([name, cover]) => [name, cover.rows]));
    const header = { model: manifest.model, step: manifest.step, made_at: (options.now ?? new Date()).toISOString() };
    const progress = meter("items", input.items, options.onProgress);
    const most = Math.max(0, ...Object.values(asked));
    reuse = options.incremental ? await Reuse.open(dir, manifest, input.keyType, most) : null;
    const { loss, rows, flow } = await writeRows({
      ...options,
      manifest,
      partial,
      header,
      rows: asked,
      input: { ...input, jobs: (...given) => input.jobs(reuse, ...given) },
      seconds,
      progress,
      stopped: () => stopped(signal),
    });
    const start = performance.now();
    const generation = describe(number, manifest, input, rows, header.made_at);
    writeGeneration(partial, generation);
    stopped(signal);
    commitGeneration(dir, number, partial);
    removeDeltas(deltasFolder(dir), lastUnneeded(dir, before));
    seconds.write += (performance.now() - start) / 1000;
    progress.done();
    return {
      dir,
      generation: number,
      items: generation.items,
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
      deltas: input.pending.delta?.counts() ?? { items: 0, removed: 0 },
      reused: reuse?.reused ?? 0,
      seconds: { ...seconds, flow, total: (performance.now() - begun) / 1000 },
    };
  } catch (error) {
    discardGeneration(partial);
    throw error;
  } finally {
    reuse?.close();
  }
}

function stopped(signal: AbortSignal | undefined): void {
  if (signal?.aborted) {
    throw new TwinError("the table build was stopped; the tables built before stay in use");
  }
}

function describe(
  number: number,
  manifest: Artefacts["manifest"],
  input: BuildInput,
  rows: Readonly<Record<string, number>>,
  madeAt: string,
): GenerationFile {
  const tables = Object.entries(input.tables).map(([name, { cut, reached }]) => {
    const table = { file: `${name}.table`, rows: rows[name], coverage_reached: reached };
    return [name, cut === null ? table : { ...table, cut }] as const;
  });
  const { through } = input.pending;
  return {
    format: 1,
    number,
    model: manifest.model,
    made_at: madeAt,
    step: manifest.step,
    items: input.counted(),
    key: { feature: input.feature, type: input.keyType },
    fingerprints: {
      producer: manifest.fingerprints.producer,
      metric: manifest.fingerprints.metric,
      encoders: encodersFingerprint(manifest),
    },
    tables: recordOf(tables),
    index: "keys.index",
    store: "items.store",
    ...(through > 0 && { deltas: through }),
  };
}
