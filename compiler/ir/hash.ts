// Structural identity: equal computations have equal text and equal fingerprints, wherever they stand in a model.
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { PerValue, topological, type Value } from "./graph.ts";
import { digest, printNode } from "./print.ts";
import { show } from "./shape.ts";

/**
 * The computation of `values` as text. Scope, doc text and nodes that the values do not depend on leave no trace, nor
 * does whether equal subexpressions are one node or two. Names and shapes of inputs and parameters count, as do the
 * numbers of constants. The order of operands counts, also where it would not matter.
 */
export function canonical(values: readonly Value[]): string {
  const numbers = new Map<string, number>();
  const number = new PerValue<number>();
  for (const value of topological(values)) {
    const { op, attributes } = value.node;
    const meaning =
      op === "constant" ? `constant ${digest(attributes.data)}` : printNode(value, (input) => `%${number.of(input)}`);
    const line = `${meaning} : ${show(value)}`;
    const own = numbers.get(line) ?? numbers.size + 1;
    numbers.set(line, own);
    number.set(value, own);
  }
  const lines = [...numbers].map(([line, index]) => `%${index} = ${line}`);
  return [...lines, `return ${values.map((value) => `%${number.of(value)}`).join(", ")}`, ""].join("\n");
}

/** SHA-256 of the canonical text, in hex. */
export function fingerprint(values: readonly Value[]): string {
  return bytesToHex(sha256(utf8ToBytes(canonical(values))));
}
