// The small derivations that turn a user's column into a feature's raw values. Serving repeats them, so they are code, not SQL.
import { TwinError } from "../../contract/error.ts";
import type { DataColumn, DataValue } from "./data-column.ts";

export type Derivation =
  /** number → boolean: value >= `value` */
  | { readonly kind: "at_least"; readonly column: string; readonly value: number }
  /** text → list of texts; empty parts are dropped, an empty text has none */
  | { readonly kind: "split"; readonly column: string; readonly by: string }
  /** the value of the entry whose key is the column's value as text; others become `otherwise` */
  | {
      readonly kind: "map";
      readonly column: string;
      readonly values: Readonly<Record<string, string | number | boolean>>;
      readonly otherwise: string | number | boolean | null;
    }
  /** number → value · by + plus */
  | { readonly kind: "scale"; readonly column: string; readonly by: number; readonly plus: number };

/** Derives one value; a missing value (null, undefined) stays missing (null). `where` names the place in errors. */
export function deriveValue(derivation: Derivation, value: unknown, where: string): DataValue {
  if (value === null || value === undefined) {
    return derivation.kind === "map" ? derivation.otherwise : null;
  }
  switch (derivation.kind) {
    case "at_least": {
      const number = numeric(value, derivation, where);
      return Number.isNaN(number) ? null : number >= derivation.value;
    }
    case "scale":
      return numeric(value, derivation, where) * derivation.by + derivation.plus;
    case "split":
      if (typeof value !== "string") {
        throw new TwinError(`${where}: split needs a text and found ${kindOf(value)}`);
      }
      return value.split(derivation.by).filter((part) => part !== "");
    case "map":
      if (typeof value === "object") {
        throw new TwinError(`${where}: map needs a text or a number and found a list`);
      }
      return Object.hasOwn(derivation.values, String(value)) ? derivation.values[String(value)] : derivation.otherwise;
  }
}

/** Derives a whole column, value by value. */
export function deriveColumn(derivation: Derivation, column: ArrayLike<unknown>, where: string): DataColumn {
  const rows = column.length;
  if (derivation.kind === "scale" && (column instanceof Float64Array || column instanceof Int32Array)) {
    return Float64Array.from(column, (value) => value * derivation.by + derivation.plus);
  }
  const out: DataValue[] = new Array(rows);
  for (let row = 0; row < rows; row++) {
    out[row] = deriveValue(derivation, column[row], where);
  }
  return out;
}

function numeric(value: unknown, derivation: Derivation, where: string): number {
  if (typeof value === "number") {
    return value;
  }
  if (typeof value === "bigint") {
    return Number(value);
  }
  if (typeof value === "boolean") {
    return value ? 1 : 0;
  }
  throw new TwinError(`${where}: ${derivation.kind} needs a number and found ${kindOf(value)}`);
}

function kindOf(value: unknown): string {
  return typeof value === "string"
    ? `the text "${value.slice(0, 40)}"`
    : typeof value === "object"
      ? "a list"
      : typeof value;
}
