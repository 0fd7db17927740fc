// What is learned of single features on the training part: the data is opened once for all of them, and read in few scans.
import { TwinError } from "../../contract/error.ts";
import type { FeatureSpec } from "../../contract/manifest.ts";
import { type Binding, boundFiles, readBinding } from "./binding.ts";
import { checkClock } from "./clock-unit.ts";
import { Source } from "./database/source.ts";
import { itemKeyType } from "./key-type.ts";
import { inFewScans } from "./shared-scans.ts";
import { TrainingData, type Values, type ValuesOfRows } from "./training-values.ts";

/**
 * @param data path of data.yaml, or a binding
 * @param features all of the model
 * @param wanted those to learn of, in turn; the data is not opened where there are none
 * @param most values that are held of several features at once
 */
export async function learnEach(
  data: string | Binding,
  features: readonly FeatureSpec[],
  wanted: readonly FeatureSpec[],
  learn: (feature: FeatureSpec, values: Values, source: Source) => Promise<void>,
  most?: number,
): Promise<void> {
  if (wanted.length === 0) {
    return;
  }
  const binding = typeof data === "string" ? readBinding(data) : data;
  const key = features.find((feature) => feature.group === "item" && feature.key);
  if (!key) {
    throw new TwinError("the model has no item key, so events and items cannot be joined");
  }
  checkClock(binding, features);
  const source = await Source.open({ reads: boundFiles(binding) });
  try {
    const training = new TrainingData(source, binding, await itemKeyType(source, binding, key));
    const all: ValuesOfRows[] = [];
    for (const feature of wanted) {
      all.push(await training.values(feature));
    }
    let next = 0;
    for await (const values of inFewScans(source, all, most)) {
      await learn(wanted[next++], values, source);
    }
  } finally {
    source.close();
  }
}
