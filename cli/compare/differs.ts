// What two models of a comparison have apart besides the interest block: histories, metrics, searches, attends and their tables.
import { type Model, showModel } from "../../compiler/index.ts";

const interest = /^(?:history|metric|search|attend|table) /;
/** A tower names its attends, which are the interest block's. */
const named = /^\s*(?:input: |\/\/ )/;

/** Lines of `twin show model` that one has and the other has not: `+ dropout: 0.1 (tower ranking)`. */
export function differsFrom(first: Model, other: Model): string[] {
  const [mine, theirs] = [first, other].map(linesOf);
  return [
    ...[...theirs].filter((line) => !mine.has(line)).map((line) => `+ ${line}`),
    ...[...mine].filter((line) => !theirs.has(line)).map((line) => `− ${line}`),
  ];
}

function linesOf(model: Model): Set<string> {
  const lines = new Set<string>();
  for (const section of showModel(model).split("\n\n")) {
    const [head, ...rest] = section.trim().split("\n");
    const title = head.split(" {")[0];
    if (interest.test(head) || title.startsWith("model ")) {
      continue;
    }
    for (const line of rest) {
      const text = line.split(" // ")[0].trim().replaceAll(/\s+/g, " ");
      if (text !== "" && text !== "}" && !named.test(line)) {
        lines.add(`${text} (${title})`);
      }
    }
  }
  return lines;
}
