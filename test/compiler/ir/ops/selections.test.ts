// Selections by literal walks, stored rows by hand, and the values that graphs start from.
import { describe, expect, it } from "vitest";
import { type Builder, builder } from "../../../../compiler/ir/build.ts";
import type { Literal, Shape } from "../../../../compiler/ir/graph.ts";
import { attempts, firstRanks, promising } from "../../../../compiler/ir/ops/round-robin-onnx.ts";
import { ops } from "../../../../compiler/ir/ops.ts";
import {
  type Formula,
  floats,
  hold,
  ints,
  made,
  type Operand,
  passesNone,
  type Read,
  refuse,
} from "../../../kit/op-formula.ts";

const positions = { ...floats("length"), number: (i: number) => i };
const numbers = (count: number) => Array.from({ length: count }, (_, i) => i);

/** Positions by falling score; equal scores in order. */
const best = (score: (position: number) => number) => numbers(5).sort((a, b) => score(b) - score(a) || a - b);

/** The k-th distinct position that heads name, who take turns. */
function named(row: number, k: number, scores: Read, heads: number): number {
  const lists = numbers(heads).map((head) => best((l) => scores(head, row, l)));
  const turns = numbers(5).flatMap((rank) => lists.map((list) => list[rank]));
  return [...new Set(turns)][k];
}

/** Scores that often tie. */
const few = (...dims: Shape): Operand => ({
  ...floats(...dims),
  number: (i: number) => [2, -1, 2, 0, 5, 5, 0, 2, -3][(i * i + i) % 9],
});

const robin = (heads: number, keep: number, scores: typeof few): Formula => ({
  of: `round robin of ${keep}, ${heads} heads, scores that ${scores === few ? "tie" : "differ"}`,
  operands: [scores(heads, "rows", "length"), positions],
  write: (b, x, p) => b.roundRobin(x, p, keep),
  type: `int32[rows, ${keep}]`,
  at: ([row, k], x) => named(row, k, x, heads),
});

const top = (dims: Shape, keep: number, scores: typeof few): Formula => ({
  of: `the ${keep} best of [${dims.join(", ")}], scores that ${scores === few ? "tie" : "differ"}`,
  operands: [scores(...dims, "length"), positions],
  write: (b, x, p) => b.topPositions(x, p, keep),
  type: `int32[${[...dims, keep].join(", ")}]`,
  at: (index, x) => best((l) => x(...index.slice(0, -1), l))[index[index.length - 1]],
});

describe("selections", () => {
  hold(
    [floats, few].flatMap((scores) => [
      ...[1, 3, 5].flatMap((keep) => [1, 2, 3].map((heads) => robin(heads, keep, scores))),
      ...[1, 2, 5].flatMap((keep) => [[], ["rows"], [2, "rows"]].map((dims) => top(dims, keep, scores))),
    ]),
  );
  passesNone("roundRobin", "topPositions");
  it("rank what is no number last, in order", () => {
    const none = Number.NaN;
    const scores = { shape: [1, 1, 5], data: [none, 3, none, -Infinity, 3] };
    const all = { shape: [5], data: [0, 1, 2, 3, 4] };
    expect(Array.from(ops.topPositions.evaluate([scores, all], { keep: 5 }).data)).toEqual([1, 4, 3, 0, 2]);
    expect(Array.from(ops.roundRobin.evaluate([scores, all], { keep: 5, sampled: 2 }).data)).toEqual([1, 4, 3, 0, 2]);
    const other = { shape: [5], data: [2, none, 1, none, none] };
    expect(Array.from(ops.topPositions.evaluate([other, all], { keep: 5 }).data)).toEqual([0, 2, 1, 3, 4]);
  });
  it("keep many equal scores in their order, and all of a known length", () => {
    const length = 400;
    const positions = { shape: [length], data: Array.from({ length }, (_, i) => i) };
    for (const score of [
      () => 1,
      () => Number.NaN,
      (i: number) => (i * 7) % 3,
      (i: number) => [Number.NaN, 2][i % 2],
    ]) {
      const data = positions.data.map(score);
      const rank = (i: number) => (Number.isNaN(data[i]) ? -1 : data[i]);
      const { data: found } = ops.topPositions.evaluate([{ shape: [length], data }, positions], { keep: length });
      expect(Array.from(found)).toEqual(positions.data.toSorted((a, b) => rank(b) - rank(a) || a - b));
    }
    const b = builder("");
    expect(b.topPositions(b.floats([1, 2]), b.floats([0, 1]), 2).shape).toEqual([2]);
    expect(b.topPositions(b.floats([1, 2]), b.floats([0, 1]), 1).shape).toEqual([1]);
  });
  it("refuse a history that is too short, and positions that do not count", () => {
    const scores = { shape: [1, 1, 2], data: [1, 2] };
    const all = { shape: [2], data: [0, 1] };
    const said = "3 of 2 positions cannot be kept: pad the history to 3";
    expect(() => ops.topPositions.evaluate([scores, all], { keep: 3 })).toThrow(new RangeError(said));
    expect(() => ops.roundRobin.evaluate([scores, all], { keep: 3, sampled: 2 })).toThrow(new RangeError(said));
    expect(ops.topPositions.evaluate([scores, all], { keep: 2 }).data).toEqual(Float64Array.of(1, 0));
    const shifted = { shape: [2], data: [0, 2] };
    expect(() => ops.topPositions.evaluate([scores, shifted], { keep: 1 })).toThrow("positions[1] is 2");
    expect(() => ops.roundRobin.evaluate([scores, shifted], { keep: 1, sampled: 2 })).toThrow("positions[1] is 2");
  });
  const write =
    (
      op: "roundRobin" | "topPositions",
      scores: Shape,
      places: Shape,
      keep: number,
      dtypes = ["float32", "float32"] as ("float32" | "int32")[],
    ) =>
    (b: Builder) =>
      b[op](b.input("x", dtypes[0], scores), b.input("p", dtypes[1], places), keep);
  refuse([
    [
      "two axes to take turns",
      write("roundRobin", [2, 5], [5], 1),
      "the scores is float32[2, 5], but has to be of rank 3",
    ],
    [
      "heads that nothing counts",
      write("roundRobin", ["heads", 2, 5], [5], 1),
      "the number of heads, heads, is not known",
    ],
    ["no heads", write("roundRobin", [0, 2, 5], [5], 1), "the number of heads, 0, is not known"],
    ["one number", write("topPositions", [], [5], 1), "the scores is float32[], but has to be of rank at least 1"],
    ...(["roundRobin", "topPositions"] as const).flatMap(
      (op) =>
        [
          [
            `${op} of int32 scores`,
            write(op, [1, 2, 5], [5], 1, ["int32", "float32"]),
            "the scores is int32[1, 2, 5], but has to be float32",
          ],
          [
            `${op} of int32 positions`,
            write(op, [1, 2, 5], [5], 1, ["float32", "int32"]),
            "the positions is int32[5], but has to be float32",
          ],
          [
            `${op} of a matrix of positions`,
            write(op, [1, 2, 5], [5, 1], 1),
            "the positions is float32[5, 1], but has to be of rank 1",
          ],
          [`${op} of other positions`, write(op, [1, 2, 5], [4], 1), "the number of positions is 4, but has to be 5"],
          [`${op} of nothing to keep`, write(op, [1, 2, 5], [5], 0), "0 of the positions cannot be kept"],
          [`${op} of half a position`, write(op, [1, 2, 5], [5], 1.5), "1.5 of the positions cannot be kept"],
          [`${op} of more than there are`, write(op, [1, 2, 5], [5], 6), "6 of 5 positions cannot be kept"],
        ] as const,
    ),
  ]);
});

describe("the attempts of a round robin", () => {
  it("start with what heads that share nothing need, and a little more; never with more than is kept", () => {
    expect([firstRanks(4, 100), firstRanks(4, 400), firstRanks(3, 10), firstRanks(2, 3), firstRanks(5, 1)]).toEqual([
      28, 110, 6, 3, 1,
    ]);
  });

  it("rise to what always suffices, by steps only where there is room for them", () => {
    expect(attempts(4, 100)).toEqual([28, 37, 56, 100]);
    expect(attempts(4, 10)).toEqual([5, 10]);
    expect(attempts(2, 3)).toEqual([3]);
    // 7 is 1.4 times 5, and no room.
    expect(attempts(4, 12)).toEqual([5, 12]);
    expect(attempts(8, 100)).toEqual([16, 21, 56, 100]);
    expect(attempts(2, 100)).toEqual([53, 100]);
  });

  it("are promising from a number of distinct positions that falls with the ranks they look at", () => {
    // The first looks at 28 ranks of four heads: the mean of the 100 wanted and the 112 there are.
    expect(promising(4, 100, 0)).toBe((100 + 112) / 2);
    expect(promising(4, 100, 1)).toBe(((100 * 28) / 37 + 112) / 2);
    expect(promising(4, 100, 2)).toBe((100 * 28) / 56);
    expect(promising(4, 100, 3)).toBe(28);
  });
});

describe("stored rows", () => {
  const bytes = (...dims: Shape) => ({ ...ints([0, 255, 7, 128, 3], ...dims), dtype: "uint8" as const });
  const halves = (...dims: Shape) => ({
    ...floats(...dims),
    dtype: "float16" as const,
    number: (i: number) => i / 4 - 1,
  });
  hold([
    {
      of: "float16",
      operands: [halves("rows", 3)],
      write: (b, x) => b.decodeRows(x, null, [2, 1]),
      type: "float32[rows, 3]",
      at: ([row, k], x) => x(row, k),
    },
    {
      of: "uint8 of two heads",
      operands: [bytes("rows", 2, 3), floats("rows", 2, 4)],
      write: (b, x, affine) => b.decodeRows(x, affine, [2, 1]),
      type: "float32[rows, 2, 3]",
      at([row, j, k], x, affine) {
        const head = k < 2 ? 0 : 1;
        return affine(row, j, 2 * head) * x(row, j, k) + affine(row, j, 2 * head + 1);
      },
      cost: 36,
      fixed: [1],
    },
    {
      of: "uint8 of one row",
      operands: [bytes(3), floats(6)],
      write: (b, x, affine) => b.decodeRows(x, affine, [1, 1, 1]),
      type: "float32[3]",
      at: ([k], x, affine) => affine(2 * k) * x(k) + affine(2 * k + 1),
      cost: 6,
      fixed: [1],
    },
  ]);
  passesNone("decodeRows");
  const write =
    (
      dtype: "float16" | "uint8" | "float32",
      rows: Shape,
      affine: Shape | null,
      heads: number[],
      scales: "float32" | "int32" = "float32",
    ) =>
    (b: Builder) =>
      b.decodeRows(b.input("x", dtype, rows), affine && b.input("a", scales, affine), heads);
  refuse([
    [
      "rows that are not stored",
      write("float32", [3], null, [3]),
      "the rows is float32[3], but has to be float16 or uint8",
    ],
    ["a number as a row", write("float16", [], null, [3]), "the rows is float16[], but has to be of rank at least 1"],
    ["no heads", write("float16", [3], null, []), "[] are no widths of heads"],
    ["a head of nothing", write("float16", [3], null, [3, 0]), "[3, 0] are no widths of heads"],
    ["half a number of a head", write("float16", [3], null, [1.5, 1.5]), "[1.5, 1.5] are no widths of heads"],
    [
      "heads that do not fill the row",
      write("float16", [4], null, [2, 1]),
      "the width of the rows is 4, but has to be 3",
    ],
    [
      "float16 with scales",
      write("float16", [3], [2], [3]),
      "float16 rows are decoded with 1 tensors of scales and offsets",
    ],
    ["uint8 without", write("uint8", [3], null, [3]), "uint8 rows are decoded with 0 tensors of scales and offsets"],
    [
      "int32 scales",
      write("uint8", [3], [2], [3], "int32"),
      "the scales and offsets is int32[2], but has to be float32",
    ],
    [
      "scales of another rank",
      write("uint8", [3], [1, 2], [3]),
      "the scales and offsets is float32[1, 2], but has to be of rank 1",
    ],
    [
      "scales of other rows",
      write("uint8", [2, 3], [1, 2], [3]),
      "dim 0 of the scales and offsets is 1, but has to be 2",
    ],
    [
      "scales of other heads",
      write("uint8", [2, 3], [2, 2], [2, 1]),
      "dim 1 of the scales and offsets is 2, but has to be 4",
    ],
  ]);
});

describe("where graphs start", () => {
  it("inputs and parameters are not computed", () => {
    const input = { name: "x", dtype: "float32", shape: [], doc: "" } as const;
    expect(() => ops.input.evaluate([], input)).toThrow("input x is fed, not computed");
    expect(() => ops.parameter.evaluate([], { name: "w", shape: [] })).toThrow("parameter w is read, not computed");
  });
  it("cost nothing", () => {
    const literal: Literal = { dtype: "float32", shape: [2], data: Float32Array.of(1, 2) };
    expect(ops.input.cost([], [2], { name: "x", dtype: "float32", shape: [2], doc: "" })).toBe(0);
    expect(ops.parameter.cost([], [2], { name: "x", shape: [2] })).toBe(0);
    expect(ops.constant.cost([], [2], literal)).toBe(0);
    expect(ops.constant.evaluate([], literal)).toEqual({ shape: [2], data: Float32Array.of(1, 2) });
  });
  it("may have no length, and every length by a symbol", () => {
    const b = builder("");
    expect(b.input("x", "float32", [0, "rows", 3]).shape).toEqual([0, "rows", 3]);
    expect(b.parameter("w", [0, 2]).shape).toEqual([0, 2]);
    for (const [dtype, data] of [
      ["float32", Float32Array.of(1)],
      ["int32", Int32Array.of(1)],
      ["bool", Uint8Array.of(1)],
    ] as const) {
      expect(b.constant({ dtype, shape: [1], data })).toMatchObject({ dtype, shape: [1] });
    }
  });
  const literal =
    (dtype: Literal["dtype"], data: Literal["data"], shape = [1]) =>
    (b: Builder) =>
      b.constant({ dtype, shape, data });
  refuse([
    [
      "a negative length",
      (b) => b.input("x", "float32", [-1]),
      "input x has the dim -1, which is neither a length nor a symbol",
    ],
    [
      "half a length",
      (b) => b.input("x", "float32", [0.5]),
      "input x has the dim 0.5, which is neither a length nor a symbol",
    ],
    [
      "a symbol without a name",
      (b) => b.input("x", "float32", ["a", ""]),
      "input x has the dim , which is neither a length nor a symbol",
    ],
    [
      "a parameter of symbols",
      (b) => made("parameter", [], { name: "w", shape: [2, "n"] as never }) ?? b,
      "parameter w has the shape [2, n], but needs known lengths",
    ],
    [
      "a parameter of a negative length",
      (b) => b.parameter("w", [-1]),
      "parameter w has the shape [-1], but needs known lengths",
    ],
    ["too few numbers", literal("float32", Float32Array.of(1), [2]), "1 values do not fill [2]"],
    ["floats as int32", literal("int32", Float32Array.of(1)), "a int32 constant holds float32 data"],
    ["whole numbers as floats", literal("float32", Int32Array.of(1)), "a float32 constant holds int32 data"],
    ["bytes as floats", literal("float32", Uint8Array.of(1)), "a float32 constant holds bool data"],
  ]);
});
