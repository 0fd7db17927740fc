// The hit rate on several tables: as built, older, and of every item in each precision.

import { TwinError } from "../../contract/error.ts";
import { type HitRateCurve, hitRateCurves, type RankedRequest, withGeneration } from "../hit-rate/index.ts";
import type { Engine } from "../request/index.ts";
import type { LocalTwin } from "../serve/index.ts";
import { GenerationTables, generationFolder, readGeneration } from "../store/index.ts";
import type { OpenGeneration } from "../table/live-tables.ts";
import type { Locate } from "../table/locate.ts";
import type { Precision } from "../table/precision.ts";
import { fullBytes, fullTables, storedAs } from "./full-tables.ts";
import { holdingRows } from "./held-rows.ts";

/** The hit rate with one kind of tables. */
export interface TablesMeasured {
  /** `as built`, `DIR`, `every item, float16` */
  readonly tables: string;
  /** Whether they were made with these weights; null where there is none. */
  readonly state: "fresh" | "stale" | null;
  /** Training steps that their weights are older than these; null where either is not known. */
  readonly stepsOlder: number | null;
  readonly curves: readonly HitRateCurve[] | null;
  /** Why it could not be measured, or null. */
  readonly notMeasured: string | null;
}

export interface HitRateOptions {
  /** A build whose tables are held against these weights: one of an earlier checkpoint. */
  readonly table?: string;
  /** Ends of the ranges of history length; null: terciles. */
  readonly edges: readonly number[] | null;
  /** Measure the tables as built, or an older build's, and none of every item. */
  readonly builtAlone?: boolean;
  /** Bytes that tables of every item may take; default 1 GB. */
  readonly memory?: number;
}

/** Every item is projected for these. */
const precisions: readonly Precision[] = ["float32", "float16", "uint8"];

/** One kind of tables before it is measured. */
type Kind = Omit<TablesMeasured, "curves"> & {
  /** Null where the model has no table, or it cannot be measured. */
  readonly generation: OpenGeneration | null;
};

const unknown = { state: null, stepsOlder: null, notMeasured: null, generation: null };

/**
 * Holds one request and all tables in memory; every request is prepared, and its oracle run, once for all tables over
 * the same items.
 * @throws TwinError where `table` names a folder without tables, or tables of another metric
 */
export async function hitRateReport(
  twin: LocalTwin,
  requests: readonly RankedRequest[],
  options: HitRateOptions,
): Promise<TablesMeasured[]> {
  const engine = holdingRows(twin.engine);
  if (Object.keys(engine.artefacts.manifest.tables).length === 0) {
    const none = { ...unknown, tables: "the model has no table", generation: engine.tables.current() };
    return measured(engine, [none], requests, options.edges);
  }
  const older = options.table === undefined ? null : await openOlder(engine, options.table);
  try {
    const built = asBuilt(engine);
    const others = older === null ? [] : [older.kind];
    const kinds =
      built.generation === null
        ? [...others, built]
        : options.builtAlone
          ? [built, ...others]
          : [built, ...others, ...(await everyItem(engine, built.generation, options.memory ?? 2 ** 30))];
    return await measured(engine, kinds, requests, options.edges);
  } finally {
    older?.close();
  }
}

async function measured(
  engine: Engine,
  kinds: readonly Kind[],
  requests: readonly RankedRequest[],
  edges: readonly number[] | null,
): Promise<TablesMeasured[]> {
  const at = kinds.filter(({ notMeasured }) => notMeasured === null);
  const engines = at.map(({ generation }) => withGeneration(engine, generation));
  const curves = await hitRateCurves(engines, requests, edges);
  return kinds.map((kind) => {
    const { generation: _, ...rest } = kind;
    return { ...rest, curves: kind.notMeasured === null ? curves[at.indexOf(kind)] : null };
  });
}

function asBuilt(engine: Engine): Kind {
  const { dir } = engine.artefacts;
  const generation = engine.tables.current();
  const built = { ...unknown, tables: "as built" };
  if (generation === null) {
    return { ...built, notMeasured: `no table is built: twin table build ${dir} --data DATA` };
  }
  const refused = refusedOf(generation);
  if (refused !== undefined) {
    return { ...built, notMeasured: `table ${refused.table} cannot be used: ${refused.because}` };
  }
  return { ...built, ...age(engine, dir, generation), generation };
}

const refusedOf = (generation: OpenGeneration) =>
  generation.freshness(Date.now() / 1000).find(({ state }) => state === "refused");

/** The tables of another build, with their own items, under these weights. */
async function openOlder(engine: Engine, dir: string): Promise<{ readonly kind: Kind; close(): void }> {
  const options = { maxStaleness: Number.MAX_SAFE_INTEGER, memoryLimit: 2 ** 31, share: false };
  const tables = await GenerationTables.open({ ...engine.artefacts, dir }, options);
  try {
    const generation = tables.current();
    if (generation === null) {
      throw new TwinError(`--table: ${dir} has no built tables: twin table build ${dir} --data DATA`);
    }
    const refused = refusedOf(generation);
    if (refused !== undefined) {
      throw new TwinError(
        `--table: table ${refused.table} of ${dir} cannot be used with these weights: ${refused.because}`,
      );
    }
    const kind = { ...unknown, tables: dir, ...age(engine, dir, generation), generation };
    return { kind, close: () => tables.close() };
  } catch (error) {
    tables.close();
    throw error;
  }
}

/** Tables of every item in each precision. @param most bytes that they may take as float32 */
async function everyItem(engine: Engine, generation: OpenGeneration, most: number): Promise<Kind[]> {
  const bytes = fullBytes(engine, generation.items);
  if (bytes > most) {
    const why = `its rows take ${bytes} bytes of memory, and ${most} may be used`;
    return [{ ...unknown, tables: "every item", notMeasured: why }];
  }
  const full = await fullTables(engine);
  const { store } = generation;
  const { locate: located } = store;
  if (located === undefined) {
    const why = "its items do not lie where rows of tables in memory could be found by them";
    return [{ ...unknown, tables: "every item", notMeasured: why }];
  }
  const locate: Locate = (keys) => located.call(store, keys);
  return precisions.map((precision) => {
    const tables = storedAs(engine, full, precision, locate);
    const fresh = { ...generation, table: (name: string) => tables.get(name) ?? null, freshness: () => [] };
    return { ...unknown, tables: `every item, ${precision}`, state: "fresh", stepsOlder: 0, generation: fresh };
  });
}

function age(engine: Engine, dir: string, generation: OpenGeneration): Pick<TablesMeasured, "state" | "stepsOlder"> {
  const stale = generation.freshness(Date.now() / 1000).some(({ state }) => state === "stale");
  const { step } = readGeneration(generationFolder(dir, generation.number));
  const ours = engine.artefacts.manifest.step;
  const stepsOlder = step === null || ours === null ? null : ours - step;
  return { state: stale ? "stale" : "fresh", stepsOlder };
}
