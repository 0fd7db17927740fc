// Products and what is made of a row: matrix products of every broadcast, softmax, layer normalisation, scores of behaviours.
import { describe, expect, it } from "vitest";
import type { builder } from "../../../../compiler/ir/build.ts";
import type { Shape } from "../../../../compiler/ir/graph.ts";
import { ops } from "../../../../compiler/ir/ops.ts";
import { type Formula, floats, hold, ints, type Read, refuse } from "../../../kit/op-formula.ts";

const numbers = (count: number) => Array.from({ length: count }, (_, i) => i);
const sum = (terms: readonly number[]) => terms.reduce((a, c) => a + c, 0);

/** Of an index of the result, that of an operand that may have fewer axes. */
const aligned = (leading: readonly number[], dims: Shape) => leading.slice(leading.length - (dims.length - 2));

/** Σ_i a[… row, i] b[… i, column]. */
function product(left: Shape, right: Shape, dims: string, inner: number, cost: number): Formula {
  return {
    of: `[${left.join(", ")}] times [${right.join(", ")}]`,
    operands: [floats(...left), floats(...right)],
    write: (b, x, y) => b.matmul(x, y),
    type: `float32[${dims}]`,
    at(index, x, y) {
      const [leading, [row, column]] = [index.slice(0, -2), index.slice(-2)];
      return sum(
        numbers(inner).map((i) => x(...aligned(leading, left), row, i) * y(...aligned(leading, right), i, column)),
      );
    },
    cost,
  };
}

describe("a matrix product", () => {
  hold([
    product(["rows", 4], [4, 2], "rows, 2", 4, 24),
    product(["rows", "columns"], ["columns", "length"], "rows, length", 4, 60),
    product(["two", "rows", 4], [4, 2], "two, rows, 2", 4, 48),
    product([2, 3, 4], [4, 2], "2, 3, 2", 4, 48),
    product(["two", "rows", "columns"], ["columns", 2], "two, rows, 2", 4, 48),
    product(["two", "rows", 4], [4, "length"], "two, rows, length", 4, 120),
    product(["two", "rows", 4], ["two", 4, 2], "two, rows, 2", 4, 48),
    product(["rows", 4], ["two", 4, 2], "two, rows, 2", 4, 48),
    product(["rows", 4], ["two", 4, 6], "two, rows, 6", 4, 144),
    product([3, 4], [2, 4, 6], "2, 3, 6", 4, 144),
    product([3, 4], [2, 4, 3], "2, 3, 3", 4, 72),
    product(["rows", 4], ["two", 4, "length"], "two, rows, length", 4, 120),
    product([2, 1, "rows", 4], [1, 3, 4, 2], "2, 3, rows, 2", 4, 144),
    product([3, "two", "rows", 4], [3, 1, 4, 2], "3, two, rows, 2", 4, 144),
    product([3, "two", "rows", 4], [1, 4, 2], "3, two, rows, 2", 4, 144),
    product([3, "two", "rows", 4], [1, "two", 4, 2], "3, two, rows, 2", 4, 144),
    product([3, 1, "rows", 4], [3, "two", 4, 2], "3, two, rows, 2", 4, 144),
    product([3, 1, "rows", 4], ["two", 4, 2], "3, two, rows, 2", 4, 144),
    product([1, 2, "rows", 4], [3, 2, 4, 2], "3, 2, rows, 2", 4, 144),
    product([1, "two", "rows", 4], [3, "two", 4, 5], "3, two, rows, 5", 4, 360),
    product(["rows", 4], [3, "two", 4, 2], "3, two, rows, 2", 4, 144),
    product([3, "two", "rows", 4], [1, 1, 4, 2], "3, two, rows, 2", 4, 144),
    product(["rows", "columns"], ["two", "columns", 2], "two, rows, 2", 4, 48),
    product([3, 4], [2, 4, 4], "2, 3, 4", 4, 96),
    product(["rows", 4], ["two", 3, 4, 6], "two, 3, rows, 6", 4, 432),
    product([2, 1, 3, "rows", 2], [1, 2, 3, 2, 2], "2, 2, 3, rows, 2", 2, 144),
    product([1, 1, "rows", 4], [1, 1, 4, 2], "1, 1, rows, 2", 4, 24),
    product([1, "rows", 4], [4, 2], "1, rows, 2", 4, 24),
    product([3, "two", "rows", 4], ["two", 4, 2], "3, two, rows, 2", 4, 144),
    product([3, "two", "rows", 4], [3, "two", 4, 2], "3, two, rows, 2", 4, 144),
    // One row, one column, one of either, and outer products.
    product(["two", 1, 4], ["two", 4, 2], "two, 1, 2", 4, 16),
    product(["two", "rows", 4], ["two", 4, 1], "two, rows, 1", 4, 24),
    product(["two", "rows", 4], [4, 1], "two, rows, 1", 4, 24),
    product(["two", 1, 4], ["two", 4, 1], "two, 1, 1", 4, 8),
    product(["two", "rows", 1], ["two", 1, 2], "two, rows, 2", 1, 12),
    product(["two", 1, 1], ["two", 1, 1], "two, 1, 1", 1, 2),
    product([1, 4], [4, 1], "1, 1", 4, 4),
    product(["two", 1, 4], [4, 2], "two, 1, 2", 4, 16),
    product([1, 4], ["two", 4, 2], "two, 1, 2", 4, 16),
  ]);
  refuse([
    [
      "a vector on the left",
      (b) => b.matmul(b.floats([1]), b.floats([1], [1, 1])),
      "the left operand is float32[1], but has to be of rank at least 2",
    ],
    [
      "a vector on the right",
      (b) => b.matmul(b.floats([1], [1, 1]), b.floats([1])),
      "the right operand is float32[1], but has to be of rank at least 2",
    ],
    [
      "int32",
      (b) => b.matmul(b.ints([1], [1, 1]), b.ints([1], [1, 1])),
      "the left operand is int32[1, 1], but has to be float32",
    ],
    [
      "lengths that differ",
      (b) => b.matmul(b.input("x", "float32", [2, 3, 4]), b.input("y", "float32", [3, 4])),
      "the right operand's number of rows is 3, but has to be 4",
    ],
    [
      "leading axes that do not fit",
      (b) => b.matmul(b.input("x", "float32", [2, 3, 4]), b.input("y", "float32", [3, 4, 5])),
      "[2] and [3] do not broadcast: 2 against 3",
    ],
    ["nothing to sum", (b) => b.matmul(b.floats([], [2, 0]), b.floats([], [0, 2])), "the inner length is 0"],
  ]);
});

describe("a row", () => {
  const over = (x: Read, index: readonly number[], width: number, f: (row: number[], at: number) => number) =>
    f(
      numbers(width).map((i) => x(...index.slice(0, -1), i)),
      index[index.length - 1],
    );
  const softmax = (row: number[], at: number) => Math.exp(row[at]) / sum(row.map(Math.exp));
  const normal = (row: number[], at: number) => {
    const mean = sum(row) / row.length;
    return (row[at] - mean) / Math.sqrt(sum(row.map((x) => (x - mean) * (x - mean))) / row.length + 0.3);
  };
  const normalised = (dims: Shape, width: number, cost: number): Formula => ({
    of: `layer normalisation of [${dims.join(", ")}]`,
    operands: [floats(...dims), floats(...dims.slice(-1)), floats(...dims.slice(-1))],
    write: (b, x, scale, shift) => b.layerNorm(x, scale, shift, 0.3),
    type: `float32[${dims.join(", ")}]`,
    at: (index, x, scale, shift) => {
      const last = index[index.length - 1];
      return over(x, index, width, normal) * scale(last) + shift(last);
    },
    cost,
  });
  hold([
    ...[["columns"], ["rows", 4], [2, "rows", "columns"]].map(
      (dims, i): Formula => ({
        of: `softmax of [${dims.join(", ")}]`,
        operands: [floats(...dims)],
        write: (b, x) => b.softmax(x),
        type: `float32[${dims.join(", ")}]`,
        at: (index, x) => over(x, index, 4, softmax),
        cost: [8, 24, 48][i],
      }),
    ),
    normalised(["columns"], 4, 16),
    normalised(["rows", 4], 4, 48),
    normalised([2, "rows", "columns"], 4, 96),
  ]);
  it("softmax of large numbers is no worse than of small ones, and what is masked has no weight", () => {
    const { data } = ops.softmax.evaluate([{ shape: [2, 3], data: [1e4, 1e4 - 1, -1e30, -1e30, -1e30, -1e30] }], {});
    const [one, two, three, ...alike] = data as Float64Array;
    expect([one, two, three]).toEqual([
      expect.closeTo(1 / (1 + Math.exp(-1)), 14),
      expect.closeTo(1 / (1 + Math.E), 14),
      0,
    ]);
    expect(alike).toEqual([1 / 3, 1 / 3, 1 / 3]);
  });
  refuse([
    [
      "softmax of a scalar",
      (b) => b.softmax(b.scalar(1)),
      "the operand is float32[], but has to be of rank at least 1",
    ],
    ["softmax of int32", (b) => b.softmax(b.ints([1])), "the operand is int32[1], but has to be float32"],
    [
      "int32 to normalise",
      (b) => b.layerNorm(b.ints([1]), b.floats([1]), b.floats([1]), 1),
      "the operand is int32[1], but has to be float32",
    ],
    [
      "a scalar to normalise",
      (b) => b.layerNorm(b.scalar(1), b.floats([1]), b.floats([1]), 1),
      "the operand is float32[], but has to be of rank at least 1",
    ],
    [
      "an int32 scale",
      (b) => b.layerNorm(b.floats([1]), b.ints([1]), b.floats([1]), 1),
      "the scale is int32[1], but has to be float32",
    ],
    [
      "a matrix as shift",
      (b) => b.layerNorm(b.floats([1]), b.floats([1]), b.floats([1], [1, 1]), 1),
      "the shift is float32[1, 1], but has to be of rank 1",
    ],
    [
      "a long scale",
      (b) => b.layerNorm(b.floats([1]), b.floats([1, 2]), b.floats([1]), 1),
      "the length of the scale is 2, but has to be 1",
    ],
    [
      "a long shift",
      (b) => b.layerNorm(b.floats([1]), b.floats([1]), b.floats([1, 2]), 1),
      "the length of the shift is 2, but has to be 1",
    ],
  ]);
});

const [heads, width] = [2, 3];

describe("scores with what belongs to a behaviour", () => {
  const biased = (behaviours: 0 | 1, own: number, rows: string | number): Formula => ({
    of: `behaviours at axis ${behaviours}, a bias of ${own} heads, ${rows} queries`,
    operands: [
      floats(heads, rows, width),
      behaviours === 0 ? floats("length", heads, width) : floats(heads, "length", width),
      floats(own, "length"),
    ],
    write: (b, q, k, bias) => b.biasedScores(q, k, bias, behaviours),
    type: `float32[2, ${rows}, length]`,
    at: ([head, row, l], q, k, bias) =>
      sum(numbers(width).map((i) => q(head, row, i) * (behaviours === 0 ? k(l, head, i) : k(head, l, i)))) +
      bias(head, l),
    cost: (rows === 1 ? 1 : 3) * heads * 5 * 4,
  });
  hold([biased(0, 1, "rows"), biased(1, 1, "rows"), biased(0, 2, "rows"), biased(1, 2, 1)]);
  const write =
    (q: Shape, k: Shape, bias: Shape, dtypes = ["float32", "float32", "float32"] as ("float32" | "int32")[]) =>
    (b: ReturnType<typeof builder>) =>
      b.biasedScores(b.input("q", dtypes[0], q), b.input("k", dtypes[1], k), b.input("p", dtypes[2], bias), 1);
  refuse([
    ["queries of two axes", write([2, 3], [2, 5, 3], [2, 5]), "the queries is float32[2, 3], but has to be of rank 3"],
    ["keys of two axes", write([2, 4, 3], [5, 3], [2, 5]), "the keys is float32[5, 3], but has to be of rank 3"],
    ["a bias of one axis", write([2, 4, 3], [2, 5, 3], [5]), "the bias is float32[5], but has to be of rank 2"],
    [
      "int32 queries",
      write([2, 4, 3], [2, 5, 3], [2, 5], ["int32", "float32", "float32"]),
      "the queries is int32[2, 4, 3], but has to be float32",
    ],
    [
      "int32 keys",
      write([2, 4, 3], [2, 5, 3], [2, 5], ["float32", "int32", "float32"]),
      "the keys is int32[2, 5, 3], but has to be float32",
    ],
    [
      "an int32 bias",
      write([2, 4, 3], [2, 5, 3], [2, 5], ["float32", "float32", "int32"]),
      "the bias is int32[2, 5], but has to be float32",
    ],
    [
      "heads that nothing counts",
      write(["heads", 4, 3], ["heads", 5, 3], [1, 5]),
      "the number of heads, heads, is not known",
    ],
    ["nothing to sum", write([2, 4, 0], [2, 5, 0], [2, 5]), "the inner length is 0"],
    [
      "other heads of keys",
      write([2, 4, 3], [3, 5, 3], [2, 5]),
      "the number of heads of the keys is 3, but has to be 2",
    ],
    ["other widths", write([2, 4, 3], [2, 5, 4], [2, 5]), "the width of the keys is 4, but has to be 3"],
    [
      "other heads of the bias",
      write([2, 4, 3], [2, 5, 3], [3, 5]),
      "the number of heads of the bias is 3, but has to be 2",
    ],
    [
      "other behaviours of the bias",
      write([2, 4, 3], [2, 5, 3], [2, 6]),
      "the number of behaviours of the bias is 6, but has to be 5",
    ],
  ]);
});

describe("scores by the keys of items", () => {
  const index = [2, 0, 5, 5, 1, 2, 4];
  const byItem = (items: string | number, of: number): Formula => ({
    of: `${items} items, ${of} heads`,
    operands: [
      floats(of, "rows", width),
      floats(items, of, width),
      ints(
        index.map((i) => Math.min(i, items === 6 ? 5 : 9)),
        "rows",
        "length",
      ),
    ],
    write: (b, q, k, at) => b.itemScores(q, k, at),
    type: `float32[${of}, rows, length]`,
    at: ([head, row, l], q, k, at) => sum(numbers(width).map((i) => q(head, row, i) * k(at(row, l), head, i))),
    cost: of * 15 * width,
  });
  hold([byItem("many", 2), byItem(6, 2), byItem(6, 1)]);
  it("of an item that there is not are refused", () => {
    const tensor = (...shape: number[]) => ({ shape, data: new Float64Array(shape.reduce((a, c) => a * c)) });
    expect(() => ops.itemScores.evaluate([tensor(1, 1, 2), tensor(3, 1, 2), { shape: [1, 1], data: [3] }], {})).toThrow(
      "itemScores: index 3 is outside 0 … 2",
    );
  });
  const write =
    (q: Shape, k: Shape, at: Shape, dtypes = ["float32", "float32", "int32"] as ("float32" | "int32")[]) =>
    (b: ReturnType<typeof builder>) =>
      b.itemScores(b.input("q", dtypes[0], q), b.input("k", dtypes[1], k), b.input("i", dtypes[2], at));
  refuse([
    ["queries of two axes", write([2, 3], [6, 2, 3], [4, 5]), "the queries is float32[2, 3], but has to be of rank 3"],
    ["keys of two axes", write([2, 4, 3], [6, 3], [4, 5]), "the keys is float32[6, 3], but has to be of rank 3"],
    [
      "int32 queries",
      write([2, 4, 3], [6, 2, 3], [4, 5], ["int32", "float32", "int32"]),
      "the queries is int32[2, 4, 3], but has to be float32",
    ],
    [
      "int32 keys",
      write([2, 4, 3], [6, 2, 3], [4, 5], ["float32", "int32", "int32"]),
      "the keys is int32[6, 2, 3], but has to be float32",
    ],
    [
      "a float index",
      write([2, 4, 3], [6, 2, 3], [4, 5], ["float32", "float32", "float32"]),
      "the index is float32[4, 5], but has to be int32",
    ],
    ["an index of one axis", write([2, 4, 3], [6, 2, 3], [4]), "the index is int32[4], but has to be of rank 2"],
    [
      "heads that nothing counts",
      write(["heads", 4, 3], [6, "heads", 3], [4, 5]),
      "the number of heads, heads, is not known",
    ],
    [
      "a width that nothing tells",
      write([2, 4, "width"], [6, 2, "width"], [4, 5]),
      "the width of the queries, width, is not known",
    ],
    ["nothing to sum", write([2, 4, 0], [6, 2, 0], [4, 5]), "the inner length is 0"],
    [
      "other heads of keys",
      write([2, 4, 3], [6, 3, 3], [4, 5]),
      "the number of heads of the keys is 3, but has to be 2",
    ],
    ["other widths", write([2, 4, 3], [6, 2, 4], [4, 5]), "the width of the keys is 4, but has to be 3"],
    [
      "other rows of the index",
      write([2, 4, 3], [6, 2, 3], [5, 5]),
      "the number of rows of the index is 5, but has to be 4",
    ],
  ]);
});
