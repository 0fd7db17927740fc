// In what unit a published column of times counts, by its values.
import { clockUnit } from "../draft/clock-unit.ts";
import type { Profile } from "../draft/profile.ts";
import type { Published } from "./published.ts";

/** Numbers that are no time between 1990 and 2100 count steps. @returns null for what is neither */
export function clockIn(profile: Profile): Published["clock"] {
  return profile.range === null ? null : { column: profile.name, unit: clockUnit(profile) ?? "steps" };
}
