// What a label depended on besides who was shown what: known in training, and left out of what is served.
import type { Feature, Model, Task, Tower } from "./model.ts";

/** `ranking.click.shown.weight` */
export const biasParameter = ({ name }: Tower, { label }: Task): string => `${name}.${label}.shown.weight`;

/** Features that some label is biased by and that nothing reads that is served. */
export function trainingAlone({ metrics, towers }: Model): ReadonlySet<Feature> {
  const served = new Set([
    ...metrics.flatMap(({ query, asked }) => [...query, ...asked]),
    ...towers.flatMap(({ input, wide }) => [
      ...wide,
      ...input.flatMap((one) =>
        one.kind === "feature" ? [one.feature] : one.kind === "group" ? one.group.features : [],
      ),
    ]),
  ]);
  const biases = towers.flatMap(({ tasks }) => tasks.flatMap(({ bias }) => bias));
  return new Set(biases.filter((feature) => !served.has(feature)));
}
