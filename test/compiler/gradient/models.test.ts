// The gradients of whole models, as a batch is scored in training: every parameter, against central differences in float64.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { placement } from "../../../compiler/emit/placement.ts";
import { gradients } from "../../../compiler/gradient/reverse.ts";
import { lowerGraphs } from "../../../compiler/graphs/index.ts";
import { builder } from "../../../compiler/ir/build.ts";
import { type Attributes, type Graph, topological, type Value } from "../../../compiler/ir/graph.ts";
import { verify } from "../../../compiler/ir/verify.ts";
import type { Model } from "../../../compiler/model/model.ts";
import { rewrite } from "../../../compiler/passes/index.ts";
import { anyModel, modelOf } from "../../kit/any-model.ts";
import { anyRequest, batchFeeds, type RequestShape, requestFeeds, uniform } from "../../kit/any-request.ts";
import { difference } from "../../kit/difference.ts";
import { long, patience } from "../../kit/effort.ts";
import { disagreement, named, results } from "../../kit/gradient.ts";
import { graphOf } from "../../kit/graph-of.ts";
import { type Feeds, runGraph } from "../../kit/onnx.ts";
import { randomParameters } from "../../kit/reference.ts";
import { showcaseText } from "../../kit/showcase.ts";

/** The loss of every label on random labels, and its gradients. */
function training(request: Graph): { graph: Graph; wrt: Map<string, Value> } {
  const logits = request.outputs.filter(({ name }) => name.endsWith(".logit"));
  const b = builder("loss");
  const losses = logits.map(({ name, value }) =>
    b.mean(b.bceWithLogits(value, b.input(`${name}.label`, "float32", value.shape)), [0]),
  );
  const loss = losses.reduce((left, right) => b.add(left, right));
  const wrt = named(topological([loss]).filter(({ node }) => node.op === "parameter"));
  const grads = gradients(loss, [...wrt.values()]);
  const names = [...wrt.keys()];
  return { graph: graphOf({ loss, ...Object.fromEntries(names.map((name, i) => [`d.${name}`, grads[i]])) }), wrt };
}

function tensorsOf(model: Model, shape: RequestShape, graph: Graph, wrt: Iterable<string>): Feeds {
  const read = randomParameters(model, shape.seed);
  const draw = uniform(shape.seed);
  const tensors: Record<string, Feeds[string]> = {
    ...batchFeeds(requestFeeds(model, shape), model, shape.candidates),
    ...Object.fromEntries([...wrt].map((name) => [name, read(name)])),
  };
  for (const { node } of graph.inputs) {
    const { name } = node.attributes as Attributes["input"];
    if (!name.endsWith(".label")) {
      continue;
    }
    const data = Array.from({ length: shape.candidates }, () => (draw() < 0.5 ? 0 : 1));
    tensors[name] = { shape: [shape.candidates], data };
  }
  return tensors;
}

/** Up to three numbers of a tensor: those with the largest gradient, and one at random. */
function sampled(gradient: ArrayLike<number>, draw: () => number): Set<number> {
  const numbers = Array.from(gradient, (x, index) => ({ size: Math.abs(x), index })).sort((a, b) => b.size - a.size);
  return new Set([numbers[0].index, numbers[numbers.length >> 1].index, Math.floor(draw() * numbers.length)]);
}

describe("gradients of models", () => {
  it.each(["as lowered", "rewritten"])(
    "are what central differences say for every parameter, %s",
    async (form) => {
      await fc.assert(
        fc.asyncProperty(anyModel(), anyRequest(), async (model, shape) => {
          const lowered = lowerGraphs(model, { layout: "batch", outside: new Set() }).get("request")!;
          const { graph, wrt } = training(form === "rewritten" ? rewrite(lowered, { verify: true }) : lowered);
          verify(graph);
          const tensors = tensorsOf(model, shape, graph, wrt.keys());
          const found = results(graph, tensors);
          const draw = uniform(shape.seed);
          for (const name of wrt.keys()) {
            const actual = found[`d.${name}`];
            expect(actual.shape).toEqual(tensors[name].shape);
            for (const index of sampled(actual.data, draw)) {
              expect(disagreement(actual.data[index], graph, tensors, "loss", { name, index })).toBeNull();
            }
          }
        }),
        { numRuns: long ? 60 : 3 },
      );
    },
    patience(60_000),
  );

  it("are the same in ONNX, which runs them on the CPU and in WASM", async () => {
    const model = modelOf(showcaseText);
    const shape = { candidates: 5, history: 12, valid: 9, seed: 3 };
    const lowered = lowerGraphs(model, { layout: "batch", outside: new Set() }).get("request")!;
    const { graph, wrt } = training(rewrite(lowered, { verify: true }));
    const tensors = tensorsOf(model, shape, graph, wrt.keys());
    const parameters = Object.fromEntries([...wrt.keys()].map((name) => [name, Float32Array.from(tensors[name].data)]));
    const found = results(graph, tensors);
    const ran = await runGraph(graph, tensors, parameters);
    expect(
      graph.outputs.map(({ name }) => difference(ran[name], found[name])).filter((fault) => fault !== null),
    ).toEqual([]);
    expect(placement(graph, ["cpu", "wasm"])).toEqual([]);
  });
});
