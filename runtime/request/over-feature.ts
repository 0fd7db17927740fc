// The item feature that another one is over: a popularity's rows, what gaps compare.
import type { FeatureSpec } from "../../contract/manifest.ts";

/** @throws Error where there is none: a fault of ours */
export function overFeature(items: readonly FeatureSpec[], { name, encoder }: FeatureSpec): FeatureSpec {
  const over = items.find((one) => "on" in encoder && one.name === encoder.on);
  if (over === undefined) {
    throw new Error(`${name} is over no feature of the items`);
  }
  return over;
}

/** Whether a cross feature is computed from the behaviours' items. */
export const comparesItems = ({ encoder }: FeatureSpec): boolean => encoder.kind === "gap" && encoder.on !== undefined;
