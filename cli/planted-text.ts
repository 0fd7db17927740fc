// Whether an attention found what the example data has planted: what the user did with the candidate's category.
import type { ExplainedAttend, Explanation } from "../runtime/index.ts";

/**
 * `category 17: 14 of the user's 450 earlier behaviours (3.1 %); 14 of the 100 that interest attends to, with 71.3 % of its weight`,
 * a line for each attention.
 * @param history the items of the user's behaviours
 * @param categories of items, by key
 */
export function plantedText(
  { key, attends }: Explanation,
  history: ArrayLike<unknown>,
  categories: ReadonlyMap<bigint, number>,
): string {
  const of = (item: unknown) => categories.get(BigInt(item as bigint));
  const wanted = of(key);
  const all = Array.from(history).filter((item) => of(item) === wanted).length;
  const line = ({ attend, behaviours }: ExplainedAttend) => {
    const same = behaviours.filter((behaviour) => of(behaviour.key) === wanted);
    const weight = same.reduce((sum, behaviour) => sum + behaviour.weight, 0);
    return `  ${attend}: ${same.length} of its ${behaviours.length} behaviours are of it, with ${percent(weight)} of the attention`;
  };
  const share = history.length === 0 ? 0 : all / history.length;
  return [
    `planted: interests in categories. The first is of category ${wanted}, as are ${all} of the user's ${history.length} behaviours (${percent(share)})`,
    ...attends.map(line),
  ].join("\n");
}

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
