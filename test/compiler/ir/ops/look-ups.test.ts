// Look-ups of rows, of rows of a batch, of single numbers, at every axis.
import { describe, expect, it } from "vitest";
import { gradients } from "../../../../compiler/gradient/reverse.ts";
import { builder } from "../../../../compiler/ir/build.ts";
import { topological } from "../../../../compiler/ir/graph.ts";
import { ops } from "../../../../compiler/ir/ops.ts";
import { type Formula, floats, hold, ints, made, refuse } from "../../../kit/op-formula.ts";

const named = [2, 0, 1, 2, 2, 1, 0];

describe("gather", () => {
  hold([
    {
      of: "rows of a long table",
      operands: [floats("many", 2), ints([7, 0, 9, 7], "columns")],
      write: (b, x, i) => b.gather(x, i),
      type: "float32[columns, 2]",
      at: ([row, column], x, i) => x(i(row), column),
    },
    {
      of: "rows of a table of few, known rows",
      operands: [floats(3, 2), ints(named, "rows", "columns")],
      write: (b, x, i) => b.gather(x, i),
      type: "float32[rows, columns, 2]",
      at: ([row, column, k], x, i) => x(i(row, column), k),
    },
    {
      of: "rows of a table of known rows, more than few",
      operands: [floats(10, 2), ints([7, 0, 9, 7], "columns")],
      write: (b, x, i) => b.gather(x, i),
      type: "float32[columns, 2]",
      at: ([row, column], x, i) => x(i(row), column),
    },
    {
      of: "rows of a width that nothing tells",
      operands: [floats(3, "columns"), ints(named, "rows")],
      write: (b, x, i) => b.gather(x, i),
      type: "float32[rows, columns]",
      at: ([row, column], x, i) => x(i(row), column),
    },
    {
      of: "rows of a table of two axes more",
      operands: [floats(3, 2, 4), ints(named, "length")],
      write: (b, x, i) => b.gather(x, i),
      type: "float32[length, 2, 4]",
      at: ([l, j, k], x, i) => x(i(l), j, k),
    },
    {
      of: "one row",
      operands: [floats(3, 2), ints([1])],
      write: (b, x, i) => b.gather(x, i),
      type: "float32[2]",
      at: ([column], x, i) => x(i(), column),
    },
    {
      of: "numbers of a vector",
      operands: [floats(3), ints(named, 2, "rows")],
      write: (b, x, i) => b.gather(x, i),
      type: "float32[2, rows]",
      at: ([j, row], x, i) => x(i(j, row)),
    },
    {
      of: "at the last axis",
      operands: [floats("rows", 3), ints(named, "columns")],
      write: (b, x, i) => b.gather(x, i, -1),
      type: "float32[rows, columns]",
      at: ([row, column], x, i) => x(row, i(column)),
    },
    {
      of: "at an axis between, by two axes of indices",
      operands: [floats("rows", 3, 2), ints(named, 2, "columns")],
      write: (b, x, i) => b.gather(x, i, 1),
      type: "float32[rows, 2, columns, 2]",
      at: ([row, j, column, k], x, i) => x(row, i(j, column), k),
    },
    {
      of: "at the second of four axes, by two axes of indices",
      operands: [floats(2, 3, 2, "rows"), ints(named, 2, "columns")],
      write: (b, x, i) => b.gather(x, i, 1),
      type: "float32[2, 2, columns, 2, rows]",
      at: ([h, j, column, k, row], x, i) => x(h, i(j, column), k, row),
    },
    {
      of: "at the last of three axes, by one number",
      operands: [floats("rows", 2, 3), ints([2])],
      write: (b, x, i) => b.gather(x, i, 2),
      type: "float32[rows, 2]",
      at: ([row, j], x, i) => x(row, j, i()),
    },
    {
      of: "of whole numbers",
      operands: [ints([5, -3, 8], 3), ints(named, "length")],
      write: (b, x, i) => b.gather(x, i),
      type: "int32[length]",
      at: ([l], x, i) => x(i(l)),
    },
  ]);
  const table = { shape: [2, 3], data: [0, 1, 2, 3, 4, 5] };
  it.each([
    [-1, 0, 1],
    [2, 0, 1],
    [3, 1, 2],
    [0.5, 1, 2],
  ])("of the index %d at axis %i is refused", (index, axis, last) => {
    expect(() => ops.gather.evaluate([table, { shape: [1], data: [index] }], { axis })).toThrow(
      `gather: index ${index} is outside 0 … ${last}`,
    );
  });
  it("of few known rows sums its gradient by a product, of eight yet and no more", () => {
    const written = (...[rows, rest]: [number | string, number | string]) => {
      const b = builder("");
      const x = b.input("x", "float32", [rows, rest]);
      const y = b.gather(x, b.input("i", "int32", ["n"]));
      return topological(gradients(b.sum(y, [0, 1]), [x])).map(({ node }) => node.op);
    };
    expect(written(8, 2)).toContain("matmul");
    expect(written(8, 2)).not.toContain("scatterAdd");
    for (const [rows, rest] of [
      [9, 2],
      ["rows", 2],
      [8, "width"],
    ] as const) {
      expect(written(rows, rest)).toContain("scatterAdd");
      expect(written(rows, rest)).not.toContain("matmul");
    }
  });
  refuse([
    ["a scalar as table", (b) => b.gather(b.scalar(1), b.ints([0])), "axis 0 is outside a tensor of rank 0"],
    [
      "an axis that there is not",
      (b) => made("gather", [b.floats([1]), b.ints([0])], { axis: 1 }),
      "the table is float32[1], but has to be of rank at least 2",
    ],
    ["float indices", (b) => b.gather(b.floats([1]), b.floats([0])), "the indices is float32[1], but has to be int32"],
  ]);
});

describe("gatherRows", () => {
  hold([
    {
      of: "numbers",
      operands: [floats("rows", 3), ints(named, "rows", 2)],
      write: (b, x, i) => b.gatherRows(x, i),
      type: "float32[rows, 2]",
      at: ([row, j], x, i) => x(row, i(row, j)),
    },
    {
      of: "vectors",
      operands: [floats("rows", 3, "columns"), ints(named, "rows", 2)],
      write: (b, x, i) => b.gatherRows(x, i),
      type: "float32[rows, 2, columns]",
      at: ([row, j, k], x, i) => x(row, i(row, j), k),
    },
    {
      of: "matrices",
      operands: [floats("rows", "length", 2, 2), ints(named, "rows", 4)],
      write: (b, x, i) => b.gatherRows(x, i),
      type: "float32[rows, 4, 2, 2]",
      at: ([row, j, k, l], x, i) => x(row, i(row, j), k, l),
    },
  ]);
  it("of an index that its row has not is refused", () => {
    const x = { shape: [2, 3], data: [0, 1, 2, 3, 4, 5] };
    expect(() => ops.gatherRows.evaluate([x, { shape: [2, 1], data: [2, 3] }], {})).toThrow(
      "gatherRows: index 3 is outside 0 … 2",
    );
  });
  refuse([
    [
      "a vector",
      (b) => b.gatherRows(b.floats([1]), b.ints([0], [1, 1])),
      "the rows is float32[1], but has to be of rank at least 2",
    ],
    [
      "float indices",
      (b) => b.gatherRows(b.floats([1], [1, 1]), b.floats([0], [1, 1])),
      "the indices is float32[1, 1], but has to be int32",
    ],
    [
      "indices of one axis",
      (b) => b.gatherRows(b.floats([1], [1, 1]), b.ints([0])),
      "the indices is int32[1], but has to be of rank 2",
    ],
    [
      "other rows",
      (b) => b.gatherRows(b.floats([1], [1, 1]), b.ints([0, 0], [2, 1])),
      "the number of rows of the indices is 2, but has to be 1",
    ],
  ]);
});

describe("gatherElements", () => {
  const at = (axis: number): Formula => ({
    of: `at axis ${axis} of three`,
    operands: [floats(3, 3, 3), ints(named, ...[3, 3, 3].map((dim, other) => (other === axis ? 4 : dim)))],
    write: (b, x, i) => b.gatherElements(x, i, axis),
    type: `float32[${[3, 3, 3].map((dim, other) => (other === axis ? 4 : dim)).join(", ")}]`,
    at: (index, x, i) => x(...index.map((one, other) => (other === axis ? i(...index) : one))),
  });
  hold([
    at(0),
    at(1),
    at(2),
    {
      of: "of symbols, counted from the end",
      operands: [floats("rows", "columns"), ints(named, "rows", 2)],
      write: (b, x, i) => b.gatherElements(x, i, -1),
      type: "float32[rows, 2]",
      at: ([row, j], x, i) => x(row, i(row, j)),
    },
  ]);
  it("of an index outside its axis is refused", () => {
    const x = { shape: [2, 3], data: [0, 1, 2, 3, 4, 5] };
    expect(() => ops.gatherElements.evaluate([x, { shape: [1, 3], data: [0, 2, 0] }], { axis: 0 })).toThrow(
      "gatherElements: index 2 is outside 0 … 1",
    );
  });
  refuse([
    [
      "an axis that there is not",
      (b) => made("gatherElements", [b.floats([1]), b.ints([0])], { axis: 1 }),
      "the operand is float32[1], but has to be of rank at least 2",
    ],
    [
      "float indices",
      (b) => b.gatherElements(b.floats([1]), b.floats([0]), 0),
      "the indices is float32[1], but has to be int32",
    ],
    [
      "indices of another rank",
      (b) => b.gatherElements(b.floats([1]), b.ints([0], [1, 1]), 0),
      "the indices is int32[1, 1], but has to be of rank 1",
    ],
    [
      "indices of other lengths",
      (b) => b.gatherElements(b.input("x", "float32", [2, 3]), b.input("i", "int32", [2, 4]), 0),
      "the indices' dim 1 is 4, but has to be 3",
    ],
  ]);
});
