// Start values of a seed as a source of weights, as if a run had left them.
import { initialValues, type Model, parameters, type SearchWeights, type WeightSource } from "../../compiler/index.ts";
import { littleEndian } from "../../compiler/values/values.ts";
import { compiled } from "./small-model.ts";

/** @param change of a tensor in place, told its name */
export function startWeights(
  model: Model,
  seed: number,
  path = `seed ${seed}`,
  change: (name: string, data: Float32Array) => void = () => {},
): WeightSource {
  const all = parameters(model);
  const values = initialValues(all, seed);
  const tensors = new Map(all.map(({ name, shape }) => [name, { shape, data: values.read(name).slice() }]));
  for (const [name, { data }] of tensors) {
    change(name, data);
  }
  return {
    tensors,
    step: 100 * seed,
    path,
    read: (name) => tensors.get(name)!.data,
    *chunks(name) {
      yield littleEndian(tensors.get(name)!.data);
    },
  };
}

/** A run of a model's text by whose weights searches may go. */
export function searchWeightsOf(
  text: string,
  seed: number,
  vocabularies: ReadonlyMap<string, readonly string[]>,
  change?: (name: string, data: Float32Array) => void,
): SearchWeights {
  const { model, manifest } = compiled(text, { vocabularies });
  return {
    weights: startWeights(model, seed, "b/weights.safetensors", change),
    manifest,
    vocabularies,
    untrained: false,
  };
}
