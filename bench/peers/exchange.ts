// What goes to the PyTorch peer as files: model, start weights, the items' features, batches. All but the model safetensors.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { initialValues, type Model, parameters } from "../../compiler/index.ts";
import { encodeSafetensors, type TensorData } from "../../contract/safetensors.ts";
import type { Encoded } from "../../runtime/encode/encoded.ts";
import type { Batch, Dataset, Part } from "../../runtime/learn/dataset.ts";
import { describe, features } from "./describe.ts";

export interface Exchanged {
  readonly description: string;
  readonly weights: string;
  readonly items: string;
}

/** The model, its start weights drawn from `seed`, and the features of all items. */
export function writeStart(folder: string, model: Model, dataset: Dataset, seed: number): Exchanged {
  const paths = {
    description: join(folder, "model.json"),
    weights: join(folder, "weights.safetensors"),
    items: join(folder, "items.safetensors"),
  };
  writeFileSync(paths.description, JSON.stringify(describe(model)));
  const all = parameters(model);
  const start = initialValues(all, seed);
  write(
    paths.weights,
    all.map(({ name, shape }) => ({ name, shape: [...shape], data: start.read(name) })),
  );
  const { count, columns } = dataset.items;
  const used = model.item.features.filter(({ width }) => width > 0).map(({ qualified }) => qualified);
  write(
    paths.items,
    used.map((name) => tensor(name, columns[name], [count])),
  );
  return paths;
}

/** By search: the kept positions [B, k]. */
export type Selections = Readonly<Record<string, Int32Array>>;

/**
 * What the model takes of a batch: `item:HISTORY` [B, L] ordinals, `length:HISTORY` [B], `cross:FEATURE` [B, L, …], `candidate:` [B],
 * `single:FEATURE` [B, …], `label:LABEL` [B], `weight:` [B], `offset:` [B]; `kept:SEARCH` [B, k] where a selection is given.
 */
export function writeBatch(path: string, model: Model, batch: Batch, kept: Selections = {}): void {
  const { rows } = batch;
  const taken = new Set(features(model).map(({ qualified }) => qualified));
  const of = (columns: Readonly<Record<string, Encoded>>) =>
    Object.entries(columns).filter(([name]) => taken.has(name));
  const histories = Object.entries(batch.histories).flatMap(([name, { length, lengths, item, cross }]) => [
    tensor(`item:${name}`, item, [rows, length]),
    tensor(`length:${name}`, lengths, [rows]),
    ...of(cross).map(([feature, values]) => tensor(`cross:${feature}`, values, [rows, length])),
  ]);
  write(path, [
    ...histories,
    tensor("candidate:", batch.candidate, [rows]),
    ...of(batch.single).map(([feature, values]) => tensor(`single:${feature}`, values, [rows])),
    ...Object.entries(batch.labels).map(([label, values]) => tensor(`label:${label}`, values, [rows])),
    ...Object.entries(kept).map(([search, positions]) => tensor(`kept:${search}`, positions, [rows])),
    tensor("weight:", batch.weight, [rows]),
    tensor("offset:", batch.offset, [rows]),
  ]);
}

/** The batches of a part in the given order, one file each: their paths. `kept`: what the searches of each shall find. */
export function writeBatches(
  folder: string,
  model: Model,
  dataset: Dataset,
  part: Part,
  batches: readonly Uint32Array[],
  kept: readonly Selections[] = [],
): string[] {
  const least = leastBehaviours(model);
  return batches.map((samples, i) => {
    const path = join(folder, `${part}-${i}.safetensors`);
    writeBatch(path, model, dataset.batch(part, samples, least), kept[i]);
    return path;
  });
}

/** By history: at least as many behaviours as its searches keep and its attends look at. */
function leastBehaviours(model: Model): Record<string, number> {
  const least = Object.fromEntries(model.histories.map(({ name }) => [name, 1]));
  const raise = (name: string, to: number) => {
    least[name] = Math.max(least[name], to);
  };
  for (const { from, keep } of model.searches) {
    raise(from.name, keep);
  }
  for (const { over } of model.attends) {
    if (over.kind === "last") {
      raise(over.history.name, over.count);
    }
  }
  return least;
}

interface NamedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: TensorData;
}

/** Encoded values with the leading dims; several values each where there are more. */
function tensor(name: string, data: Encoded, leading: readonly number[]): NamedTensor {
  const width = data.length / leading.reduce((product, dim) => product * dim, 1);
  return { name, shape: width === 1 ? leading : [...leading, width], data };
}

const write = (path: string, tensors: readonly NamedTensor[]): void => writeFileSync(path, encodeSafetensors(tensors));
