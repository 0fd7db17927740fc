// How a plan runs its passes: which are left out, what they take for usual, and how a broken promise is told.
import { describe, expect, it } from "vitest";
import { builder } from "../../../compiler/ir/build.ts";
import type { Graph } from "../../../compiler/ir/graph.ts";
import { print } from "../../../compiler/ir/print.ts";
import { contextOf, type Pass, plans, rewrite } from "../../../compiler/passes/index.ts";
import { type Condition, defaultContext, nowhere, sound } from "../../../compiler/passes/pass.ts";
import { graphOf } from "../../kit/graph-of.ts";

const b = builder("m");
const x = b.input("x", "float32", ["history", 4]);
const scaled = graphOf({ result: b.mul(b.matmul(x, b.parameter("w", [4, 3])), b.scalar(2)) });
const operators = (graph: Graph) => [...print(graph).matchAll(/\b(mul|matmul|tanh)\(/g)].map(([, op]) => op);
const twice = graphOf({ result: b.add(b.tanh(x), b.tanh(x)) });

/** A plan with one pass in front that does and promises as said. */
function withPass(plan: keyof typeof plans, pass: Partial<Pass>, run: () => void): void {
  const passes = plans[plan] as unknown as Pass[];
  const all = [...passes];
  passes.unshift({ name: "odd", keeps: "bits", requires: [], ensures: [], run: (graph) => graph, ...pass });
  try {
    run();
  } finally {
    passes.splice(0, passes.length, ...all);
  }
}

const never: Condition = { name: "never", check: () => "it is not so" };

describe("a plan", () => {
  it("runs its own passes, a build's unless said otherwise", () => {
    expect(operators(scaled)).toEqual(["matmul", "mul"]);
    expect(operators(rewrite(scaled))).toEqual(["mul", "matmul"]);
    expect(operators(rewrite(scaled, { plan: "learning" }))).toEqual(["matmul", "mul"]);
    expect(operators(twice)).toEqual(["tanh", "tanh"]);
    expect(operators(rewrite(twice, { plan: "learning" }))).toEqual(["tanh"]);
    expect(operators(rewrite(twice, { plan: "written" }))).toEqual(["tanh", "tanh"]);
  });

  it("leaves out what it is told to", () => {
    expect(operators(rewrite(scaled, { skip: new Set(["fold-beta"]) }))).toEqual(["matmul", "mul"]);
    expect(operators(rewrite(scaled, { skip: new Set(["share"]) }))).toEqual(["mul", "matmul"]);
  });

  it("takes requests and batches for as large as they usually are", () => {
    const dims = ["candidates", "batch", "history", "history.watched", "items", "rows"];
    expect(dims.map(contextOf("serving").usual)).toEqual([100, 512, 10_000, 10_000, undefined, undefined]);
    expect(dims.map(contextOf("histories").usual)).toEqual([100, 512, 10_000, 10_000, 10_000, undefined]);
    expect(contextOf("serving")).toBe(defaultContext);
    const { usual: _, ...sizes } = contextOf("steps");
    expect(sizes).toEqual({ biasTable: 1 << 24, valueTable: 1 << 20 });
    const contexts: unknown[] = [];
    const noted: Pass["run"] = (graph, context) => {
      contexts.push(context);
      return graph;
    };
    withPass("written", { run: noted }, () => {
      rewrite(twice, { plan: "written" });
      rewrite(twice, { plan: "written", context: defaultContext });
    });
    expect(contexts).toEqual([contextOf("written"), defaultContext]);
    expect(contexts[0]).not.toBe(defaultContext);
  });

  it("holds its passes to what they say where it is asked to, and tells which broke its word", () => {
    const skewed: Graph = { ...twice, inputs: [] };
    withPass("cut", { requires: [sound], ensures: [sound] }, () => {
      expect(() => rewrite(skewed, { plan: "cut", verify: true })).toThrow(
        /^test: odd requires "sound", but: graph test is broken:\n {2}input x is used, but not declared$/,
      );
      expect(print(rewrite(twice, { plan: "cut", verify: true }))).toBe(print(twice));
      expect(() => rewrite(skewed, { plan: "cut" })).not.toThrow();
    });
    withPass("cut", { ensures: [sound], run: () => skewed }, () => {
      expect(() => rewrite(twice, { plan: "cut", verify: true })).toThrow('test: odd ensures "sound", but: graph test');
    });
    withPass("cut", { ensures: [never] }, () => {
      expect(() => rewrite(twice, { plan: "cut", verify: true })).toThrow(
        'test: odd ensures "never", but: it is not so',
      );
      expect(() => rewrite(twice, { plan: "cut" })).not.toThrow();
      expect(() => rewrite(twice, { plan: "cut", verify: false })).not.toThrow();
    });
  });
});

describe("a condition", () => {
  it("of a value names where it is not met: its place, or the graph", () => {
    const tanh = nowhere("is a tanh", ({ node }) => node.op === "tanh");
    expect(tanh.name).toBe("nowhere is a tanh");
    expect(tanh.check(twice, defaultContext, twice)).toBe("tanh in m");
    expect(tanh.check(scaled, defaultContext, scaled)).toBeNull();
    const nameless = builder("");
    const bare = graphOf({ result: nameless.tanh(nameless.input("x", "float32", [2])) }, "bare");
    expect(tanh.check(bare, defaultContext, bare)).toBe("tanh in bare");
  });

  it("of soundness says what is broken", () => {
    expect(sound.check(twice, defaultContext, twice)).toBeNull();
    expect(sound.check({ ...twice, outputs: [] }, defaultContext, twice)).toMatch(/there is no output/);
  });
});
