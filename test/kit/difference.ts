// Two results of a graph, compared.
import type { Tensor } from "../../compiler/ir/rule.ts";

/** Where two results differ by more than 1e-5 · max(1, |b|), or null. */
export function difference(actual: Tensor, wanted: Tensor, exact = false): string | null {
  if (actual.shape.join() !== wanted.shape.join()) {
    return `shape [${actual.shape}] instead of [${wanted.shape}]`;
  }
  for (let index = 0; index < wanted.data.length; index++) {
    const [a, b] = [actual.data[index], wanted.data[index]];
    const near = exact ? a === b : a === b || Math.abs(a - b) <= 1e-5 * Math.max(1, Math.abs(b));
    if (!near) {
      return `number ${index} is ${a} instead of ${b}`;
    }
  }
  return null;
}
