// Joint tables hold at most 65,536 numbers: one more, and the look-ups stay apart.
import { describe, expect, it } from "vitest";
import { builder } from "../../../compiler/ir/build.ts";
import type { Value } from "../../../compiler/ir/graph.ts";
import { topological } from "../../../compiler/ir/graph.ts";
import { joinLookups } from "../../../compiler/passes/join-lookups.ts";
import { defaultContext } from "../../../compiler/passes/pass.ts";
import { graphOf } from "../../kit/graph-of.ts";

function gathers(left: readonly number[], right: readonly number[], join: "added" | "beside"): number {
  const b = builder("relevance");
  const look = (name: string, shape: readonly number[]): Value =>
    b.gather(b.parameter(name, shape), b.input(`${name}.row`, "int32", ["history"]));
  const [s, t] = [look("s", left), look("t", right)];
  const graph = graphOf({ result: join === "added" ? b.add(s, t) : b.concat([s, t], 1) });
  const joined = joinLookups.run(graph, defaultContext);
  return topological(joined.outputs.map(({ value }) => value)).filter(({ node }) => node.op === "gather").length;
}

describe("join-lookups", () => {
  it("adds up tables of 65,536 sums, and of no more", () => {
    expect(gathers([256, 4], [64, 4], "added")).toBe(1);
    expect(gathers([257, 4], [64, 4], "added")).toBe(2);
    expect(gathers([128, 4], [129, 4], "added")).toBe(2);
  });

  it("sets tables of 65,536 numbers side by side, and of no more", () => {
    expect(gathers([128, 3], [128, 1], "beside")).toBe(1);
    expect(gathers([129, 3], [128, 1], "beside")).toBe(2);
  });
});
