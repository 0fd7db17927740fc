// Scores by the keys of items: both ways of its If, one head and several.
import { describe, expect, it } from "vitest";
import { large } from "../../../bench/peers/models.ts";
import { builder } from "../../../compiler/ir/build.ts";
import { evaluate } from "../../../compiler/ir/evaluate.ts";
import { topological } from "../../../compiler/ir/graph.ts";
import { trainGraphs } from "../../../compiler/train/graphs.ts";
import { difference } from "../../kit/difference.ts";
import { graphOf } from "../../kit/graph-of.ts";
import { bytesOf, runGraph } from "../../kit/onnx.ts";
import { drawFrom } from "./random-cases.ts";

const [width, batch] = [6, 5];

function scores(heads: number) {
  const b = builder("relevance/score");
  return graphOf({
    y: b.itemScores(
      b.input("queries", "float32", [heads, "batch", width]),
      b.input("keys", "float32", ["items", heads, width]),
      b.input("index", "int32", ["batch", "history"]),
    ),
  });
}

function feeds(heads: number, items: number, length: number) {
  const draw = drawFrom(items + length);
  const floats = (...shape: number[]) => ({
    shape,
    data: Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => draw(2 ** 20) / 2 ** 19 - 1),
  });
  return {
    queries: floats(heads, batch, width),
    keys: floats(items, heads, width),
    index: { shape: [batch, length], data: Int32Array.from({ length: batch * length }, () => draw(items)) },
  };
}

const none = (name: string): never => {
  throw new Error(`no parameter ${name}`);
};

describe("scores by the keys of items", () => {
  // Few items for long histories, and many for short ones.
  it.each([
    [1, 7, 60],
    [3, 7, 60],
    [1, 900, 4],
    [3, 900, 4],
    [4, 1, 1],
  ])("%i heads, %i items, %i behaviours", async (heads, items, length) => {
    const graph = scores(heads);
    const given = feeds(heads, items, length);
    expect(difference((await runGraph(graph, given)).y, evaluate(graph, given, none).y, false)).toBeNull();
  });

  it("is the product of each head's query and the key of the item at its place", () => {
    const given = {
      queries: { shape: [2, 1, 1], data: [2, 3] },
      keys: { shape: [2, 2, 1], data: [5, 7, 11, 13] },
      index: { shape: [1, 3], data: [1, 0, 1] },
    };
    const b = builder("formula");
    const graph = graphOf({
      y: b.itemScores(
        b.input("queries", "float32", [2, "batch", 1]),
        b.input("keys", "float32", ["items", 2, 1]),
        b.input("index", "int32", ["batch", "history"]),
      ),
    });
    expect(Array.from(evaluate(graph, given, none).y.data)).toEqual([22, 10, 22, 39, 21, 39]);
  });

  it("asks how many items there are, and holds both ways", () => {
    const written = Buffer.from(bytesOf(scores(3))).toString("latin1");
    expect(written).toContain("GatherElements");
    expect(written).toContain("Greater");
  });

  it("is what a training search of wide items makes of its scores", () => {
    const search = trainGraphs(large(128, 1000).model).graphs.get("search")!;
    const made = topological(search.outputs.map(({ value }) => value)).map(({ node }) => node.op);
    expect(made.filter((op) => op === "itemScores")).toHaveLength(1);
  });
});
