// The graphs in float32 on onnxruntime against the float64 reference, in two parts (semantics.md 2): the selection index
// for index on the graph's own scores, all else within 1e-5 with that selection forced into the reference.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Attributes, type Graph, topological, type Value } from "../../../compiler/ir/graph.ts";
import { ops } from "../../../compiler/ir/ops.ts";
import type { Tensor } from "../../../compiler/ir/rule.ts";
import type { Model } from "../../../compiler/model/model.ts";
import { foldParameters, rewrite } from "../../../compiler/passes/index.ts";
import { anyModel, modelOf } from "../../kit/any-model.ts";
import { anyRequest, type Feeds, itemFeeds, requestFeeds } from "../../kit/any-request.ts";
import { difference } from "../../kit/difference.ts";
import { runGraph } from "../../kit/onnx.ts";
import { feedsOf, graphsOf, type ReadParameter, randomParameters, run, world } from "../../kit/reference.ts";
import { showcaseText } from "../../kit/showcase.ts";

const selections = new Set(["roundRobin", "topPositions"]);

function built(graph: Graph, read: ReadParameter): { graph: Graph; parameters: Record<string, Float32Array> } {
  const folded = foldParameters(rewrite(graph, { verify: true }), read);
  const names = topological(folded.outputs.map((output) => output.value)).flatMap(({ node }) =>
    node.op === "parameter" ? [(node.attributes as Attributes["parameter"]).name] : [],
  );
  return { graph: folded, parameters: Object.fromEntries(names.map((name) => [name, read(name).data])) };
}

/** The graph with what each selection chose from, and what it chose, among its outputs. */
function opened(graph: Graph): { graph: Graph; chosen: Map<Value, string> } {
  const found = topological(graph.outputs.map((output) => output.value)).filter(({ node }) => selections.has(node.op));
  const chosen = new Map(found.map((value, index) => [value, `chosen${index}`]));
  const more = found.flatMap((value, index) => [
    { name: `from${index}`, value: value.node.inputs[0], doc: "" },
    { name: `chosen${index}`, value, doc: "" },
  ]);
  return { graph: { ...graph, outputs: [...graph.outputs, ...more] }, chosen };
}

async function compare(
  model: Model,
  shape: Parameters<typeof world>[1],
  name: "request" | "rank" | "oracle",
): Promise<string | null> {
  const { graphs, read, feeds } = world(model, shape, new Set([1]));
  const { graph, parameters } = built(graphs.get(name)!, read);
  const { graph: open, chosen } = opened(graph);
  const actual = await runGraph(open, feedsOf(open, feeds), parameters);
  const force = new Map<Value, Tensor>();
  for (const [value, output] of chosen) {
    const { keep } = value.node.attributes as Attributes["roundRobin"];
    const from = actual[output.replace("chosen", "from")];
    const positions = {
      shape: [shape.history],
      data: Float64Array.from({ length: shape.history }, (_, index) => index),
    };
    const rule = ops[value.node.op as "roundRobin" | "topPositions"];
    const literal = rule.evaluate([from, positions], { keep, sampled: 2 });
    const fault = difference(actual[output], literal, true);
    if (fault !== null) {
      return `${output}: ${fault}`;
    }
    force.set(value, actual[output]);
  }
  const wanted = run(open, feeds, read, { force });
  for (const { name: output } of open.outputs) {
    const fault = difference(actual[output], wanted[output]);
    if (fault !== null) {
      return `${output}: ${fault}`;
    }
  }
  return null;
}

/** Runs a graph of the showcase in float32, all weights random. */
async function float32(graph: Graph, feeds: Feeds, read: ReadParameter): Promise<Feeds> {
  const { graph: folded, parameters } = built(graph, read);
  return runGraph(folded, feedsOf(folded, feeds), parameters);
}

describe("on onnxruntime", () => {
  it("the list over a full table of the projector's rows is, index for index, the walk over the oracle's scores", async () => {
    const model = modelOf(
      `${showcaseText.replace("dim: 4\n}", "dim: 16\n}").replace("400k", "400")} table keys_of { of: relevance.keys }`,
    );
    const [history] = model.histories;
    const { keep } = model.searches[0];
    for (const seed of [1, 2, 3, 4]) {
      const shape = { candidates: 20, history: 300, valid: seed === 4 ? 5 : 290, seed };
      const read = randomParameters(model, seed);
      const graphs = graphsOf(model);
      const user = requestFeeds(model, shape);
      const rows = (await float32(graphs.get("projector")!, itemFeeds(user, history), read)).keys;
      const [length, width] = rows.shape;
      const feeds = {
        ...user,
        keys_of: { shape: [length + 1, width], data: [...new Array(width).fill(0), ...Array.from(rows.data)] },
        "watched.row": { shape: [length], data: Array.from({ length }, (_, row) => (row < shape.valid ? row + 1 : 0)) },
      };
      const { kept } = await float32(graphs.get("search")!, feeds, read);
      const { scores } = await float32(graphs.get("oracle")!, feeds, read);
      const positions = { shape: [length], data: Float64Array.from({ length }, (_, index) => index) };
      expect(difference(kept, ops.roundRobin.evaluate([scores, positions], { keep, sampled: 2 }), true)).toBeNull();
    }
  });

  it.each(["request", "rank", "oracle"] as const)("%s computes what the reference computes", async (name) => {
    await fc.assert(
      fc.asyncProperty(anyModel(), anyRequest(), async (model, shape) => {
        expect(await compare(model, shape, name)).toBeNull();
      }),
      { numRuns: 12 },
    );
  });
});
