// Learns the centroids that the items' vectors are clustered by, from the training part: frozen into the artefacts.
import { TwinError } from "../../contract/error.ts";
import type { FeatureSpec } from "../../contract/manifest.ts";
import { type Random, streams } from "../../contract/random.ts";
import { centroidText } from "../encode/clusters.ts";
import { encodeVectors } from "../encode/floats.ts";
import type { RawValue } from "../encode/raw.ts";
import type { OnProgress } from "../host/progress.ts";
import { runSteps } from "../host/run-steps.ts";
import { kMeansSteps, mostDistances } from "../vectors/k-means.ts";
import { interruptible } from "./database/interruptible.ts";
import type { Source } from "./database/source.ts";
import type { Values } from "./training-values.ts";

/** Vectors a cluster that are enough to learn from: more are drawn from (as FAISS does). */
const perCluster = 256;

/**
 * Centroids of the different vectors that items of the training part have, each counted once, as entries of a vocabulary.
 * Fewer than `groups` where there are fewer vectors.
 */
export async function clustersOf(
  feature: FeatureSpec,
  values: Values,
  source: Source,
  {
    onProgress,
    signal,
  }: { readonly onProgress?: OnProgress | undefined; readonly signal?: AbortSignal | undefined } = {},
): Promise<string[]> {
  const { encoder } = feature;
  if (encoder.kind !== "centroid") {
    throw new TwinError(`${feature.name} has no clusters: nothing is to be learnt for it`);
  }
  const { groups, size } = encoder;
  const random = streams.clusters(groups, size);
  const named = { ...feature, name: encoder.of };
  const rows = await drawn(named, values, source, { size, most: perCluster * groups, random, signal });
  const { centroids, count } = await runSteps(kMeansSteps(rows, size, groups, { random }), {
    task: `distances for the clustering of ${encoder.of}`,
    total: mostDistances(rows.length / size, groups),
    ...{ onProgress, signal, stopped },
  });
  return Array.from({ length: count }, (_, i) => centroidText(centroids.subarray(i * size, (i + 1) * size)));
}

const stopped = "clustering was stopped";

interface Drawing {
  readonly size: number;
  readonly most: number;
  readonly random: Random;
  readonly signal: AbortSignal | undefined;
}

/** At most `most` of the vectors [n, size], each with the same chance (Vitter 1985, algorithm R), in an order that no thread decides. */
async function drawn(
  feature: FeatureSpec,
  { sql, column, explain }: Values,
  source: Source,
  { size, most, random, signal }: Drawing,
): Promise<Float32Array> {
  if (column.derive !== null) {
    throw new TwinError(
      `${feature.name}: column \`${column.shown}\` is read through a derivation, which makes no vector`,
    );
  }
  const kept: Float32Array[] = [];
  let seen = 0;
  const different = `SELECT DISTINCT v FROM (${sql}) WHERE v IS NOT NULL ORDER BY v`;
  // Sorting all of them is one long step of the database.
  await interruptible(source, signal, stopped, async () => {
    for await (const chunk of source.stream(different, 4096, explain)) {
      const { v } = chunk.columns;
      for (let row = 0; row < chunk.rows; row++, seen++) {
        const place = seen < most ? seen : random.below(seen + 1);
        if (place < most) {
          kept[place] = encodeVectors(feature, size, [v[row] as RawValue], 1, { where: "the training part" });
        }
      }
      if (signal?.aborted) {
        throw new TwinError(stopped);
      }
    }
  });
  const rows = new Float32Array(kept.length * size);
  kept.forEach((vector, i) => {
    rows.set(vector, i * size);
  });
  return rows;
}
