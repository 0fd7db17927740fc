// Sums, means and maxima over every kind of axes, of known and unknown lengths.
import { describe, expect, it } from "vitest";
import type { Shape } from "../../../../compiler/ir/graph.ts";
import { ops } from "../../../../compiler/ir/ops.ts";
import { everyIndex, type Formula, floats, hold, made, refuse } from "../../../kit/op-formula.ts";

const sum = (terms: readonly number[]) => terms.reduce((a, c) => a + c, 0);

type Reducing = "sum" | "mean" | "max";
const folds: Readonly<Record<Reducing, (all: number[]) => number>> = {
  sum,
  mean: (all) => sum(all) / all.length,
  max: (all) => all.reduce((a, c) => Math.max(a, c)),
};

const over = (
  op: Reducing,
  dims: Shape,
  axes: readonly number[],
  keep: boolean,
  lengths: readonly number[],
): Formula => ({
  of: `${op} of [${dims.join(", ")}] over ${axes.join(" and ")}${keep ? ", the axes kept" : ""}`,
  operands: [floats(...dims)],
  write: (b, x) => b[op](x, axes, keep),
  type: `float32[${dims.flatMap((dim, axis) => (axes.includes(axis) ? (keep ? [1] : []) : [dim])).join(", ")}]`,
  at(index, x) {
    const rest = keep ? index.filter((_, axis) => !axes.includes(axis)) : [...index];
    return folds[op](
      everyIndex(axes.map((axis) => lengths[axis])).map((inner) => {
        const left = [...rest];
        return x(...dims.map((_, axis) => (axes.includes(axis) ? inner[axes.indexOf(axis)] : left.shift()!)));
      }),
    );
  },
  cost: op === "max" ? 0 : lengths.reduce((a, c) => a * c, 1),
});

describe("reductions", () => {
  hold(
    (["sum", "mean", "max"] as const).flatMap((op) => [
      over(op, [5], [0], false, [5]),
      over(op, ["length"], [0], true, [5]),
      over(op, ["rows", 4], [1], false, [3, 4]),
      over(op, ["rows", 4], [0], true, [3, 4]),
      over(op, ["rows", "columns", 2], [2, 0], false, [3, 4, 2]),
      over(op, ["rows", "columns", 2], [1], true, [3, 4, 2]),
      over(op, [2, "rows", "columns", 1], [1, 2], true, [2, 3, 4, 1]),
      over(op, [2, 3, 4], [0, 1, 2], false, [2, 3, 4]),
      over(op, [2, 3, 4], [0, 2], false, [2, 3, 4]),
      over(op, ["one", 3], [0], false, [1, 3]),
    ]),
  );
  it("over nothing are 0, no number, and less than every number", () => {
    const empty = { shape: [2, 0], data: [] };
    expect(Array.from(ops.sum.evaluate([empty], { axes: [1], keep: false }).data)).toEqual([0, 0]);
    expect(Array.from(ops.mean.evaluate([empty], { axes: [1], keep: true }).data)).toEqual([Number.NaN, Number.NaN]);
    expect(Array.from(ops.max.evaluate([empty], { axes: [1], keep: false }).data)).toEqual([-Infinity, -Infinity]);
  });
  refuse([
    ["whole numbers", (b) => b.sum(b.ints([1]), [0]), "the operand is int32[1], but has to be float32"],
    ["no axis", (b) => b.mean(b.floats([1]), []), "no axis is named"],
    [
      "an axis that there is not",
      (b) => made("max", [b.floats([1])], { axes: [1], keep: false }),
      "axis 1 is outside a tensor of rank 1",
    ],
  ]);
});
