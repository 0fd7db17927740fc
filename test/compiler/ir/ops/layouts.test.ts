// Operators that move numbers or repeat them: joins, cuts, orders of axes, shapes.
import { describe, expect, it } from "vitest";
import { gradients } from "../../../../compiler/gradient/reverse.ts";
import { type Builder, builder } from "../../../../compiler/ir/build.ts";
import { type Shape, topological } from "../../../../compiler/ir/graph.ts";
import { solveReshape } from "../../../../compiler/ir/ops/layout.ts";
import { ops } from "../../../../compiler/ir/ops.ts";
import {
  bools,
  type Formula,
  floats,
  hold,
  ints,
  made,
  passesNone,
  type Read,
  refuse,
} from "../../../kit/op-formula.ts";

const sum = (terms: readonly number[]) => terms.reduce((a, c) => a + c, 0);

/** Of an index of the joined axis: which operand holds it, and where. */
function held(at: number, lengths: readonly number[]): [operand: number, at: number] {
  const operand = lengths.findIndex((_, i) => at < sum(lengths.slice(0, i + 1)));
  return [operand, at - sum(lengths.slice(0, operand))];
}

const joined = (dims: Shape, axis: number, parts: readonly number[]): Formula => ({
  of: `[${dims.join(", ")}] joined at axis ${axis}, of ${parts.join(" and ")}`,
  operands: parts.map((length) => floats(...dims.map((dim, other) => (other === axis ? length : dim)))),
  write: (b, ...values) => b.concat(values, axis),
  type: `float32[${dims.map((dim, other) => (other === axis ? sum(parts) : dim)).join(", ")}]`,
  at(index, ...operands) {
    const [operand, at] = held(index[axis], parts);
    return operands[operand](...index.map((one, other) => (other === axis ? at : one)));
  },
});

const cut = (dims: Shape, axis: number, start: number, end: number): Formula => ({
  of: `${start}:${end} of axis ${axis} of [${dims.join(", ")}]`,
  operands: [floats(...dims)],
  write: (b, x) => b.slice(x, axis, start, end),
  type: `float32[${dims.map((dim, other) => (other === axis ? end - start : dim)).join(", ")}]`,
  at: (index, x) => x(...index.map((one, other) => (other === axis ? one + start : one))),
});

describe("concat and slice", () => {
  hold([
    joined([0], 0, [2, 1, 3]),
    joined([0, "rows"], 0, [2, 3]),
    joined(["rows", 0], 1, [1, 2, 3]),
    joined(["rows", 0, 2], 1, [2, 1]),
    joined([2, "rows", 0], 2, [3, 1]),
    joined(["rows", 0], 1, [4]),
    cut(["length"], 0, 1, 4),
    cut([5], 0, 0, 5),
    cut([5], 0, 2, 2),
    cut([0, 2], 0, 0, 0),
    cut(["rows", 5], 1, 0, 2),
    cut(["rows", 5], 1, 3, 5),
    cut(["rows", "length", 2], 1, 1, 3),
    cut(["rows", 2, "length"], 2, 0, 5),
    {
      of: "two cuts that overlap",
      operands: [floats("rows", 5)],
      write: (b, x) => b.concat([b.slice(x, 1, 0, 3), b.slice(x, 1, 2, 5), b.slice(x, 1, 4, 5)], 1),
      type: "float32[rows, 7]",
      at: ([row, k], x) => x(row, [0, 1, 2, 2, 3, 4, 4][k]),
    },
    {
      of: "cuts apart, with nothing read between them",
      operands: [floats(6, 2)],
      write: (b, x) => b.concat([b.slice(x, 0, 1, 2), b.slice(x, 0, 3, 3), b.slice(x, 0, 4, 5)], 0),
      type: "float32[2, 2]",
      at: ([row, k], x) => x([1, 4][row], k),
    },
  ]);
  it("of an axis that is shorter than it was trusted to be is refused", () => {
    expect(() => ops.slice.evaluate([{ shape: [2], data: [1, 2] }], { axis: 0, start: 0, end: 3 })).toThrow(
      "slice: 0:3 is no part of a length of 2",
    );
    expect(ops.slice.evaluate([{ shape: [2], data: [1, 2] }], { axis: 0, start: 0, end: 2 }).data).toEqual(
      Float64Array.of(1, 2),
    );
  });
  it("what is read whole has the gradient of the whole, without zeros beside it", () => {
    const b = builder("");
    const x = b.input("x", "float32", [4]);
    const found = (...[start, end]: [number, number]) =>
      topological(gradients(b.sum(b.exp(b.slice(x, 0, start, end)), [0]), [x])).map(({ node }) => node.op);
    expect(found(0, 4)).not.toContain("concat");
    expect(found(1, 3).filter((op) => op === "concat")).toHaveLength(1);
  });
  const input =
    (dims: Shape, dtype: "float32" | "int32" = "float32") =>
    (b: Builder) =>
      b.input(`x${dims}${dtype}`, dtype, dims);
  const join =
    (axis: number, ...parts: ReturnType<typeof input>[]) =>
    (b: Builder) =>
      made(
        "concat",
        parts.map((part) => part(b)),
        { axis },
      );
  refuse([
    ["nothing to join", join(0), "nothing to join"],
    [
      "an axis that there is not",
      join(1, input([2])),
      "the first operand is float32[2], but has to be of rank at least 2",
    ],
    ["two dtypes", join(0, input([2]), input([2], "int32")), "operand 2 is int32[2], but has to be float32"],
    ["two ranks", join(0, input([2]), input([2, 2])), "operand 2 is float32[2, 2], but has to be of rank 1"],
    [
      "other lengths beside the axis",
      join(0, input([2, 3]), input([2, 4])),
      "operand 2 has 4 at dim 1, but has to have 3",
    ],
    [
      "a joined length that nothing tells",
      join(1, input([2, 3]), input([2, "rows"])),
      "the joined length rows is not a known number",
    ],
    [
      "a cut of an axis that there is not",
      (b) => made("slice", [b.floats([1])], { axis: 1, start: 0, end: 1 }),
      "the operand is float32[1], but has to be of rank at least 2",
    ],
    [
      "a cut from half a number",
      (b) => b.slice(b.floats([1, 2]), 0, 0.5, 1),
      "0.5:1 is no part of axis 0, which has the length 2",
    ],
    [
      "a cut to half a number",
      (b) => b.slice(b.floats([1, 2]), 0, 0, 1.5),
      "0:1.5 is no part of axis 0, which has the length 2",
    ],
    [
      "a cut from before the start",
      (b) => b.slice(b.floats([1, 2]), 0, -1, 1),
      "-1:1 is no part of axis 0, which has the length 2",
    ],
    [
      "a cut that ends before it starts",
      (b) => b.slice(b.floats([1, 2]), 0, 2, 1),
      "2:1 is no part of axis 0, which has the length 2",
    ],
    [
      "a cut beyond the end",
      (b) => b.slice(b.floats([1, 2]), 0, 1, 3),
      "1:3 is no part of axis 0, which has the length 2",
    ],
  ]);
});

/** The same number in the order of rows: an index of one shape as that of another. */
function inOrder(index: readonly number[], shape: readonly number[], other: readonly number[], x: Read): number {
  let place = index.reduce((at, i, axis) => at * shape[axis] + i, 0);
  const from = other.toReversed().map((length) => {
    const i = place % length;
    place = (place - i) / length;
    return i;
  });
  return x(...from.reverse());
}

const reshaped = (dims: Shape, to: Shape, from: readonly number[], shape: readonly number[]): Formula => ({
  of: `[${dims.join(", ")}] as [${to.join(", ")}]`,
  operands: [floats(...dims)],
  write: (b, x) => b.reshape(x, to),
  type: `float32[${to.join(", ")}]`,
  at: (index, x) => inOrder(index, shape, from, x),
});

const likened = (dims: Shape, like: Shape, from: readonly number[], shape: readonly number[]): Formula => ({
  ...reshaped(dims, like, from, shape),
  of: `[${dims.join(", ")}] in the shape of [${like.join(", ")}]`,
  operands: [floats(...dims), floats(...like)],
  write: (b, x, other) => b.reshapeLike(x, other),
});

const turned = (dims: Shape, permutation: readonly number[]): Formula => ({
  of: `[${dims.join(", ")}] by ${permutation.join(", ")}`,
  operands: [floats(...dims)],
  write: (b, x) => b.transpose(x, permutation),
  type: `float32[${permutation.map((axis) => dims[axis]).join(", ")}]`,
  at: (index, x) => x(...dims.map((_, axis) => index[permutation.indexOf(axis)])),
});

describe("the same numbers in another shape", () => {
  hold([
    reshaped(["rows", 4], ["rows", 2, 2], [3, 4], [3, 2, 2]),
    reshaped([2, "rows", 2], ["rows", 4], [2, 3, 2], [3, 4]),
    reshaped(["rows", "columns", 2], ["rows*columns", 2], [3, 4, 2], [12, 2]),
    reshaped(["rows", "columns", 2], ["rows", "2*columns"], [3, 4, 2], [3, 8]),
    reshaped([6], [2, 3], [6], [2, 3]),
    reshaped([], [1, 1], [], [1, 1]),
    likened(["rows", "columns", 2], ["two", "columns", "rows"], [3, 4, 2], [2, 4, 3]),
    likened([2, 3], [6], [2, 3], [6]),
    likened(["many"], ["two", "length"], [10], [2, 5]),
    turned(["rows", 2], [1, 0]),
    turned(["rows", "columns", 2], [2, 0, 1]),
    turned(["rows", "columns", 2], [1, 2, 0]),
    turned(["rows"], [0]),
    {
      of: "new axes",
      operands: [floats("rows", 2)],
      write: (b, x) => b.unsqueeze(x, -1, 1),
      type: "float32[rows, 1, 2, 1]",
      at: ([row, , k], x) => x(row, k),
    },
    {
      of: "a new axis in front",
      operands: [floats("rows")],
      write: (b, x) => b.unsqueeze(x, 0),
      type: "float32[1, rows]",
      at: ([, row], x) => x(row),
    },
    {
      of: "axes dropped",
      operands: [floats(1, "rows", 1, 2)],
      write: (b, x) => b.squeeze(x, 2, 0),
      type: "float32[rows, 2]",
      at: ([row, k], x) => x(0, row, 0, k),
    },
    {
      of: "one of two axes dropped",
      operands: [floats(1, "rows", 1)],
      write: (b, x) => b.squeeze(x, -1),
      type: "float32[1, rows]",
      at: ([, row], x) => x(0, row, 0),
    },
    {
      of: "positions of floats",
      operands: [floats("length")],
      write: (b, x) => b.positions(x),
      type: "float32[length]",
      at: ([i]) => i,
      fixed: [0],
    },
    {
      of: "positions of whole numbers",
      operands: [ints([7], "length")],
      write: (b, x) => b.positions(x),
      type: "float32[length]",
      at: ([i]) => i,
    },
    {
      of: "a vector repeated",
      operands: [floats(2), floats("rows", "columns", 2)],
      write: (b, x, like) => b.broadcast(x, like),
      type: "float32[rows, columns, 2]",
      at: ([, , k], x) => x(k),
    },
    {
      of: "axes of length 1 repeated",
      operands: [floats("rows", 1, 2), ints([1], "rows", "columns", 2)],
      write: (b, x, like) => b.broadcast(x, like),
      type: "float32[rows, columns, 2]",
      at: ([row, , k], x) => x(row, 0, k),
    },
    {
      of: "a scalar repeated",
      operands: [floats(), floats("rows", 2)],
      write: (b, x, like) => b.broadcast(x, like),
      type: "float32[rows, 2]",
      at: (_, x) => x(),
    },
    {
      of: "one in front of axes that do not grow",
      operands: [floats(2), floats(1, 1, 2)],
      write: (b, x, like) => b.broadcast(x, like),
      type: "float32[1, 1, 2]",
      at: ([, , k], x) => x(k),
    },
    {
      of: "truths repeated",
      operands: [bools([1, 0], 2), floats("rows", 2)],
      write: (b, x, like) => b.broadcast(x, like),
      type: "bool[rows, 2]",
      at: ([, k], x) => x(k),
    },
  ]);
  passesNone("positions");
  it("a reshape solves one symbol, and refuses what does not fill", () => {
    expect(solveReshape(["a", "b"], [3, 4], ["a", "c"])).toEqual([3, 4]);
    expect(solveReshape([6, "b"], [6, 4], ["c", 3])).toEqual([8, 3]);
    expect(solveReshape(["a"], [0], ["a", 2])).toEqual([0, 2]);
    expect(solveReshape(["b", "a"], [2, 3], ["a", 3])).toEqual([2, 3]);
    const refused = (from: Shape, lengths: number[], to: Shape) => () => solveReshape(from, lengths, to);
    expect(refused(["a"], [7], ["c", 3])).toThrow(new RangeError("reshape: [7] does not fill [c, 3]"));
    expect(refused(["a"], [7], [6])).toThrow("reshape: [7] does not fill [6]");
    expect(refused(["a"], [6], ["b", "c"])).toThrow("reshape: [6] does not fill [b, c]");
    expect(refused(["a"], [0], ["c", 0])).toThrow("reshape: [0] does not fill [c, 0]");
  });
  it("reshapeLike refuses what does not fill", () => {
    expect(() =>
      ops.reshapeLike.evaluate(
        [
          { shape: [2], data: [1, 2] },
          { shape: [3], data: [] },
        ],
        {},
      ),
    ).toThrow("reshapeLike: [2] does not fill [3]");
  });
  it("a shape that can name its one symbol needs no other value to be shaped back by", () => {
    const b = builder("");
    const back = (dims: Shape, to: Shape) => {
      const x = b.input("x", "float32", dims);
      const y = b.reshape(x, to);
      return topological(gradients(b.sum(b.exp(y), [...y.shape.keys()]), [x])).map(({ node }) => node.op);
    };
    expect(back(["rows", 2, 2], ["rows", 4])).not.toContain("reshapeLike");
    expect(back([2, "rows"], ["2*rows"])).not.toContain("reshapeLike");
    expect(back(["rows", "columns", 2, 2], ["rows", "columns", 4])).not.toContain("reshapeLike");
    expect(back(["rows", "columns"], ["rows*columns"])).toContain("reshapeLike");
  });
  const truth = (b: Builder, ...dims: number[]) => b.input("t", "bool", dims);
  refuse([
    ["a dim of 0", (b) => b.reshape(b.floats([1]), [0, 1]), "[0, 1] has a dim of 0"],
    [
      "two symbols that are new at their places",
      (b) => b.reshape(b.input("x", "float32", ["a", "b"]), ["b", "a"]),
      "b and a are both new at their place in [b, a]",
    ],
    ["a symbol out of numbers", (b) => b.reshape(b.floats([1]), ["a"]), "[1] does not fill [a]"],
    [
      "a number out of symbols",
      (b) => b.reshape(b.input("x", "float32", ["a", 2]), [2, 2]),
      "[a, 2] does not fill [2, 2]",
    ],
    [
      "other numbers beside a symbol that stays",
      (b) => b.reshape(b.input("x", "float32", ["a", 2]), ["a", 3]),
      "[a, 2] does not fill [a, 3]",
    ],
    [
      "other numbers beside a symbol that moves",
      (b) => b.reshape(b.input("x", "float32", [2, "a"]), ["a", 3]),
      "[2, a] does not fill [a, 3]",
    ],
    ["other numbers", (b) => b.reshape(b.floats([1, 2]), [3]), "[2] does not fill [3]"],
    [
      "other numbers by another value",
      (b) => b.reshapeLike(b.floats([1, 2]), b.floats([1, 2, 3])),
      "[2] does not fill [3]",
    ],
    [
      "the shape of a bool",
      (b) => b.reshapeLike(b.floats([1]), truth(b, 1)),
      "the shape of a bool cannot be read on every device",
    ],
    [
      "to grow to a bool",
      (b) => b.broadcast(b.floats([1]), truth(b, 1)),
      "the shape of a bool cannot be read on every device",
    ],
    ["positions of a bool", (b) => b.positions(truth(b, 1)), "the shape of a bool cannot be read on every device"],
    [
      "positions of a matrix",
      (b) => b.positions(b.floats([1], [1, 1])),
      "the operand is float32[1, 1], but has to be of rank 1",
    ],
    ["to grow what would shrink", (b) => b.broadcast(b.floats([1, 2]), b.floats([1])), "[2] does not grow to [1]"],
    [
      "an order of too few axes",
      (b) => b.transpose(b.floats([1], [1, 1]), [0]),
      "[0] does not order the axes of a tensor of rank 2",
    ],
    [
      "an order that names one twice",
      (b) => b.transpose(b.floats([1], [1, 1]), [0, 0]),
      "axes [0, 0] name one axis twice",
    ],
    [
      "to turn a bool",
      (b) => b.transpose(truth(b, 1, 1), [1, 0]),
      "a bool cannot be transposed on every device: transpose numbers",
    ],
    [
      "to drop what is longer than 1",
      (b) => b.squeeze(b.floats([1, 2], [1, 2]), 0, 1),
      "axis 1 has the length 2, not 1",
    ],
  ]);
  it("what fills by symbols is left to the run", () => {
    const b = builder("");
    expect(b.reshapeLike(b.input("x", "float32", ["a", 2]), b.input("y", "float32", ["b", 3])).shape).toEqual(["b", 3]);
    expect(b.reshapeLike(b.input("x", "float32", ["a"]), b.input("y", "float32", [3])).shape).toEqual([3]);
    expect(b.reshapeLike(b.input("x", "float32", [4]), b.input("y", "float32", ["b", 3])).shape).toEqual(["b", 3]);
    expect(b.reshape(b.input("x", "float32", ["a", "b"]), ["c", 5]).shape).toEqual(["c", 5]);
    expect(b.reshape(b.input("x", "float32", ["b", "a"]), [2, "b"]).shape).toEqual([2, "b"]);
  });
});
