// Layers of target attention over a whole history, each over behaviours of its own making (STCA, arXiv 2511.06077).
import type { Value } from "../ir/graph.ts";
import { behaviours } from "../lower/behaviours.ts";
import { concatenated } from "../lower/embed.ts";
import { type Frame, whole } from "../lower/frame.ts";
import { normalised } from "../lower/mask.ts";
import { rowsDim, type Scene } from "../lower/scene.ts";
import { layerNormed, layerNormParameters, swiglu, swigluParameters } from "../lower/swiglu.ts";
import type { Attend, Model } from "../model/model.ts";
import { glorot, type Parameter, parameter } from "../model/parameter.ts";
import { valueFeatures, widthOf } from "../model/widths.ts";
import type { Around, Attended, Kind, Of, Shown } from "./kind.ts";
import { layered, widthIn } from "./layered.ts";

type Stacked = Of<"stacked">;

export const stacked: Kind<"stacked"> = {
  ...layered("stacked", "Layers of target attention over behaviours, each behind a gated layer of its own (STCA).", {
    layers: "Layers; each asks with what the ones before it found.",
    heads: "Attention heads of each layer.",
    dim: "Columns of a head; behaviours and queries are heads times as wide.",
    hidden: "Width within the gated layers; twice heads times dim unless said.",
  }),
  system: null,
  parameters,
  search: null,
  attend: { lower },
  kernel: { search: "it ranks nothing", attend: "each layer makes behaviours of its own and asks anew" },
};

/** Names of a layer's parameters, `interest.0.…`. */
const names = ({ name }: Attend, index: number) => ({
  history: `${name}.${index}.history`,
  fuse: `${name}.${index}.fuse`,
  asks: `${name}.${index}.asks`,
  query: `${name}.${index}.query`,
  keys: `${name}.${index}.keys`,
  values: `${name}.${index}.values`,
});

/** Layer by layer, in the order in which they are used; behind them what fuses all of them. */
function parameters(model: Model, attend: Attend, by: Stacked): Parameter[] {
  const { inherent, cross } = valueFeatures(model, attend);
  const [h, width] = [widthOf(inherent), widthIn(by)];
  const { layers, heads, dim, hidden } = by;
  const projection = (name: string) => parameter(name, [heads, width, dim], glorot(width, dim));
  const each = Array.from({ length: layers }, (_, i) => {
    const { history, fuse, asks, query, keys, values } = names(attend, i);
    const fused = h + i * width;
    return [
      ...swigluParameters(history, h + widthOf(cross), hidden, width),
      ...layerNormParameters(`${history}.norm`, width),
      ...(i === 0 ? [] : [parameter(fuse, [fused, width], glorot(fused, width))]),
      ...swigluParameters(asks, i === 0 ? h : width, hidden, width),
      ...(i === 0 ? layerNormParameters(`${asks}.norm`, width) : []),
      projection(query),
      projection(keys),
      projection(values),
    ];
  });
  return [
    ...each.flat(),
    parameter(`${attend.name}.out`, [layers * width, attend.out], glorot(layers * width, attend.out)),
  ];
}

/** One layer: its weights and scores as the frame has them, and o_i [R, D]. */
interface Layer {
  readonly weights: Value;
  readonly scores: Value;
  readonly found: Value;
}

/**
 * [o_1 … o_n] W with o_i = concat_a softmax(q_i W^q_a (X̃_i W^k_a)ᵀ / √d) X̃_i W^v_a over the behaviours that count,
 * X̃_i = LayerNorm(SwiGLU_i(X)) of X = [K_h, K_c], q_1 = LayerNorm(SwiGLU(q)), q_{i+1} = SwiGLU([q, o_1 … o_i] W^c_i): [R, D],
 * zeros where there is none. No layer has an output matrix of its own: W^c and W take o_i by matrices.
 */
function lower(scene: Scene, attend: Attend, by: Stacked, { frame, mask }: Around): Attended {
  const { inherent } = valueFeatures(scene.model, attend);
  const q = concatenated(scene, inherent, { kind: "candidate" }, `${attend.name}/candidate`);
  const counts = mask([]);
  const layers: Layer[] = [];
  for (let i = 0; i < by.layers; i++) {
    const asked = query(scene, attend, by, q, layers);
    layers.push(attention(scene, attend, by, i, { frame, counts, asked, rows: history(scene, attend, by, i, frame) }));
  }
  const b = scene.b.at(`${attend.name}/out`, attend.doc);
  const all = layers.map(({ found }) => found);
  const weight = b.parameter(`${attend.name}.out`, [by.layers * widthIn(by), attend.out]);
  return {
    result: b.matmul(all.length === 1 ? all[0] : b.concat(all, 1), weight),
    strength: null,
    pooled: null,
    shown: () => shownOf(scene, attend, frame, layers),
  };
}

/**
 * X̃_i of the frame: [M, D], [R, M, D], or in a `per_head` frame [S, R, M, D]. In a request the behaviours of a search are made
 * for the whole history, once, and then read: candidates keep the same ones again and again.
 */
function history(scene: Scene, attend: Attend, by: Stacked, index: number, frame: Frame): Value {
  const { history: stem } = names(attend, index);
  const b = scene.b.at(`${attend.name}/${index}/history`, attend.doc);
  const made = (x: Value) => layerNormed(b, `${stem}.norm`, swiglu(b, stem, x, by.hidden, widthIn(by)), widthIn(by));
  return scene.layout === "request" && frame.pairwise
    ? frame.rows(made(behaviours(scene, attend, whole(scene, frame.history))))
    : made(behaviours(scene, attend, frame));
}

/** q_i : [R, D] @param before what the layers before it found */
function query(scene: Scene, attend: Attend, by: Stacked, q: Value, before: readonly Layer[]): Value {
  const { asks, fuse } = names(attend, before.length);
  const b = scene.b.at(`${attend.name}/${before.length}/asks`, attend.doc);
  const width = widthIn(by);
  if (before.length === 0) {
    return layerNormed(b, `${asks}.norm`, swiglu(b, asks, q, by.hidden, width), width);
  }
  const known = b.concat([q, ...before.map(({ found }) => found)], 1);
  const h = widthOf(valueFeatures(scene.model, attend).inherent);
  return swiglu(b, asks, b.matmul(known, b.parameter(fuse, [h + before.length * width, width])), by.hidden, width);
}

interface Attention {
  readonly frame: Frame;
  readonly counts: Value;
  readonly asked: Value;
  readonly rows: Value;
}

/**
 * Where every row has behaviours of its own, q W^q is taken back to the width of X̃ and the weighted rows of X̃ to that of a
 * head: keys and values of behaviours are never made. Where all candidates of a request share them, the pass `reassociate`
 * takes whichever order costs less.
 */
function attention(scene: Scene, attend: Attend, by: Stacked, index: number, given: Attention): Layer {
  const { frame, counts, asked, rows } = given;
  const { heads, dim } = by;
  const scope = `${attend.name}/${index}`;
  const b = scene.b.at(scope, attend.doc);
  const at = names(attend, index);
  const matrix = (name: string) => b.parameter(name, [heads, widthIn(by), dim]);
  const scaled = b.div(b.matmul(b.unsqueeze(asked, 0), matrix(at.query)), b.scalar(Math.sqrt(dim)));
  const reach = b.matmul(scaled, b.transpose(matrix(at.keys), [0, 2, 1]));
  const values = matrix(at.values);
  /** [A, R, d] → [R, A · d] */
  const sideBySide = (x: Value) => b.reshape(b.transpose(x, [1, 0, 2]), [rowsDim(scene), widthIn(by)]);
  if (!frame.pairwise) {
    const scores = b.matmul(reach, b.transpose(rows, [1, 0]));
    const weights = normalised(scene, scope, scores, counts);
    return { weights, scores, found: sideBySide(b.matmul(weights, b.matmul(b.unsqueeze(rows, 0), values))) };
  }
  // [R, A, M], of lists for heads [S, R, A, M]: what the lists give is added.
  const turned = frame.headed ? [0, 1, 3, 2] : [0, 2, 1];
  const scores = b.matmul(b.transpose(reach, [1, 0, 2]), b.transpose(rows, turned));
  const weights = normalised(scene, scope, scores, b.unsqueeze(counts, -2));
  const each = b.matmul(weights, rows);
  const pooled = frame.headed ? b.sum(each, [0]) : each;
  return { weights, scores, found: sideBySide(b.matmul(b.transpose(pooled, [1, 0, 2]), values)) };
}

/** Heads of the first layer, then of the next: [n · A, R, M]. Over a list for every head the mean of them all, [S, R, M]. */
function shownOf(scene: Scene, attend: Attend, frame: Frame, layers: readonly Layer[]): Shown {
  const b = scene.b.at(`${attend.name}/explain`, attend.doc);
  const together = (part: "weights" | "scores"): Value => {
    const all = layers.map((layer) => layer[part]);
    if (frame.headed) {
      const sum = all.map((one) => b.mean(one, [2])).reduce((left, right) => b.add(left, right));
      return b.div(sum, b.scalar(layers.length));
    }
    const byHead = all.map((one) => (frame.pairwise ? b.transpose(one, [1, 0, 2]) : one));
    return byHead.length === 1 ? byHead[0] : b.concat(byHead, 0);
  };
  const metric = together("scores");
  return { weights: together("weights"), metric, bias: b.mul(metric, b.scalar(0)) };
}
