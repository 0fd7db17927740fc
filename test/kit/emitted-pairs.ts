// Which operators of which dtype graphs hold, as the table of placement tells them apart.
import { emitNodes } from "../../compiler/emit/emitter.ts";
import { typedNodes } from "../../compiler/emit/placement.ts";
import { wholeParameters } from "../../compiler/emit/reference.ts";
import { lowerGraphs } from "../../compiler/graphs/index.ts";
import { initialValues, parameters } from "../../compiler/index.ts";
import type { Graph } from "../../compiler/ir/graph.ts";
import { dtypeOf, type OnnxDtype } from "../../compiler/ir/onnx-dtype.ts";
import type { Model } from "../../compiler/model/model.ts";
import { foldParameters, rewrite } from "../../compiler/passes/index.ts";
import { plan } from "../../compiler/plan/plan.ts";
import { storedVariants } from "../../compiler/plan/stored-tables.ts";
import { storedTypes } from "../../contract/port-spec.ts";

/** `Gather int32`; of a cast with what it makes, `Cast int32 float32`. */
export function pairsOf(graph: Graph): Set<string> {
  const inputs = graph.inputs.map(({ node, dtype }): [string, OnnxDtype] => [node.attributes.name, dtype]);
  return new Set(
    [...typedNodes(emitNodes(graph), new Map(inputs))].map(({ node, dtype }) => {
      const to = node.opType === "Cast" ? ` ${dtypeOf(Number(node.attributes.to))}` : "";
      return `${node.opType} ${dtype}${to}`;
    }),
  );
}

/** Of all the graphs that a model is built to: with embeddings inside and outside, and over stored rows. */
export function pairsOfModel(model: Model): Set<string> {
  const all = parameters(model);
  const read = wholeParameters(all, initialValues(all, 1));
  const built = (outside: "all" | "none") => {
    const lowered = lowerGraphs(model, { layout: "request", outside: plan(model, { outside }).outside });
    return new Map([...lowered].map(([name, graph]) => [name, foldParameters(rewrite(graph), read)] as const));
  };
  const inside = built("none");
  const stored = storedTypes.flatMap((type) => [...storedVariants(model, inside, type).graphs.values()]);
  return new Set([...inside.values(), ...built("all").values(), ...stored].flatMap((graph) => [...pairsOf(graph)]));
}
