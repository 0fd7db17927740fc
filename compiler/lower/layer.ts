// The layers of a tower: linear, normalisation, activation, dropout, DCN-v2.

import type { Builder } from "../ir/build.ts";
import type { Value } from "../ir/graph.ts";
import { knownDim } from "../ir/shape.ts";
import type { Tower } from "../model/model.ts";
import { rowsDim, type Scene } from "./scene.ts";

/** Added to variances under the root: layer and batch normalisation; DICE (DIN, KDD 2018) has its own. */
export const normEpsilon = 1e-5;
export const diceEpsilon = 1e-8;

/** What a layer has to know of the graph that it stands in. */
export type LayerScene = Pick<Scene, "training" | "layout" | "input">;

/** Share of a batch in the running mean and variance. */
export const momentum = 0.1;

/**
 * x [R, in] → dropout(activation(norm(x W + b))) [R, out]; parameters are named `stem.weight`, `stem.bias`, …. Dropout is
 * the identity where the graph does not learn.
 */
export function hiddenLayer(scene: LayerScene, b: Builder, tower: Tower, stem: string, x: Value, out: number): Value {
  const linear = affine(b, stem, x, out);
  const normed = normalised(scene, b, tower.norm, `${stem}.norm`, linear, out);
  const y = activation(scene, b, tower.activation, stem, normed, out);
  if (scene.training?.learns !== true || tower.dropout === 0) {
    return y;
  }
  const doc = `0 with probability ${tower.dropout}, else 1 / (1 − ${tower.dropout}).`;
  return b.mul(y, scene.input(dropoutPort(stem), "float32", [rowsDim(scene), out], doc));
}

/** What a hidden layer's outputs are multiplied by while it learns. */
export const dropoutPort = (layer: string): string => `${layer}.dropout`;

/** x W + b over the last axis of x. */
export function affine(b: Builder, stem: string, x: Value, out: number): Value {
  const weight = b.parameter(`${stem}.weight`, [knownDim(x, x.shape.length - 1), out]);
  return b.add(b.matmul(x, weight), b.parameter(`${stem}.bias`, [out]));
}

/** x₀ ∗ (x W + b) + x (DCN-v2, WWW 2021, eq. 1) */
export function crossLayer(b: Builder, stem: string, first: Value, x: Value): Value {
  return b.add(b.mul(first, affine(b, stem, x, knownDim(x, 1))), x);
}

function normalised(scene: LayerScene, b: Builder, norm: Tower["norm"], stem: string, x: Value, width: number): Value {
  if (norm === "none") {
    return x;
  }
  const scale = b.parameter(`${stem}.scale`, [width]);
  const shift = b.parameter(`${stem}.shift`, [width]);
  if (norm === "layer") {
    return b.layerNorm(x, scale, shift, normEpsilon);
  }
  return b.add(b.mul(standardised(scene, b, stem, x, width, normEpsilon), scale), shift);
}

/**
 * (x − mean) / √(variance + ε) with the statistics that training stored; where the graph learns, with the batch's own,
 * of which the stored ones take a tenth: the mean, and the variance with R − 1 in the denominator.
 */
function standardised(scene: LayerScene, b: Builder, stem: string, x: Value, width: number, epsilon: number): Value {
  const mean = b.parameter(`${stem}.mean`, [width]);
  const variance = b.parameter(`${stem}.variance`, [width]);
  if (scene.training?.learns !== true) {
    return b.div(b.sub(x, mean), b.sqrt(b.add(variance, b.scalar(epsilon))));
  }
  const own = b.mean(x, [0], true);
  const apart = b.sub(x, own);
  const spread = b.mean(b.mul(apart, apart), [0], true);
  const rows = b.sum(b.broadcast(b.scalar(1), b.slice(x, 1, 0, 1)), [0, 1]);
  const unbiased = b.mul(spread, b.div(rows, b.maximum(b.sub(rows, b.scalar(1)), b.scalar(1))));
  const running = (old: Value, now: Value) =>
    b.add(b.mul(old, b.scalar(1 - momentum)), b.mul(b.squeeze(now, 0), b.scalar(momentum)));
  scene.training.measured.set(`${stem}.mean`, running(mean, own));
  scene.training.measured.set(`${stem}.variance`, running(variance, unbiased));
  return b.div(apart, b.sqrt(b.add(spread, b.scalar(epsilon))));
}

/** Parameters of it are `stem.alpha`, and of DICE `stem.mean` and `stem.variance`. */
export function activation(
  scene: LayerScene,
  b: Builder,
  kind: Tower["activation"],
  stem: string,
  x: Value,
  width: number,
): Value {
  const alpha = () => b.parameter(`${stem}.alpha`, [width]);
  switch (kind) {
    case "relu":
      return b.relu(x);
    case "prelu":
      return b.add(b.relu(x), b.mul(alpha(), b.minimum(x, b.scalar(0))));
    case "gelu":
      return b.mul(b.mul(x, b.scalar(0.5)), b.add(b.erf(b.mul(x, b.scalar(Math.SQRT1_2))), b.scalar(1)));
    case "dice": {
      const p = b.sigmoid(standardised(scene, b, stem, x, width, diceEpsilon));
      return b.add(b.mul(p, x), b.mul(b.mul(alpha(), x), b.sub(b.scalar(1), p)));
    }
  }
}
