// Sums, means and maxima over axes.
import type { Builder } from "../build.ts";
import type { Dim, Value } from "../graph.ts";
import type { Rule } from "../rule.ts";
import { expectDtype, normaliseAxes, ShapeError, size } from "../shape.ts";
import { strides, walk } from "../tensor.ts";

/** A reduction as its gradient sees it: y and dy with their axes kept. */
interface Reduced {
  readonly b: Builder;
  readonly x: Value;
  readonly axes: readonly number[];
  readonly y: Value;
  readonly dy: Value;
}

type Reducing = "sum" | "mean" | "max";

function reduction(
  opType: string,
  start: number,
  join: (total: number, value: number) => number,
  finish: (total: number, count: number) => number,
  counts: 0 | 1,
  gradient: (at: Reduced) => Value,
): Rule<Reducing> {
  return {
    infer([x], { axes, keep }) {
      expectDtype(x, "the operand", "float32");
      if (axes.length === 0) {
        throw new ShapeError("no axis is named");
      }
      return { dtype: "float32", shape: reduced(x.shape, normaliseAxes(axes, x.shape.length), keep) };
    },
    evaluate([x], { axes, keep }) {
      const over = normaliseAxes(axes, x.shape.length);
      const kept = reduced(x.shape, over, true);
      const steps = strides(kept).map((step, axis) => (over.includes(axis) ? 0 : step));
      const data = new Float64Array(size(kept)).fill(start);
      walk(x.shape, steps, (position, offset) => {
        data[offset] = join(data[offset], x.data[position]);
      });
      const count = over.reduce((product, axis) => product * x.shape[axis], 1);
      return { shape: reduced(x.shape, over, keep), data: data.map((total) => finish(total, count)) };
    },
    gradient: ({ b, node, y, dy }) => {
      const { axes, keep } = node.attributes;
      const x = node.inputs[0];
      const over = normaliseAxes(axes, x.shape.length);
      const kept = (value: Value) => (keep ? value : b.unsqueeze(value, ...over));
      return [gradient({ b, x, axes: over, y: kept(y), dy: kept(dy) })];
    },
    cost: ([x]) => counts * size(x),
    onnx: (emit, [x], node) => {
      const { axes, keep } = node.attributes;
      return emit.node(opType, [x, emit.ints(...axes)], { keepdims: keep ? 1 : 0 });
    },
  };
}

function reduced<D extends Dim>(shape: readonly D[], axes: readonly number[], keep: boolean): (D | 1)[] {
  return shape.flatMap((dim, axis): (D | 1)[] => (axes.includes(axis) ? (keep ? [1] : []) : [dim]));
}

/** How many numbers of x fall together: float32, 1 along every axis that is kept. */
function count({ b, x, axes }: Reduced): Value {
  const known = axes.map((axis) => x.shape[axis]).filter((dim) => typeof dim === "number");
  if (known.length === axes.length) {
    return b.scalar(size(known));
  }
  const column = x.shape.reduce<Value>(
    (part, dim, axis) => (axes.includes(axis) || dim === 1 ? part : b.slice(part, axis, 0, 1)),
    x,
  );
  return b.sum(b.broadcast(b.scalar(1), column), axes, true);
}

/** Sum over `axes`. */
export const sum: Rule<"sum"> = reduction(
  "ReduceSum",
  0,
  (a, b) => a + b,
  (total) => total,
  1,
  ({ b, x, dy }) => b.broadcast(dy, x),
);
/** Mean over `axes`; over an empty axis it is NaN, as everywhere. */
export const mean: Rule<"mean"> = reduction(
  "ReduceMean",
  0,
  (a, b) => a + b,
  (total, count) => total / count,
  1,
  (at) => at.b.broadcast(at.b.div(at.dy, count(at)), at.x),
);
/** Maximum over `axes`. Entries that equal it share its gradient equally. */
export const max: Rule<"max"> = reduction(
  "ReduceMax",
  Number.NEGATIVE_INFINITY,
  Math.max,
  (most) => most,
  0,
  ({ b, x, axes, y, dy }) => {
    const best = b.cast(b.equal(x, y), "float32");
    return b.mul(best, b.div(dy, b.sum(best, axes, true)));
  },
);
