// Parameter values as tensors: whole for folding, and read in place for the reference, which must not hold huge tables.

import type { Tensor } from "../ir/rule.ts";
import { embeddingsOf } from "../model/embeddings.ts";
import type { Model } from "../model/model.ts";
import { tablesBeside } from "../model/own.ts";
import { type Parameter, sizeOf } from "../model/parameter.ts";
import type { ParameterValues } from "../values/values.ts";
import { sampledRows } from "./parity-feeds.ts";
import type { WeightsFile } from "./weights.ts";

/** Numbers of the largest parameter that is kept in memory between uses: 16 MB. */
const held = 4_000_000;

/** The rows of large embedding tables that the parity cases read, to be picked up while the weights pass by. */
export function rowsToKeep(model: Model): ReadonlyMap<string, readonly number[]> {
  const tables = [...embeddingsOf(model), ...tablesBeside(model)];
  const large = tables.filter(({ embedding }) => embedding.rows * embedding.dim > held);
  return new Map(large.map(({ embedding }) => [embedding.parameter, sampledRows(embedding.rows)]));
}

/** Every parameter whole. Small ones are read once, large ones each time. */
export function wholeParameters(parameters: readonly Parameter[], values: ParameterValues): (name: string) => Tensor {
  const known = new Map(parameters.map((parameter) => [parameter.name, parameter]));
  const cache = new Map<string, Tensor>();
  return (name) => {
    const cached = cache.get(name);
    if (cached) {
      return cached;
    }
    const parameter = known.get(name);
    if (!parameter) {
      throw new Error(`a graph reads ${name}, which is no parameter of the model`);
    }
    const tensor: Tensor = { shape: parameter.shape, data: values.read(name) };
    if (sizeOf(parameter) <= held) {
      cache.set(name, tensor);
    }
    return tensor;
  };
}

/** Small parameters whole, of large embedding tables the sampled rows. */
export function referenceParameters(
  parameters: readonly Parameter[],
  values: ParameterValues,
  { rows }: WeightsFile,
): (name: string) => Tensor {
  const whole = wholeParameters(parameters, values);
  const sparse = new Map(
    parameters
      .filter(({ name }) => rows.has(name))
      .map(({ name, shape }) => [name, { shape, data: sparseRows(name, rows.get(name)!, shape) }]),
  );
  return (name) => sparse.get(name) ?? whole(name);
}

/** A table of which some rows are there; reading another one is a fault of ours, and is said. */
function sparseRows(
  name: string,
  rows: ReadonlyMap<number, Float32Array>,
  [count, dim]: readonly number[],
): ArrayLike<number> {
  return new Proxy<ArrayLike<number>>(
    { length: count * dim },
    {
      get(target, key) {
        if (key === "length") {
          return target.length;
        }
        const index = Number(key);
        const row = rows.get(Math.floor(index / dim));
        if (!row) {
          throw new Error(`the reference reads number ${String(key)} of ${name}, which is not in a sampled row`);
        }
        return row[index % dim];
      },
    },
  );
}
