// The user's side of a request, computed once: times, histories, table rows, user features.

import { TwinError } from "../../contract/error.ts";
import type { FeatureSpec } from "../../contract/manifest.ts";
import { encodeColumn, encodedShape, missing } from "../encode/column.ts";
import type { EncodeContext } from "../encode/context.ts";
import type { RawValue } from "../encode/raw.ts";
import { parseTime, type RawTime } from "../encode/time.ts";
import type { Tensor } from "../session/session.ts";
import { floats, ints } from "../session/session.ts";
import { allow, type Freshness } from "../table/freshness.ts";
import { ItemColumns } from "../table/item-columns.ts";
import type { OpenGeneration } from "../table/live-tables.ts";
import { itemsWithDerived, withDerived } from "./derived.ts";
import { type Engine, type Route, route, tablesOf } from "./engine.ts";
import { crossFeatures, HistorySide, readKnownAt, readTimes, timeUnit } from "./history.ts";
import { historyColumns, inlineColumns, type PrepareRequest, singleValues } from "./request.ts";
import { rowsOfTables, type TableRows } from "./table-rows.ts";

/** Everything that ranking needs of the user. */
export interface UserSide {
  /** Epoch seconds (or steps) of the request. */
  readonly time: number;
  readonly route: Route;
  readonly generation: OpenGeneration | null;
  readonly histories: ReadonlyMap<string, HistorySide>;
  readonly tables: ReadonlyMap<string, TableRows>;
  readonly freshness: readonly Freshness[];
  /** The user's features by port. */
  readonly single: ReadonlyMap<string, Tensor>;
  /** User features that were not given. */
  readonly missing: readonly string[];
}

export async function prepareSide(engine: Engine, request: PrepareRequest): Promise<UserSide> {
  const { artefacts, tables } = engine;
  const { manifest } = artefacts;
  if (typeof request !== "object" || request === null) throw new TwinError("the request must be an object");
  const generation = tables.current();
  const freshness = generation?.freshness(Date.now() / 1000) ?? [];
  const stale = freshness.filter(({ state }) => state !== "fresh");
  const way = route(manifest, stale.length > 0);
  const needed = tablesOf(manifest, way);
  for (const found of freshness) if (needed.includes(found.table)) allow(found, tables.maxStaleness, artefacts.dir);

  const { derived } = manifest;
  const columns = historyColumns(manifest, request);
  for (const [name, given] of columns)
    columns.set(name, withDerived(derived, crossFeatures(manifest, name), given, "columns", `history ${name}`));
  const times = new Map<string, Float64Array | null>();
  for (const spec of manifest.histories) times.set(spec.name, readTimes(manifest, spec, columns.get(spec.name)!));
  const time = requestTime(request.time, timeUnit(manifest), [...times.values()]);

  // Where the caller says no time, the request comes after all that it brings, whatever this machine's clock says.
  const before = request.time === undefined || request.time === null ? Number.POSITIVE_INFINITY : time;

  const histories = new Map<string, HistorySide>();
  for (const spec of manifest.histories) {
    const given = columns.get(spec.name)!;
    const context = artefacts.context(`history ${spec.name}`, time);
    const knownAt = readKnownAt(manifest, spec, given);
    const brought = itemsWithDerived(derived, artefacts.itemFeatures, given.items, `${context.where}: items`);
    const inline = inlineColumns(brought, artefacts.itemFeatures, given.item.length, `${context.where}: items`);
    const ordinals = generation?.ordinals(given.item, context.where) ?? null;
    const items = new ItemColumns(given.item, ordinals, generation?.store ?? null, inline, context);
    const own = times.get(spec.name)!;
    histories.set(spec.name, new HistorySide(spec, given, items, own, context, { before, knownAt }));
  }

  const rows = await rowsOfTables(engine, needed, histories, generation);
  // Errors in columns are due here, not when the first candidates come.
  for (const history of histories.values()) encodeAhead(engine, way, history);
  const users = manifest.features.filter((feature) => feature.group === "user");
  const values = singleValues(withDerived(derived, users, request.user, "values", "user"), users, "user");
  const user = encodeSingle(users, values, artefacts.context("user"));
  return {
    time,
    route: way,
    generation,
    histories,
    tables: rows,
    freshness,
    single: user.tensors,
    missing: user.missing,
  };
}

/** One value of each feature, as tensors [1, …]. */
export function encodeSingle(
  features: readonly FeatureSpec[],
  values: Readonly<Record<string, RawValue>>,
  context: EncodeContext,
): { tensors: Map<string, Tensor>; missing: string[] } {
  const tensors = new Map<string, Tensor>();
  const absent: string[] = [];
  for (const feature of features) {
    if (feature.encoder.kind === "key") continue;
    const value = values[feature.column];
    if (value === undefined || value === null) absent.push(feature.name);
    const data = value === undefined ? missing(feature, 1) : encodeColumn(feature, [value], 1, context);
    const shape = encodedShape(feature, 1);
    tensors.set(feature.name, data instanceof Float32Array ? floats(data, ...shape) : ints(data, ...shape));
  }
  return { tensors, missing: absent };
}

function encodeAhead({ artefacts }: Engine, way: Route, history: HistorySide): void {
  for (const graph of [way.request ?? way.search, way.rank]) {
    if (graph === null) continue;
    for (const { source } of artefacts.inputs.get(graph) ?? []) {
      if (source.kind === "cross" && source.history === history.spec.name) history.cross(source.feature);
      if (source.kind === "history-item" && source.history === history.spec.name) history.item(source.feature);
    }
  }
}

function requestTime(
  given: RawTime | undefined,
  unit: "seconds" | "steps",
  histories: readonly (Float64Array | null)[],
): number {
  if (given !== undefined && given !== null) return parseTime(given, "request", unit);
  if (unit === "seconds") return Date.now() / 1000;
  // Where only an order is known, the request is the step after the last behaviour.
  let last = 0;
  for (const times of histories) for (const time of times ?? []) last = Math.max(last, time);
  return last + 1;
}
