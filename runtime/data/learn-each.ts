// What is learned of single features on the training part: the data is opened once for all of them.
import { TwinError } from "../../contract/error.ts";
import type { FeatureSpec } from "../../contract/manifest.ts";
import { type Binding, boundFiles, readBinding } from "./binding.ts";
import { Source } from "./database/source.ts";
import { checkElapsed } from "./elapsed-unit.ts";
import type { KeyType } from "./items.ts";
import { itemKeyType } from "./key-type.ts";

/**
 * @param data path of data.yaml, or a binding
 * @param features all of the model
 * @param wanted those to learn of, in turn; the data is not opened where there are none
 */
export async function learnEach(
  data: string | Binding,
  features: readonly FeatureSpec[],
  wanted: readonly FeatureSpec[],
  learn: (feature: FeatureSpec, binding: Binding, source: Source, keyType: KeyType) => Promise<void>,
): Promise<void> {
  if (wanted.length === 0) {
    return;
  }
  const binding = typeof data === "string" ? readBinding(data) : data;
  const key = features.find((feature) => feature.group === "item" && feature.key);
  if (!key) {
    throw new TwinError("the model has no item key, so events and items cannot be joined");
  }
  checkElapsed(binding, features);
  const source = await Source.open({ reads: boundFiles(binding) });
  try {
    const keyType = await itemKeyType(source, binding, key);
    for (const feature of wanted) {
      await learn(feature, binding, source, keyType);
    }
  } finally {
    source.close();
  }
}
