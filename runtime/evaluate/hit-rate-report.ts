// The hit rate on several tables: as built, older, and of every item in each precision.
import type { Engine } from "../engine.ts";
import { TwinError } from "../error.ts";
import { generationFolder } from "../table/generation-commit.ts";
import { readGeneration } from "../table/generation-file.ts";
import type { Precision } from "../table/precision.ts";
import { GenerationTables, type LiveTables, type OpenGeneration } from "../tables.ts";
import type { LocalTwin } from "../twin.ts";
import type { RankedRequest } from "./compared-lists.ts";
import { fullBytes, fullTables, storedAs } from "./full-tables.ts";
import { type HitRateCurve, hitRateCurves } from "./hit-rate-curve.ts";

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
  /** Bytes that tables of every item may take; default 1 GB. */
  readonly memory?: number;
}

/** Every item is projected for these. */
const precisions: readonly Precision[] = ["float32", "float16", "uint8"];

/** @throws TwinError where `table` names a folder without tables, or tables of another metric */
export async function hitRateReport(
  twin: LocalTwin,
  requests: readonly RankedRequest[],
  options: HitRateOptions,
): Promise<TablesMeasured[]> {
  const { engine } = twin;
  const { manifest, dir } = engine.artefacts;
  const measure = (generation: OpenGeneration | null) =>
    hitRateCurves(withGeneration(engine, generation), requests, options.edges);
  const none = { state: null, stepsOlder: null, notMeasured: null };
  if (Object.keys(manifest.tables).length === 0) {
    return [{ tables: "the model has no table", ...none, curves: await measure(engine.tables.current()) }];
  }
  const generation = engine.tables.current();
  const results: TablesMeasured[] = [];
  if (options.table !== undefined) results.push(await older(engine, options.table, measure));
  if (generation === null) {
    results.push({
      tables: "as built",
      ...none,
      curves: null,
      notMeasured: `no table is built: twin table build ${dir} --data DATA`,
    });
    return results;
  }
  const refused = generation.freshness(Date.now() / 1000).find(({ state }) => state === "refused");
  if (refused !== undefined) {
    const why = `table ${refused.table} cannot be used: ${refused.because}`;
    return [...results, { tables: "as built", ...none, curves: null, notMeasured: why }];
  }
  results.unshift({ tables: "as built", ...none, ...age(engine, dir, generation), curves: await measure(generation) });
  const most = options.memory ?? 2 ** 30;
  if (fullBytes(engine, generation.items) > most) {
    const why = `its rows take ${fullBytes(engine, generation.items)} bytes of memory, and ${most} may be used`;
    return [...results, { tables: "every item", ...none, curves: null, notMeasured: why }];
  }
  const full = await fullTables(engine);
  for (const precision of precisions) {
    const tables = storedAs(engine, full, precision);
    const fresh = { ...generation, table: (name: string) => tables.get(name) ?? null, freshness: () => [] };
    results.push({
      tables: `every item, ${precision}`,
      ...none,
      state: "fresh",
      stepsOlder: 0,
      curves: await measure(fresh),
    });
  }
  return results;
}

/** The tables of another build, with their own items, under these weights. */
async function older(
  engine: Engine,
  dir: string,
  measure: (generation: OpenGeneration) => Promise<HitRateCurve[]>,
): Promise<TablesMeasured> {
  const options = { maxStaleness: Number.MAX_SAFE_INTEGER, memoryLimit: 2 ** 31, share: false };
  const tables = await GenerationTables.open({ ...engine.artefacts, dir }, options);
  try {
    const generation = tables.current();
    if (generation === null)
      throw new TwinError(`--table: ${dir} has no built tables: twin table build ${dir} --data DATA`);
    const refused = generation.freshness(Date.now() / 1000).find(({ state }) => state === "refused");
    if (refused !== undefined)
      throw new TwinError(
        `--table: table ${refused.table} of ${dir} cannot be used with these weights: ${refused.because}`,
      );
    return {
      tables: dir,
      ...age(engine, dir, generation),
      curves: await measure(generation),
      notMeasured: null,
    };
  } finally {
    tables.close();
  }
}

function age(engine: Engine, dir: string, generation: OpenGeneration): Pick<TablesMeasured, "state" | "stepsOlder"> {
  const stale = generation.freshness(Date.now() / 1000).some(({ state }) => state === "stale");
  const { step } = readGeneration(generationFolder(dir, generation.number));
  const ours = engine.artefacts.manifest.step;
  const stepsOlder = step === null || ours === null ? null : ours - step;
  return { state: stale ? "stale" : "fresh", stepsOlder };
}

/** The engine with other tables in use. */
export function withGeneration(engine: Engine, generation: OpenGeneration | null): Engine {
  const tables: LiveTables = { maxStaleness: Number.MAX_SAFE_INTEGER, current: () => generation };
  return { ...engine, tables };
}
