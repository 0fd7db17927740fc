// Sums of updates by row or by element: the gradients of look-ups.

import type { Shape } from "../graph.ts";
import { onnxDtype } from "../onnx-dtype.ts";
import type { OnnxEmitter, Rule } from "../rule.ts";
import { expectDim, expectDtype, expectRank, ShapeError, showShape, size } from "../shape.ts";
import { checkIndex, strides, walk } from "../tensor.ts";

const many = Number.POSITIVE_INFINITY;

/** (indices, updates) pairs, and the shape that is written down, or else what it is taken of. */
type Split<T> = { readonly pairs: readonly (readonly [T, T])[] } & (
  | { readonly shape: readonly number[]; readonly like: null }
  | { readonly shape: null; readonly like: T }
);

function split<T>(operands: readonly T[], shape: readonly number[] | null): Split<T> {
  const paired = shape === null ? operands.slice(0, -1) : operands;
  const pairs = Array.from({ length: paired.length >> 1 }, (_, i): [T, T] => [paired[2 * i], paired[2 * i + 1]]);
  return shape === null ? { pairs, shape, like: operands[operands.length - 1] } : { pairs, shape, like: null };
}

/**
 * (indices int32 […], updates […, …rest], …, like [rows, …rest]) → [rows, …rest]: Σ of the updates of each row. ONNX Runtime's
 * ScatterND loses updates of repeated rows on the CPU where it runs with more than one thread: what depends on it belongs
 * into a session with one.
 */
export const scatterAdd: Rule<"scatterAdd"> = {
  infer(operands, { shape }) {
    if (operands.length < 2 || operands.length % 2 !== (shape === null ? 1 : 0)) {
      throw new ShapeError(`${operands.length} operands are no pairs of indices and updates`);
    }
    const { pairs, ...to } = split(operands, shape);
    const whole: Shape = to.shape ?? to.like.shape;
    if (whole.length === 0) {
      throw new ShapeError("a scalar has no rows");
    }
    for (const [indices, updates] of pairs) {
      expectDtype(indices, "the indices", "int32");
      expectDtype(updates, "the updates", "float32");
      const wanted = [...indices.shape, ...whole.slice(1)];
      expectRank(updates, "the updates", wanted.length);
      wanted.forEach((dim, axis) => {
        expectDim(updates.shape[axis], dim, `dim ${axis} of the updates`);
      });
    }
    return { dtype: "float32", shape: whole };
  },
  evaluate(operands, { shape }) {
    const { pairs, ...to } = split(operands, shape);
    const whole = to.shape ?? to.like.shape;
    const width = size(whole.slice(1));
    const data = new Float64Array(size(whole));
    for (const [indices, updates] of pairs) {
      for (let i = 0; i < indices.data.length; i++) {
        const to = checkIndex(indices.data[i], whole[0], "scatterAdd") * width;
        for (let column = 0; column < width; column++) {
          data[to + column] += updates.data[i * width + column];
        }
      }
    }
    return { shape: whole, data };
  },
  gradient({ b, node, dy }) {
    const { pairs, like } = split(node.inputs, node.attributes.shape);
    return [...pairs.flatMap(([indices]) => [null, b.gather(dy, indices)]), ...(like === null ? [] : [null])];
  },
  cost: (operands, _, { shape }) => split(operands, shape).pairs.reduce((sum, [, updates]) => sum + size(updates), 0),
  onnx(emit, operands, node) {
    const { pairs, ...to } = split(operands, node.attributes.shape);
    const add = (sum: string, [indices, updates]: readonly [string, string]) => {
      const places = emit.node("Cast", [emit.node("Unsqueeze", [indices, emit.ints(-1)])], { to: onnxDtype.int64 });
      return emit.node("ScatterND", [sum, places, updates], { reduction: "add" });
    };
    return pairs.reduce(add, zeros(emit, to.shape === null ? emit.node("Shape", [to.like]) : emit.ints(...to.shape)));
  },
};

/** (indices int32, updates, like): y[… indices[…i…] …] = Σ updates[…i…] along `axis`. Exact with any number of threads. */
export const scatterElements: Rule<"scatterElements"> = {
  infer([indices, updates, like], { axis }) {
    expectRank(like, "the operand", axis + 1, many);
    expectDtype(indices, "the indices", "int32");
    expectDtype(updates, "the updates", "float32");
    if (updates.shape.length !== like.shape.length || indices.shape.length !== like.shape.length) {
      throw new ShapeError(`indices and updates have to be of the rank of ${showShape(like.shape)}`);
    }
    like.shape.forEach((dim, other) => {
      expectDim(updates.shape[other], indices.shape[other], `dim ${other} of the updates`);
      if (other !== axis) {
        expectDim(indices.shape[other], dim, `dim ${other} of the indices`);
      }
    });
    return { dtype: "float32", shape: like.shape };
  },
  evaluate([indices, updates, like], { axis }) {
    const own = strides(like.shape);
    const data = new Float64Array(size(like.shape));
    const steps = own.map((step, other) => (other === axis ? 0 : step));
    walk(indices.shape, steps, (position, offset) => {
      const index = checkIndex(indices.data[position], like.shape[axis], "scatterElements");
      data[offset + index * own[axis]] += updates.data[position];
    });
    return { shape: like.shape, data };
  },
  gradient: ({ b, node, dy }) => [null, b.gatherElements(dy, node.inputs[0], node.attributes.axis), null],
  cost: ([, updates]) => size(updates),
  onnx: (emit, [indices, updates, like], node) =>
    emit.node("ScatterElements", [zeros(emit, emit.node("Shape", [like])), indices, updates], {
      axis: node.attributes.axis,
      reduction: "add",
    }),
};

function zeros(emit: OnnxEmitter, shape: string): string {
  return emit.node("Expand", [emit.scalar(0), shape]);
}
