// The reference interpreter: slow, obvious, in float64. The oracle of every numerical test.
import { recordOf } from "../../contract/record.ts";
import { type Bindings, bind } from "./bind.ts";
import { type Dtype, type Graph, PerValue, topological, type Value } from "./graph.ts";
import { solveReshape } from "./ops/layout.ts";
import { ops, ruleOf } from "./ops.ts";
import type { Tensor } from "./rule.ts";
import { size } from "./shape.ts";

export interface EvaluateOptions {
  /**
   * Results that are given instead of computed, such as a selection taken from a device: what they alone depend on is
   * not computed.
   */
  readonly force?: ReadonlyMap<Value, Tensor>;
}

/**
 * Runs a graph. Feeds are checked against the declared types and shapes; one symbol means one length throughout.
 * Parameters are asked for by name and read in place, so that a look-up in a huge table copies the rows it needs alone.
 * Integer arithmetic is exact and does not wrap. Throws a `RangeError` that names the input, parameter or node.
 */
export function evaluate(
  graph: Graph,
  feeds: Readonly<Record<string, Tensor>>,
  parameter: (name: string) => Tensor,
  { force = new Map() }: EvaluateOptions = {},
): Record<string, Tensor> {
  const bindings: Bindings = new Map();
  for (const value of graph.inputs) {
    const { name } = value.node.attributes;
    const tensor = feeds[name];
    if (tensor === undefined) {
      throw new RangeError(`graph ${graph.name}: input ${name} is not fed`);
    }
    checkFeed(value, tensor, bindings, `graph ${graph.name}, input ${name}`);
  }
  const results = new PerValue<Tensor>(force);
  for (const value of needed(graph, force)) {
    const result = force.get(value) ?? compute(value, results, feeds, parameter);
    bind(bindings, value.shape, result.shape, `graph ${graph.name}, ${describe(value)}`);
    results.set(value, result);
  }
  return recordOf(graph.outputs.map(({ name, value }) => [name, results.of(value)]));
}

function compute(
  value: Value,
  results: PerValue<Tensor>,
  feeds: Readonly<Record<string, Tensor>>,
  parameter: (name: string) => Tensor,
): Tensor {
  const { op, inputs, attributes } = value.node;
  const operands = inputs.map((input) => results.of(input));
  if (op === "input") {
    return feeds[attributes.name];
  }
  if (op === "parameter") {
    return parameter(attributes.name);
  }
  if (op === "reshape") {
    const { shape } = attributes;
    return ops.reshape.evaluate(operands, { shape: solveReshape(inputs[0].shape, operands[0].shape, shape) });
  }
  return ruleOf(op).evaluate(operands, attributes);
}

/** Operands before users, leaving out what only forced values depend on. */
function needed(graph: Graph, force: ReadonlyMap<Value, Tensor>): Value[] {
  const order = topological(graph.outputs.map((output) => output.value));
  const wanted = new Set(graph.outputs.map((output) => output.value));
  for (const value of order.toReversed()) {
    if (wanted.has(value) && !force.has(value)) {
      for (const input of value.node.inputs) {
        wanted.add(input);
      }
    }
  }
  return order.filter((value) => wanted.has(value));
}

function checkFeed(value: Value, tensor: Tensor, bindings: Bindings, what: string): void {
  bind(bindings, value.shape, tensor.shape, what);
  if (tensor.data.length !== size(tensor.shape)) {
    throw new RangeError(`${what}: ${tensor.data.length} numbers do not fill [${tensor.shape.join(", ")}]`);
  }
  if (value.dtype === "float32") {
    return;
  }
  for (let index = 0; index < tensor.data.length; index++) {
    const number = tensor.data[index];
    const fits = holds[value.dtype](number);
    if (!fits) {
      throw new RangeError(`${what}: number ${index} is ${number}, which is no ${value.dtype}`);
    }
  }
}

const holds: Readonly<Record<Exclude<Dtype, "float32">, (number: number) => boolean>> = {
  bool: (number) => number === 0 || number === 1,
  int32: (number) => number === (number | 0),
  uint8: (number) => number === (number & 255),
  // 11 significant bits, the last at 2⁻²⁴ or above, up to 65,504.
  float16(number) {
    const exponent = Math.max(-14, Math.floor(Math.log2(Math.abs(number))));
    return number === 0 || (Math.abs(number) <= 65504 && Number.isInteger(number * 2 ** (10 - exponent)));
  },
};

function describe({ node }: Value): string {
  if (node.op === "parameter") {
    return `parameter ${node.attributes.name}`;
  }
  return node.scope === "" ? node.op : `${node.op} in ${node.scope}`;
}
