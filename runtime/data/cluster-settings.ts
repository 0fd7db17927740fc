// By what a history's entries are clusters: as a model says it, as data.yaml records it, and that both are the same.
import type { Encoder } from "../../contract/encoder-spec.ts";
import { TwinError } from "../../contract/error.ts";
import type { Binding } from "./binding.ts";
import type { DataModel } from "./data-model.ts";
import { listedBinding } from "./listed-binding.ts";

export interface ClusterSettings {
  /** The feature of the item that is clustered, a vector. */
  readonly on: string;
  /** Numbers of that vector. */
  readonly width?: number | undefined;
  /** The cross feature whose values keep behaviours apart. */
  readonly within?: string | undefined;
  /** Where the values of `within` fall into buckets, the edges between them, if the model says them. */
  readonly edges?: readonly number[] | undefined;
  /** Members of a cluster at most. */
  readonly size: number;
  /** In data.yaml: the fingerprint of what the vectors were made of (`vector-origins.ts`), where it is known. */
  readonly vectors?: string | undefined;
}

/** What a model says of one of its histories; null: it keeps no clusters there. */
export function settingsOf(
  { histories, features }: Pick<DataModel, "histories" | "features">,
  history: string,
): ClusterSettings | null {
  const cluster = histories.find(({ name }) => name === history)?.cluster;
  if (cluster === undefined) {
    return null;
  }
  const encoderOf = (name: string | undefined): Encoder | undefined =>
    features.find((feature) => feature.name === name)?.encoder;
  const [vector, apart] = [encoderOf(cluster.on), encoderOf(cluster.within)];
  return {
    on: cluster.on,
    ...(vector?.kind === "pretrained" && { width: vector.size }),
    ...(cluster.within !== undefined && { within: cluster.within }),
    // Learned edges are the data's, and clusters have other values than behaviours.
    ...(apart?.kind === "bucketed" && apart.quantiles === undefined && { edges: apart.edges }),
    size: cluster.size,
  };
}

const shown = ({ on, width, within, edges, size }: ClusterSettings): string =>
  [
    `on: ${on}${width === undefined ? "" : ` of ${width} numbers`}`,
    ...(within === undefined ? [] : [`within: ${within}${edges === undefined ? "" : ` at [${edges.join(", ")}]`}`]),
    `size: ${size}`,
  ].join(", ");

/** @throws TwinError where the lists hold clusters by other settings than the model's, or the model keeps none */
export function checkClusters(
  binding: Binding,
  model: Pick<DataModel, "model" | "histories" | "features">,
  history: string,
): void {
  const { clusters } = listedBinding(binding, history);
  if (clusters === undefined) {
    return;
  }
  const settings = settingsOf(model, history);
  if (settings !== null && shown(settings) === shown(clusters)) {
    return;
  }
  const own =
    settings === null
      ? `\`${history}\` of the model ${model.model} keeps none`
      : `those of the model ${model.model} are by kmeans(${shown(settings)})`;
  throw new TwinError(
    `${binding.place("samples", "histories", history, "clusters")}: the lists hold clusters by kmeans(${shown(clusters)}), and ${own}. Make clusters for this model: twin cluster MODEL --data DATA -o another folder`,
  );
}
