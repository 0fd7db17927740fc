// The user's side of a request, computed once: times, histories, table rows, user features.

import { isComputed } from "../../contract/encoder-spec.ts";
import { TwinError } from "../../contract/error.ts";
import type { FeatureSpec, GraphName, Manifest } from "../../contract/manifest.ts";
import { encodeColumn, encodedShape } from "../encode/column.ts";
import type { EncodeContext } from "../encode/context.ts";
import { parseTime } from "../encode/time.ts";
import { timeUnit } from "../encode/time-unit.ts";
import { type Tensor, tensorOf } from "../session/session.ts";
import { allow, type Freshness } from "../table/freshness.ts";
import type { OpenGeneration } from "../table/live-tables.ts";
import { itemsWithDerived, withDerived } from "./derived.ts";
import { type Engine, type Route, rankGraphs, route, tablesOf } from "./engine.ts";
import { type FetchedSide, fetchItems, fetchSide, fetchSideRows, historyOf, sourcesOf, together } from "./fetch.ts";
import { crossFeatures, HistorySide, readBehaviours, readKnownAt } from "./history.ts";
import { KernelSide } from "./kernel-side.ts";
import { MatchSearch } from "./match-search.ts";
import { OutsideRows } from "./outside.ts";
import { comparesItems } from "./over-feature.ts";
import { type Given, historyColumns, inlineColumns, type PrepareRequest, rowKeysOf, singleValues } from "./request.ts";
import { SideStats } from "./stats.ts";
import { readTables, type TableRows } from "./table-rows.ts";

/** Everything that ranking needs of the user. */
export interface UserSide extends FetchedSide {
  /** Epoch seconds (or steps) of the request. */
  readonly time: number;
  readonly route: Route;
  readonly generation: OpenGeneration | null;
  readonly tables: ReadonlyMap<string, TableRows>;
  /** The user in the selection kernel, which searches and attends for its candidates; null: graphs do. */
  readonly kernel: KernelSide | null;
  /** The user's behaviours by what searches match, where all searches go by `match`; null: graphs search. */
  readonly matched: MatchSearch | null;
  readonly freshness: readonly Freshness[];
  readonly stats: SideStats;
  /** User features that were not given. */
  readonly missing: readonly string[];
}

/** @param signal where it aborts, no store is read any more, and its reason is thrown */
export async function prepareSide(
  engine: Engine,
  request: PrepareRequest,
  signal: AbortSignal | null = null,
): Promise<UserSide> {
  const { artefacts } = engine;
  const { manifest } = artefacts;
  if (typeof request !== "object" || request === null) {
    throw new TwinError("the request must be an object");
  }
  const generation = engine.tables.current();
  const freshness = generation?.freshness(Date.now() / 1000) ?? [];
  const stale = freshness.filter(({ state }) => state !== "fresh");
  const way = route(manifest, stale.length > 0);
  const needed = tablesOf(manifest, way);
  for (const found of freshness) {
    if (needed.includes(found.table)) {
      allow(found, engine.tables.maxStaleness, artefacts.dir);
    }
  }

  const { derived } = manifest;
  const brought = historyColumns(manifest, request)
    .map(({ spec, columns }) => {
      const { name } = spec;
      const given = withDerived(derived, crossFeatures(manifest, name), columns, "columns", `history ${name}`);
      return { spec, given };
    })
    .map(({ spec, given }) => ({ spec, given, ...readBehaviours(manifest, spec, given) }));
  const time = requestTime(
    request.time,
    timeUnit(manifest),
    brought.map(({ times }) => times),
  );

  // Where the caller says no time, the request comes after all that it brings, whatever this machine's clock says.
  const before = request.time === undefined || request.time === null ? Number.POSITIVE_INFINITY : time;

  const histories = new Map<string, HistorySide>();
  for (const { spec, given, keys, times } of brought) {
    const context = artefacts.context(`history ${spec.name}`, time);
    const compared = artefacts.itemFeatures;
    const knownAt = readKnownAt(manifest, spec, given, keys.length);
    const own = itemsWithDerived(derived, artefacts.itemFeatures, given.items, `${context.where}: items`);
    const inline = inlineColumns(own, artefacts.itemFeatures, keys.length, `${context.where}: items`);
    const rowKeys = rowKeysOf(manifest, generation, keys, context.where);
    const items = { keys, rowKeys, store: generation?.store ?? null, inline, context };
    histories.set(spec.name, new HistorySide(spec, given, items, times, context, { before, knownAt, compared }));
  }

  // All that the keys name is read together; the rest is encoded meanwhile, and errors in columns are due here, before any
  // graph runs, not when the first candidates come.
  const planned = engine.kernel.of(stale.length > 0, longestSearched(manifest, histories));
  const kernel = planned === null ? null : new KernelSide(planned);
  const graphs = rankingGraphs({ route: way, kernel });
  const options = { signal };
  const lookups = readTables(engine, needed, histories, generation, options);
  const reading = together<unknown>([lookups, fetchItems(engine, histories, graphs, options)]);
  const users = manifest.features.filter((feature) => feature.group === "user");
  const encoding = (): ReturnType<typeof encodeSingle> => {
    for (const source of sourcesOf(engine, graphs)) {
      // What compares items is encoded when they are read; nothing of it can be wrong in a column.
      if (source.kind === "cross" && !comparesItems(source.feature)) {
        historyOf(histories, source.history).cross(source.feature);
      }
    }
    const values = singleValues(withDerived(derived, users, request.user, "values", "user"), users, "user");
    return encodeSingle(users, values, artefacts.context("user"));
  };
  let user: ReturnType<typeof encodeSingle>;
  try {
    user = encoding();
  } catch (error) {
    await reading.catch(() => undefined);
    throw error;
  }
  await reading;
  const projecting = await lookups;
  const side: UserSide = {
    time,
    route: way,
    generation,
    histories,
    tables: await projecting(),
    kernel,
    matched: MatchSearch.of(engine, histories),
    freshness,
    single: user.tensors,
    missing: user.missing,
    outside: new OutsideRows(),
    stats: new SideStats(artefacts, histories, time),
  };
  await fetchSideRows(engine, side, graphs, options);
  return kernel === null ? side : packed(engine, side, kernel, options);
}

/** The side with its user in the kernel's memory, or the side that graphs rank where it could not be brought there. */
async function packed(
  engine: Engine,
  side: UserSide,
  kernel: KernelSide,
  options: { readonly signal: AbortSignal | null },
): Promise<UserSide> {
  let opened = false;
  try {
    await kernel.planned.open();
    opened = true;
    await kernel.pack(engine, side);
    return side;
  } catch (error) {
    engine.kernel.give(error, !opened);
  }
  const other: UserSide = { ...side, kernel: null };
  await fetchSide(engine, other, rankingGraphs(other), options);
  return other;
}

/** The graphs that rank a user's candidates. */
export function rankingGraphs({ route, kernel }: Pick<UserSide, "route" | "kernel">): (GraphName | null)[] {
  if (kernel === null) {
    return rankGraphs(route);
  }
  const { user, query, head } = kernel.planned.spec;
  return [user, query, head];
}

/** Places of the longest history that a search goes through. */
function longestSearched({ searches }: Manifest, histories: ReadonlyMap<string, HistorySide>): number {
  return Math.max(0, ...searches.map(({ history }) => historyOf(histories, history).length));
}

/** One value of each feature, as tensors [1, …]. */
export function encodeSingle(
  features: readonly FeatureSpec[],
  values: Given,
  context: EncodeContext,
): { tensors: Map<string, Tensor>; missing: string[] } {
  const tensors = new Map<string, Tensor>();
  const absent: string[] = [];
  for (const feature of features) {
    if (feature.encoder.kind === "key") {
      continue;
    }
    const value = values[feature.column];
    const computed = isComputed(feature.encoder);
    if (!computed && (value === undefined || value === null)) {
      absent.push(feature.name);
    }
    const raw = value === undefined ? undefined : [value];
    const data = encodeColumn(feature, raw, 1, context);
    const shape = encodedShape(feature, 1);
    tensors.set(feature.name, tensorOf(data, shape));
  }
  return { tensors, missing: absent };
}

function requestTime(given: unknown, unit: "seconds" | "steps", histories: readonly (Float64Array | null)[]): number {
  if (given !== undefined && given !== null) {
    return parseTime(given, "request", unit);
  }
  if (unit === "seconds") {
    return Date.now() / 1000;
  }
  // Where only an order is known, the request is the step after the last behaviour.
  let last = 0;
  for (const times of histories) {
    for (const time of times ?? []) {
      last = Math.max(last, time);
    }
  }
  return last + 1;
}
