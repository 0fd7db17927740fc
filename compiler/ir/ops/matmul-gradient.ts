// The gradient of the matrix product, written so that nothing large is turned round or summed over without need.
import type { Builder } from "../build.ts";
import type { Shape, Value } from "../graph.ts";
import type { Gradient } from "../rule.ts";
import { merged, shrink, swapLast } from "./shrink.ts";

/** y = a b: dL/da = dy bᵀ, dL/db = aᵀ dy, summed over the leading axes along which an operand was repeated. */
export const matmulGradient: Gradient<"matmul"> = ({ b, node, dy }) => {
  const [left, right] = node.inputs;
  return [ofLeft(b, left, right, dy), ofRight(b, left, right, dy)];
};

/** Leading dims of an operand, with a 1 for each that it lacks. */
function leading(x: Value, rank: number): Shape {
  return [...Array<number>(rank - x.shape.length).fill(1), ...x.shape.slice(0, -2)];
}

/** aᵀ dy; where the last leading axes repeat b alone, they join the rows: one product then sums over them. */
function ofRight(b: Builder, a: Value, weight: Value, dy: Value): Value {
  const rank = dy.shape.length;
  const [own, wanted, whole] = [leading(a, rank), leading(weight, rank), dy.shape.slice(0, -2)];
  let first = rank - 2;
  while (first > 0 && wanted[first - 1] === 1 && own[first - 1] === whole[first - 1]) {
    first--;
  }
  // One symbol is all that a reshape can name.
  const known = [a, dy].every((x) => typeof x.shape[x.shape.length - 1] === "number");
  const joins = known && whole.slice(first).some((dim) => dim !== 1);
  if (!joins) {
    return shrink(b, transposedTimes(b, a, dy), weight.shape);
  }
  const joined = (x: Value) => {
    const start = Math.max(0, x.shape.length - rank + first);
    return b.reshape(x, [...x.shape.slice(0, start), merged(x.shape.slice(start, -1)), ...x.shape.slice(-1)]);
  };
  const kept = wanted.slice(Math.min(rank - weight.shape.length, first), first);
  const narrow = shrink(b, transposedTimes(b, joined(a), joined(dy)), [...kept, ...weight.shape.slice(-2)]);
  const ones = weight.shape.length - narrow.shape.length;
  return ones === 0 ? narrow : b.unsqueeze(narrow, ...Array.from({ length: ones }, (_, i) => kept.length + i));
}

/** aᵀ c, for a [… m, k] and c [… m, n] with equal leading dims or such as repeat. */
function transposedTimes(b: Builder, a: Value, c: Value): Value {
  // With one column of c, c alone is turned round. An outer product stays a product: a broadcast Mul takes six times as long.
  if (c.shape[c.shape.length - 1] === 1) {
    return swapLast(b, b.matmul(swapLast(b, c), a));
  }
  return b.matmul(swapLast(b, a), c);
}

/** dy bᵀ; where leading axes repeat a alone, they join the columns of dy: one product then sums over them. */
function ofLeft(b: Builder, a: Value, weight: Value, dy: Value): Value {
  const rank = dy.shape.length;
  const [own, others, whole] = [leading(a, rank), leading(weight, rank), dy.shape.slice(0, -2)];
  const [inner, columns] = weight.shape.slice(-2);
  const grown = whole.flatMap((dim, axis) => (own[axis] === 1 && dim !== 1 && others[axis] === dim ? [axis] : []));
  const known = typeof inner === "number" && typeof columns === "number";
  // Turning dy costs what it holds; a few known repeats of something narrower are cheaper summed afterwards.
  const dear = known && columns > inner && grown.every((axis) => typeof whole[axis] === "number");
  if (grown.length === 0 || !known || dear) {
    return shrink(b, timesTransposed(b, dy, weight), a.shape);
  }
  const rest = whole.map((_, axis) => axis).filter((axis) => !grown.includes(axis));
  const width = merged([...grown.map((axis) => whole[axis]), columns]);
  const turned = b.transpose(dy, [...rest, rank - 2, ...grown, rank - 1]);
  const wide = b.reshape(turned, [...rest.map((axis) => whole[axis]), dy.shape[rank - 2], width]);
  const lacks = rank - weight.shape.length;
  const full = lacks === 0 ? weight : b.unsqueeze(weight, ...Array.from({ length: lacks }, (_, axis) => axis));
  const stacked = b.reshape(b.transpose(full, [...rest, ...grown, rank - 1, rank - 2]), [
    ...rest.map((axis) => others[axis]),
    width,
    inner,
  ]);
  return shrink(b, b.unsqueeze(b.matmul(wide, stacked), ...grown), a.shape);
}

/** c bᵀ, for c [… m, n] and b [… k, n]. */
function timesTransposed(b: Builder, c: Value, weight: Value): Value {
  // With one row of c, c alone is turned round.
  if (c.shape[c.shape.length - 2] === 1) {
    return swapLast(b, b.matmul(weight, swapLast(b, c)));
  }
  return b.matmul(c, swapLast(b, weight));
}
