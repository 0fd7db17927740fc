// In what unit a published column of times counts, by its values.
import { earliest, latest } from "../../encode/instant.ts";
import type { Profile } from "../draft/profile.ts";
import type { Published } from "./published.ts";

const units = [
  ["s", 1],
  ["ms", 1e3],
  ["us", 1e6],
  ["ns", 1e9],
] as const;

/** Numbers that are no time between 1990 and 2100 count steps. @returns null for what is neither */
export function clockIn({ name, family, range }: Profile): Published["clock"] {
  if (range === null) {
    return null;
  }
  const found = units.find(([, factor]) => range.min / factor >= earliest && range.max / factor <= latest);
  return { column: name, unit: family === "time" ? "s" : (found?.[0] ?? "steps") };
}
