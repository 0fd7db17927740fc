// How a random model may write each kind of `by`: one without a sample does not compile.
import type { KindName, Stage } from "../../compiler/by/kind.ts";
import { calls, kinds } from "../../compiler/by/kinds.ts";

/** Over the item of `any-model.ts`. */
export const bySamples: Readonly<Record<Exclude<KindName, "metric">, string>> = {
  match: "match(item.topics)",
  inner_product: "inner_product(item.cover)",
  cluster: "cluster(item.cover, groups: 4)",
  hamming: "hamming(item, bits: 8)",
  collision: "collision(item, hashes: 6, width: 3)",
  mlp: "mlp(hidden: [4, 2])",
  stacked: "stacked(layers: 2, heads: 2, dim: 2, hidden: 3)",
  encoder: "encoder(layers: 2, heads: 2, dim: 2, hidden: 3)",
  mean: "mean",
};

/** Kinds that this version builds, in the order of the table. */
export const builtKinds = (stage: Stage): (keyof typeof bySamples)[] =>
  calls.flatMap(({ name }) => {
    const rule = kinds[name][stage];
    return name === "metric" || rule === null ? [] : [name];
  });

/** Whether stages by it compare codes, which a table can hold. */
export const kindHasCodes = (name: string): boolean => Object.hasOwn(kinds, name) && "codes" in kinds[name as KindName];

/** Whether an attend by it goes over several lists. */
export function kindTakesLists(name: string): boolean {
  const rule = kinds[name as KindName].attend;
  return rule !== null && "lists" in rule && rule.lists;
}
