// What a tower adds to its logits as a linear model: one number a row and task, and one a number and task.
import type { Embedding, Feature, Model, Task, Tower } from "./model.ts";

/** What one feature adds: rows of a table [rows, tasks], or its numbers times a weight [width, tasks]. */
export interface WideTerm {
  readonly feature: Feature;
  readonly parameter: string;
  readonly shape: readonly [number, number];
  /** The parameter as a table of embeddings one number wide a task; null: it weighs numbers. */
  readonly table: Embedding | null;
  /** The parameter's name before the feature was renamed. */
  readonly formerly: string | null;
}

/** `ranking.wide.item.category.table`, `ranking.wide.item.price.weight`: a term for each feature of `wide`, in its order. */
export function wideTerms({ name, wide, tasks }: Tower): WideTerm[] {
  return wide.map((feature) => {
    const { qualified, formerly, embedding } = feature;
    const named = (of: string) => `${name}.wide.${of}.${embedding === null ? "weight" : "table"}`;
    const rows = embedding?.rows ?? numbersOf(feature);
    const parameter = named(qualified);
    return {
      feature,
      parameter,
      shape: [rows, tasks.length],
      table: embedding && { parameter, rows, dim: tasks.length },
      formerly: formerly && named(`${qualified.slice(0, -feature.name.length)}${formerly}`),
    };
  });
}

/** The column of a task in its tower's terms: by the labels' names, so that weights stand whatever order labels are written in. */
export const wideColumn = ({ tasks }: Pick<Tower, "tasks">, { label }: Pick<Task, "label">): number =>
  tasks.filter((task) => task.label < label).length;

/** Numbers that a feature without a table brings: a vector as it is, whether or not it is projected elsewhere. */
const numbersOf = ({ encoder, width }: Feature): number => (encoder.kind === "pretrained" ? encoder.size : width);

/** The tables of all towers' wide terms, each with the feature that reads it. */
export const wideTables = ({ towers }: Pick<Model, "towers">): { embedding: Embedding; reader: Feature }[] =>
  towers.flatMap((tower) =>
    wideTerms(tower).flatMap(({ table, feature }) => (table === null ? [] : [{ embedding: table, reader: feature }])),
  );
