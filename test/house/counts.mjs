// Counts what the compiler cannot vouch for: casts and `!` in compiler and runtime. `node test/house/counts.mjs [--list] [ROOT]`.
// `as const` and `satisfies` are no casts; a cast through `unknown` counts twice, as it is written.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseSync, Visitor } from "oxc-parser";

const list = process.argv.includes("--list");
const root = process.argv.slice(2).find((word) => !word.startsWith("--")) ?? join(import.meta.dirname, "../..");

/** Casts and non-null assertions of one source, with their lines. */
export function countsOf(path, text) {
  const found = { casts: [], assertions: [] };
  const line = (at) => text.slice(0, at).split("\n").length;
  const cast = (node) => {
    const isConst = node.typeAnnotation.type === "TSTypeReference" && node.typeAnnotation.typeName?.name === "const";
    if (!isConst) {
      found.casts.push({ line: line(node.start), text: text.slice(node.start, node.end) });
    }
  };
  const { program, errors } = parseSync(path, text);
  if (errors.length > 0) {
    throw new Error(`${path}: ${errors[0].message}`);
  }
  new Visitor({
    TSAsExpression: cast,
    TSTypeAssertion: cast,
    TSNonNullExpression: (node) =>
      found.assertions.push({ line: line(node.start), text: text.slice(node.start, node.end) }),
  }).visit(program);
  return found;
}

const rooms = ["contract", "compiler", "runtime"].filter((room) => readdirSync(root).includes(room));
const total = { casts: 0, assertions: 0 };
for (const room of rooms) {
  const own = { casts: 0, assertions: 0 };
  for (const file of readdirSync(join(root, room), { recursive: true, encoding: "utf8" }).sort()) {
    if (!file.endsWith(".ts")) {
      continue;
    }
    const path = join(room, file);
    const found = countsOf(path, readFileSync(join(root, path), "utf8"));
    for (const kind of /** @type {const} */ (["casts", "assertions"])) {
      own[kind] += found[kind].length;
      total[kind] += found[kind].length;
      if (list) {
        for (const one of found[kind]) {
          console.log(`${path}:${one.line}: ${one.text.replaceAll(/\s+/g, " ")}`);
        }
      }
    }
  }
  console.log(`${room}: ${own.casts} casts, ${own.assertions} non-null assertions`);
}
console.log(`together: ${total.casts} casts, ${total.assertions} non-null assertions`);
