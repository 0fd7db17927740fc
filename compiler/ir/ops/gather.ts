// Look-ups: whole rows of a table, rows per batch element, single elements.
import type { Dtype } from "../graph.ts";
import { onnxDtype } from "../onnx-dtype.ts";
import type { OnnxEmitter, Rule, Tensor } from "../rule.ts";
import { expectDim, expectDtype, expectRank, ShapeError, size } from "../shape.ts";
import { checkIndex, strides, walk } from "../tensor.ts";
import { sumOfRows } from "./gather-gradient.ts";

const many = Number.POSITIVE_INFINITY;
const known = (dim: number | string) => typeof dim === "number";

/** (x, indices int32): x's `axis` replaced by the shape of indices. Indices are checked on the host: devices read wrong rows. */
export const gather: Rule<"gather"> = {
  infer([x, indices], { axis }) {
    expectRank(x, "the table", axis + 1, many);
    expectDtype(indices, "the indices", "int32");
    return { dtype: x.dtype, shape: [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)] };
  },
  evaluate([x, indices], { axis }) {
    const before = size(x.shape.slice(0, axis));
    const length = x.shape[axis];
    const row = size(x.shape.slice(axis + 1));
    const count = indices.data.length;
    const data = new Float64Array(before * count * row);
    for (let outer = 0; outer < before; outer++) {
      for (let i = 0; i < count; i++) {
        const from = (outer * length + checkIndex(indices.data[i], length, "gather")) * row;
        const to = (outer * count + i) * row;
        for (let column = 0; column < row; column++) {
          data[to + column] = x.data[from + column];
        }
      }
    }
    return { shape: [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)], data };
  },
  gradient({ b, node, dy }) {
    const [x, indices] = node.inputs;
    const { axis } = node.attributes;
    if (axis === 0) {
      return [sumOfRows(b, x, indices, dy), null];
    }
    // The axis that is read comes to the front, and back again.
    const before = Array.from({ length: axis }, (_, other) => other);
    const after = x.shape.slice(axis + 1).map((_, other) => axis + 1 + other);
    const read = indices.shape.map((_, other) => axis + other);
    const later = after.map((other) => other - 1 + indices.shape.length);
    const front = b.transpose(x, [axis, ...before, ...after]);
    const sum = sumOfRows(b, front, indices, b.transpose(dy, [...read, ...before, ...later]));
    return [b.transpose(sum, [...before.map((other) => other + 1), 0, ...after]), null];
  },
  cost: () => 0,
  onnx(emit, inputs, node) {
    if (!node.attributes.single) {
      return emit.node("Gather", inputs, { axis: node.attributes.axis });
    }
    const [x, indices] = inputs;
    const flat = node.inputs[1].shape.length === 1;
    const read = emit.node("GatherElements", [x, flat ? indices : emit.node("Reshape", [indices, emit.ints(-1)])], {
      axis: 0,
    });
    return flat ? read : emit.node("Reshape", [read, emit.node("Shape", [indices])]);
  },
};

/** (x [B, L, …rest], indices int32 [B, k]) → [B, k, …rest]: row b reads its own x[b]. */
export const gatherRows: Rule<"gatherRows"> = {
  infer([x, indices]) {
    expectRank(x, "the rows", 2, many);
    expectDtype(indices, "the indices", "int32");
    expectRank(indices, "the indices", 2);
    expectDim(indices.shape[0], x.shape[0], "the number of rows of the indices");
    return { dtype: x.dtype, shape: [x.shape[0], indices.shape[1], ...x.shape.slice(2)] };
  },
  evaluate([x, indices]) {
    const [rows, length, ...rest] = x.shape;
    const kept = indices.shape[1];
    const width = size(rest);
    const data = new Float64Array(rows * kept * width);
    for (let i = 0; i < rows * kept; i++) {
      const row = Math.floor(i / kept);
      const from = (row * length + checkIndex(indices.data[i], length, "gatherRows")) * width;
      for (let column = 0; column < width; column++) {
        data[i * width + column] = x.data[from + column];
      }
    }
    return { shape: [rows, kept, ...rest], data };
  },
  gradient({ b, node, dy }) {
    const [x, indices] = node.inputs;
    const rest = x.shape.slice(2).map((_, axis) => axis + 2);
    const every = rest.length === 0 ? indices : b.broadcast(b.unsqueeze(indices, ...rest), dy);
    return [b.scatterElements(every, dy, x, 1), null];
  },
  cost: () => 0,
  onnx(emit, [x, indices], node) {
    const [rows] = node.inputs;
    const rest = rows.shape.slice(2);
    if (rest.length === 0) {
      return elements(emit, rows.dtype, x, indices, 1);
    }
    const axes = rest.map((_, index) => index + 2);
    const column = emit.node("Unsqueeze", [indices, emit.ints(...axes)]);
    // Expand broadcasts both ways, so that B and k need not be known; a width that is a symbol is read off x[:, 0].
    const wanted = rest.every(known)
      ? emit.ints(1, 1, ...rest)
      : emit.node("Shape", [emit.node("Gather", [numeric(emit, rows.dtype, x), emit.constant(first)], { axis: 1 })]);
    return elements(emit, rows.dtype, x, emit.node("Expand", [column, wanted]), 1);
  },
};

const first = { dtype: "int32", shape: [1], data: Int32Array.of(0) } as const;

/** (x, indices int32), same rank: y[…i…] = x[… indices[…i…] …] along `axis`; the other dims are equal. */
export const gatherElements: Rule<"gatherElements"> = {
  infer([x, indices], { axis }) {
    expectRank(x, "the operand", axis + 1, many);
    expectDtype(indices, "the indices", "int32");
    expectRank(indices, "the indices", x.shape.length);
    x.shape.forEach((dim, other) => {
      if (other !== axis && indices.shape[other] !== dim) {
        throw new ShapeError(`the indices' dim ${other} is ${indices.shape[other]}, but has to be ${dim}`);
      }
    });
    return { dtype: x.dtype, shape: indices.shape };
  },
  evaluate([x, indices], { axis }): Tensor {
    const steps = strides(x.shape).map((step, other) => (other === axis ? 0 : step));
    const along = strides(x.shape)[axis];
    const data = new Float64Array(indices.data.length);
    walk(indices.shape, steps, (position, offset) => {
      const index = checkIndex(indices.data[position], x.shape[axis], "gatherElements");
      data[position] = x.data[offset + index * along];
    });
    return { shape: indices.shape, data };
  },
  gradient: ({ b, node, dy }) => [b.scatterElements(node.inputs[1], dy, node.inputs[0], node.attributes.axis), null],
  cost: () => 0,
  onnx: (emit, [x, indices], node) => elements(emit, node.inputs[0].dtype, x, indices, node.attributes.axis),
};

/**
 * GatherElements stays on a WebGPU device for float32 data alone, so an int32 travels as two float32 halves
 * (x = high · 2¹⁶ + low, both exact) and a bool as 0 or 1.
 */
function elements(emit: OnnxEmitter, dtype: Dtype, x: string, indices: string, axis: number): string {
  const float = (value: string) => emit.node("Cast", [value], { to: onnxDtype.float32 });
  const whole = (value: string) => emit.node("Cast", [value], { to: onnxDtype.int32 });
  const read = (data: string) => emit.node("GatherElements", [data, indices], { axis });
  if (dtype === "float32") {
    return read(x);
  }
  if (dtype === "bool") {
    return emit.node("Cast", [read(float(x))], { to: onnxDtype.bool });
  }
  const half = emit.integer(1 << 16);
  const high = emit.node("Div", [x, half]);
  const low = emit.node("Sub", [x, emit.node("Mul", [high, half])]);
  const readHigh = emit.node("Mul", [whole(read(float(high))), half]);
  return emit.node("Add", [readHigh, whole(read(float(low)))]);
}

/** `Shape` of a bool falls back to the CPU on WebGPU. */
function numeric(emit: OnnxEmitter, dtype: Dtype, x: string): string {
  return dtype === "bool" ? emit.node("Cast", [x], { to: onnxDtype.float32 }) : x;
}
