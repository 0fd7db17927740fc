// What each rewrite saves, counted on a model in which each has something to do, and where it keeps its hands off.
import { describe, expect, it } from "vitest";
import { lowerGraphs } from "../../../compiler/graphs/index.ts";
import { cost } from "../../../compiler/ir/cost.ts";
import { type Graph, topological, type Value } from "../../../compiler/ir/graph.ts";
import { canonical } from "../../../compiler/ir/hash.ts";
import { defaultContext, foldParameters, isFixed, type Pass, passes, rewrite } from "../../../compiler/passes/index.ts";
import type { GraphName } from "../../../contract/manifest.ts";
import { showcase } from "../../kit/showcase.ts";

const lengths = { candidates: 20, history: 1000, rows: 2000, "rows.values": 2000 };

function graphOf(name: GraphName, tables = "", outside: readonly string[] = []): Graph {
  return lowerGraphs(showcase(tables), { layout: "request", outside: new Set(outside) }).get(name)!;
}

function pass(name: string): Pass {
  return passes.find((one) => one.name === name)!;
}

/** Multiply-adds of a run: what depends on parameters alone is computed when the graph is built. */
function runCost(graph: Graph): number {
  const zeros = (shape: readonly number[]) => ({ shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)) });
  const shapes = new Map(
    topological(graph.outputs.map((output) => output.value)).flatMap(({ node }) =>
      node.op === "parameter"
        ? [[(node.attributes as { name: string }).name, (node.attributes as { shape: readonly number[] }).shape]]
        : [],
    ),
  );
  return cost(
    foldParameters(graph, (name) => zeros(shapes.get(name)!)),
    lengths,
  ).total;
}

function changed(graph: Graph, name: string, context = defaultContext): boolean {
  const result = pass(name).run(graph, context);
  const text = (of: Graph) => canonical(of.outputs.map((output) => output.value));
  return text(result) !== text(graph);
}

const uses = (graph: Graph, match: (value: Value) => boolean) =>
  topological(graph.outputs.map((output) => output.value)).some(match);

describe("what is saved", () => {
  it.each([
    ["fold-beta", "request"],
    ["fold-bias", "search"],
    ["fold-scale", "request"],
    ["split-values", "request"],
    ["merge-output", "request"],
    ["user-once", "request"],
    ["share", "request"],
  ] as const)("%s costs less in %s", (name, where) => {
    // Dividing the query's weight for each of its scores leaves equal projections behind.
    const graph = name === "share" ? pass("fold-scale").run(graphOf(where), defaultContext) : graphOf(where);
    expect(runCost(pass(name).run(graph, defaultContext))).toBeLessThan(runCost(graph));
  });

  it("is counted for the whole model, and the search touches no embedding of a categorical cross feature", () => {
    const graph = graphOf("search", "table keys { of: relevance.keys }");
    const cheap = rewrite(graph, { verify: true });
    expect(runCost(cheap)).toBeLessThan(0.75 * runCost(graph));
    const wide = (value: Value) =>
      value.node.op === "gather" && !isFixed(value) && value.node.inputs[0].node.op === "parameter";
    expect(uses(graph, (value) => wide(value) && value.node.scope.startsWith("watched."))).toBe(true);
    expect(uses(cheap, (value) => wide(value) && value.node.scope.startsWith("watched."))).toBe(false);
  });

  it("writes one array of heads by candidates by history, not three", () => {
    const arrays = (graph: Graph) =>
      topological(graph.outputs.map((output) => output.value)).filter(
        ({ shape }) => shape.join() === "4,candidates,history",
      ).length;
    const graph = graphOf("search", "table keys { of: relevance.keys }");
    expect(arrays(rewrite(graph))).toBe(1);
    expect(arrays(rewrite(graph, { skip: new Set(["mask-in-product"]) }))).toBe(3);
  });

  it("never makes an axis of candidates by the whole history by a width", () => {
    const cheap = rewrite(graphOf("request"));
    expect(
      uses(cheap, ({ shape }) => shape.includes("candidates") && shape.includes("history") && shape.length > 3),
    ).toBe(false);
    expect(uses(cheap, ({ shape }) => shape.join() === "4,candidates,history")).toBe(true);
  });
});

describe("where a rewrite does not fit", () => {
  it("leaves a bias alone whose table would be too large, or whose embedding is outside", () => {
    const graph = graphOf("search");
    const small = { ...defaultContext, biasTable: 4 };
    expect(changed(graph, "fold-bias")).toBe(true);
    expect(changed(graph, "fold-bias", small)).toBe(false);
    const tables = ["watched.ago.table", "watched.device.table", "watched.moods.table"];
    expect(changed(graphOf("search", "", tables), "fold-bias")).toBe(false);
  });

  it("splits off no values that would inflate a large embedding, nor pooled tags where pooling products costs more", () => {
    const split = pass("split-values").run(graphOf("rank"), defaultContext);
    const products = topological(split.outputs.map((output) => output.value)).filter(
      ({ node }) => node.op === "matmul" && node.inputs[0].node.op === "parameter",
    );
    const tables = products.map(({ node }) => (node.inputs[0].node.attributes as { name: string }).name);
    expect(new Set(tables)).toEqual(new Set(["watched.ago.table"]));
  });

  it("merges no output with a table of values, and none that is wider than a value", () => {
    expect(changed(graphOf("rank"), "merge-output")).toBe(true);
    expect(changed(graphOf("rank", "table values { of: narrow.values }"), "merge-output")).toBe(false);
    expect(changed(graphOf("rank_fresh", "table values { of: narrow.values }"), "merge-output")).toBe(true);
  });

  it("divides no keys: the projector's stay as a table holds them", () => {
    const scaled = pass("fold-scale").run(graphOf("oracle"), defaultContext);
    const keys = (value: Value) =>
      value.node.op === "div" &&
      value.node.inputs.some(({ node }) => (node.attributes as { name?: string }).name === "relevance.keys");
    expect(uses(scaled, ({ node }) => node.op === "div")).toBe(true);
    expect(uses(scaled, keys)).toBe(false);
    expect(changed(graphOf("projector", "table keys { of: relevance.keys }"), "fold-scale")).toBe(false);
  });

  it("folds no bare parameter and no embedding table", () => {
    const graph = foldParameters(rewrite(graphOf("rank")), (name) => {
      if (name === "item.video_id.table") {
        throw new Error("the item's table is read");
      }
      const found = topological(graphOf("rank").outputs.map((output) => output.value)).find(
        ({ node }) => node.op === "parameter" && (node.attributes as { name: string }).name === name,
      );
      const shape = found!.shape as readonly number[];
      return { shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)) };
    });
    const left = topological(graph.outputs.map((output) => output.value)).flatMap(({ node }) =>
      node.op === "parameter" ? [(node.attributes as { name: string }).name] : [],
    );
    expect(left).toEqual(expect.arrayContaining(["item.video_id.table", "relevance.keys", "ranking.click.weight"]));
    expect(left).not.toContain("relevance.bias.ago.w");
  });
});
