// A small network on candidate and behaviour gives the weight (DIN).
import { choice, flag, integers, maxWidth, optional, required, signature } from "../catalog/signature.ts";
import type { Builder } from "../ir/build.ts";
import type { Value } from "../ir/graph.ts";
import { concatenated } from "../lower/embed.ts";
import type { Frame } from "../lower/frame.ts";
import { activation, affine } from "../lower/layer.ts";
import { normalised } from "../lower/mask.ts";
import { inherentHistory } from "../lower/metric.ts";
import type { Scene } from "../lower/scene.ts";
import type { Attend } from "../model/model.ts";
import { linear, parameter, preluStart, stack } from "../model/parameter.ts";
import { valueFeatures, widthOf } from "../model/widths.ts";
import { type Around, type Attended, type Kind, type Of, pooled } from "./kind.ts";
import { pooledBy } from "./pool.ts";

const written = signature("A small network on candidate and behaviour (DIN).", {
  hidden: required(integers(1, maxWidth), "Widths of its hidden layers."),
  activation: optional(choice("relu", "prelu", "gelu"), "relu", "After each of them."),
  softmax: optional(flag, false, "Whether weights sum to one; else they are what the network gives, as in the paper."),
});

export const mlp: Kind<"mlp"> = {
  call: {
    signature: written,
    read: (reader) => {
      const { hidden, activation: after, softmax } = reader.arguments(written);
      return hidden && after && softmax
        ? { kind: "mlp", hidden: hidden.value, activation: after.value, softmax: softmax.value }
        : null;
    },
  },
  system: null,
  spec: () => ({ kind: "mlp" }),
  text: ({ hidden, activation: after, softmax }) => {
    const others = [after === "relu" ? [] : [`activation: ${after}`], softmax ? ["softmax: true"] : []].flat();
    return `mlp(${[`hidden: [${hidden.join(", ")}]`, ...others].join(", ")})`;
  },
  shape: pooled,
  /** [q; s; q − s; q ∗ s] and the cross features, down to one score. */
  parameters: (model, attend, { hidden, activation: after }) => {
    const { inherent, cross } = valueFeatures(model, attend);
    const layers = stack(`${attend.name}.hidden`, 4 * widthOf(inherent) + widthOf(cross), hidden);
    const slopes =
      after === "prelu"
        ? hidden.map((width, i) => parameter(`${attend.name}.hidden.${i}.alpha`, [width], preluStart))
        : [];
    return [...layers, ...slopes, ...linear(`${attend.name}.score`, hidden.at(-1) ?? 0, 1)];
  },
  search: null,
  attend: { lower },
  kernel: { search: "it ranks nothing", attend: "a network weighs each pair of candidate and behaviour" },
};

/**
 * Σ w_i K_i with w_i = MLP([q; s_i; q − s_i; q ∗ s_i; K_c,i]) over the behaviours that count (DIN, KDD 2018, section 4.3),
 * s the inherent part of K = [K_h, K_c]: [R, H + C], zeros where there is none. With `softmax` the weights are normalised.
 */
function lower(scene: Scene, attend: Attend, by: Of<"mlp">, { frame, mask }: Around): Attended {
  const scores = network(scene, attend, by, frame);
  const counts = mask([]);
  const scope = `${attend.name}/weights`;
  const weights = by.softmax
    ? normalised(scene, scope, scores, counts)
    : scene.b.at(scope, attend.doc).mul(scores, counts);
  return pooledBy(scene, attend, frame, { weights, scores });
}

/** The network's scores, unmasked: [R, M], of a `per_head` frame [A, R, M]. */
function network(scene: Scene, attend: Attend, { hidden, activation: after }: Of<"mlp">, frame: Frame): Value {
  const b = scene.b.at(`${attend.name}/network`, attend.doc);
  const stem = `${attend.name}.hidden`;
  const layer = (y: Value, index: number): Value => activation(scene, b, after, `${stem}.${index}`, y, hidden[index]);
  let y = layer(firstLayer(scene, b, attend, hidden[0], frame), 0);
  for (let i = 1; i < hidden.length; i++) {
    y = layer(affine(b, `${stem}.${i}`, y, hidden[i]), i);
  }
  return b.squeeze(affine(b, `${attend.name}.score`, y, 1), -1);
}

/**
 * [q; s; q − s; q ∗ s; K_c] W + b, with W = [W_q; W_s; W_d; W_p; W_c], as q (W_q + W_d) of each candidate, s (W_s − W_d) +
 * K_c W_c + b of each behaviour, and of each pair s (diag(q) W_p) alone: [R, M, width].
 */
function firstLayer(scene: Scene, b: Builder, attend: Attend, width: number, frame: Frame): Value {
  const { inherent, cross } = valueFeatures(scene.model, attend);
  const [h, c] = [widthOf(inherent), widthOf(cross)];
  const weight = b.parameter(`${attend.name}.hidden.0.weight`, [4 * h + c, width]);
  const block = (index: number): Value => b.slice(weight, 0, index * h, (index + 1) * h);
  const shift = b.parameter(`${attend.name}.hidden.0.bias`, [width]);
  const crossed = () => frame.rows(concatenated(scene, cross, frame.site, `${attend.name}/cross`));
  const ofCross = c === 0 ? null : b.matmul(crossed(), b.slice(weight, 0, 4 * h, 4 * h + c));
  const q = concatenated(scene, inherent, { kind: "candidate" }, `${attend.name}/candidate`);
  const s = frame.rows(inherentHistory(scene, frame, inherent));
  const ofItem = b.matmul(s, b.sub(block(1), block(2)));
  const behaviour = b.add(ofCross === null ? ofItem : b.add(ofItem, ofCross), shift);
  const candidate = b.unsqueeze(b.matmul(q, b.add(block(0), block(2))), 1);
  const pair = b.matmul(frame.pairwise ? s : b.unsqueeze(s, 0), b.mul(b.unsqueeze(q, -1), block(3)));
  return b.add(b.add(pair, candidate), behaviour);
}
