// What training keeps where: packs of parameters, tables of which only the batch's rows travel, and their optimisers.
import type { OptimiserSpec, Pack, SparseTable } from "../../contract/training-spec.ts";
import { embeddingsOf } from "../model/embeddings.ts";
import type { Model, Optimiser } from "../model/model.ts";
import { tablesBeside } from "../model/own.ts";
import { type Parameter, sizeOf } from "../model/parameter.ts";
import { wideTables } from "../model/wide.ts";
import { parameters } from "../parameters/parameters.ts";

/** Rows above which a table does not travel whole. */
export const wholeRows = 4096;

export interface TrainPlan {
  readonly packs: readonly Pack[];
  readonly tables: readonly SparseTable[];
  /** Parameters of `tables`. */
  readonly sparse: ReadonlySet<string>;
}

/** @param most rows up to which an embedding table travels whole, in the pack `small` */
export function trainPlan(model: Model, most = wholeRows): TrainPlan {
  const { train } = model;
  const wide = new Set(wideTables(model).map(({ embedding }) => embedding.parameter));
  const all = [...embeddingsOf(model), ...tablesBeside(model)].map(({ embedding }) => embedding);
  const large = all.filter(({ rows }) => rows > most);
  const sparse = new Set(large.map(({ parameter }) => parameter));
  const known = parameters(model);
  const packs = [
    pack(
      "dense",
      train.dense,
      known.filter(({ role }) => role === "dense"),
    ),
    pack(
      "small",
      train.embeddings,
      known.filter(({ role, name }) => role === "embedding" && !sparse.has(name)),
    ),
    pack(
      "statistics",
      null,
      known.filter(({ role }) => role === "statistic"),
    ),
  ];
  return {
    packs: packs.filter(({ size }) => size > 0),
    tables: large.map(({ parameter, rows, dim }) => ({
      parameter,
      rows,
      dim,
      state: statePerRow(train.embeddings, dim),
      optimiser: optimiserSpec(train.embeddings),
      ...(train.renew && wide.has(parameter) && { renewed: 0 as const }),
    })),
    sparse,
  };
}

function pack(name: Pack["name"], optimiser: Optimiser | null, own: readonly Parameter[]): Pack {
  let size = 0;
  const placed = own.map((parameter) => {
    size += sizeOf(parameter);
    return { name: parameter.name, shape: [...parameter.shape], offset: size - sizeOf(parameter) };
  });
  const spec = optimiser && optimiserSpec(optimiser);
  return { name, size, slots: spec === null ? [] : [...slotsOf(spec)], optimiser: spec, parameters: placed };
}

/** The optimiser without its rate, which the schedule changes from step to step. */
function optimiserSpec(optimiser: Optimiser): OptimiserSpec {
  const { rate, ...constants } = optimiser;
  return constants;
}

/** Names of an optimiser's state vectors. */
export function slotsOf({ kind }: OptimiserSpec): readonly ("m" | "v" | "s")[] {
  if (kind === "adam") {
    return ["m", "v"];
  }
  return kind === "sgd" ? [] : ["s"];
}

function statePerRow({ kind }: Optimiser, dim: number): number {
  if (kind === "adam") {
    return 2 * dim;
  }
  if (kind === "adagrad") {
    return dim;
  }
  return kind === "rowwise_adagrad" ? 1 : 0;
}
