// Derivations at serving: a request that brings the raw column gets the feature that the data made of it.

import type { Derived, FeatureSpec } from "../../contract/manifest.ts";
import { own as ownRecord } from "../../contract/record.ts";
import { isColumn, isRecord } from "../encode/columns.ts";
import { type Derivation, deriveColumn, deriveValue } from "../encode/derive.ts";

/** Whether the values under a name are columns, or single values. */
type Form = "columns" | "values";

/** Columns of a request that are no features. */
const kept = ["item", "items", "time"];

/**
 * Puts the derived features in the place of the raw columns they are made of. A feature that was brought itself wins.
 * Where raw column and feature share a name, texts (`split`) and numbers (`at_least`) are raw; for `map` and `scale`
 * nothing tells them apart, and what comes is the feature.
 * @param features of the group; a raw column that is a feature of it, too, stays
 * @param where the place in the request, for errors
 */
export function withDerived<T>(
  derived: readonly Derived[],
  features: readonly FeatureSpec[],
  given: T,
  form: Form,
  where: string,
): T | Record<string, unknown> {
  if (derived.length === 0 || !isRecord(given)) {
    return given;
  }
  const byName = new Map(features.map((feature) => [feature.name, feature]));
  const own = derived.flatMap((one) => {
    const feature = byName.get(one.feature);
    return feature === undefined || one.kind === "sql" || one.kind === "known_at"
      ? []
      : [{ derivation: one, column: one.column, feature }];
  });
  if (own.length === 0) {
    return given;
  }
  const known = new Set(features.map((feature) => feature.column));
  const brought = ownRecord<unknown>(given);
  const result = ownRecord(brought);
  for (const { derivation: one, feature } of own) {
    const { column } = feature;
    const raw = brought[one.column];
    if (raw === undefined) {
      continue;
    }
    const place = `${where}: \`${one.column}\``;
    if (column === one.column) {
      result[column] = form === "columns" ? each(one, raw, place) : ifRaw(one, raw, place);
    } else if (brought[column] === undefined) {
      result[column] =
        form === "values" ? deriveValue(one, raw, place) : isColumn(raw) ? deriveColumn(one, raw, place) : raw;
    }
  }
  const clocks = derived.flatMap((one) => (one.kind === "known_at" ? [one.column] : []));
  for (const { column } of own) {
    if (!known.has(column) && !kept.includes(column) && !clocks.includes(column)) {
      delete result[column];
    }
  }
  return result;
}

/** Item features that came along, as columns or as one object an item. */
export function itemsWithDerived(
  derived: readonly Derived[],
  features: readonly FeatureSpec[],
  items: unknown,
  where: string,
): unknown {
  if (derived.length === 0 || items === undefined) {
    return items;
  }
  if (!Array.isArray(items)) {
    return withDerived(derived, features, items, "columns", where);
  }
  return items.map((item: unknown, i) => withDerived(derived, features, item, "values", `${where}[${i}]`));
}

function each(derivation: Derivation, raw: unknown, place: string): unknown {
  if (!isColumn(raw)) {
    return raw;
  }
  if (derivation.kind !== "split" && derivation.kind !== "at_least") {
    return raw;
  }
  return Array.from(raw, (value) => ifRaw(derivation, value, place));
}

/** A value under the name that raw column and feature share. */
function ifRaw(derivation: Derivation, value: unknown, place: string): unknown {
  const raw =
    derivation.kind === "split"
      ? typeof value === "string"
      : derivation.kind === "at_least" && (typeof value === "number" || typeof value === "bigint");
  return raw ? deriveValue(derivation, value, place) : value;
}
