// What sharing leaves alone is the same object as before; what it makes anew stays at its place in the model.
import { expect, it } from "vitest";
import { builder } from "../../../compiler/ir/build.ts";
import { defaultContext } from "../../../compiler/passes/pass.ts";
import { share } from "../../../compiler/passes/share.ts";
import { graphOf } from "../../kit/graph-of.ts";

const b = builder("m");
const x = b.input("x", "float32", ["history", 4]);

it("makes nothing anew where nothing is equal", () => {
  const result = b.add(b.tanh(b.matmul(x, b.parameter("w", [4, 4]))), x);
  const after = share.run(graphOf({ result }), defaultContext);
  expect(after.outputs[0].value).toBe(result);
  expect(after.inputs).toEqual([x]);
});

it("leaves what it makes anew at its place", () => {
  const inner = b.at("inner", "what it is");
  const after = share.run(graphOf({ first: b.tanh(x), second: inner.relu(b.tanh(x)) }), defaultContext);
  const [first, second] = after.outputs.map(({ value }) => value);
  expect(second.node.inputs[0]).toBe(first);
  expect(second.node).toMatchObject({ op: "relu", scope: "m/inner", doc: "what it is" });
});
