// Rewrite 3 knows the query's weight by what it is, not by what it is called.
import { expect, it } from "vitest";
import { builder } from "../../../compiler/ir/build.ts";
import { print } from "../../../compiler/ir/print.ts";
import { passes } from "../../../compiler/passes/index.ts";
import { defaultContext } from "../../../compiler/passes/pass.ts";

const pass = passes.find(({ name }) => name === "fold-scale")!;

/** K (q W)ᵀ / 2 with a weight of a name and a role. */
function scores(name: string, role?: "query") {
  const b = builder("scores");
  const q = b.input("q", "float32", ["candidates", 3]);
  const keys = b.input("keys", "float32", ["history", 4]);
  const query = b.matmul(q, b.parameter(name, [3, 4], role));
  const value = b.div(b.matmul(keys, b.transpose(query, [1, 0])), b.scalar(2));
  const graph = { name: "scores", doc: "", inputs: [q, keys], outputs: [{ name: "scores", doc: "", value }] };
  return print(pass.run(graph, defaultContext));
}

it("divides a weight whose role is `query`, whatever its name", () => {
  const folded = scores("anything", "query");
  expect(folded.indexOf("div")).toBeLessThan(folded.indexOf("matmul"));
});

it("leaves a weight alone that is only called so: a table may hold what it makes", () => {
  const left = scores("relevance.query");
  expect(left.indexOf("div")).toBeGreaterThan(left.lastIndexOf("matmul"));
});
