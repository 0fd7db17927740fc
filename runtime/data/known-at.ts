// When a behaviour's value became known (`known_at`): the column that says so, and values that a sample is too early for.
import { isComputed } from "../../contract/encoder-spec.ts";
import { TwinError } from "../../contract/error.ts";
import { computedFrom } from "../encode/column.ts";
import { type DataColumn, valueAt } from "../encode/data-column.ts";
import { earliest, latest } from "../encode/instant.ts";
import { isSeen } from "../encode/seen.ts";
import type { Binding } from "./binding.ts";
import { clockOf } from "./clock.ts";
import type { DataModel } from "./data-model.ts";
import type { Source } from "./database/source.ts";
import type { Relation } from "./relation.ts";
import type { Resolved } from "./resolve.ts";

/** The column of times beside a cross feature's. */
export const knownAtColumn = (feature: string): string => `#known.${feature}`;

/** @throws TwinError where `known_at` stands at what is no value of a behaviour */
export function checkKnownAt(binding: Binding, { features }: DataModel): void {
  for (const name of Object.keys(binding.knownAt)) {
    const feature = features.find((one) => one.name === name);
    const where = binding.place("columns", name, "known_at");
    if (feature?.group !== "cross") {
      throw new TwinError(
        `${where}: \`known_at\` is for values of behaviours (cross features), and ${name} is none. What a sample itself has must be known when it is shown: leave the column out where it is not`,
      );
    }
    if (isComputed(feature.encoder)) {
      throw new TwinError(
        `${where}: ${name} is computed from ${computedFrom(feature)}, which is always known: leave \`known_at\` out`,
      );
    }
  }
}

/** Times by cross feature: epoch seconds or steps, null where the value never became known. */
export async function knownAtColumns(
  source: Source,
  relation: Relation,
  binding: Binding,
): Promise<ReadonlyMap<string, Resolved>> {
  const found = new Map<string, Resolved>();
  for (const [feature, clock] of Object.entries(binding.knownAt)) {
    const where = binding.place("columns", feature, "known_at");
    const { time } = await clockOf(source, relation, binding, clock, where);
    const steps = clock.unit === "steps";
    const sound = steps ? `isfinite(${time.sql})` : `${time.sql} BETWEEN ${earliest} AND ${latest}`;
    const none = `${time.sql} IS NULL OR isnan(${time.sql})`;
    found.set(feature, {
      ...time,
      name: knownAtColumn(feature),
      due: steps ? "finite numbers" : `times between 1990 and 2100 (read as ${clock.unit}) or none`,
      // A failure of the query, not a missing time: the row is then named.
      sql: `CASE WHEN ${none} THEN NULL WHEN ${sound} THEN ${time.sql} ELSE error('no time') END`,
      bad: `CASE WHEN ${time.bad ?? "false"} THEN true WHEN ${none} THEN false ELSE NOT (${sound}) END`,
    });
  }
  return found;
}

/** A column without the values that a sample at `time` may not see. @param knownAt by row, NaN: never */
export function knownValues(column: DataColumn, knownAt: Float64Array, time: number, delay: number): DataColumn {
  if (knownAt.every((at) => isSeen(at, time, delay))) {
    return column;
  }
  if (column instanceof Float64Array) {
    return Float64Array.from(knownAt, (at, row) => (isSeen(at, time, delay) ? column[row] : Number.NaN));
  }
  return Array.from(knownAt, (at, row) => (isSeen(at, time, delay) ? valueAt(column, row) : null));
}
