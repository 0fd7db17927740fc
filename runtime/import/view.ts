// Arrays as views: slices, transpositions and heads are steps in memory, gathered once at the end.
import { elementCount } from "../../contract/element-count.ts";
import { gatherStrided, rowMajor } from "./elements.ts";
import type { Slice } from "./map-file.ts";

export interface View {
  readonly data: Float32Array;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

export const viewOf = (data: Float32Array, shape: readonly number[]): View => ({
  data,
  offset: 0,
  shape,
  strides: rowMajor(shape),
});

/** The numbers in row-major order; the array itself where it is that already. */
export function dense({ data, offset, shape, strides }: View): Float32Array {
  const straight = offset === 0 && data.length === elementCount(shape) && rowMajor(shape).join() === strides.join();
  return straight ? data : gatherStrided(data, shape, strides, offset);
}

/** Shape of a slice; null where it leaves the array. */
export function slicedShape(shape: readonly number[], { axis, start, end }: Slice): readonly number[] | null {
  if (axis >= shape.length || end > shape[axis] || start >= end) {
    return null;
  }
  return shape.with(axis, end - start);
}

export function sliced(view: View, slice: Slice): View {
  const { axis, start } = slice;
  const shape = slicedShape(view.shape, slice);
  if (shape === null) {
    throw new Error(`a slice of axis ${axis} leaves an array of shape [${view.shape.join(", ")}]`);
  }
  return {
    ...view,
    shape,
    offset: view.offset + start * view.strides[axis],
  };
}

/** The last two axes change places. */
export function transposed(view: View): View {
  return { ...view, shape: swapped(view.shape), strides: swapped(view.strides) };
}

export function swapped(list: readonly number[]): readonly number[] {
  const [before, last] = list.slice(-2);
  return [...list.slice(0, -2), last, before];
}

/** [W, heads · n], heads side by side → [heads, W, n] */
export function splitHeads({ data, offset, shape, strides }: View, heads: number): View {
  const [rows, columns] = shape;
  const width = columns / heads;
  return { data, offset, shape: [heads, rows, width], strides: [width * strides[1], strides[0], strides[1]] };
}

/** One after the other along an axis; all other sizes are equal. */
export function concatenated(views: readonly View[], axis: number): View {
  if (views.length === 1) {
    return views[0];
  }
  const shape = views[0].shape.with(
    axis,
    views.reduce((sum, view) => sum + view.shape[axis], 0),
  );
  const data = new Float32Array(elementCount(shape));
  const blocks = elementCount(shape.slice(0, axis));
  const pieces = views.map((view) => ({ data: dense(view), length: elementCount(view.shape.slice(axis)) }));
  let at = 0;
  for (let block = 0; block < blocks; block++) {
    for (const piece of pieces) {
      data.set(piece.data.subarray(block * piece.length, (block + 1) * piece.length), at);
      at += piece.length;
    }
  }
  return viewOf(data, shape);
}
