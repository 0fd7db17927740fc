// What a trainer needs to know of a model, drawn from its manifest: which features and histories feed which graph.

import { elementCount } from "../../contract/element-count.ts";
import { isStat, together } from "../../contract/encoder-spec.ts";
import type { FeatureSpec, Manifest } from "../../contract/manifest.ts";
import { recordOf } from "../../contract/record.ts";
import type { TrainFrame, TrainGraph, TrainSpec } from "../../contract/training-spec.ts";
import { emptyStat } from "../stats/past-stats.ts";

/** Tables that some feature reads both of: they share one list of the batch's rows. */
export interface RowSpace {
  readonly tables: readonly string[];
  /** Rows of each. */
  readonly rows: number;
  /** Features whose rows count in it. */
  readonly item: readonly string[];
  readonly single: readonly string[];
  readonly cross: readonly string[];
}

/** Plain data: it travels to the worker thread. */
export interface TrainPlan {
  readonly spec: TrainSpec;
  /** Values of one encoded value, by feature. */
  readonly width: Readonly<Record<string, number>>;
  /** Rows that are masked as one, by feature. */
  readonly together: Readonly<Record<string, number>>;
  /** Shape of one encoded value, by feature. */
  readonly shape: Readonly<Record<string, readonly number[]>>;
  readonly histories: readonly {
    readonly name: string;
    /** Behaviours that the graphs need at least. */
    readonly minimum: number;
    readonly cross: readonly string[];
    /** Newest behaviours that are ever looked at; null: all. */
    readonly reach: number | null;
  }[];
  /** Frames that `search` and `oracle` take, and those that `step` and `score` take. */
  readonly wholeFrames: readonly TrainFrame[];
  readonly keptFrames: readonly TrainFrame[];
  /** Item features that some graph takes, and those that `step` and `score` take. */
  readonly itemFeatures: readonly string[];
  readonly keptItemFeatures: readonly string[];
  readonly singleFeatures: readonly string[];
  /** Those of them that are statistics, with what they are of a user without behaviours. */
  readonly stats: readonly { readonly name: string; readonly empty: number }[];
  readonly spaces: readonly RowSpace[];
}

export function trainPlan(manifest: Pick<Manifest, "train" | "features" | "histories" | "embeddings">): TrainPlan {
  const { train: spec } = manifest;
  const { step, search, score, oracle, update } = spec.graphs;
  const graphs = [step, update, search, score, oracle].filter((graph) => graph !== null);
  const [whole, kept] = [
    [search, oracle],
    [step, update, score],
  ].map((some) => framesOf(spec, some));
  const single = features(graphs, "single");
  return {
    spec,
    width: recordOf(manifest.features.map(({ name, shape }) => [name, elementCount(shape)])),
    together: recordOf(manifest.features.map(({ name, encoder }) => [name, together(encoder)])),
    shape: recordOf(manifest.features.map(({ name, shape }) => [name, shape])),
    histories: manifest.histories.map(({ name, minimum, cross }) => ({
      name,
      minimum,
      cross,
      reach: reach(name, [...whole, ...kept]),
    })),
    wholeFrames: whole,
    keptFrames: kept,
    itemFeatures: features(graphs, "item"),
    keptItemFeatures: features([step, ...(update ? [update] : []), score], "item"),
    singleFeatures: single,
    stats: manifest.features.flatMap(({ name, encoder }) =>
      isStat(encoder) && single.includes(name) ? [{ name, empty: emptyStat(encoder) }] : [],
    ),
    spaces: rowSpaces(manifest),
  };
}

/** Features of a kind that graphs take, each once, in the order of the ports. */
function features(graphs: readonly TrainGraph[], kind: "item" | "single"): string[] {
  const found = graphs.flatMap(({ inputs }) =>
    inputs.flatMap(({ source }) => (source.kind === kind && "feature" in source ? [source.feature] : [])),
  );
  return [...new Set(found)];
}

/** The frames that graphs take. */
function framesOf(spec: TrainSpec, graphs: readonly (TrainGraph | null)[]): TrainFrame[] {
  const named = new Set(
    graphs.flatMap((graph) =>
      (graph?.inputs ?? []).flatMap(({ source }) => ("frame" in source && source.frame !== null ? [source.frame] : [])),
    ),
  );
  const missing = [...named].find((name) => !spec.frames.some((frame) => frame.name === name));
  if (missing !== undefined) {
    throw new Error(`a training graph takes the frame ${missing}, which the contract lacks`);
  }
  return spec.frames.filter(({ name }) => named.has(name));
}

/** A history that nothing sees whole is read as far as its longest `last(n)`; one that nothing reads, hardly at all. */
function reach(history: string, used: readonly TrainFrame[]): number | null {
  const frames = used.filter((frame) => frame.history === history);
  if (frames.some(({ kind }) => kind !== "last")) {
    return null;
  }
  return Math.max(1, ...frames.map((frame) => (frame.kind === "last" ? frame.length : 1)));
}

/** The features whose rows count in an embedding table. */
export function readersOf(
  parameter: string,
  { embeddings, features }: Pick<Manifest, "embeddings" | "features">,
): FeatureSpec[] {
  const readers = embeddings.find((one) => one.parameter === parameter)?.readers ?? [];
  return features.filter(({ name }) => readers.includes(name));
}

function rowSpaces(manifest: Pick<Manifest, "train" | "features" | "embeddings">): RowSpace[] {
  let groups: { tables: string[]; features: Set<FeatureSpec>; rows: number }[] = [];
  for (const { parameter, rows } of manifest.train.tables) {
    const mine = { tables: [parameter], features: new Set(readersOf(parameter, manifest)), rows };
    if (mine.features.size === 0) {
      throw new Error(`no feature reads the table ${parameter}`);
    }
    const joined = groups.filter(({ features }) => [...features].some((feature) => mine.features.has(feature)));
    for (const other of joined) {
      mine.tables.unshift(...other.tables);
      for (const feature of other.features) {
        mine.features.add(feature);
      }
      mine.rows = Math.min(mine.rows, other.rows);
    }
    groups = [...groups.filter((group) => !joined.includes(group)), mine];
  }
  return groups.map(({ tables, features, rows }) => {
    const names = (...of: FeatureSpec["group"][]): string[] =>
      [...features].filter(({ group }) => of.includes(group)).map(({ name }) => name);
    return {
      tables,
      rows,
      item: names("item"),
      single: names("user", "context", "candidate", "stats"),
      cross: names("cross"),
    };
  });
}
