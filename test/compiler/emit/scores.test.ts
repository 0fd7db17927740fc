// Scores with what belongs to a behaviour: both ways of its If, both layouts of the keys, a bias of every head or of all.

import { describe, expect, it } from "vitest";
import { placement } from "../../../compiler/emit/placement.ts";
import { builder } from "../../../compiler/ir/build.ts";
import { evaluate } from "../../../compiler/ir/evaluate.ts";
import { difference } from "../../kit/difference.ts";
import { graphOf } from "../../kit/graph-of.ts";
import { needs } from "../../kit/needs.ts";
import { runGraph } from "../../kit/onnx.ts";
import { holdDevice, onDevice } from "../../kit/webgpu.ts";
import { drawFrom } from "./random-cases.ts";

const [heads, width, length] = [3, 5, 40];

function scores(behaviours: 0 | 1, biasHeads: number) {
  const b = builder("relevance/score");
  const queries = b.input("queries", "float32", [heads, "candidates", width]);
  const keys = b.input("keys", "float32", behaviours === 0 ? ["history", heads, width] : [heads, "history", width]);
  return graphOf({ y: b.biasedScores(queries, keys, b.input("bias", "float32", [biasHeads, "history"]), behaviours) });
}

function feeds(behaviours: 0 | 1, biasHeads: number, candidates: number) {
  const draw = drawFrom(candidates);
  const tensor = (...shape: number[]) => ({
    shape,
    data: Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => draw(2 ** 20) / 2 ** 19 - 1),
  });
  const bias = tensor(biasHeads, length);
  for (let i = length - 7; i < length; i++) {
    bias.data[i] = -1e30;
  }
  return {
    queries: tensor(heads, candidates, width),
    keys: behaviours === 0 ? tensor(length, heads, width) : tensor(heads, length, width),
    bias,
  };
}

const cases = ([0, 1] as const).flatMap((behaviours) =>
  [1, heads].flatMap((biasHeads) => [1, 2, 16, 17, 60].map((count) => [behaviours, biasHeads, count] as const)),
);
const none = (name: string): never => {
  throw new Error(`no parameter ${name}`);
};

describe("biased scores", () => {
  it.each(cases)(
    "keys with behaviours at axis %i, a bias of %i heads, %i candidates",
    async (axis, biasHeads, count) => {
      const graph = scores(axis, biasHeads);
      const given = feeds(axis, biasHeads, count);
      const wanted = evaluate(graph, given, none).y;
      const { y } = await runGraph(graph, given);
      expect(difference(y, wanted, false)).toBeNull();
      // What is masked is equal among itself, whatever its score was.
      expect(Array.from(y.data as Float32Array).filter((score) => score === Math.fround(-1e30))).toHaveLength(
        7 * count * (biasHeads === 1 ? heads : 1),
      );
      expect(placement(graph)).toEqual([]);
    },
  );

  it("is the product of each head, plus the bias", () => {
    const b = builder("formula");
    const { queries, keys, bias } = feeds(1, heads, 4);
    const [q, k] = [
      b.input("queries", "float32", [heads, 4, width]),
      b.input("keys", "float32", [heads, length, width]),
    ];
    const p = b.input("bias", "float32", [heads, length]);
    const formula = b.add(b.matmul(q, b.transpose(k, [0, 2, 1])), b.unsqueeze(p, 1));
    const result = evaluate(graphOf({ formula, y: b.biasedScores(q, k, p, 1) }), { queries, keys, bias }, none);
    expect(difference(result.y, result.formula, false)).toBeNull();
  });

  it("refuses what does not fit, naming the operand", () => {
    const b = builder("relevance/score");
    const q = b.input("q", "float32", [heads, "candidates", width]);
    const k = (...shape: (number | string)[]) => b.input("k", "float32", shape);
    const p = (...shape: (number | string)[]) => b.input("p", "float32", shape);
    expect(() => b.biasedScores(q, k("history", heads, 4), p(1, "history"), 0)).toThrow("the width of the keys");
    expect(() => b.biasedScores(q, k(2, "history", width), p(1, "history"), 1)).toThrow(
      "the number of heads of the keys",
    );
    expect(() => b.biasedScores(q, k("history", heads, width), p(1, "rows"), 0)).toThrow("behaviours of the bias");
    expect(() => b.biasedScores(q, k("history", heads, width), p(2, "history"), 0)).toThrow("heads of the bias");
  });
});

describe("on a WebGPU device", needs("webgpu"), () => {
  holdDevice();
  it.each(cases.filter(([, biasHeads, count]) => biasHeads === 1 && [2, 17].includes(count)))(
    "stay there and mean the same, axis %i, a bias of %i heads, %i candidates",
    async (axis, biasHeads, count) => {
      const graph = scores(axis, biasHeads);
      const given = feeds(axis, biasHeads, count);
      const { y } = await runGraph(graph, given, {}, onDevice);
      expect(difference(y, evaluate(graph, given, none).y, false)).toBeNull();
    },
    60_000,
  );
});
