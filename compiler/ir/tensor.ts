// Dense tensors of the reference interpreter: strides, indexing, row-wise loops.
import type { Tensor } from "./rule.ts";
import { size } from "./shape.ts";

/** Row-major strides. */
export function strides(shape: readonly number[]): number[] {
  const result = new Array<number>(shape.length).fill(1);
  for (let axis = shape.length - 2; axis >= 0; axis--) {
    result[axis] = result[axis + 1] * shape[axis + 1];
  }
  return result;
}

/** The result shape of NumPy broadcasting of concrete shapes. */
export function broadcastConcrete(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, index) => {
    const left = a[a.length - rank + index] ?? 1;
    const right = b[b.length - rank + index] ?? 1;
    if (left !== right && left !== 1 && right !== 1) {
      throw new RangeError(`[${a.join(", ")}] and [${b.join(", ")}] do not broadcast`);
    }
    return left === 1 ? right : left;
  });
}

/** Strides that read an operand of `shape` as if it had the shape `to`: 0 where it is repeated. */
export function broadcastStrides(shape: readonly number[], to: readonly number[]): number[] {
  const own = strides(shape);
  const missing = to.length - shape.length;
  return to.map((_, axis) => (axis < missing || shape[axis - missing] === 1 ? 0 : own[axis - missing]));
}

/** Calls `visit` with every position of `shape` in row-major order, and the offset that `steps` gives it. */
export function walk(
  shape: readonly number[],
  steps: readonly number[],
  visit: (position: number, offset: number) => void,
) {
  const total = size(shape);
  const index = new Array<number>(shape.length).fill(0);
  let offset = 0;
  for (let position = 0; position < total; position++) {
    visit(position, offset);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      offset += steps[axis];
      if (++index[axis] < shape[axis]) {
        break;
      }
      offset -= steps[axis] * shape[axis];
      index[axis] = 0;
    }
  }
}

/** A new tensor of `shape` that reads `x` with the given strides and start. */
export function view(x: Tensor, shape: readonly number[], steps: readonly number[], start = 0): Tensor {
  const data = new Float64Array(size(shape));
  walk(shape, steps, (position, offset) => {
    data[position] = x.data[start + offset];
  });
  return { shape, data };
}

/** `x` repeated to `shape`. */
export function expand(x: Tensor, shape: readonly number[]): Tensor {
  return view(x, shape, broadcastStrides(x.shape, shape));
}

export function map(x: Tensor, f: (value: number) => number): Tensor {
  const data = new Float64Array(x.data.length);
  for (let index = 0; index < data.length; index++) {
    data[index] = f(x.data[index]);
  }
  return { shape: x.shape, data };
}

/** Elementwise over two operands with NumPy broadcasting. */
export function zip(a: Tensor, b: Tensor, f: (x: number, y: number) => number): Tensor {
  const shape = broadcastConcrete(a.shape, b.shape);
  const left = expand(a, shape);
  const right = expand(b, shape);
  const data = new Float64Array(size(shape));
  for (let index = 0; index < data.length; index++) {
    data[index] = f(left.data[index], right.data[index]);
  }
  return { shape, data };
}

/** Applies `f` to every row of the last axis, each a view that `f` may replace in place. */
export function overRows(x: Tensor, f: (row: Float64Array) => void): Tensor {
  const width = x.shape[x.shape.length - 1];
  const data = Float64Array.from(x.data);
  for (let start = 0; start < data.length; start += width) {
    f(data.subarray(start, start + width));
  }
  return { shape: x.shape, data };
}

/** Refuses an index that is no row: what the device would read silently wrong. */
export function checkIndex(index: number, length: number, what: string): number {
  if (!Number.isInteger(index) || index < 0 || index >= length) {
    throw new RangeError(`${what}: index ${index} is outside 0 … ${length - 1}`);
  }
  return index;
}
