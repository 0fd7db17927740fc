// A metric: multi-head target attention, by which both stages may go (TWIN).
import type { Value } from "../ir/graph.ts";
import { masked } from "../lower/mask.ts";
import { type KeySource, lowerMetric, type Score, total } from "../lower/metric.ts";
import type { Scene } from "../lower/scene.ts";
import { holder } from "../lower/table.ts";
import { listsOf } from "../model/by.ts";
import type { Attend, Metric } from "../model/model.ts";
import { glorot, parameter } from "../model/parameter.ts";
import { ownsValues, valueFeatures, widthOf } from "../model/widths.ts";
import type { Around, Attended, Kind } from "./kind.ts";
import { metricKernel } from "./metric-kernel.ts";
import { pooledValues, projected, sideBySide, valuesOf } from "./metric-values.ts";
import { peaksOf, strengthOf } from "./strength.ts";

export const metric: Kind<"metric"> = {
  call: null,
  system: null,
  text: ({ metric }) => metric.name,
  spec: ({ metric }) => ({ kind: "metric", metric: metric.name }),
  /** Values and result have projections of their own; of `e ∗ q` (DARE) they are as wide as the item. */
  shape: ({ metric }, { inherent, value, values, out }) => {
    if (value === "product") {
      return { values: inherent, out: inherent };
    }
    const wide = values ?? metric.dim;
    return { values: wide, out: out ?? wide * metric.heads };
  },
  parameters: (model, attend, { metric: { heads } }) => {
    if (!ownsValues(attend)) {
      return [];
    }
    const { name, values, out } = attend;
    const { inherent, cross } = valueFeatures(model, attend);
    const width = widthOf(inherent) + widthOf(cross);
    return [
      parameter(`${name}.values.item`, [heads, widthOf(inherent), values], glorot(width, values)),
      ...cross.map((feature) =>
        parameter(
          `${name}.values.${feature.name}`,
          [heads, feature.width, values],
          glorot(width, values),
          "dense",
          feature.formerly && `${name}.values.${feature.formerly}`,
        ),
      ),
      parameter(`${name}.out`, [heads * values, out], glorot(heads * values, out)),
    ];
  },
  search: {
    source: (scene, _, { metric }) => keysOf(scene, metric),
    scores: (scene, _, { metric }, frame) =>
      total(scene, metric, lowerMetric(scene, metric, frame, keysOf(scene, metric))),
  },
  attend: {
    tables: (scene, attend, { metric }) =>
      attend.keys === "fresh" || scene.layout === "batch"
        ? { keys: null, values: null }
        : {
            keys: keysOf(scene, metric),
            values: holder(scene.model, (part) => part.kind === "values" && part.attend === attend),
          },
    lower: (scene, attend, { metric }, around) => lower(scene, attend, metric, around),
  },
  kernel: metricKernel,
};

/** A table that holds the keys, else the items' features: null; in a batch always the latter. */
function keysOf(scene: Scene, metric: Metric): KeySource {
  if (scene.layout === "batch") {
    return null;
  }
  return holder(scene.model, (part) => part.kind === "keys" && part.metric === metric);
}

/**
 * concat(head_1 … head_A) W^o with head_a = softmax(α_a)ᵀ (K W^v_a) and K = [K_h, K_c] (TWIN, KDD 2023, eq. 6). Without a
 * behaviour that counts it is the zero vector. With `strength` ln Σ exp α_a and max α_a come beside it. With `value: product`
 * it is Σ_i w_i (e_i ∗ q) (DARE, ICLR 2025, section 3), e_i and q the columns of the item.
 */
function lower(scene: Scene, attend: Attend, metric: Metric, { frame, tables, mask, searched }: Around): Attended {
  expectLists(attend, metric);
  const ready = searched(metric, tables.keys);
  const score = ready === null ? lowerMetric(scene, metric, frame, tables.keys) : { metric: ready, bias: null };
  const reads = [tables.keys, tables.values].flatMap((held) => (held === null ? [] : [held.table]));
  const counts = mask(reads);
  const scope = `${attend.name}/weights`;
  const b = scene.b.at(scope, attend.doc);
  const scores = masked(scene, scope, total(scene, metric, score), counts);
  const alike = b.softmax(scores);
  // Where nothing counts the softmax is uniform; the mask makes it zero.
  const weights = b.mul(alike, counts);
  const values = valuesOf(scene, attend, metric, frame, tables.values);
  const pooled = pooledValues(scene, attend, frame, weights, values);
  const inRows = sideBySide(scene, attend, metric, pooled);
  const at = scene.b.at(`${attend.name}/strength`, attend.doc);
  const peaks = attend.strength ? peaksOf(at, scores) : null;
  return {
    result: projected(scene, attend, metric, inRows),
    strength: peaks && strengthOf(at, peaks),
    pooled: peaks ? sideBySide(scene, attend, metric, at.concat([pooled, peaks.top, peaks.sum], 2)) : inRows,
    shown: () => ({ weights, ...partsOf(scene, attend, score) }),
  };
}

/** A list for every head serves an attention with as many heads. */
function expectLists({ name, over }: Attend, { heads }: Metric): void {
  const lists = over.kind === "search" ? listsOf(over.search) : null;
  if (over.kind !== "search" || lists === null || lists === heads) {
    return;
  }
  throw new Error(
    `attend ${name}: ${heads} heads over ${lists} lists of per_head search ${over.search.name} are not lowered`,
  );
}

/** Both parts of each score at full shape, for explanation. */
function partsOf(scene: Scene, attend: Attend, { metric, bias }: Score): Score & { readonly bias: Value } {
  const b = scene.b.at(`${attend.name}/explain`);
  if (bias === null) {
    return { metric, bias: b.mul(metric, b.scalar(0)) };
  }
  const full = bias.shape[0] === metric.shape[0] && bias.shape[1] === metric.shape[1];
  return { metric, bias: full ? bias : b.broadcast(bias, metric) };
}
