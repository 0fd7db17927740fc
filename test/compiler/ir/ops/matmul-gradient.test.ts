// How the gradients of a matrix product are written: nothing large is turned round, copied or summed over without need.
import { describe, expect, it } from "vitest";
import { builder } from "../../../../compiler/ir/build.ts";
import { attributesOf, type Shape, type Value } from "../../../../compiler/ir/graph.ts";
import { merged } from "../../../../compiler/ir/ops/shrink.ts";
import { ops } from "../../../../compiler/ir/ops.ts";
import { showShape } from "../../../../compiler/ir/shape.ts";

/** The gradients of a b, dL/dy given as d: every operator with the shape of its result. That the numbers are right, `products.test.ts` says. */
function written(left: Shape, right: Shape): string[] {
  const b = builder("");
  const y = b.matmul(b.input("a", "float32", left), b.input("b", "float32", right));
  const text = (value: Value): string =>
    value.node.op === "input"
      ? attributesOf(value, "input").name
      : `${value.node.op}(${value.node.inputs.map(text).join(", ")})${showShape(value.shape)}`;
  const { gradient } = ops.matmul;
  if (gradient === "none" || y.node.op !== "matmul") {
    throw new Error("a product has a gradient");
  }
  return gradient({ b, node: y.node, y, dy: b.input("d", "float32", y.shape) }).map((value) => text(value!));
}

const cases: readonly (readonly [left: Shape, right: Shape, ofLeft: string, ofRight: string])[] = [
  [["rows", 4], [4, 2], "matmul(d, transpose(b)[2, 4])[rows, 4]", "matmul(transpose(a)[4, rows], d)[4, 2]"],
  [
    ["two", "rows", 4],
    [4, 2],
    "matmul(d, transpose(b)[2, 4])[two, rows, 4]",
    "matmul(transpose(reshape(a)[two*rows, 4])[4, two*rows], reshape(d)[two*rows, 2])[4, 2]",
  ],
  [
    [2, 3, 4],
    [4, 2],
    "matmul(d, transpose(b)[2, 4])[2, 3, 4]",
    "matmul(transpose(reshape(a)[6, 4])[4, 6], reshape(d)[6, 2])[4, 2]",
  ],
  [
    ["two", "rows", "columns"],
    ["columns", 2],
    "matmul(d, transpose(b)[2, columns])[two, rows, columns]",
    "sum(matmul(transpose(a)[two, columns, rows], d)[two, columns, 2])[columns, 2]",
  ],
  [
    ["two", "rows", 4],
    [4, "length"],
    "matmul(d, transpose(b)[length, 4])[two, rows, 4]",
    "sum(matmul(transpose(a)[two, 4, rows], d)[two, 4, length])[4, length]",
  ],
  [
    ["two", "rows", 4],
    ["two", 4, 2],
    "matmul(d, transpose(b)[two, 2, 4])[two, rows, 4]",
    "matmul(transpose(a)[two, 4, rows], d)[two, 4, 2]",
  ],
  [
    ["rows", 4],
    ["two", 4, 2],
    "squeeze(unsqueeze(matmul(reshape(transpose(d)[rows, two, 2])[rows, 2*two], reshape(transpose(b)[two, 2, 4])[2*two, 4])[rows, 4])[1, rows, 4])[rows, 4]",
    "matmul(transpose(a)[4, rows], d)[two, 4, 2]",
  ],
  [
    ["rows", 4],
    ["two", 4, 6],
    "squeeze(unsqueeze(matmul(reshape(transpose(d)[rows, two, 6])[rows, 6*two], reshape(transpose(b)[two, 6, 4])[6*two, 4])[rows, 4])[1, rows, 4])[rows, 4]",
    "matmul(transpose(a)[4, rows], d)[two, 4, 6]",
  ],
  [[3, 4], [2, 4, 6], "sum(matmul(d, transpose(b)[2, 6, 4])[2, 3, 4])[3, 4]", "matmul(transpose(a)[4, 3], d)[2, 4, 6]"],
  [
    [3, 4],
    [2, 4, 3],
    "squeeze(unsqueeze(matmul(reshape(transpose(d)[3, 2, 3])[3, 6], reshape(transpose(b)[2, 3, 4])[6, 4])[3, 4])[1, 3, 4])[3, 4]",
    "matmul(transpose(a)[4, 3], d)[2, 4, 3]",
  ],
  [
    ["rows", 4],
    ["two", 4, "length"],
    "sum(matmul(d, transpose(b)[two, length, 4])[two, rows, 4])[rows, 4]",
    "matmul(transpose(a)[4, rows], d)[two, 4, length]",
  ],
  [
    [2, 1, "rows", 4],
    [1, 3, 4, 2],
    "unsqueeze(matmul(reshape(transpose(d)[2, rows, 3, 2])[2, rows, 6], reshape(transpose(b)[1, 3, 2, 4])[1, 6, 4])[2, rows, 4])[2, 1, rows, 4]",
    "sum(matmul(transpose(a)[2, 1, 4, rows], d)[2, 3, 4, 2])[1, 3, 4, 2]",
  ],
  [
    [3, "two", "rows", 4],
    [3, 1, 4, 2],
    "matmul(d, transpose(b)[3, 1, 2, 4])[3, two, rows, 4]",
    "unsqueeze(matmul(transpose(reshape(a)[3, two*rows, 4])[3, 4, two*rows], reshape(d)[3, two*rows, 2])[3, 4, 2])[3, 1, 4, 2]",
  ],
  [
    [3, "two", "rows", 4],
    [1, 4, 2],
    "matmul(d, transpose(b)[1, 2, 4])[3, two, rows, 4]",
    "unsqueeze(matmul(transpose(reshape(a)[3*two*rows, 4])[4, 3*two*rows], reshape(d)[3*two*rows, 2])[4, 2])[1, 4, 2]",
  ],
  [
    [3, "two", "rows", 4],
    [1, "two", 4, 2],
    "matmul(d, transpose(b)[1, two, 2, 4])[3, two, rows, 4]",
    "sum(matmul(transpose(a)[3, two, 4, rows], d)[3, two, 4, 2])[1, two, 4, 2]",
  ],
  [
    [3, 1, "rows", 4],
    [3, "two", 4, 2],
    "unsqueeze(matmul(reshape(transpose(d)[3, rows, two, 2])[3, rows, 2*two], reshape(transpose(b)[3, two, 2, 4])[3, 2*two, 4])[3, rows, 4])[3, 1, rows, 4]",
    "matmul(transpose(a)[3, 1, 4, rows], d)[3, two, 4, 2]",
  ],
  [
    [3, 1, "rows", 4],
    ["two", 4, 2],
    "unsqueeze(matmul(reshape(transpose(d)[3, rows, two, 2])[3, rows, 2*two], reshape(transpose(unsqueeze(b)[1, two, 4, 2])[1, two, 2, 4])[1, 2*two, 4])[3, rows, 4])[3, 1, rows, 4]",
    "sum(matmul(transpose(a)[3, 1, 4, rows], d)[3, two, 4, 2])[two, 4, 2]",
  ],
  [
    [1, 2, "rows", 4],
    [3, 2, 4, 2],
    "unsqueeze(matmul(reshape(transpose(d)[2, rows, 3, 2])[2, rows, 6], reshape(transpose(b)[2, 3, 2, 4])[2, 6, 4])[2, rows, 4])[1, 2, rows, 4]",
    "matmul(transpose(a)[1, 2, 4, rows], d)[3, 2, 4, 2]",
  ],
  [
    [1, "two", "rows", 4],
    [3, "two", 4, 5],
    "sum(matmul(d, transpose(b)[3, two, 5, 4])[3, two, rows, 4])[1, two, rows, 4]",
    "matmul(transpose(a)[1, two, 4, rows], d)[3, two, 4, 5]",
  ],
  [
    ["rows", 4],
    [3, "two", 4, 2],
    "squeeze(unsqueeze(matmul(reshape(transpose(d)[rows, 3, two, 2])[rows, 6*two], reshape(transpose(b)[3, two, 2, 4])[6*two, 4])[rows, 4])[1, 1, rows, 4])[rows, 4]",
    "matmul(transpose(a)[4, rows], d)[3, two, 4, 2]",
  ],
  [
    [3, "two", "rows", 4],
    [1, 1, 4, 2],
    "matmul(d, transpose(b)[1, 1, 2, 4])[3, two, rows, 4]",
    "unsqueeze(matmul(transpose(reshape(a)[3*two*rows, 4])[4, 3*two*rows], reshape(d)[3*two*rows, 2])[4, 2])[1, 1, 4, 2]",
  ],
  [
    ["rows", "columns"],
    ["two", "columns", 2],
    "sum(matmul(d, transpose(b)[two, 2, columns])[two, rows, columns])[rows, columns]",
    "matmul(transpose(a)[columns, rows], d)[two, columns, 2]",
  ],
  [
    [3, 4],
    [2, 4, 4],
    "squeeze(unsqueeze(matmul(reshape(transpose(d)[3, 2, 4])[3, 8], reshape(transpose(b)[2, 4, 4])[8, 4])[3, 4])[1, 3, 4])[3, 4]",
    "matmul(transpose(a)[4, 3], d)[2, 4, 4]",
  ],
  [
    ["rows", 4],
    ["two", 3, 4, 6],
    "squeeze(unsqueeze(matmul(reshape(transpose(d)[rows, two, 3, 6])[rows, 18*two], reshape(transpose(b)[two, 3, 6, 4])[18*two, 4])[rows, 4])[1, 1, rows, 4])[rows, 4]",
    "matmul(transpose(a)[4, rows], d)[two, 3, 4, 6]",
  ],
  [
    [2, 1, 3, "rows", 2],
    [1, 2, 3, 2, 2],
    "unsqueeze(matmul(reshape(transpose(d)[2, 3, rows, 2, 2])[2, 3, rows, 4], reshape(transpose(b)[1, 3, 2, 2, 2])[1, 3, 4, 2])[2, 3, rows, 2])[2, 1, 3, rows, 2]",
    "sum(matmul(transpose(a)[2, 1, 3, 2, rows], d)[2, 2, 3, 2, 2])[1, 2, 3, 2, 2]",
  ],
  [
    [1, 1, "rows", 4],
    [1, 1, 4, 2],
    "matmul(d, transpose(b)[1, 1, 2, 4])[1, 1, rows, 4]",
    "matmul(transpose(a)[1, 1, 4, rows], d)[1, 1, 4, 2]",
  ],
  [
    [1, "rows", 4],
    [4, 2],
    "matmul(d, transpose(b)[2, 4])[1, rows, 4]",
    "squeeze(matmul(transpose(a)[1, 4, rows], d)[1, 4, 2])[4, 2]",
  ],
  [
    ["two", 1, 4],
    ["two", 4, 2],
    "unsqueeze(squeeze(matmul(b, unsqueeze(squeeze(d)[two, 2])[two, 2, 1])[two, 4, 1])[two, 4])[two, 1, 4]",
    "matmul(unsqueeze(squeeze(a)[two, 4])[two, 4, 1], d)[two, 4, 2]",
  ],
  [
    ["two", "rows", 4],
    ["two", 4, 1],
    "matmul(d, unsqueeze(squeeze(b)[two, 4])[two, 1, 4])[two, rows, 4]",
    "unsqueeze(squeeze(matmul(unsqueeze(squeeze(d)[two, rows])[two, 1, rows], a)[two, 1, 4])[two, 4])[two, 4, 1]",
  ],
  [
    ["two", "rows", 4],
    [4, 1],
    "matmul(d, unsqueeze(squeeze(b)[4])[1, 4])[two, rows, 4]",
    "unsqueeze(squeeze(matmul(unsqueeze(squeeze(reshape(d)[two*rows, 1])[two*rows])[1, two*rows], reshape(a)[two*rows, 4])[1, 4])[4])[4, 1]",
  ],
  [
    ["two", 1, 4],
    ["two", 4, 1],
    "unsqueeze(squeeze(matmul(b, d)[two, 4, 1])[two, 4])[two, 1, 4]",
    "unsqueeze(squeeze(matmul(d, a)[two, 1, 4])[two, 4])[two, 4, 1]",
  ],
  [
    ["two", "rows", 1],
    ["two", 1, 2],
    "matmul(d, unsqueeze(squeeze(b)[two, 2])[two, 2, 1])[two, rows, 1]",
    "matmul(unsqueeze(squeeze(a)[two, rows])[two, 1, rows], d)[two, 1, 2]",
  ],
  [["two", 1, 1], ["two", 1, 1], "matmul(b, d)[two, 1, 1]", "matmul(d, a)[two, 1, 1]"],
  [
    ["two", 1, 4],
    [4, 2],
    "unsqueeze(squeeze(matmul(b, unsqueeze(squeeze(d)[two, 2])[two, 2, 1])[two, 4, 1])[two, 4])[two, 1, 4]",
    "matmul(transpose(reshape(a)[two, 4])[4, two], reshape(d)[two, 2])[4, 2]",
  ],
  [
    [1, 4],
    ["two", 4, 2],
    "squeeze(unsqueeze(matmul(reshape(transpose(d)[1, two, 2])[1, 2*two], reshape(transpose(b)[two, 2, 4])[2*two, 4])[1, 4])[1, 1, 4])[1, 4]",
    "matmul(unsqueeze(squeeze(a)[4])[4, 1], d)[two, 4, 2]",
  ],
];

describe("the gradients of a product", () => {
  it.each(cases)("of %j and %j", (left, right, ...wanted) => {
    expect(written(left, right)).toEqual(wanted);
  });
});

it("axes that become one are a number, a symbol, or named after all", () => {
  expect(merged([])).toBe(1);
  expect(merged([2, 1, 3])).toBe(6);
  expect(merged([1, "rows"])).toBe("rows");
  expect(merged([2, "rows", 3, "columns"])).toBe("6*rows*columns");
});
