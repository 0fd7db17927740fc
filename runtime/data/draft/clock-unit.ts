// In what unit a column of times counts, by its values.
import { earliest, latest } from "../../encode/instant.ts";
import type { Profile } from "./profile.ts";

const units = [
  ["s", 1],
  ["ms", 1e3],
  ["us", 1e6],
  ["ns", 1e9],
] as const;

/** The first unit in which all values lie between 1990 and 2100; null: none. */
export function clockUnit({ family, range }: Profile): (typeof units)[number][0] | null {
  if (range === null) {
    return null;
  }
  if (family === "time") {
    return "s";
  }
  const found = units.find(([, factor]) => range.min / factor >= earliest && range.max / factor <= latest);
  return found?.[0] ?? null;
}
