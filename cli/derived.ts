// Derivations of the data for a build's manifest: of `--data`, else of the data.yaml that a run keeps beside its weights.
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Model } from "../compiler/index.ts";
import type { Derived } from "../contract/manifest.ts";
import { dataModel } from "./data-model.ts";
import { say } from "./output.ts";

/** @param home the folder of the weights */
export async function derivedOf(
  model: () => Model,
  data: string | undefined,
  home: string | undefined,
): Promise<Derived[]> {
  const kept = home === undefined ? undefined : join(home, "data.yaml");
  const path = data ?? (kept !== undefined && existsSync(kept) ? kept : undefined);
  if (path === undefined) {
    return [];
  }
  const { ambiguous, derivedFeatures, readBinding } = await import("../runtime/data/index.ts");
  const derived = await derivedFeatures(readBinding(path), dataModel(model()).features, path === data);
  const supplied = derived.filter(({ kind }) => kind === "sql").map(({ feature }) => feature);
  if (supplied.length > 0) {
    say(`note: made by SQL in the data, to be supplied with every request: ${supplied.join(", ")}`);
  }
  for (const feature of ambiguous(derived)) {
    say(`note: ${feature} is made of a column of its own name: requests bring the derived value`);
  }
  return derived;
}
