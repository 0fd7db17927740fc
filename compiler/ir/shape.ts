// Symbolic shapes: broadcasting, axes, and how a type is shown.
import { elementCount } from "../../contract/element-count.ts";
import type { Dim, Dtype, Shape, Value } from "./graph.ts";

/** Operands that do not fit together. The message names the operator, the shapes and, from `make`, the place in the model. */
export class ShapeError extends Error {
  override name = "ShapeError";
}

/** `float32[candidates, 4]` */
export function show(value: { readonly dtype: Dtype; readonly shape: Shape }): string {
  return `${value.dtype}${showShape(value.shape)}`;
}

export function showShape(shape: Shape): string {
  return `[${shape.join(", ")}]`;
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dim, index) => dim === b[index]);
}

/**
 * NumPy broadcasting. Equal symbols fit, 1 fits everything; two different symbols, or a symbol and a number other than
 * 1, do not fit, because nothing promises that they will be equal when the graph runs.
 */
export function broadcastShapes(a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, index): Dim => {
    const left = a[a.length - rank + index] ?? 1;
    const right = b[b.length - rank + index] ?? 1;
    if (left === right || right === 1) {
      return left;
    }
    if (left === 1) {
      return right;
    }
    throw new ShapeError(`${showShape(a)} and ${showShape(b)} do not broadcast: ${left} against ${right}`);
  });
}

/** An axis in 0 … rank-1 from one that may count from the end. */
export function normaliseAxis(axis: number, rank: number): number {
  const from = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || from < 0 || from >= rank) {
    throw new ShapeError(`axis ${axis} is outside a tensor of rank ${rank}`);
  }
  return from;
}

/** Ascending, distinct, in 0 … rank-1. */
export function normaliseAxes(axes: readonly number[], rank: number): number[] {
  const all = axes.map((axis) => normaliseAxis(axis, rank)).sort((a, b) => a - b);
  if (new Set(all).size !== all.length) {
    throw new ShapeError(`axes ${showShape(axes)} name one axis twice`);
  }
  return all;
}

/** Number of elements of a concrete shape. */
export function size(shape: readonly number[]): number {
  return elementCount(shape);
}

/** A dimension that is a number. @throws ShapeError where it is a symbol, which a graph of ours never has there */
export function knownDim(value: { readonly dtype: Dtype; readonly shape: Shape }, axis: number): number {
  const dim = value.shape[axis];
  if (typeof dim !== "number") {
    throw new ShapeError(`axis ${axis} of ${show(value)} has to be known`);
  }
  return dim;
}

/** A shape of numbers alone. @throws ShapeError where it holds a symbol */
export const knownShape = (value: { readonly dtype: Dtype; readonly shape: Shape }): readonly number[] =>
  value.shape.map((_, axis) => knownDim(value, axis));

export function expectDtype(operand: Value, name: string, ...allowed: readonly Dtype[]): void {
  if (!allowed.includes(operand.dtype)) {
    throw new ShapeError(`${name} is ${show(operand)}, but has to be ${allowed.join(" or ")}`);
  }
}

export function expectRank(operand: Value, name: string, least: number, most = least): void {
  const rank = operand.shape.length;
  if (rank >= least && rank <= most) {
    return;
  }
  const wanted =
    least === most ? `${least}` : most === Number.POSITIVE_INFINITY ? `at least ${least}` : `${least} to ${most}`;
  throw new ShapeError(`${name} is ${show(operand)}, but has to be of rank ${wanted}`);
}

/** Refuses two dims that cannot be promised to be equal. */
export function expectDim(actual: Dim, wanted: Dim, what: string): void {
  if (actual !== wanted) {
    throw new ShapeError(`${what} is ${actual}, but has to be ${wanted}`);
  }
}
