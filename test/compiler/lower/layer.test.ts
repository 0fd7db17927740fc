// Layers of a tower against their formulas, number by number.
import { describe, expect, it } from "vitest";
import { builder } from "../../../compiler/ir/build.ts";
import { evaluate } from "../../../compiler/ir/evaluate.ts";
import { hiddenLayer } from "../../../compiler/lower/layer.ts";
import type { Tower } from "../../../compiler/model/model.ts";
import { modelOf } from "../../kit/any-model.ts";
import { requestFeeds } from "../../kit/any-request.ts";
import { graphsOf, randomParameters, run } from "../../kit/reference.ts";
import { showcaseText } from "../../kit/showcase.ts";

const tower = modelOf(showcaseText).towers[0];
const x = [-1.5, 0.25, 2];
const parameters: Readonly<Record<string, readonly number[]>> = {
  weight: [1, 0, 0, 0, 1, 0, 0, 0, 1],
  bias: [0.5, 0.5, 0.5],
  alpha: [0.2, 0.3, 0.4],
  mean: [0.1, 0.2, 0.3],
  variance: [0.5, 1, 2],
  "norm.scale": [2, 3, 4],
  "norm.shift": [0.1, 0.2, 0.3],
  "norm.mean": [0.3, 0.2, 0.1],
  "norm.variance": [1, 2, 0.5],
};
const y = x.map((value) => value + 0.5);
const sigmoid = (value: number) => 1 / (1 + Math.exp(-value));

/** Φ(z), by the trapezium rule. */
function normal(z: number): number {
  const steps = 20_000;
  const from = -10;
  const width = (z - from) / steps;
  const density = (at: number) => Math.exp((-at * at) / 2) / Math.sqrt(2 * Math.PI);
  let sum = (density(from) + density(z)) / 2;
  for (let index = 1; index < steps; index++) {
    sum += density(from + index * width);
  }
  return sum * width;
}

function layer(settings: Partial<Tower>): number[] {
  const b = builder("");
  const input = b.input("x", "float32", ["candidates", 3]);
  const serving = { training: null, layout: "request", input: b.input } as const;
  const value = hiddenLayer(serving, b, { ...tower, ...settings }, "t.hidden.0", input, 3);
  const graph = { name: "layer", doc: "", inputs: [input], outputs: [{ name: "y", value, doc: "" }] };
  const read = (name: string) => {
    const data = parameters[name.replace("t.hidden.0.", "")];
    return { shape: data.length === 9 ? [3, 3] : [3], data };
  };
  return Array.from(evaluate(graph, { x: { shape: [1, 3], data: x } }, read).y.data);
}

function expectNear(actual: readonly number[], wanted: readonly number[]): void {
  expect(actual).toHaveLength(wanted.length);
  actual.forEach((value, index) => void expect(value).toBeCloseTo(wanted[index], 6));
}

describe("a hidden layer", () => {
  it("relu, prelu, gelu, dice", () => {
    const { alpha, mean, variance } = parameters;
    expectNear(
      layer({ activation: "relu" }),
      y.map((value) => Math.max(value, 0)),
    );
    expectNear(
      layer({ activation: "prelu" }),
      y.map((value, index) => (value > 0 ? value : alpha[index] * value)),
    );
    expectNear(
      layer({ activation: "gelu" }),
      y.map((value) => value * normal(value)),
    );
    const dice = y.map((value, index) => {
      const p = sigmoid((value - mean[index]) / Math.sqrt(variance[index] + 1e-8));
      return p * value + (1 - p) * alpha[index] * value;
    });
    expectNear(layer({ activation: "dice" }), dice);
  });

  it("normalises ahead of the activation, by the row or by stored statistics", () => {
    const scale = parameters["norm.scale"];
    const shift = parameters["norm.shift"];
    const mean = y.reduce((sum, value) => sum + value, 0) / 3;
    const variance = y.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 3;
    const relu = (values: readonly number[]) =>
      values.map((value, index) => Math.max(value * scale[index] + shift[index], 0));
    expectNear(layer({ norm: "layer" }), relu(y.map((value) => (value - mean) / Math.sqrt(variance + 1e-5))));
    const stored = y.map(
      (value, index) => (value - parameters["norm.mean"][index]) / Math.sqrt(parameters["norm.variance"][index] + 1e-5),
    );
    expectNear(layer({ norm: "batch" }), relu(stored));
  });
});

describe("experts", () => {
  it("are mixed by each task's gate: equal experts are one trunk, whatever the gate says", () => {
    const mixed = modelOf(showcaseText.replace("hidden: [16]", "hidden: [16]\n  experts: 2"));
    const single = modelOf(showcaseText);
    const random = randomParameters(mixed, 9);
    const feeds = requestFeeds(single, { candidates: 3, history: 9, valid: 7, seed: 2 });
    const asOne = (name: string) => random(name.replace("expert.1", "expert.0"));
    const trunk = (name: string) => random(name.replace("ranking.hidden", "ranking.expert.0.hidden"));
    const experts = run(graphsOf(mixed).get("request")!, feeds, asOne)["click.logit"].data;
    const one = run(graphsOf(single).get("request")!, feeds, trunk)["click.logit"].data;
    expectNear(Array.from(experts), Array.from(one));
    const different = run(graphsOf(mixed).get("request")!, feeds, random)["click.logit"].data;
    expect(Math.abs(different[0] - one[0])).toBeGreaterThan(1e-6);
  });
});
