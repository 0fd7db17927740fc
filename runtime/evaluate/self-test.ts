// `twin evaluate --self-test`: search against oracle on random histories, and every graph against its reference numbers.

import { metricOf } from "../../contract/by-spec.ts";
import type { Manifest } from "../../contract/manifest.ts";
import { streams } from "../../contract/random.ts";
import { type HitRate, hitRates, type RankedRequest, withGeneration } from "../hit-rate/index.ts";
import type { Engine } from "../request/index.ts";
import { type Artefacts, type LoadOptions, LocalTwin } from "../serve/index.ts";
import type { OpenGeneration } from "../table/live-tables.ts";
import { rowNumbers } from "../table/table-store.ts";
import { hitRateText } from "./hit-rate.ts";
import { fails, type ParityResult, parity } from "./parity.ts";
import { randomRequest } from "./random-request.ts";

export interface SelfTestOptions extends Pick<LoadOptions, "providers" | "threads" | "plan"> {
  /** Random requests of each kind; default 20. */
  readonly requests?: number;
  /** Longest history; default 1,000. */
  readonly history?: number;
  /** Candidates of each request; default 8. */
  readonly candidates?: number;
  readonly seed?: number;
  /** Told of each provider that could not be had, among other things. */
  readonly warn?: (message: string) => void;
}

export interface SelfTestReport {
  readonly passed: boolean;
  /** Searches that go by another measure than the attention over them: they need not find what it ranks highest. */
  readonly otherwise: readonly string[];
  /** Each search against its oracle with a full float32 table: all must be found, but for those `otherwise`. */
  readonly full: readonly HitRate[];
  /** The same with the tables as they are built: their precision and coverage; null where none are built. */
  readonly asBuilt: readonly HitRate[] | null;
  /** Why the built tables could not be measured, or null. */
  readonly notMeasured: string | null;
  readonly parity: readonly ParityResult[];
  /** Items that the histories were drawn from: of the generation, or made up. */
  readonly items: number;
  readonly synthetic: boolean;
}

/** Items made up where no table is built. */
const syntheticRows = 5000;

export async function selfTest(dir: string, options: SelfTestOptions = {}): Promise<SelfTestReport> {
  const { requests = 20, history = 1000, candidates = 8, seed = 1, warn, ...rest } = options;
  const twin = await LocalTwin.open(dir, { ...rest, maxStaleness: Number.MAX_SAFE_INTEGER });
  try {
    const { engine } = twin;
    const generation = engine.tables.current();
    const items = generation?.items ?? syntheticRows;
    const synthetic = generation === null || items === 0;
    const draw = {
      items: synthetic ? syntheticRows : items,
      inline: synthetic,
      vocabulary: (name: string) => vocabularyEntries(engine.artefacts, name),
    };
    const next = streams.selfTest(seed);
    const stream = function* (): Generator<RankedRequest> {
      for (let i = 0; i < requests; i++) {
        // Empty and short histories belong to it; the others grow up to the longest.
        const length = i === 0 ? 0 : i === 1 ? 3 : Math.ceil((history * (i + 1)) / requests);
        yield randomRequest(engine.artefacts.manifest, draw, next, length, candidates);
      }
    };
    const tables = synthetic ? null : byOrdinal(generation);
    const notMeasured = whyNotBuilt(engine, tables);
    const engines = [withGeneration(engine, tables && withoutTables(tables))];
    if (notMeasured === null) {
      engines.push(withGeneration(engine, tables));
    }
    const [full, asBuilt = null] = await hitRates(engines, stream());
    const compared = await parity(engine.artefacts, engine.sessions);
    const otherwise = otherMeasures(engine.artefacts.manifest);
    const complete = full.every(({ search, different, tied }) => otherwise.includes(search) || different === tied);
    return {
      passed: complete && !compared.some(fails),
      otherwise,
      full,
      asBuilt,
      notMeasured,
      parity: compared,
      items: draw.items,
      synthetic,
    };
  } finally {
    for (const warning of twin.warnings) {
      warn?.(warning);
    }
    await twin.close();
  }
}

/** Searches that go by another measure than the first attention by a metric over them. */
function otherMeasures({ searches, attends }: Manifest): string[] {
  return searches.flatMap(({ name, by }) => {
    const attend = attends.find(
      ({ by: weighed, over }) => over.kind === "search" && over.search === name && metricOf(weighed) !== null,
    );
    return metricOf(by) !== null && metricOf(attend?.by ?? by) === metricOf(by) ? [] : [name];
  });
}

/** Why the built tables cannot be measured, or null. */
function whyNotBuilt(engine: Engine, generation: OpenGeneration | null): string | null {
  if (Object.keys(engine.artefacts.manifest.tables).length === 0) {
    return "the model has no table";
  }
  if (generation === null) {
    return "no table is built: twin table build DIR --data data.yaml";
  }
  const refused = generation.freshness(Date.now() / 1000).find(({ state }) => state === "refused");
  return refused === undefined ? null : `table ${refused.table} cannot be used: ${refused.because}`;
}

/** A generation whose keys are its ordinals. */
function byOrdinal(generation: OpenGeneration): OpenGeneration {
  return { ...generation, keys: (keys) => rowNumbers(Int32Array.from<unknown>(keys, Number)) };
}

/** Every row is projected: a full float32 table. */
function withoutTables(generation: OpenGeneration): OpenGeneration {
  return { ...generation, table: () => null, freshness: () => [] };
}

function vocabularyEntries(artefacts: Artefacts, name: string): readonly string[] {
  return artefacts.context("self-test").vocabulary(name).entries;
}

/** The report as lines for a terminal. */
export function selfTestText(report: SelfTestReport): string {
  const { full, asBuilt, notMeasured, items, synthetic } = report;
  const lines = [
    `histories of ${items} ${synthetic ? "made-up items (no table is built)" : "items of the generation"}`,
  ];
  lines.push("search against oracle, full float32 table:");
  lines.push(
    ...(full.length === 0
      ? ["  the model has no search by a metric"]
      : hitRateText(full, false).map((line, i) =>
          report.otherwise.includes(full[i].search)
            ? `  ${line}: it goes by another measure than the attention, so not all are due`
            : `  ${line}`,
        )),
  );
  lines.push("search against oracle, tables as built:");
  lines.push(
    ...(asBuilt === null ? [`  not measured: ${notMeasured}`] : hitRateText(asBuilt).map((line) => `  ${line}`)),
  );
  lines.push("graphs against parity.safetensors:");
  const places = new Map<string, ParityResult[]>();
  for (const result of report.parity) {
    const graph = result.type === null ? result.graph : `${result.graph} (${result.type})`;
    places.set(graph, [...(places.get(graph) ?? []), result]);
  }
  for (const [graph, results] of places) {
    lines.push(`  ${parityLine(graph, results)}`);
  }
  lines.push(report.passed ? "passed" : "FAILED");
  return `${lines.join("\n")}\n`;
}

function parityLine(graph: string, results: readonly ParityResult[]): string {
  const of = (kind: ParityResult["kind"]) => results.filter((result) => result.kind === kind);
  const sum = (some: readonly ParityResult[], key: "numbers" | "wrong" | "tied") =>
    some.reduce((total, one) => total + one[key], 0);
  const absent = results.find(({ notRun }) => notRun !== undefined)?.notRun;
  if (absent !== undefined) {
    return `${graph}: does not run here, the rows are decoded before the graph (${absent})`;
  }
  const parts: string[] = [];
  const values = of("values");
  if (values.length > 0) {
    const worst = Math.max(...values.map((result) => result.worst));
    const numbers = sum(values, "numbers");
    parts.push(`${numbers - sum(values, "wrong")} of ${numbers} values within 1e-5 (worst ${worst.toExponential(1)})`);
  }
  const selections = of("selection");
  if (selections.length > 0) {
    const numbers = sum(selections, "numbers");
    const near = selections.some(({ nearTies, wrong }) => nearTies && wrong > 0) ? " (near-ties)" : "";
    const tied = sum(selections, "tied");
    const ties = tied > 0 ? `, ${tied} more in another order of ties` : "";
    parts.push(`${numbers - tied - sum(selections, "wrong")} of ${numbers} positions equal${ties}${near}`);
  }
  return `${graph}: ${parts.join("; ")}${results.some(fails) ? " — WRONG" : ""}`;
}
