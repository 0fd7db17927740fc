// A gated layer (SwiGLU) and its normalisation: what stacked attention makes of behaviours and queries.
import type { Builder } from "../ir/build.ts";
import type { Value } from "../ir/graph.ts";
import { linear, one, type Parameter, parameter, zero } from "../model/parameter.ts";
import { affine, normEpsilon } from "./layer.ts";

/** Parameters of `swiglu`, in canonical order. */
export const swigluParameters = (stem: string, from: number, hidden: number, to: number): Parameter[] => [
  ...linear(`${stem}.gate`, from, hidden),
  ...linear(`${stem}.up`, from, hidden),
  ...linear(`${stem}.down`, hidden, to),
];

/** (silu(x W_g + b_g) ∗ (x W_u + b_u)) W_d + b_d with silu(z) = z σ(z) (SwiGLU, arXiv 2002.05202): [… in] → [… out]. */
export function swiglu(b: Builder, stem: string, x: Value, hidden: number, out: number): Value {
  const gate = affine(b, `${stem}.gate`, x, hidden);
  const open = b.mul(gate, b.sigmoid(gate));
  return affine(b, `${stem}.down`, b.mul(open, affine(b, `${stem}.up`, x, hidden)), out);
}

/** Parameters of `layerNormed`. */
export const layerNormParameters = (stem: string, width: number): Parameter[] => [
  parameter(`${stem}.scale`, [width], one),
  parameter(`${stem}.shift`, [width], zero),
];

/** Layer normalisation over the last axis of x, which is so wide. */
export const layerNormed = (b: Builder, stem: string, x: Value, width: number): Value =>
  b.layerNorm(x, b.parameter(`${stem}.scale`, [width]), b.parameter(`${stem}.shift`, [width]), normEpsilon);
