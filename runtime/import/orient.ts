// Which way round an array lies: found from the shapes where they leave one way, from the source's habit where they leave two.

import { swapped } from "./view.ts";

export interface Orientation {
  /** The last two axes change places. */
  readonly transpose: boolean;
  /** [W, heads · n] becomes [heads, W, n]. */
  readonly split: boolean;
}

export interface OrientWish {
  /** As the map says; undefined: not said. */
  readonly transpose: boolean | undefined;
  /** For matrices that fit both ways: whether the source keeps them transposed; null: nobody knows. */
  readonly habit: boolean | null;
  /** Whether `--from torch`, which was not said, would tell. */
  readonly torchKnows: boolean;
}

/** @returns a sentence where the shapes do not fit, or fit both ways and nobody knows which is meant */
export function orient(
  shape: readonly number[],
  target: readonly number[],
  { transpose, habit, torchKnows }: OrientWish,
): Orientation | string {
  const ways = [false, true]
    .filter((turn) => (transpose === undefined || turn === transpose) && (!turn || shape.length >= 2))
    .flatMap((turn) => way(turn ? swapped(shape) : shape, target, turn));
  if (ways.length === 0) {
    return `is ${brackets(shape)}${transpose ? " (to be transposed)" : ""}, and ${brackets(target)} is due`;
  }
  // A vector is the same numbers either way.
  if (ways.length === 1 || shape.at(-1) === 1 || shape.at(-2) === 1) {
    return ways[0];
  }
  if (habit === null) {
    return `is ${brackets(shape)}, which fits both as it is and transposed: say \`transpose: true\` or \`transpose: false\` in the map${torchKnows ? ", or `--from torch`" : ""}`;
  }
  return ways[habit ? 1 : 0];
}

function way(shape: readonly number[], target: readonly number[], transpose: boolean): Orientation[] {
  if (withoutOnes(shape) === withoutOnes(target)) {
    return [{ transpose, split: false }];
  }
  const [heads, rows, width] = target;
  const split = target.length === 3 && shape.length === 2 && shape[0] === rows && shape[1] === heads * width;
  return split ? [{ transpose, split }] : [];
}

const withoutOnes = (shape: readonly number[]): string => shape.filter((size) => size !== 1).join();

export const brackets = (shape: readonly number[]): string => `[${shape.join(", ")}]`;
