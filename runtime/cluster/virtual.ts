// What stands for a cluster of behaviours (TWIN V2, CIKM 2024, section 4.2): a virtual item, of raw values before they are encoded.
import type { Encoder } from "../../contract/encoder-spec.ts";
import type { RawValue } from "../encode/raw.ts";
import { isPresent } from "../vectors/nearest-centroid.ts";
import type { Behaviours } from "./recursive.ts";

export interface Clusters {
  /** [n]: the cluster of each behaviour; below 0: of none of these. */
  readonly of: Int32Array;
  /** [clusters]: members of each. */
  readonly sizes: Int32Array;
  /** [clusters]: the behaviour nearest to the mean of the members' vectors, of equal ones the newest; without a vector the newest. */
  readonly nearest: Int32Array;
}

/** @param of as `clusterBehaviours` gives it */
export function describeClusters(of: Int32Array, { vectors, width }: Pick<Behaviours, "vectors" | "width">): Clusters {
  const count = of.reduce((most, cluster) => Math.max(most, cluster + 1), 0);
  const sizes = new Int32Array(count);
  const sums = new Float64Array(count * width);
  const present = new Int32Array(count);
  const isThere = Uint8Array.from(of, (_, at) => (isPresent(vectors, width, at) ? 1 : 0));
  for (let at = 0; at < of.length; at++) {
    const cluster = of[at];
    sizes[cluster]++;
    if (isThere[at] === 1) {
      present[cluster]++;
      for (let j = 0; j < width; j++) {
        sums[cluster * width + j] += vectors[at * width + j];
      }
    }
  }
  for (let i = 0; i < sums.length; i++) {
    sums[i] /= present[Math.floor(i / width)];
  }
  const nearest = new Int32Array(count).fill(-1);
  const least = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
  for (let at = 0; at < of.length; at++) {
    const cluster = of[at];
    let distance = isThere[at] === 1 ? 0 : Number.POSITIVE_INFINITY;
    for (let j = 0; j < width && distance < Number.POSITIVE_INFINITY; j++) {
      const away = vectors[at * width + j] - sums[cluster * width + j];
      distance += away * away;
    }
    if (nearest[cluster] < 0 || distance < least[cluster]) {
      nearest[cluster] = at;
      least[cluster] = distance;
    }
  }
  return { of, sizes, nearest };
}

/** Some of the clusters, counted from 0 in the order given. */
export function someClusters({ of, sizes, nearest }: Clusters, chosen: readonly number[]): Clusters {
  const places = new Int32Array(sizes.length).fill(-1);
  chosen.forEach((cluster, place) => {
    places[cluster] = place;
  });
  return {
    of: of.map((cluster) => places[cluster]),
    sizes: Int32Array.from(chosen, (cluster) => sizes[cluster]),
    nearest: Int32Array.from(chosen, (cluster) => nearest[cluster]),
  };
}

/** Whether a cluster's value is the mean of its members': of numbers and vectors. Of all else it is the nearest member's. */
const isMean = (encoder: Pick<Encoder, "kind">): boolean =>
  encoder.kind === "number" || encoder.kind === "bucketed" || isVector(encoder);

/** Whether values are vectors; that of which the nearest centroid is looked up is the mean of the members' like any. */
const isVector = ({ kind }: Pick<Encoder, "kind">): boolean => kind === "pretrained" || kind === "centroid";

/**
 * A feature's raw values of clusters: means of what is there, before it falls into buckets, or the nearest member's value.
 * A mean of nothing is missing.
 * @param values [n], raw, of the behaviours
 */
export function clusterValues(
  encoder: Pick<Encoder, "kind">,
  values: ArrayLike<RawValue>,
  { of, sizes, nearest }: Clusters,
): RawValue[] {
  if (!isMean(encoder)) {
    return Array.from(nearest, (at) => values[at] ?? null);
  }
  const single = !isVector(encoder);
  const sums: (Float64Array | null)[] = new Array(sizes.length).fill(null);
  const counts = new Int32Array(sizes.length);
  of.forEach((cluster, at) => {
    if (cluster < 0) {
      return;
    }
    const value = values[at];
    const numbers = isList(value) ? value : [value];
    if (value === null || value === undefined || (single && Number.isNaN(Number(value)))) {
      return;
    }
    sums[cluster] ??= new Float64Array(numbers.length);
    const sum = sums[cluster];
    counts[cluster]++;
    for (let j = 0; j < sum.length; j++) {
      sum[j] += Number(numbers[j]);
    }
  });
  return sums.map((sum, cluster) => {
    const mean = sum?.map((one) => one / counts[cluster]) ?? null;
    return mean === null ? null : single ? mean[0] : Float32Array.from(mean);
  });
}

const isList = (value: RawValue | undefined): value is Extract<RawValue, ArrayLike<unknown>> =>
  Array.isArray(value) || ArrayBuffer.isView(value);

/** The mean of the members' times: what `elapsed` and the order of clusters go by. It lies before whatever all members do. */
export const clusterTimes = (times: ArrayLike<number>, clusters: Clusters): Float64Array =>
  Float64Array.from(clusterValues({ kind: "number" }, times, clusters), Number);
