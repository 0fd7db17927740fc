// The interpreter: feeds are checked, huge parameters are read in place, results can be forced.
import { describe, expect, it } from "vitest";
import { builder } from "../../../compiler/ir/build.ts";
import { cost } from "../../../compiler/ir/cost.ts";
import { evaluate } from "../../../compiler/ir/evaluate.ts";
import type { Tensor } from "../../../compiler/ir/rule.ts";
import { graphOf } from "../../kit/graph-of.ts";

const b = builder("score");
const ids = b.input("ids", "int32", ["history"]);
const query = b.input("query", "float32", ["candidates", 2]);
const table = b.parameter("table", [3, 2]);
const rows = b.gather(table, ids);
const dots = b.matmul(query, b.transpose(rows, [1, 0]));
const kept = b.topPositions(dots, b.positions(ids), 1);
const graph = graphOf({ dots, best: b.gather(rows, kept) });

const feeds = {
  ids: { shape: [2], data: [2, 0] },
  query: { shape: [1, 2], data: [1, 10] },
};
const weights = { shape: [3, 2], data: Float32Array.of(1, 2, 3, 4, 5, 6) };
const run = (more: Record<string, Tensor> = {}) => evaluate(graph, { ...feeds, ...more }, () => weights);

describe("evaluate", () => {
  it("computes in float64", () => {
    expect(run()).toEqual({
      dots: { shape: [1, 2], data: Float64Array.of(65, 21) },
      best: { shape: [1, 1, 2], data: Float64Array.of(5, 6) },
    });
    const third = builder("");
    const sum = graphOf({ y: third.div(third.input("x", "float32", []), third.scalar(3)) });
    expect(evaluate(sum, { x: { shape: [], data: [1] } }, () => weights).y.data[0]).toBe(1 / 3);
  });

  it("reads only the rows that it needs of a table", () => {
    const read = new Set<string>();
    const data = new Proxy(
      { length: 6 },
      {
        get: (target, key) => {
          read.add(String(key));
          return key === "length" ? target.length : Number(key) + 1;
        },
      },
    ) as ArrayLike<number>;
    const gathered = evaluate(graphOf({ rows }), feeds, () => ({ shape: [3, 2], data }));
    expect(Array.from(gathered.rows.data)).toEqual([5, 6, 1, 2]);
    expect([...read].filter((key) => key !== "length").sort()).toEqual(["0", "1", "4", "5"]);
  });

  it("takes a forced result and computes nothing for it alone", () => {
    const force = new Map([[kept, { shape: [1, 1], data: [1] }]]);
    const only = graphOf({ best: b.gather(rows, kept) });
    const unused = { shape: [1, 2], data: [Number.NaN, Number.NaN] };
    const { best } = evaluate(only, { ...feeds, query: unused }, () => weights, { force });
    expect(Array.from(best.data)).toEqual([1, 2]);
  });

  it.each([
    ["a missing feed", { query: undefined as never }, "graph test: input query is not fed"],
    ["a wrong rank", { query: { shape: [2], data: [1, 2] } }, "the shape is [2], but [candidates, 2] is declared"],
    ["a wrong length", { query: { shape: [1, 3], data: [1, 2, 3] } }, "dim 1 is 3, but has to be 2"],
    ["too few numbers", { query: { shape: [2, 2], data: [1] } }, "1 numbers do not fill [2, 2]"],
    ["a fraction as an id", { ids: { shape: [1], data: [0.5] } }, "number 0 is 0.5, which is no int32"],
    ["an id beyond the table", { ids: { shape: [1], data: [3] } }, "index 3 is outside 0 … 2"],
  ])("refuses %s", (_, more, message) => {
    expect(() => run(more)).toThrow(message);
  });

  it("refuses one symbol with two lengths", () => {
    const other = b.input("other", "int32", ["history"]);
    const both = graphOf({ y: b.add(ids, other) });
    const unequal = { ids: { shape: [2], data: [1, 2] }, other: { shape: [3], data: [1, 2, 3] } };
    expect(() => evaluate(both, unequal, () => weights)).toThrow("dim 0 is 3, but has to be 2 (history)");
  });
});

describe("cost", () => {
  it("counts multiply-adds by scope; look-ups and selections count nothing", () => {
    const inner = b.at("tower");
    const summed = inner.sum(inner.mul(dots, inner.scalar(2)), [1]);
    const both = graphOf({ summed, best: b.gather(rows, kept) });
    const [pairs, width] = [100 * 50, 2];
    expect(cost(both, { candidates: 100, history: 50 })).toEqual({
      total: pairs * width + 2 * pairs,
      byScope: { score: pairs * width, "score/tower": 2 * pairs },
    });
  });

  it("solves the symbols that a reshape brings, and asks for the others", () => {
    const flat = b.at("flat").exp(b.reshape(dots, ["pairs"]));
    const y = graphOf({ y: b.at("last").exp(b.reshape(flat, ["pairs", 1])) });
    const { byScope } = cost(y, { candidates: 3, history: 7 });
    expect(byScope).toEqual({ score: 42, "score/flat": 21, "score/last": 21 });
    expect(() => cost(y, { candidates: 100 })).toThrow("no number is given for history");
  });
});
