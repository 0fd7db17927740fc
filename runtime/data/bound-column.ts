// A column of data.yaml with its meaning: a feature's source, and a clock's.
import { TwinError } from "../../contract/error.ts";
import type { Derivation } from "../encode/derive.ts";
import type { timeUnits, WrittenBinding } from "./binding-schema.ts";

/** A feature or label: a column's name or an SQL expression, or a derivation that serving repeats. */
export type ColumnBinding = { readonly kind: "sql"; readonly sql: string } | Derivation;

export interface Clock {
  readonly column: string;
  readonly unit: (typeof timeUnits)[number] | "steps";
  /** How its texts are written, as `strptime` takes it; it is in seconds then. */
  readonly format?: string;
}

export type WrittenTime = NonNullable<NonNullable<WrittenBinding["events"]>["time"]>;

export function clockIn(time: WrittenTime, where: string): Clock {
  if (typeof time === "string") {
    return { column: time, unit: "s" };
  }
  const { column, unit, format } = time;
  if (format !== undefined && unit !== undefined) {
    throw new TwinError(`${where}: \`unit\` and \`format\` are both given; a unit is for numbers, a format for texts`);
  }
  return { column, unit: unit ?? "s", ...(format !== undefined && { format }) };
}

export function columnOf(written: WrittenBinding["columns"][string]): ColumnBinding {
  if (typeof written === "string") {
    return { kind: "sql", sql: written };
  }
  if ("column" in written) {
    return { kind: "sql", sql: written.column };
  }
  if ("at_least" in written) {
    return { kind: "at_least", ...written.at_least };
  }
  if ("split" in written) {
    return { kind: "split", ...written.split };
  }
  if ("scale" in written) {
    return { kind: "scale", ...written.scale };
  }
  const { column, values, otherwise } = written.map;
  return { kind: "map", column, values, otherwise: otherwise ?? null };
}
