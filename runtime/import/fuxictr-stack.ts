// FuxiCTR's MLP_Block, an nn.Sequential whose places depend on dropout and activation: its layers found by what they hold.
import type { ForeignArray } from "./foreign-weights.ts";

/** A hidden layer's arrays: the parameter's end under the layer's stem → the array. */
export interface StackLayer {
  readonly arrays: ReadonlyMap<string, string>;
}

/** Linear layers in order, each with the normalisation and activation behind it; the last one is the output. */
export function stackLayers(prefix: string, arrays: ReadonlyMap<string, ForeignArray>): StackLayer[] {
  const places = new Map<number, Map<string, ForeignArray>>();
  for (const array of arrays.values()) {
    const [, place, rest] = new RegExp(`^${prefix.replaceAll(".", "\\.")}\\.(\\d+)\\.(.+)$`).exec(array.name) ?? [];
    if (place === undefined) {
      continue;
    }
    const at = places.get(Number(place)) ?? new Map<string, ForeignArray>();
    places.set(Number(place), at.set(rest, array));
  }
  const layers: Map<string, string>[] = [];
  for (const [, held] of [...places].sort(([a], [b]) => a - b)) {
    const weight = held.get("weight");
    const take = (names: Readonly<Record<string, string>>) => {
      for (const [foreign, own] of Object.entries(names)) {
        const array = held.get(foreign);
        if (array) {
          layers.at(-1)?.set(own, array.name);
        }
      }
    };
    if (weight?.shape.length === 2) {
      layers.push(new Map());
      take({ weight: "weight", bias: "bias" });
    } else if (held.has("running_mean")) {
      take({ weight: "norm.scale", bias: "norm.shift", running_mean: "norm.mean", running_var: "norm.variance" });
    } else if (held.has("alpha")) {
      take({ alpha: "alpha", "bn.running_mean": "mean", "bn.running_var": "variance" });
    } else if (weight && held.has("bias")) {
      take({ weight: "norm.scale", bias: "norm.shift" });
    } else {
      take({ weight: "alpha" });
    }
  }
  return layers.map((own) => ({ arrays: own }));
}
