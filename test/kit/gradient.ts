// Gradients against central differences through the float64 interpreter.
import { evaluate } from "../../compiler/ir/evaluate.ts";
import type { Attributes, Graph, Value } from "../../compiler/ir/graph.ts";
import type { Tensor } from "../../compiler/ir/rule.ts";
import type { Feeds } from "./onnx.ts";

/** Of a difference, tried in turn: a long one rounds least, a short one bends least and rarely crosses a kink. */
const steps = [1e-5, 1e-6, 1e-7];

/** The float32 inputs or parameters of a graph's values, by name. */
export function named(values: readonly Value[]): Map<string, Value> {
  return new Map(values.map((value) => [(value.node.attributes as Attributes["parameter"]).name, value]));
}

/** One number of one tensor. */
export interface Scalar {
  readonly name: string;
  readonly index: number;
}

/** dL/dx of one number of `tensors` (inputs and parameters by name): (L(x + h) − L(x − h)) / 2h. */
function centralDifference(graph: Graph, tensors: Feeds, loss: string, { name, index }: Scalar, step: number): number {
  const alone = { ...graph, outputs: graph.outputs.filter((output) => output.name === loss) };
  const at = (by: number) => {
    const data = Float64Array.from(tensors[name].data);
    data[index] += by;
    const moved = { ...tensors, [name]: { shape: tensors[name].shape, data } };
    return evaluate(alone, feedsOf(graph, moved), (parameter) => moved[parameter])[loss].data[0];
  };
  return (at(step) - at(-step)) / (2 * step);
}

/** The graph's outputs. */
export function results(graph: Graph, tensors: Feeds): Record<string, Tensor> {
  return evaluate(graph, feedsOf(graph, tensors), (name) => tensors[name]);
}

/**
 * Where a gradient is off by more than a millionth of the larger of it and a tenth, or null. What is right agrees over
 * one of the steps, as the error of a smooth loss falls with the step's square; what is wrong agrees over none.
 */
export function disagreement(
  actual: number,
  graph: Graph,
  tensors: Feeds,
  loss: string,
  scalar: Scalar,
): string | null {
  let wanted = Number.NaN;
  for (const step of steps) {
    wanted = centralDifference(graph, tensors, loss, scalar, step);
    if (Math.abs(actual - wanted) <= 1e-6 * Math.max(0.1, Math.abs(wanted))) {
      return null;
    }
  }
  return `the gradient of ${scalar.name}[${scalar.index}] is ${actual} instead of ${wanted}`;
}

function feedsOf(graph: Graph, tensors: Feeds): Feeds {
  return Object.fromEntries([...named(graph.inputs).keys()].map((name) => [name, tensors[name]]));
}
