// A user's newest snapshot as a server reads it: the history of a request, as JSON, with the items' features beside.

import type { FeatureSpec } from "../../../contract/manifest.ts";
import { recordOf } from "../../../contract/record.ts";
import { type DataColumn, type DataValue, sliceColumn, valueAt } from "../../encode/data-column.ts";
import type { RawValue } from "../../encode/raw.ts";
import type { Past } from "../sample-requests.ts";
import type { ItemValues, Key } from "./item-values.ts";
import { crossAt, itemAt, type Snapshot } from "./snapshots.ts";
import { clusterItems } from "./virtual-items.ts";

type Columns = Readonly<Record<string, unknown>>;

/** A history of a request, newest first: clusters of all that the user did. @param cross in the past's order */
export function clusteredRecord(
  past: Past,
  snapshot: Snapshot | null,
  items: ItemValues,
  cross: readonly FeatureSpec[],
  max: number,
): Columns {
  const newest = snapshot === null ? [] : snapshot.order.slice(-max).reverse();
  const take = (values: ArrayLike<RawValue>): unknown[] => newest.map((cluster) => plain(values[cluster]));
  const features = snapshot === null ? [] : clusterItems(past, snapshot.start, snapshot.clusters, items);
  return {
    item: newest.map((cluster) => String(itemAt(past, snapshot!.start + snapshot!.clusters.nearest[cluster]))),
    time: snapshot === null ? [] : take(snapshot.times),
    size: snapshot === null ? [] : take(snapshot.clusters.sizes),
    ...recordOf(cross.map(({ column }, i) => [column, snapshot === null ? [] : take(snapshot.cross[i])])),
    items: recordOf(brought(items).map(([{ column }, i]) => [column, snapshot === null ? [] : take(features[i])])),
  };
}

/** The same of a history that is kept as it is: the newest behaviours. */
export function plainRecord(past: Past, items: ItemValues, cross: readonly FeatureSpec[], max: number): Columns {
  const count = Math.min(max, past.time.length);
  const list = (column: DataColumn): unknown[] => Array.from<DataValue, unknown>(sliceColumn(column, 0, count), plain);
  const keys = Array.from({ length: count }, (_, place) => itemAt(past, place) as Key);
  const known = crossAt(past, Number.POSITIVE_INFINITY);
  const rows = keys.map((key) => items.numberOf(key));
  return {
    item: keys.map(String),
    time: list(past.time),
    ...recordOf(cross.map(({ column }, i) => [column, list(known[i])])),
    items: recordOf(
      brought(items).map(([{ name, column }]) => [
        column,
        rows.map((row) => (row < 0 ? null : plain(valueAt(items.columns.get(name)!, row)))),
      ]),
    ),
  };
}

/** Features that a request brings of its items, with their places. */
const brought = ({ features }: ItemValues): (readonly [FeatureSpec, number])[] =>
  features.flatMap((feature, i) => (feature.encoder.kind === "key" ? [] : [[feature, i] as const]));

/** A raw value as JSON has it; float32 in as few digits as say it. */
function plain(value: RawValue): unknown {
  if (value === null || value === undefined || typeof value === "string" || typeof value === "boolean") {
    return value ?? null;
  }
  if (typeof value === "number") {
    return Number.isFinite(value) ? value : null;
  }
  if (typeof value === "bigint") {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : String(value);
  }
  return value instanceof Float32Array
    ? Array.from(value, (one) => (Number.isFinite(one) ? Number(one.toPrecision(9)) : null))
    : Array.from<RawValue, unknown>(value as ArrayLike<RawValue>, plain);
}
