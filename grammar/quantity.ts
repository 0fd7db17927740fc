// Numbers with units: `10k`, `4M`, `15min`, `97%`, `1e-3`, and what to say of `15mins`.

import { near } from "../contract/nearest.ts";
import type { Dimension } from "./ast.ts";

interface Unit {
  readonly dimension: Dimension;
  /** value = number · 10^exponent · factor; the power of ten is applied to the decimal text, so that `4.35%` is 0.0435. */
  readonly exponent: number;
  readonly factor: number;
}

const unit = (dimension: Dimension, exponent: number, factor = 1): Unit => ({ dimension, exponent, factor });

export const units: ReadonlyMap<string, Unit> = new Map([
  ["", unit("count", 0)],
  ["k", unit("count", 3)],
  ["M", unit("count", 6)],
  ["B", unit("count", 9)],
  ["ms", unit("duration", -3)],
  ["s", unit("duration", 0)],
  ["min", unit("duration", 0, 60)],
  ["h", unit("duration", 0, 3600)],
  ["d", unit("duration", 0, 86400)],
  ["%", unit("ratio", -2)],
]);

/** Units of other tools, and what they are called here. */
const foreign: ReadonlyMap<string, string> = new Map([
  ["K", "k"],
  ["mil", "M"],
  ["G", "B"],
  ["bn", "B"],
  ["b", "B"],
  ["msec", "ms"],
  ["sec", "s"],
  ["secs", "s"],
  ["second", "s"],
  ["seconds", "s"],
  ["minute", "min"],
  ["minutes", "min"],
  ["H", "h"],
  ["hr", "h"],
  ["hrs", "h"],
  ["hour", "h"],
  ["hours", "h"],
  ["D", "d"],
  ["day", "d"],
  ["days", "d"],
]);

/** A number in base units: a count as it is, a duration in seconds, a ratio as a fraction of one. */
export interface Quantity {
  readonly value: number;
  readonly dimension: Dimension;
}

/** `suggestion` is the whole number rewritten, or null; `sure` where it can mean nothing else. */
export type BadQuantity =
  | { readonly problem: "unit"; readonly unit: string; readonly suggestion: string | null; readonly sure: boolean }
  | { readonly problem: "shape"; readonly suggestion: string | null }
  | { readonly problem: "range" };

const shape = /^(-?\d+(?:\.\d+)?)(?:[eE]([+-]?\d+))?([A-Za-z%]*)$/;

export function quantity(text: string): Quantity | BadQuantity {
  const match = shape.exec(text);
  if (!match) {
    return { problem: "shape", suggestion: mended(text) };
  }
  const [, digits, exponent = "0", suffix] = match;
  const known = units.get(suffix);
  if (!known) {
    const names = foreign.has(suffix) ? [foreign.get(suffix)!] : near(suffix, [...units.keys()]);
    const suggestion = names.length === 0 ? null : text.slice(0, -suffix.length) + names[0];
    // `m` is near to `M` alone, and means minutes or metres as often
    const sure = foreign.has(suffix) || (suffix.length > 2 && names.length === 1);
    return { problem: "unit", unit: suffix, suggestion, sure };
  }
  const value = Number(`${digits}e${Number(exponent) + known.exponent}`) * known.factor;
  // -0 would print as 0 and compare unlike it under Object.is
  return Number.isFinite(value) ? { value: value + 0, dimension: known.dimension } : { problem: "range" };
}

/** `.5` and `5.` and `1_000` as they would have to be written, where that is all there is to it. */
function mended(text: string): string | null {
  const plain = text
    .replace(/_/g, "")
    .replace(/^(-?)\./, "$10.")
    .replace(/(\d)\.(?=\D|$)/, "$1");
  return shape.test(plain) ? plain : null;
}
