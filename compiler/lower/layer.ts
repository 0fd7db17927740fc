// The layers of a tower at inference: linear, normalisation, activation, DCN-v2. Dropout is the identity.
import type { Builder } from "../ir/build.ts";
import type { Value } from "../ir/graph.ts";
import type { Tower } from "../model.ts";

/** Added to variances under the root: layer and batch normalisation; DICE (DIN, KDD 2018) has its own. */
export const normEpsilon = 1e-5;
export const diceEpsilon = 1e-8;

/** x [R, in] → activation(norm(x W + b)) [R, out]; parameters are named `stem.weight`, `stem.bias`, …. */
export function hiddenLayer(b: Builder, tower: Tower, stem: string, x: Value, out: number): Value {
  const linear = affine(b, stem, x, out);
  return activation(b, tower.activation, stem, normalised(b, tower.norm, `${stem}.norm`, linear, out), out);
}

/** x W + b */
export function affine(b: Builder, stem: string, x: Value, out: number): Value {
  const weight = b.parameter(`${stem}.weight`, [x.shape[1] as number, out]);
  return b.add(b.matmul(x, weight), b.parameter(`${stem}.bias`, [out]));
}

/** x₀ ∗ (x W + b) + x (DCN-v2, WWW 2021, eq. 1) */
export function crossLayer(b: Builder, stem: string, first: Value, x: Value): Value {
  return b.add(b.mul(first, affine(b, stem, x, x.shape[1] as number)), x);
}

function normalised(b: Builder, norm: Tower["norm"], stem: string, x: Value, width: number): Value {
  if (norm === "none") return x;
  const scale = b.parameter(`${stem}.scale`, [width]);
  const shift = b.parameter(`${stem}.shift`, [width]);
  if (norm === "layer") return b.layerNorm(x, scale, shift, normEpsilon);
  return b.add(b.mul(standardised(b, stem, x, width, normEpsilon), scale), shift);
}

/** (x − mean) / √(variance + ε) with the statistics that training stored. */
function standardised(b: Builder, stem: string, x: Value, width: number, epsilon: number): Value {
  const mean = b.parameter(`${stem}.mean`, [width]);
  const deviation = b.sqrt(b.add(b.parameter(`${stem}.variance`, [width]), b.scalar(epsilon)));
  return b.div(b.sub(x, mean), deviation);
}

function activation(b: Builder, kind: Tower["activation"], stem: string, x: Value, width: number): Value {
  const alpha = () => b.parameter(`${stem}.alpha`, [width]);
  switch (kind) {
    case "relu":
      return b.relu(x);
    case "prelu":
      return b.add(b.relu(x), b.mul(alpha(), b.minimum(x, b.scalar(0))));
    case "gelu":
      return b.mul(b.mul(x, b.scalar(0.5)), b.add(b.erf(b.mul(x, b.scalar(Math.SQRT1_2))), b.scalar(1)));
    case "dice": {
      const p = b.sigmoid(standardised(b, stem, x, width, diceEpsilon));
      return b.add(b.mul(p, x), b.mul(b.mul(alpha(), x), b.sub(b.scalar(1), p)));
    }
  }
}
