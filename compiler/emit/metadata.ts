// metadata_props of every graph: opened in a viewer, it says what it is and what it belongs to.
import { recordOf } from "../../contract/record.ts";
import type { Fingerprints } from "../graphs/fingerprint.ts";

export interface Origin {
  readonly model: string;
  /** Version of the compiler. */
  readonly version: string;
  readonly untrained: boolean;
  readonly step: number | null;
  readonly fingerprints: Fingerprints;
}

export function graphMetadata(
  graph: string,
  { model, version, untrained, step, fingerprints }: Origin,
): Record<string, string> {
  const by = (kind: "metric" | "producer") =>
    Object.entries(fingerprints[kind]).map(([name, print]) => [`fingerprint.${kind}.${name}`, print] as const);
  return recordOf([
    ["model", model],
    ["graph", graph],
    ["compiler", version],
    ["untrained", String(untrained)],
    ...(step === null ? [] : [["step", String(step)] as const]),
    ...by("metric"),
    ...by("producer"),
    ["fingerprint.weights", fingerprints.weights],
  ]);
}
