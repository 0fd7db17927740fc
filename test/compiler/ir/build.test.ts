// Building: inferred types, places, shared parameters, and errors that name the operator and the place.
import { describe, expect, it } from "vitest";
import { builder, ShapeError } from "../../../compiler/ir/build.ts";
import { show } from "../../../compiler/ir/shape.ts";

const b = builder("rank");
const x = b.input("x", "float32", ["candidates", 4]);
const ids = b.input("ids", "int32", ["history"]);
const table = b.parameter("item.embedding", [1000, 16]);
const scores = b.input("scores", "float32", [4, "candidates", "history"]);
const places = b.input("positions", "float32", ["history"]);

describe("inference", () => {
  it.each([
    ["add of equal symbols", b.add(x, x), "float32[candidates, 4]"],
    ["add with 1", b.mul(b.sum(x, [1], true), x), "float32[candidates, 4]"],
    ["add of a scalar", b.add(x, b.scalar(1)), "float32[candidates, 4]"],
    ["greater", b.greater(x, b.scalar(0)), "bool[candidates, 4]"],
    ["where", b.where(b.greater(x, b.scalar(0)), x, b.scalar(0)), "float32[candidates, 4]"],
    ["gather", b.gather(table, ids), "float32[history, 16]"],
    ["gather at an axis", b.gather(table, b.ints([1, 2]), -1), "float32[1000, 2]"],
    ["matmul", b.matmul(x, b.parameter("w", [4, 8])), "float32[candidates, 8]"],
    ["reductions", b.mean(x, [-1]), "float32[candidates]"],
    ["concat", b.concat([x, x], -1), "float32[candidates, 8]"],
    ["slice", b.slice(x, 1, 1, 3), "float32[candidates, 2]"],
    ["reshape that keeps a symbol", b.reshape(x, ["candidates", 2, 2]), "float32[candidates, 2, 2]"],
    ["reshape that moves a symbol", b.reshape(b.transpose(x, [1, 0]), ["candidates", 4]), "float32[candidates, 4]"],
    ["transpose", b.transpose(scores, [1, 2, 0]), "float32[candidates, history, 4]"],
    ["unsqueeze", b.unsqueeze(x, 0, -1), "float32[1, candidates, 4, 1]"],
    ["squeeze", b.squeeze(b.unsqueeze(x, 1), 1), "float32[candidates, 4]"],
    ["positions", b.positions(ids), "float32[history]"],
    ["broadcast", b.broadcast(b.floats([1, 2, 3, 4]), x), "float32[candidates, 4]"],
    ["round robin", b.roundRobin(scores, places, 100), "int32[candidates, 100]"],
    ["top positions", b.topPositions(scores, places, 100), "int32[4, candidates, 100]"],
    [
      "rows of a batch",
      b.gatherRows(b.input("k", "float32", ["batch", "history", 8]), b.input("i", "int32", ["batch", 5])),
      "float32[batch, 5, 8]",
    ],
  ])("%s", (_, value, wanted) => {
    expect(show(value)).toBe(wanted);
  });

  it.each([
    ["two symbols", () => b.add(ids, b.input("other", "int32", ["candidates"])), "history against candidates"],
    ["a symbol and a number", () => b.add(x, b.parameter("v", [3, 4])), "candidates against 3"],
    ["dtypes", () => b.add(ids, x), "the right operand is float32[candidates, 4], but has to be int32"],
    ["inner lengths", () => b.matmul(x, b.parameter("u", [5, 8])), "number of rows is 5, but has to be 4"],
    ["an inner length of 0", () => b.matmul(b.parameter("e", [2, 0]), b.parameter("f", [0, 2])), "inner length is 0"],
    ["float indices", () => b.gather(table, x), "the indices is float32[candidates, 4], but has to be int32"],
    ["an axis", () => b.sum(x, [2]), "axis 2 is outside a tensor of rank 2"],
    ["axes named twice", () => b.sum(x, [1, -1]), "name one axis twice"],
    ["a lost symbol", () => b.reshape(x, [8]), "[candidates, 4] does not fill [8]"],
    ["a wrong product", () => b.reshape(x, ["candidates", 3]), "[candidates, 4] does not fill [candidates, 3]"],
    ["an invented symbol", () => b.reshape(table, ["rows", 16]), "[1000, 16] does not fill [rows, 16]"],
    ["two new symbols", () => b.reshape(x, ["a", "b"]), "a and b are both new"],
    ["a joined symbol", () => b.concat([ids, ids], 0), "the joined length history is not a known number"],
    ["a slice beyond", () => b.slice(x, 1, 2, 5), "2:5 is no part of axis 1, which has the length 4"],
    ["shrinking", () => b.broadcast(x, b.floats([1])), "[candidates, 4] does not grow to [1]"],
    ["too few to keep", () => b.topPositions(b.floats([1, 2]), b.floats([0, 1]), 3), "3 of 2 positions cannot be kept"],
    ["a fraction as int32", () => b.ints([1.5]), "1.5 is not an int32"],
    ["data that do not fill", () => b.floats([1, 2, 3], [2, 2]), "3 values do not fill [2, 2]"],
  ])("refuses %s", (_, write, message) => {
    expect(write).toThrow(ShapeError);
    expect(write).toThrow(message);
  });
});

describe("a builder", () => {
  it("names the place in errors and nests scopes", () => {
    const inner = b.at("relevance", "how alike").at("query");
    expect(inner.neg(x).node).toMatchObject({ scope: "rank/relevance/query", doc: "" });
    expect(() => inner.add(x, ids)).toThrow("add(float32[candidates, 4], int32[history]) in rank/relevance/query: ");
  });

  it("gives one node to parameters of one name, and refuses a second shape", () => {
    expect(b.at("elsewhere").parameter("item.embedding", [1000, 16])).toBe(table);
    expect(() => b.parameter("item.embedding", [1000, 8])).toThrow(
      "parameter item.embedding is used as [1000, 8] and as [1000, 16]",
    );
  });

  it("writes no cast to the same dtype", () => {
    expect(b.cast(x, "float32")).toBe(x);
  });
});
