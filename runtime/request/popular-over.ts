// The item feature whose row a popularity is read by.
import type { FeatureSpec } from "../../contract/manifest.ts";

/** The item feature that a popularity is over. @throws Error where there is none: a fault of ours */
export function popularOver(items: readonly FeatureSpec[], { name, encoder }: FeatureSpec): FeatureSpec {
  const over = items.find((one) => encoder.kind === "popularity" && one.name === encoder.on);
  if (over === undefined) {
    throw new Error(`${name} is no popularity of a feature of the items`);
  }
  return over;
}
