// Operators that move numbers without changing them: joining, cutting, reordering axes.
import type { Dim, Dtype } from "../graph.ts";
import { onnxDtype } from "../onnx-dtype.ts";
import type { OnnxEmitter, Rule } from "../rule.ts";
import { expectDtype, expectRank, knownDim, normaliseAxes, ShapeError, showShape, size } from "../shape.ts";
import { strides, view } from "../tensor.ts";

const many = Number.POSITIVE_INFINITY;

/** Values of one dtype joined along `axis`, whose lengths have to be known numbers. */
export const concat: Rule<"concat"> = {
  infer(values, { axis }) {
    if (values.length === 0) {
      throw new ShapeError("nothing to join");
    }
    const [head] = values;
    expectRank(head, "the first operand", axis + 1, many);
    let total = 0;
    for (const [index, value] of values.entries()) {
      expectDtype(value, `operand ${index + 1}`, head.dtype);
      expectRank(value, `operand ${index + 1}`, head.shape.length);
      value.shape.forEach((dim, other) => {
        if (other !== axis && dim !== head.shape[other]) {
          throw new ShapeError(`operand ${index + 1} has ${dim} at dim ${other}, but has to have ${head.shape[other]}`);
        }
      });
      const length = value.shape[axis];
      if (typeof length === "string") {
        throw new ShapeError(`the joined length ${length} is not a known number`);
      }
      total += length;
    }
    return { dtype: head.dtype, shape: head.shape.map((dim, other) => (other === axis ? total : dim)) };
  },
  evaluate(values, { axis }) {
    const total = values.reduce((sum, value) => sum + value.shape[axis], 0);
    const shape = values[0].shape.map((dim, other) => (other === axis ? total : dim));
    const outer = size(shape.slice(0, axis));
    const inner = size(shape.slice(axis + 1));
    const data = new Float64Array(size(shape));
    let start = 0;
    for (const value of values) {
      const run = value.shape[axis] * inner;
      for (let i = 0; i < outer; i++) {
        for (let j = 0; j < run; j++) {
          data[i * total * inner + start + j] = value.data[i * run + j];
        }
      }
      start += run;
    }
    return { shape, data };
  },
  gradient({ b, node, dy }) {
    const { axis } = node.attributes;
    let end = 0;
    return node.inputs.map((value) => {
      const start = end;
      end += knownDim(value, axis);
      return node.inputs.length === 1 ? dy : b.slice(dy, axis, start, end);
    });
  },
  cost: () => 0,
  onnx: (emit, inputs, node, output) =>
    asFloat(emit, output.dtype, inputs, (values) => emit.node("Concat", values, { axis: node.attributes.axis })),
};

/** x[… start:end …] along `axis`. An axis of unknown length is trusted to reach `end`. */
export const slice: Rule<"slice"> = {
  infer([x], { axis, start, end }) {
    expectRank(x, "the operand", axis + 1, many);
    const length = x.shape[axis];
    const most = typeof length === "number" ? length : many;
    if (!Number.isInteger(start) || !Number.isInteger(end) || start < 0 || end < start || end > most) {
      throw new ShapeError(`${start}:${end} is no part of axis ${axis}, which has the length ${length}`);
    }
    return { dtype: x.dtype, shape: x.shape.map((dim, other) => (other === axis ? end - start : dim)) };
  },
  evaluate([x], { axis, start, end }) {
    if (end > x.shape[axis]) {
      throw new RangeError(`slice: ${start}:${end} is no part of a length of ${x.shape[axis]}`);
    }
    const steps = strides(x.shape);
    const shape = x.shape.map((dim, other) => (other === axis ? end - start : dim));
    return view(x, shape, steps, start * steps[axis]);
  },
  /** Zeros beside the slice. Slices of an axis of known length are joined by `gradients`, which then asks nothing here. */
  gradient({ b, node, dy }) {
    const [x] = node.inputs;
    const { axis, start, end } = node.attributes;
    const column = x.shape.map((_, other) => (other === axis ? end - start : 1));
    const places = b.ints(
      Array.from({ length: end - start }, (_, index) => start + index),
      column,
    );
    return [b.scatterElements(b.broadcast(places, dy), dy, x, axis)];
  },
  cost: () => 0,
  onnx(emit, [x], node, output) {
    const { axis, start, end } = node.attributes;
    if (output.dtype === "float32") {
      return emit.node("Slice", [x, emit.ints(start), emit.ints(end), emit.ints(axis)]);
    }
    // Slice stays on a WebGPU device for floats alone; Gather does so for every dtype.
    const data = Int32Array.from({ length: end - start }, (_, index) => start + index);
    return emit.node("Gather", [x, emit.constant({ dtype: "int32", shape: [data.length], data })], { axis });
  },
};

/**
 * The target's dims in numbers: what stands at the same place in the input has the input's length, and one other symbol
 * takes what is left.
 */
export function solveReshape(input: readonly Dim[], lengths: readonly number[], target: readonly Dim[]): number[] {
  const solved = target.map((dim, place) => (typeof dim === "string" && dim === input[place] ? lengths[place] : dim));
  const rest = size(solved.filter((dim) => typeof dim === "number"));
  const open = solved.filter((dim) => typeof dim === "string");
  const total = size(lengths);
  const fits = open.length === 0 ? rest === total : open.length === 1 && rest > 0 && total % rest === 0;
  if (!fits) {
    throw new RangeError(`reshape: ${showShape(lengths)} does not fill ${showShape(target)}`);
  }
  return solved.map((dim) => (typeof dim === "string" ? total / rest : dim));
}

/** The same numbers in the same order under another shape. */
export const reshape: Rule<"reshape"> = {
  infer([x], { shape }) {
    if (shape.includes(0)) {
      throw new ShapeError(`${showShape(shape)} has a dim of 0`);
    }
    const open = shape.filter((dim, place) => typeof dim === "string" && dim !== x.shape[place]);
    if (open.length > 1) {
      throw new ShapeError(`${open.join(" and ")} are both new at their place in ${showShape(shape)}`);
    }
    const left = x.shape.filter((dim, place) => typeof dim === "string" && dim !== shape[place]);
    const numbers = (dims: readonly Dim[]) => size(dims.filter((dim) => typeof dim === "number"));
    const settled = left.length === 0 || (left.length === 1 && left[0] === open[0]);
    const balanced = (left.length === 0) === (open.length === 0);
    if (!balanced || (settled && numbers(x.shape) !== numbers(shape))) {
      throw new ShapeError(`${showShape(x.shape)} does not fill ${showShape(shape)}`);
    }
    return { dtype: x.dtype, shape };
  },
  /** `shape` is in numbers here, or has one symbol that takes what is left: the evaluator solves the others. */
  evaluate: ([x], { shape }) => ({ shape: solveReshape([], x.shape, shape), data: x.data }),
  gradient({ b, node, dy }) {
    const [x] = node.inputs;
    const open = x.shape.filter((dim, place) => typeof dim === "string" && dim !== dy.shape[place]);
    return [open.length > 1 ? b.reshapeLike(dy, x) : b.reshape(dy, x.shape)];
  },
  cost: () => 0,
  onnx(emit, [x], node) {
    const from = node.inputs[0].shape;
    const dims = node.attributes.shape.map((dim, place) =>
      typeof dim === "number" ? dim : dim === from[place] ? 0 : -1,
    );
    return emit.node("Reshape", [x, emit.ints(...dims)]);
  },
};

/** Axes in a new order: axis i of the result is axis permutation[i] of x. */
export const transpose: Rule<"transpose"> = {
  infer([x], { permutation }) {
    if (permutation.length !== x.shape.length) {
      throw new ShapeError(`${showShape(permutation)} does not order the axes of a tensor of rank ${x.shape.length}`);
    }
    normaliseAxes(permutation, x.shape.length);
    // WebGPU turns no bool round, and a cast ahead of it is moved behind it by ONNX Runtime.
    if (x.dtype === "bool") {
      throw new ShapeError("a bool cannot be transposed on every device: transpose numbers");
    }
    return { dtype: x.dtype, shape: permutation.map((axis) => x.shape[axis]) };
  },
  evaluate([x], { permutation }) {
    const steps = strides(x.shape);
    const from = permutation.map((axis) => steps[axis]);
    return view(
      x,
      permutation.map((axis) => x.shape[axis]),
      from,
    );
  },
  gradient({ b, node, dy }) {
    const { permutation } = node.attributes;
    return [
      b.transpose(
        dy,
        permutation.map((_, axis) => permutation.indexOf(axis)),
      ),
    ];
  },
  cost: () => 0,
  onnx: (emit, inputs, node) => emit.node("Transpose", inputs, { perm: node.attributes.permutation }),
};

/** New axes of length 1 at `axes` of the result. */
export const unsqueeze: Rule<"unsqueeze"> = {
  infer([x], { axes }) {
    const rank = x.shape.length + axes.length;
    const added = normaliseAxes(axes, rank);
    const dims = [...x.shape];
    for (const axis of added) {
      dims.splice(axis, 0, 1);
    }
    return { dtype: x.dtype, shape: dims };
  },
  evaluate([x], { axes }) {
    const shape = [...x.shape];
    for (const axis of normaliseAxes(axes, shape.length + axes.length)) {
      shape.splice(axis, 0, 1);
    }
    return { shape, data: x.data };
  },
  gradient: ({ b, node, dy }) => [b.squeeze(dy, ...node.attributes.axes)],
  cost: () => 0,
  onnx: (emit, [x], node) => emit.node("Unsqueeze", [x, emit.ints(...node.attributes.axes)]),
};

/** Drops `axes`, whose lengths are 1. */
export const squeeze: Rule<"squeeze"> = {
  infer([x], { axes }) {
    for (const axis of normaliseAxes(axes, x.shape.length)) {
      if (x.shape[axis] !== 1) {
        throw new ShapeError(`axis ${axis} has the length ${x.shape[axis]}, not 1`);
      }
    }
    return { dtype: x.dtype, shape: x.shape.filter((_, axis) => !axes.includes(axis)) };
  },
  evaluate: ([x], { axes }) => ({ shape: x.shape.filter((_, axis) => !axes.includes(axis)), data: x.data }),
  gradient: ({ b, node, dy }) => [b.unsqueeze(dy, ...node.attributes.axes)],
  cost: () => 0,
  onnx: (emit, inputs, node, output) =>
    asFloat(emit, output.dtype, inputs, ([x]) => emit.node("Squeeze", [x, emit.ints(...node.attributes.axes)])),
};

/** Concat, Transpose and Squeeze of booleans fall back to the CPU on WebGPU: they travel as 0 and 1. */
function asFloat(
  emit: OnnxEmitter,
  dtype: Dtype,
  inputs: readonly string[],
  write: (inputs: readonly string[]) => string,
): string {
  if (dtype !== "bool") {
    return write(inputs);
  }
  const floats = inputs.map((input) => emit.node("Cast", [input], { to: onnxDtype.float32 }));
  return emit.node("Cast", [write(floats)], { to: onnxDtype.bool });
}
