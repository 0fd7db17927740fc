// A builder that leaves out what changes nothing: what a gradient's or a pass's rules undo is most often next door.
import type { Builder } from "./build.ts";
import type { Literal, Shape, Value } from "./graph.ts";
import { broadcastShapes, normaliseAxes, sameShape } from "./shape.ts";

/**
 * The same builder, with results equal to the bit:
 *  1. x · 1, x / 1, x + 0, x − 0, −(−x)  →  x
 *  2. broadcast(v) in an elementwise operator or a product that repeats it anyway  →  v
 *  3. transpose, reshape, squeeze and unsqueeze that undo each other or nothing  →  what they started from
 *  4. a sum over axes of length 1  →  the same without them
 *  5. unsqueeze of a scalar constant  →  a constant
 */
export function simplifying(b: Builder): Builder {
  const elementwise =
    (op: "add" | "sub" | "mul" | "div", neutral: number, either: boolean) =>
    (left: Value, right: Value): Value => {
      const [x, y] = ungrown(left, right);
      const shape = wide(left, right);
      if (isAll(y, neutral) && sameShape(x.shape, shape)) {
        return x;
      }
      if (either && isAll(x, neutral) && sameShape(y.shape, shape)) {
        return y;
      }
      return b[op](x, y);
    };
  const squeeze = (x: Value, ...axes: number[]): Value => {
    const over = normaliseAxes(axes, x.shape.length);
    return undoes(x, "unsqueeze", over) ? x.node.inputs[0] : b.squeeze(x, ...over);
  };
  return {
    ...b,
    at: (scope, doc) => simplifying(b.at(scope, doc)),
    add: elementwise("add", 0, true),
    sub: elementwise("sub", 0, false),
    mul: elementwise("mul", 1, true),
    div: elementwise("div", 1, false),
    neg: (x) => (x.node.op === "neg" ? x.node.inputs[0] : b.neg(x)),
    where(condition, x, y) {
      const shape = broadcastShapes(condition.shape, broadcastShapes(x.shape, y.shape));
      const first = source(x);
      const narrow = sameShape(broadcastShapes(condition.shape, broadcastShapes(first.shape, y.shape)), shape)
        ? first
        : x;
      const second = source(y);
      const fits = sameShape(broadcastShapes(condition.shape, broadcastShapes(narrow.shape, second.shape)), shape);
      return b.where(condition, narrow, fits ? second : y);
    },
    matmul(x, y) {
      const wanted = broadcastShapes(x.shape.slice(0, -2), y.shape.slice(0, -2));
      const leads = (left: Value, right: Value) =>
        sameShape(broadcastShapes(left.shape.slice(0, -2), right.shape.slice(0, -2)), wanted);
      const narrow = (value: Value) => {
        const from = source(value);
        return from.shape.length >= 2 && sameShape(from.shape.slice(-2), value.shape.slice(-2)) ? from : value;
      };
      const left = leads(narrow(x), y) ? narrow(x) : x;
      return b.matmul(left, leads(left, narrow(y)) ? narrow(y) : y);
    },
    sum(x, axes, keep = false) {
      const over = normaliseAxes(axes, x.shape.length);
      if (over.some((axis) => x.shape[axis] !== 1)) {
        return b.sum(x, over, keep);
      }
      return keep ? x : squeeze(x, ...over);
    },
    broadcast(x, like) {
      const from = source(x);
      return sameShape(from.shape, like.shape) ? from : b.broadcast(from, like);
    },
    reshape(x, shape) {
      const from = x.node.op === "reshape" ? x.node.inputs[0] : x;
      return sameShape(from.shape, shape) ? from : sameShape(x.shape, shape) ? x : b.reshape(x, shape);
    },
    reshapeLike: (x, like) => (sameShape(x.shape, like.shape) ? x : b.reshapeLike(x, like)),
    transpose(x, permutation) {
      const inner = x.node.op === "transpose" ? x.node.attributes.permutation : null;
      const order = inner === null ? permutation : permutation.map((axis) => inner[axis]);
      const from = inner === null ? x : x.node.inputs[0];
      return order.every((axis, index) => axis === index) ? from : b.transpose(from, order);
    },
    squeeze,
    unsqueeze(x, ...axes) {
      const added = normaliseAxes(axes, x.shape.length + axes.length);
      if (x.node.op === "constant" && x.shape.length === 0) {
        return b.constant(spread(x.node.attributes, added.length));
      }
      return undoes(x, "squeeze", added) ? x.node.inputs[0] : b.unsqueeze(x, ...added);
    },
  };
}

function spread(literal: Literal, rank: number): Literal {
  return { ...literal, shape: Array<number>(rank).fill(1) };
}

/** The builder has normalised the axes of both. */
function undoes({ node }: Value, op: "squeeze" | "unsqueeze", axes: readonly number[]): boolean {
  return node.op === op && node.attributes.axes.join() === axes.join();
}

/** What a broadcast repeats, else the value itself. */
function source(value: Value): Value {
  return value.node.op === "broadcast" ? value.node.inputs[0] : value;
}

function wide(left: Value, right: Value): Shape {
  return broadcastShapes(left.shape, right.shape);
}

/** Both operands without broadcasts that the operator makes itself. */
function ungrown(left: Value, right: Value): readonly [Value, Value] {
  const shape = wide(left, right);
  const x = sameShape(wide(source(left), right), shape) ? source(left) : left;
  return [x, sameShape(wide(x, source(right)), shape) ? source(right) : right];
}

function isAll({ node }: Value, number: number): boolean {
  return node.op === "constant" && node.attributes.data.every((x) => x === number);
}
