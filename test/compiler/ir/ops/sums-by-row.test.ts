// Sums of updates by row or by element, which are the gradients of look-ups.
import { describe, expect, it } from "vitest";
import { type Builder, builder } from "../../../../compiler/ir/build.ts";
import { ops } from "../../../../compiler/ir/ops.ts";
import { everyIndex, type Formula, floats, hold, ints, made, refuse } from "../../../kit/op-formula.ts";

const named = [2, 0, 1, 2, 2, 1, 0];
const sum = (terms: readonly number[]) => terms.reduce((a, c) => a + c, 0);

/** Σ of the updates whose index is `row`, over the places of the indices. */
const summed = (
  shape: readonly number[],
  row: number,
  index: (...at: number[]) => number,
  update: (...at: number[]) => number,
) => sum(everyIndex(shape).map((place) => (index(...place) === row ? update(...place) : 0)));

describe("scatterAdd", () => {
  hold([
    {
      of: "rows, onto the shape of another",
      operands: [ints(named, "length"), floats("length", 2), floats("rows", 2)],
      write: (b, i, u, like) => b.scatterAdd(i, u, like),
      type: "float32[rows, 2]",
      at: ([row, k], i, u) => summed([5], row, i, (l) => u(l, k)),
      cost: 10,
    },
    {
      of: "rows, onto a known shape",
      operands: [ints(named, 2, "columns"), floats(2, "columns", 2), floats(4, 2)],
      write: (b, i, u, like) => b.scatterAdd(i, u, like),
      type: "float32[4, 2]",
      at: ([row, k], i, u) => summed([2, 4], row, i, (...place) => u(...place, k)),
      cost: 16,
    },
    {
      of: "numbers",
      operands: [ints(named, "length"), floats("length"), floats("rows")],
      write: (b, i, u, like) => b.scatterAdd(i, u, like),
      type: "float32[rows]",
      at: ([row], i, u) => summed([5], row, i, u),
      cost: 5,
    },
    {
      of: "one row of matrices",
      operands: [ints([1]), floats(2, 3), floats("rows", 2, 3)],
      write: (b, i, u, like) => b.scatterAdd(i, u, like),
      type: "float32[rows, 2, 3]",
      at: ([row, j, k], i, u) => (i() === row ? u(j, k) : 0),
      cost: 6,
    },
    {
      of: "two pairs, onto the shape of another",
      operands: [
        ints(named, "length"),
        floats("length", 2),
        ints([0, 2, 0, 1], "columns"),
        floats("columns", 2),
        floats("rows", 2),
      ],
      write: (_, ...all) => made("scatterAdd", all, { shape: null }),
      type: "float32[rows, 2]",
      at: ([row, k], i, u, j, v) => summed([5], row, i, (l) => u(l, k)) + summed([4], row, j, (l) => v(l, k)),
      cost: 18,
    },
    {
      of: "two pairs, onto a known shape",
      operands: [ints(named, "length"), floats("length"), ints([0, 2, 0, 1], "columns"), floats("columns")],
      write: (_, ...all) => made("scatterAdd", all, { shape: [3] }),
      type: "float32[3]",
      at: ([row], i, u, j, v) => summed([5], row, i, u) + summed([4], row, j, v),
      cost: 9,
    },
  ]);
  it("needs no operand for a shape that is known", () => {
    const b = builder("");
    const [i, u] = [b.ints([0]), b.floats([1])];
    expect(b.scatterAdd(i, u, b.floats([0, 0])).node).toMatchObject({ inputs: [i, u], attributes: { shape: [2] } });
    expect(b.scatterAdd(i, u, b.input("x", "float32", ["n"])).node.inputs).toHaveLength(3);
  });
  it("of a row that there is not is refused", () => {
    const update = { shape: [1], data: [1] };
    expect(() => ops.scatterAdd.evaluate([{ shape: [1], data: [2] }, update], { shape: [2] })).toThrow(
      "scatterAdd: index 2 is outside 0 … 1",
    );
  });
  const onto =
    (shape: readonly number[] | null, ...inputs: ((b: Builder) => ReturnType<Builder["floats"]>)[]) =>
    (b: Builder) =>
      made(
        "scatterAdd",
        inputs.map((write) => write(b)),
        { shape },
      );
  const [i, u, like] = [(b: Builder) => b.ints([0]), (b: Builder) => b.floats([1]), (b: Builder) => b.floats([0, 0])];
  refuse([
    ["indices alone", onto([2], i), "1 operands are no pairs of indices and updates"],
    ["nothing at all", onto([2]), "0 operands are no pairs of indices and updates"],
    ["a shape and one to take it of", onto([2], i, u, like), "3 operands are no pairs of indices and updates"],
    ["neither", onto(null, i, u), "2 operands are no pairs of indices and updates"],
    ["a shape alone", onto(null, like), "1 operands are no pairs of indices and updates"],
    ["a scalar", onto([], i, u), "a scalar has no rows"],
    ["float indices", onto([2], u, u), "the indices is float32[1], but has to be int32"],
    ["int32 updates", onto([2], i, i), "the updates is int32[1], but has to be float32"],
    ["updates of another rank", onto([2, 2], i, u), "the updates is float32[1], but has to be of rank 2"],
    ["more updates than indices", onto([2], i, like), "dim 0 of the updates is 2, but has to be 1"],
    ["a second pair that does not fit", onto([2], i, u, i, like), "dim 0 of the updates is 2, but has to be 1"],
    [
      "updates of another width",
      onto([2, 2], i, (b) => b.floats([1], [1, 1])),
      "dim 1 of the updates is 1, but has to be 2",
    ],
  ]);
});

describe("scatterElements", () => {
  const at = (axis: number): Formula => {
    const dims = [3, 3, 3].map((dim, other) => (other === axis ? 4 : dim));
    return {
      of: `at axis ${axis} of three`,
      operands: [ints(named, ...dims), floats(...dims), floats(3, 3, 3)],
      write: (b, i, u, like) => b.scatterElements(i, u, like, axis),
      type: "float32[3, 3, 3]",
      at: (index, i, u) => {
        const from = (l: number) => index.map((one, other) => (other === axis ? l : one));
        return summed(
          [4],
          index[axis],
          (l) => i(...from(l)),
          (l) => u(...from(l)),
        );
      },
      cost: 36,
    };
  };
  hold([
    at(0),
    at(1),
    at(2),
    {
      of: "of symbols, counted from the end",
      operands: [ints(named, "rows", 2), floats("rows", 2), floats("rows", "columns")],
      write: (b, i, u, like) => b.scatterElements(i, u, like, -1),
      type: "float32[rows, columns]",
      at: ([row, k], i, u) =>
        summed(
          [2],
          k,
          (l) => i(row, l),
          (l) => u(row, l),
        ),
      cost: 6,
    },
  ]);
  it("of an index outside its axis is refused", () => {
    const [indices, updates] = [
      { shape: [1, 2], data: [0, 2] },
      { shape: [1, 2], data: [1, 1] },
    ];
    expect(() => ops.scatterElements.evaluate([indices, updates, { shape: [2, 2], data: [] }], { axis: 0 })).toThrow(
      "scatterElements: index 2 is outside 0 … 1",
    );
  });
  const write =
    (i: number[], u: number[], like: number[], axis = 0, dtypes = ["int32", "float32"] as ("float32" | "int32")[]) =>
    (b: Builder) =>
      made("scatterElements", [b.input("i", dtypes[0], i), b.input("u", dtypes[1], u), b.input("x", "float32", like)], {
        axis,
      });
  refuse([
    [
      "an axis that there is not",
      write([2], [2], [3], 1),
      "the operand is float32[3], but has to be of rank at least 2",
    ],
    [
      "float indices",
      write([2], [2], [3], 0, ["float32", "float32"]),
      "the indices is float32[2], but has to be int32",
    ],
    ["int32 updates", write([2], [2], [3], 0, ["int32", "int32"]), "the updates is int32[2], but has to be float32"],
    ["updates of another rank", write([2], [2, 1], [3]), "indices and updates have to be of the rank of [3]"],
    ["indices of another rank", write([2, 1], [2], [3]), "indices and updates have to be of the rank of [3]"],
    ["more updates than indices", write([2], [3], [3]), "dim 0 of the updates is 3, but has to be 2"],
    ["other lengths beside the axis", write([2, 2], [2, 2], [3, 3]), "dim 1 of the indices is 2, but has to be 3"],
  ]);
});
