// One type for a column that files hold in several: the narrowest that holds every value of all of them, or none.
import { familyOf } from "../database/cast.ts";

const integers = ["TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"];
const unsigned: Readonly<Record<string, string>> = {
  UTINYINT: "SMALLINT",
  USMALLINT: "INTEGER",
  UINTEGER: "BIGINT",
  UBIGINT: "HUGEINT",
};
/** From days to nanoseconds, and with a zone; what has none is UTC. */
const times = ["DATE", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP", "TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE"];

const wholeFamilies = ["small", "whole", "huge"];
const isWhole = (type: string): boolean => wholeFamilies.includes(familyOf(type));
const element = (type: string): string => type.replace(/\[\d*\]$/, "");

/** The type of both, or null: then the column can be read by no one. */
export function commonType(a: string, b: string): string | null {
  if (a === b) {
    return a;
  }
  if (a === '"NULL"') {
    return b;
  }
  if (b === '"NULL"') {
    return a;
  }
  const [f, g] = [familyOf(a), familyOf(b)];
  if (f === "list" && g === "list") {
    const inner = commonType(element(a), element(b));
    return inner === null ? null : `${inner}[]`;
  }
  const nested = ["list", "other"];
  if (nested.includes(f) || nested.includes(g)) {
    return null;
  }
  if (f === "text" || g === "text") {
    return "VARCHAR";
  }
  if (f === "time" || g === "time") {
    return f === g ? times[Math.max(times.indexOf(a), times.indexOf(b))] : null;
  }
  if (f === "boolean") {
    return b;
  }
  if (g === "boolean") {
    return a;
  }
  if (isWhole(a) && isWhole(b)) {
    return commonWhole(a, b);
  }
  const decimals = [a, b].map((type) => /^DECIMAL\((\d+),(\d+)\)$/.exec(type) ?? wholeDigits(type));
  const [p, q] = decimals;
  if (p && q) {
    const scale = Math.max(Number(p[2]), Number(q[2]));
    const digits = Math.max(Number(p[1]) - Number(p[2]), Number(q[1]) - Number(q[2]));
    if (digits + scale <= 38) {
      return `DECIMAL(${digits + scale},${scale})`;
    }
  }
  return "DOUBLE";
}

function commonWhole(a: string, b: string): string {
  if (Object.hasOwn(unsigned, a) && Object.hasOwn(unsigned, b)) {
    return widest(a, b);
  }
  const signed = (type: string): string => unsigned[type] ?? type;
  const at = (type: string): number => integers.indexOf(signed(type));
  return at(a) < 0 || at(b) < 0 ? "VARCHAR" : integers[Math.max(at(a), at(b))];
}

const widest = (a: string, b: string): string => {
  const order = Object.keys(unsigned);
  return order.indexOf(a) > order.indexOf(b) ? a : b;
};

/** A whole number's digits, as a decimal's precision and scale. */
function wholeDigits(type: string): readonly [string, string, string] | null {
  const digits: Readonly<Record<string, string>> = {
    TINYINT: "3",
    UTINYINT: "3",
    SMALLINT: "5",
    USMALLINT: "5",
    INTEGER: "10",
    UINTEGER: "10",
    BIGINT: "19",
    UBIGINT: "20",
  };
  return Object.hasOwn(digits, type) ? ["", digits[type], "0"] : null;
}

/** Types whose whole numbers float64 may have to round. */
const isWide = (type: string): boolean =>
  ["BIGINT", "UBIGINT", "HUGEINT", "UHUGEINT"].includes(type) || type.startsWith("DECIMAL");

const exact = "9007199254740992";

/** How a value of one file becomes one of the type over all files. */
export function converted(e: string, from: string, to: string): { readonly sql: string; readonly bad: string | null } {
  if (from === to) {
    return { sql: e, bad: null };
  }
  if (to === "VARCHAR") {
    return { sql: asText(e, from), bad: null };
  }
  if (to === "DOUBLE" && isWide(from)) {
    const bad = `abs(CAST(${e} AS DECIMAL(38,0))) > ${exact}`.replace(
      "DECIMAL(38,0)",
      from.startsWith("DECIMAL") ? "DOUBLE" : "HUGEINT",
    );
    return { sql: `CASE WHEN ${bad} THEN error('${guarded}') ELSE CAST(${e} AS DOUBLE) END`, bad };
  }
  return { sql: `CAST(${e} AS ${to})`, bad: null };
}

/** In what the database says where a value does not fit its column's type over all files. */
export const guarded = "beyond the type over all files";

/** The text that stands for a value in other files: a whole number's digits, whatever type held it. */
function asText(e: string, type: string): string {
  if (familyOf(type) !== "float") {
    return `CAST(${e} AS VARCHAR)`;
  }
  const whole = `${e} = trunc(${e}) AND abs(${e}) <= ${exact}`;
  const missing = type.startsWith("DECIMAL") ? "" : `WHEN isnan(${e}) THEN NULL `;
  return `CASE ${missing}WHEN ${whole} THEN CAST(CAST(${e} AS HUGEINT) AS VARCHAR) ELSE CAST(${e} AS VARCHAR) END`;
}
