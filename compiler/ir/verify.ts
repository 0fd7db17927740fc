// Checks that a graph is whole: run between passes, so that a broken rewrite is caught where it happened.
import { type Graph, isInput, topological, type Value } from "./graph.ts";
import { infer } from "./infer.ts";
import { ShapeError, sameShape, show, showShape } from "./shape.ts";

/** A graph that a pass or a lowering left broken. It is a fault of the compiler, never of a model. */
export class VerifyError extends Error {
  override name = "VerifyError";
}

/** Throws a `VerifyError` that lists everything wrong. `after` names what ran last. */
export function verify(graph: Graph, after = ""): void {
  const faults = [...cycles(graph)];
  if (faults.length === 0) {
    faults.push(...inference(graph), ...names(graph), ...inputs(graph));
  }
  if (faults.length === 0) {
    return;
  }
  const where = after === "" ? `graph ${graph.name}` : `graph ${graph.name} after ${after}`;
  throw new VerifyError([`${where} is broken:`, ...faults.map((fault) => `  ${fault}`)].join("\n"));
}

function values(graph: Graph): Value[] {
  return topological(graph.outputs.map((output) => output.value));
}

function place({ node }: Value): string {
  return node.scope === "" ? node.op : `${node.op} in ${node.scope}`;
}

function* cycles(graph: Graph): Iterable<string> {
  const before = new Set<Value>();
  for (const value of values(graph)) {
    if (value.node.inputs.some((input) => !before.has(input))) {
      yield `${place(value)} depends on its own result`;
    }
    before.add(value);
  }
}

function* inference(graph: Graph): Iterable<string> {
  for (const value of values(graph)) {
    const { op, inputs, attributes } = value.node;
    try {
      const inferred = infer(op, inputs, attributes);
      if (inferred.dtype !== value.dtype || !sameShape(inferred.shape, value.shape)) {
        yield `${place(value)} says ${show(value)}, but makes ${show(inferred)}`;
      }
    } catch (error) {
      if (!(error instanceof ShapeError)) {
        throw error;
      }
      yield `${place(value)}: ${error.message}`;
    }
  }
}

/** Inputs, parameters and outputs share one space of names in ONNX. */
function* names(graph: Graph): Iterable<string> {
  const taken = new Map<string, string>();
  const parameters = new Map<string, Value>();
  for (const value of values(graph)) {
    if (value.node.op !== "parameter") {
      continue;
    }
    const { name } = value.node.attributes;
    const known = parameters.get(name);
    if (known && !sameShape(known.shape, value.shape)) {
      yield `parameter ${name} is both ${showShape(known.shape)} and ${showShape(value.shape)}`;
    }
    parameters.set(name, value);
    taken.set(name, "a parameter");
  }
  const named = [
    ...graph.inputs.map((value) => [value.node.attributes.name, "an input"] as const),
    ...graph.outputs.map((output) => [output.name, "an output"] as const),
  ];
  for (const [name, kind] of named) {
    if (name === "") {
      yield `${kind} has no name`;
    }
    if (taken.has(name)) {
      yield `${name} names ${taken.get(name)} and ${kind}`;
    }
    taken.set(name, kind);
  }
}

function* inputs(graph: Graph): Iterable<string> {
  const reached = new Set(values(graph).filter(isInput));
  for (const value of graph.inputs) {
    const { name } = value.node.attributes;
    // A pass that casts may still have declared another value.
    if (!isInput(value)) {
      yield `${place(value)} is declared as an input`;
    } else if (!reached.has(value)) {
      yield `input ${name} is declared, but no output depends on it`;
    }
  }
  for (const value of reached) {
    const { name } = value.node.attributes;
    if (!graph.inputs.includes(value)) {
      yield `input ${name} is used, but not declared`;
    }
  }
  if (graph.outputs.length === 0) {
    yield "there is no output";
  }
}
