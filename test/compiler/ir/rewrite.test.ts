// Rewriting keeps what it does not touch; the verifier finds what a rewrite breaks.
import { describe, expect, it } from "vitest";
import { builder, make } from "../../../compiler/ir/build.ts";
import type { Graph, Value } from "../../../compiler/ir/graph.ts";
import { print } from "../../../compiler/ir/print.ts";
import { rewrite } from "../../../compiler/ir/rewrite.ts";
import { VerifyError, verify } from "../../../compiler/ir/verify.ts";
import { graphOf } from "../../kit/graph-of.ts";

const b = builder("m");
const x = b.input("x", "float32", ["rows", 4]);
const y = b.input("y", "float32", ["rows", 4]);
const left = b.exp(x);
const right = b.relu(y);
const graph = graphOf({ left, both: b.add(left, right) });

describe("rewrite", () => {
  it("returns the same objects where nothing changes", () => {
    const same = rewrite(graph, () => null);
    expect(same.outputs).toEqual(graph.outputs);
    same.outputs.forEach((output, index) => {
      expect(output).toBe(graph.outputs[index]);
    });
  });

  it("changes what the rule names and its users, once each", () => {
    const seen: Value[] = [];
    const changed = rewrite(graph, (value, [operand]) => {
      seen.push(value);
      return value.node.op === "relu" ? b.at("new").abs(operand) : null;
    });
    expect(new Set(seen).size).toBe(seen.length);
    expect(changed.outputs[0].value).toBe(left);
    const both = changed.outputs[1].value;
    expect(both.node.inputs[0]).toBe(left);
    expect(both.node.inputs[1].node).toMatchObject({ op: "abs", scope: "m/new" });
    expect(both.node).toMatchObject({ op: "add", scope: "m" });
    verify(changed, "relu-to-abs");
  });

  it("infers users anew and drops inputs that nothing reads", () => {
    const narrow = rewrite(graph, (value) => (value === right ? b.input("z", "float32", [1, 4]) : null));
    expect(narrow.inputs.map((input) => (input.node.attributes as { name: string }).name)).toEqual(["x", "z"]);
    verify(narrow);
    expect(print(narrow)).toContain("input z : float32[1, 4]");
  });
});

describe("verify", () => {
  const value = (source: Value, change: Partial<Value>): Value => ({ ...source, ...change });
  const withOutput = (output: Value, name = "both"): Graph => ({
    ...graph,
    outputs: [graph.outputs[0], { name, value: output, doc: "" }],
  });
  const both = graph.outputs[1].value;

  it("accepts a whole graph", () => {
    expect(() => verify(graph)).not.toThrow();
  });

  it.each([
    ["a wrong shape", withOutput(value(both, { shape: [3] })), "add in m says float32[3], but makes float32[rows, 4]"],
    ["a wrong dtype", withOutput(value(both, { dtype: "int32" })), "says int32[rows, 4], but makes float32[rows, 4]"],
    [
      "operands that do not fit",
      withOutput(value(both, { node: { ...both.node, inputs: [x, b.ints([1])] } })),
      "int32[1]",
    ],
    ["an input that is not declared", { ...graph, inputs: [x] }, "input y is used, but not declared"],
    ["an input that nothing reads", { ...graph, outputs: [graph.outputs[0]] }, "input y is declared, but no output"],
    ["two outputs of one name", withOutput(both, "left"), "left names an output and an output"],
    ["an output named as an input", withOutput(both, "x"), "x names an input and an output"],
    ["an output without a name", withOutput(both, ""), "an output has no name"],
    ["no output", { ...graph, inputs: [], outputs: [] }, "there is no output"],
  ])("finds %s", (_, broken, message) => {
    expect(() => verify(broken, "some-pass")).toThrow(VerifyError);
    expect(() => verify(broken, "some-pass")).toThrow(message);
    expect(() => verify(broken, "some-pass")).toThrow("graph test after some-pass is broken:");
  });

  it("finds a parameter of two shapes", () => {
    const place = { scope: "", doc: "" };
    const [w, v] = [[4], [1]].map((shape) => make("parameter", [], { name: "w", shape }, place));
    expect(() => verify(graphOf({ z: b.add(b.add(x, w), v) }))).toThrow("parameter w is both [4] and [1]");
  });

  it("finds a cycle", () => {
    const inputs: Value[] = [x];
    const loop = value(b.neg(x), { node: { ...b.neg(x).node, inputs } });
    inputs[0] = b.exp(loop);
    expect(() => verify(graphOf({ loop }))).toThrow("depends on its own result");
  });
});
