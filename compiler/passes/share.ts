// Common subexpressions and dead code.
import { make } from "../ir/build.ts";
import { type Node, topological, type Value } from "../ir/graph.ts";
import { canonical } from "../ir/hash.ts";
import { rewrite } from "../ir/rewrite.ts";
import { type Pass, sound } from "./pass.ts";

/**
 * Computes what is equal once, and drops what nothing needs.
 *  1. two nodes of one operator, equal attributes and the same operands  →  the first of them
 * Results stay the same to the bit.
 */
export const share: Pass = {
  name: "share",
  keeps: "bits",
  requires: [sound],
  ensures: [
    sound,
    {
      name: "no two equal nodes",
      check(graph) {
        const outputs = graph.outputs.map(({ value }) => value);
        const different = canonical(outputs)
          .split("\n")
          .filter((line) => line.startsWith("%")).length;
        const twice = topological(outputs).length - different;
        return twice === 0 ? null : `${twice} of ${graph.name}`;
      },
    },
  ],
  run: (graph) => rewrite(graph, sharing()),
};

/** A rule that gives the first of equal nodes, null for the first itself. */
function sharing(): (value: Value, inputs: readonly Value[]) => Value | null {
  const numbers = new Map<Value, number>();
  const first = new Map<string, Value>();
  const number = (value: Value) => {
    const own = numbers.get(value) ?? numbers.size;
    numbers.set(value, own);
    return own;
  };
  return (value, inputs) => {
    const { op, attributes, scope, doc } = value.node;
    const key = `${op} ${attributesKey(value.node)} ${inputs.map(number).join()}`;
    const known = first.get(key);
    if (known) {
      return known;
    }
    const untouched = inputs.every((input, index) => input === value.node.inputs[index]);
    const made = untouched ? value : make(op, inputs, attributes, { scope, doc });
    first.set(key, made);
    return untouched ? null : made;
  };
}

function attributesKey({ op, attributes }: Node): string {
  if (op !== "constant") {
    return JSON.stringify(attributes);
  }
  const { dtype, shape, data } = attributes;
  // −0 and 0 are different numbers and the same JSON.
  return `${dtype} [${shape}] ${Array.from(data, (x) => (Object.is(x, -0) ? "-0" : String(x))).join()}`;
}
