// The gradient of every operator: central differences in float64, and the same numbers in ONNX.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { placement } from "../../../compiler/emit/placement.ts";
import { gradients } from "../../../compiler/gradient/reverse.ts";
import { builder } from "../../../compiler/ir/build.ts";
import { type Op, topological } from "../../../compiler/ir/graph.ts";
import { ops } from "../../../compiler/ir/ops.ts";
import { verify } from "../../../compiler/ir/verify.ts";
import { uniform } from "../../kit/any-request.ts";
import { difference } from "../../kit/difference.ts";
import { disagreement, named, results } from "../../kit/gradient.ts";
import { graphOf } from "../../kit/graph-of.ts";
import { type Feeds, runGraph } from "../../kit/onnx.ts";
import { anyCase, weights, writers } from "../emit/random-cases.ts";

const operators = Object.keys(ops) as Op[];
/** Selections have random cases of their own, and no gradient. */
const hasCase = (op: Op): op is keyof typeof writers => op in writers;

/** Not discrete, but stored: its rows are not trained. */
const untrained = new Set<Op>(["decodeRows"]);

/** A case's result weighted at random and summed, its gradients, and numbers away from ties and kinks. */
function backward(op: keyof typeof writers, seed: number) {
  const { graph, feeds } = anyCase(op, seed);
  const draw = uniform(Math.abs(seed) + 1);
  const tensors: Record<string, Feeds[string]> = { weights: { shape: [3, 4], data: weights } };
  for (const [name, { shape, data }] of Object.entries(feeds)) {
    const float = named(graph.inputs).get(name)?.dtype === "float32" && !(op === "bceWithLogits" && name === "x1");
    tensors[name] = float
      ? { shape, data: Float32Array.from(data, (x) => x + 0.002 + 0.025 * draw()) }
      : { shape, data };
  }
  const [{ value }] = graph.outputs;
  const b = builder("loss");
  const { shape } = results(graph, tensors).result;
  const share = b.input("share", "float32", value.shape);
  tensors.share = {
    shape,
    data: Float32Array.from({ length: shape.reduce((a, c) => a * c, 1) }, () => draw() * 2 - 1),
  };
  const number = value.dtype === "float32" ? value : b.cast(value, "float32");
  const weighted = b.mul(number, share);
  const loss =
    shape.length === 0
      ? weighted
      : b.sum(
          weighted,
          shape.map((_, axis) => axis),
        );
  const leaves = topological([loss]).filter(
    ({ node, dtype }) => (node.op === "input" || node.op === "parameter") && dtype === "float32",
  );
  const wrt = [...named(leaves)].filter(([name]) => name !== "share");
  const grads = gradients(
    loss,
    wrt.map(([, leaf]) => leaf),
  );
  const outputs = Object.fromEntries(wrt.map(([name], index) => [`d.${name}`, grads[index]]));
  return { graph: graphOf({ loss, ...outputs }), tensors, names: wrt.map(([name]) => name) };
}

/** Whether anything but a zero came out. */
const moves = (values: ArrayLike<number>) => Array.from(values).some((x) => x !== 0);

describe("the gradient of an operator", () => {
  it("is tested for every operator of the table that has one", () => {
    expect(operators.filter((op) => !hasCase(op) && ops[op].gradient !== "none")).toEqual([]);
  });

  it.each(operators.filter(hasCase))("%s: is what central differences say, also in ONNX", async (op) => {
    let moved = 0;
    await fc.assert(
      fc.asyncProperty(fc.integer(), async (seed) => {
        const { graph, tensors, names } = backward(op, seed);
        verify(graph);
        const found = results(graph, tensors);
        const ran = await runGraph(graph, tensors, { weights });
        expect(placement(graph, ["cpu", "wasm"])).toEqual([]);
        for (const name of names) {
          const actual = found[`d.${name}`];
          expect(actual.shape).toEqual(tensors[name].shape);
          expect(difference(ran[`d.${name}`], actual)).toBeNull();
          if (moves(actual.data)) {
            moved++;
          }
          if (untrained.has(op)) {
            continue;
          }
          const length = actual.data.length;
          for (const index of new Set([0, length >> 1, length - 1].filter((at) => at >= 0))) {
            expect(disagreement(actual.data[index], graph, tensors, "loss", { name, index })).toBeNull();
          }
        }
      }),
      { numRuns: 30 },
    );
    const passes = ops[op].gradient !== "none" || op === "input" || op === "parameter";
    expect(moved > 0).toBe(passes);
  });
});
