// What goes wrong on some execution provider without an error, and that no graph which serves asks for: products over
// nothing, lists in no order, numbers that a list cannot hold, sums of updates that meet.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { emitNodes, isSubgraph, type OnnxGraph } from "../../../compiler/emit/emitter.ts";
import { minimumOf } from "../../../compiler/emit/manifest.ts";
import { lowerGraphs } from "../../../compiler/graphs/index.ts";
import { builder } from "../../../compiler/ir/build.ts";
import { type Graph, topological } from "../../../compiler/ir/graph.ts";
import type { OnnxNode } from "../../../compiler/ir/rule.ts";
import type { Model } from "../../../compiler/model/model.ts";
import { validPort } from "../../../compiler/model/ports.ts";
import { rewrite } from "../../../compiler/passes/index.ts";
import { plan } from "../../../compiler/plan/plan.ts";
import { anyModel } from "../../kit/any-model.ts";
import { graphOf } from "../../kit/graph-of.ts";
import { modelTexts } from "../../kit/provider-models.ts";

/** Operators that multiply along the last axis of what comes first. */
const products: ReadonlySet<string> = new Set(["matmul", "itemScores", "biasedScores"]);

/** Products whose inner size may be 0: a WebGPU device is lost over them. @param filled axes that are never empty */
const overNothing = ({ outputs }: Graph, filled: ReadonlySet<string>): string[] =>
  topological(outputs.map(({ value }) => value)).flatMap(({ node }) => {
    const inner = products.has(node.op) ? node.inputs[0].shape.at(-1)! : 1;
    // One that is 0 whatever comes is no graph: the operator refuses it.
    return typeof inner === "string" && !filled.has(inner) ? [`${node.scope}/${node.op} over ${inner}`] : [];
  });

function* nodesOf(nodes: readonly OnnxNode[]): Iterable<OnnxNode> {
  for (const node of nodes) {
    yield node;
    for (const body of Object.values(node.attributes).filter(isSubgraph)) {
      yield* nodesOf(body.nodes);
    }
  }
}

/** TopK whose order is the device's own; numbers for which TopK on WebGPU names position −1; ScatterND, which loses updates. */
function silent({ nodes, constants }: OnnxGraph): string[] {
  const found = [...nodesOf(nodes)].flatMap(({ opType, name, attributes }) => [
    ...(opType === "TopK" && attributes.sorted === 0 ? [`${name} is in no order`] : []),
    ...(opType === "ScatterND" ? [`${name} may lose updates`] : []),
  ]);
  const wild = constants.filter(({ dtype, bytes }) => {
    const numbers = dtype === "float32" ? new Float32Array(bytes.slice().buffer) : [];
    return !Array.from(numbers).every((x) => Math.abs(x) < 1e38);
  });
  return [...found, ...wild.map(({ name }) => `${name} holds a number beyond ±1e38`)];
}

function faultsOf(model: Model): string[] {
  return (["none", "all"] as const).flatMap((outside) => {
    const lowered = lowerGraphs(model, { layout: "request", outside: plan(model, { outside }).outside });
    return [...lowered].flatMap(([name, formulas]) => {
      const graph = rewrite(formulas);
      const filled = model.histories.flatMap((history) => {
        expect(minimumOf(model, history.name)).toBeGreaterThan(0);
        const port = graph.inputs.find(({ node }) => node.attributes.name === validPort(history));
        return typeof port?.shape[0] === "string" ? [port.shape[0]] : [];
      });
      return [...overNothing(graph, new Set(filled)), ...silent(emitNodes(graph))].map((fault) => `${name}: ${fault}`);
    });
  });
}

describe("a graph that serves", () => {
  it.each([...modelTexts()])("of %s asks for nothing that goes wrong silently", (_, model) => {
    expect(faultsOf(model)).toEqual([]);
  });

  it("of a random model neither", () => {
    fc.assert(
      fc.property(anyModel(), (model) => {
        expect(faultsOf(model)).toEqual([]);
      }),
      { numRuns: 15 },
    );
  });
});

describe("the search for such nodes", () => {
  it("finds each of them", () => {
    const b = builder("m");
    const x = b.input("x", "float32", ["candidates", "candidates"]);
    const kept = b.input("kept", "int32", ["candidates"]);
    const graph = graphOf({
      y: b.matmul(x, x),
      sum: b.scatterAdd(kept, x, x),
      low: b.add(x, b.scalar(-3.4e38)),
    });
    expect(overNothing(graph, new Set(["history"]))).toEqual(["m/matmul over candidates"]);
    const { nodes, constants } = emitNodes(graph);
    const list: OnnxNode = {
      opType: "TopK",
      name: "m/TopK",
      inputs: [],
      outputs: [],
      attributes: { sorted: 0 },
      doc: "",
    };
    expect(silent({ nodes: [...nodes, list], constants, parameters: [] })).toEqual([
      "m/ScatterND may lose updates",
      "m/TopK is in no order",
      expect.stringMatching(/holds a number beyond/),
    ]);
  });
});
