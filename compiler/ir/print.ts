// A graph as stable text, one value a line: what goldens compare and `twin show` prints.
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { type Graph, type Literal, PerValue, topological, type Value } from "./graph.ts";
import { show, showShape } from "./shape.ts";

/**
 * ```text
 * graph rank
 * %1 = input candidate_item : int32[candidates]
 * %2 = parameter item.embedding : float32[1000, 16]
 * %3 = gather(%2, %1) axis=0 : float32[candidates, 16]  # relevance/query
 * return score = %3 : float32[candidates, 16]
 * ```
 */
export function print(graph: Graph): string {
  const outputs = graph.outputs.map((output) => output.value);
  const order = topological(outputs, graph.inputs);
  const names = new PerValue(order.map((value, index) => [value, `%${index + 1}`]));
  const line = (value: Value) => {
    const place = value.node.scope === "" ? "" : `  # ${value.node.scope}`;
    return `${names.get(value)} = ${printNode(value, (input) => names.of(input))} : ${show(value)}${place}`;
  };
  const returns = graph.outputs.map(({ name, value }) => `return ${name} = ${names.get(value)} : ${show(value)}`);
  return [`graph ${graph.name}`, ...order.map(line), ...returns, ""].join("\n");
}

/** The right-hand side: operator, operands, attributes; neither type nor place. */
export function printNode(value: Value, name: (input: Value) => string): string {
  const { op, inputs, attributes } = value.node;
  if (op === "input") {
    return `input ${attributes.name}`;
  }
  if (op === "parameter") {
    return `parameter ${attributes.name}`;
  }
  if (op === "constant") {
    return `constant ${printLiteral(attributes)}`;
  }
  const extras = Object.entries(attributes).map(
    ([key, item]) => ` ${key}=${Array.isArray(item) ? showShape(item) : item}`,
  );
  return `${op}(${inputs.map(name).join(", ")})${extras.sort().join("")}`;
}

const shown = 8;

/** All numbers of a short literal; the first few and a digest of a long one. */
function printLiteral({ dtype, data }: Literal): string {
  const numbers = Array.from(data.subarray(0, shown), (x) => (dtype === "float32" ? shortest(x) : String(x)));
  if (data.length <= shown) {
    return `[${numbers.join(", ")}]`;
  }
  return `[${numbers.slice(0, 3).join(", ")}, … sha256 ${digest(data).slice(0, 12)}]`;
}

/** The fewest digits that name this float32 and no other. */
function shortest(x: number): string {
  if (Object.is(x, -0)) {
    return "-0";
  }
  if (!Number.isFinite(x)) {
    return String(x);
  }
  for (let digits = 1; digits < 9; digits++) {
    const text = Number(x.toPrecision(digits));
    if (Math.fround(text) === x) {
      return String(text);
    }
  }
  return String(Number(x.toPrecision(9)));
}

/** SHA-256 of the little-endian bytes, in hex. */
export function digest(data: Literal["data"] | BigInt64Array): string {
  return bytesToHex(sha256(new Uint8Array(data.buffer, data.byteOffset, data.byteLength)));
}
