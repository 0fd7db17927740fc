// In which unit a model reads times.
import { inSteps } from "../../contract/encoder-spec.ts";
import type { Manifest } from "../../contract/manifest.ts";
import type { TimeUnit } from "./time.ts";

/** Unit in which a model's times count: steps where its data has an order only. */
export function timeUnit(manifest: Manifest): TimeUnit {
  for (const { encoder } of manifest.features) {
    if (inSteps(encoder)) {
      return "steps";
    }
  }
  return "seconds";
}
