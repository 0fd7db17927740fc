// One parameter and the foreign arrays that make it: checked by shapes before a number is read, then gathered.

import { elementCount } from "../../contract/element-count.ts";
import type { ForeignArray } from "./foreign-weights.ts";
import type { TargetParameter } from "./import-target.ts";
import type { MapEntry, RowLayout, Slice } from "./map-file.ts";
import { brackets, type Orientation, orient } from "./orient.ts";
import { mapRows, type RowMap, reorderRows } from "./rows.ts";
import { concatenated, dense, sliced, slicedShape, splitHeads, transposed, type View, viewOf } from "./view.ts";

export interface Part {
  readonly array: ForeignArray;
  readonly slices: readonly Slice[];
}

export interface Assignment {
  readonly parameter: TargetParameter;
  readonly parts: readonly Part[];
  readonly concat: number;
  readonly orientation: Orientation;
  readonly repeat: boolean;
  /** Null: the rows are as they are. */
  readonly rows: RowMap | null;
}

export interface Recipe extends Pick<MapEntry, "concat" | "repeat"> {
  readonly transpose: boolean | undefined;
  readonly rows: RowLayout | undefined;
  /** Of square matrices. */
  readonly habit: boolean | null;
  /** Whether that of PyTorch would tell. */
  readonly torchKnows: boolean;
}

/** @returns a sentence where the parts do not make the parameter */
export function assign(parameter: TargetParameter, parts: readonly Part[], recipe: Recipe): Assignment | string {
  const { concat, repeat } = recipe;
  const shapes: (readonly number[])[] = [];
  for (const { array, slices } of parts) {
    let shape: readonly number[] | null = array.shape;
    for (const slice of slices) {
      shape = slicedShape(shape, slice);
      if (shape === null) {
        return `${array.name} ${brackets(array.shape)} has no slice ${JSON.stringify(slice)}`;
      }
    }
    shapes.push(shape);
  }
  const names = parts.map(({ array }) => array.name).join(" with ");
  const whole = joinedShape(shapes, concat);
  if (whole === null) {
    return `${names}: ${shapes.map(brackets).join(" and ")} cannot be put side by side along axis ${concat}`;
  }
  const fit = (shape: readonly number[], wanted: readonly number[]) =>
    orient(shape, wanted, {
      transpose: recipe.transpose,
      habit: parameter.role === "embedding" ? false : recipe.habit,
      torchKnows: recipe.torchKnows,
    });
  const make = (orientation: Orientation, rows: RowMap | null): Assignment => ({
    parameter,
    parts,
    concat,
    orientation,
    repeat,
    rows,
  });
  if (recipe.rows !== undefined) {
    const [rows, dim] = parameter.shape;
    if (whole.length !== 2 || parameter.shape.length !== 2) {
      return `${names}: \`rows\` is for embedding tables [rows, dim]`;
    }
    const foreign = recipe.transpose ? whole[1] : whole[0];
    const orientation = fit(whole, [foreign, dim]);
    if (typeof orientation === "string") {
      return `${names} ${orientation}`;
    }
    const map = mapRows(recipe.rows, foreign, rows);
    return typeof map === "string" ? `${names}: ${map}` : make(orientation, map);
  }
  if (repeat && whole.every((size) => size === 1)) {
    return make({ transpose: false, split: false }, null);
  }
  const orientation = fit(whole, parameter.shape);
  return typeof orientation === "string" ? `${names} ${orientation}` : make(orientation, null);
}

function joinedShape(shapes: readonly (readonly number[])[], axis: number): readonly number[] | null {
  const [first, ...others] = shapes;
  if (others.length === 0) {
    return first;
  }
  const fits =
    axis < first.length &&
    others.every((shape) => shape.length === first.length && shape.with(axis, 0).join() === first.with(axis, 0).join());
  return fits
    ? first.with(
        axis,
        shapes.reduce((sum, shape) => sum + shape[axis], 0),
      )
    : null;
}

/** The parameter's values, row-major. `read` gives a foreign array whole. */
export async function gather(
  { parameter, parts, concat, orientation, repeat, rows }: Assignment,
  read: (name: string) => Promise<Float32Array>,
): Promise<Float32Array> {
  const views: View[] = [];
  for (const { array, slices } of parts) {
    views.push(slices.reduce(sliced, viewOf(await read(array.name), array.shape)));
  }
  const count = elementCount(parameter.shape);
  let view = concatenated(views, concat);
  if (orientation.transpose) {
    view = transposed(view);
  }
  if (orientation.split) {
    view = splitHeads(view, parameter.shape[0]);
  }
  const values = dense(view);
  if (rows !== null) {
    return reorderRows(values, parameter.shape[1], rows);
  }
  return repeat && values.length === 1 ? new Float32Array(count).fill(values[0]) : values;
}
