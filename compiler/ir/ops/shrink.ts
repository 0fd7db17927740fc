// What gradients share: the sum back to an operand's shape, the product of symbolic lengths, zeros beside what is known.
import type { Builder } from "../build.ts";
import type { Dim, Shape, Value } from "../graph.ts";
import { knownDim } from "../shape.ts";

/** The gradient of an operand of `shape` that was broadcast: `g` summed over the axes that grew. */
export function shrink(b: Builder, g: Value, shape: Shape): Value {
  const missing = g.shape.length - shape.length;
  const added = Array.from({ length: missing }, (_, axis) => axis);
  const dropped = missing === 0 ? g : dropping(b, g, added);
  const grown = shape.flatMap((dim, axis) => (dim === 1 && dropped.shape[axis] !== 1 ? [axis] : []));
  return grown.length === 0 ? dropped : b.sum(dropped, grown, true);
}

function dropping(b: Builder, g: Value, axes: readonly number[]): Value {
  const flat = axes.every((axis) => g.shape[axis] === 1);
  return flat ? b.squeeze(g, ...axes) : b.sum(g, axes);
}

/** The length of axes that become one: a number, a symbol, or a symbol named after both, `batch*history`. */
export function merged(dims: Shape): Dim {
  const symbols = dims.filter((dim) => typeof dim === "string");
  const count = dims.reduce<number>((product, dim) => (typeof dim === "number" ? product * dim : product), 1);
  if (symbols.length === 0) {
    return count;
  }
  return [...(count === 1 ? [] : [count]), ...symbols].join("*");
}

export const lastAxis = (x: Value) => x.shape.length - 1;

/** Axes before the last. */
export const leadingAxes = (x: Value) => x.shape.slice(0, -1).map((_, axis) => axis);

/** The last two axes exchanged; where one of them is 1 nothing has to move. */
export function swapLast(b: Builder, x: Value): Value {
  const last = lastAxis(x);
  const [m, n] = x.shape.slice(-2);
  if (n === 1) {
    return m === 1 ? x : b.unsqueeze(b.squeeze(x, last), last - 1);
  }
  if (m === 1) {
    return b.unsqueeze(b.squeeze(x, last - 1), last);
  }
  const order = x.shape.map((_, axis) => axis);
  return b.transpose(x, [...order.slice(0, -2), last, last - 1]);
}

export interface Part {
  readonly start: number;
  readonly end: number;
  readonly value: Value;
}

/**
 * A value of the shape of `x` with `parts`, ascending and apart, at their places along `axis`, and zeros elsewhere: one
 * concatenation. The axis is of known length.
 */
export function assembled(b: Builder, x: Value, axis: number, parts: readonly Part[]): Value {
  const pieces: Value[] = [];
  const zeros = (start: number, end: number) => {
    if (end > start) {
      pieces.push(b.broadcast(b.scalar(0), b.slice(x, axis, start, end)));
    }
  };
  let reached = 0;
  for (const { start, end, value } of parts) {
    zeros(reached, start);
    if (end > start) {
      pieces.push(value);
    }
    reached = end;
  }
  zeros(reached, knownDim(x, axis));
  if (pieces.length === 0) {
    return b.broadcast(b.scalar(0), x);
  }
  return pieces.length === 1 ? pieces[0] : b.concat(pieces, axis);
}
