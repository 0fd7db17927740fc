// Layers while they learn: the batch's own statistics, their running means, dropout.
import { describe, expect, it } from "vitest";
import { builder } from "../../../compiler/ir/build.ts";
import { evaluate } from "../../../compiler/ir/evaluate.ts";
import type { Value } from "../../../compiler/ir/graph.ts";
import { hiddenLayer } from "../../../compiler/lower/layer.ts";
import type { Tower } from "../../../compiler/model/model.ts";
import { graphOf } from "../../kit/graph-of.ts";

const rows = [
  [1, -2],
  [0.5, 4],
  [-3, 0.25],
];
const width = 2;
const parameters: Readonly<Record<string, readonly number[]>> = {
  weight: [1, 0, 0, 1],
  bias: [0, 0],
  alpha: [0.1, 0.3],
  mean: [0.2, -0.4],
  variance: [2, 3],
  "norm.scale": [1.5, 0.5],
  "norm.shift": [0.1, -0.1],
  "norm.mean": [0.2, -0.4],
  "norm.variance": [2, 3],
};

/** Runs a layer whose linear part is the identity; statistics come back under their parameters' names. */
function learn(settings: Partial<Tower>, x = rows, extra: Readonly<Record<string, readonly number[]>> = {}) {
  const b = builder("");
  const measured = new Map<string, Value>();
  const tower = { activation: "relu", norm: "none", dropout: 0, ...settings } as Tower;
  const scene = { training: { learns: true, measured }, layout: "batch", input: b.input } as const;
  const y = hiddenLayer(scene, b, tower, "t", b.input("x", "float32", ["batch", width]), width);
  const shape = [x.length, width];
  const feeds = Object.fromEntries(
    Object.entries({ x: x.flat(), ...extra }).map(([name, data]) => [name, { shape, data }]),
  );
  const results = evaluate(graphOf({ y, ...Object.fromEntries(measured) }), feeds, (name) => {
    const data = parameters[name.slice(2)];
    return { shape: data.length === 4 ? [2, 2] : [2], data };
  });
  return Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, Array.from(data)]));
}

const column = (x: readonly (readonly number[])[], c: number) => x.map((row) => row[c]);
const mean = (x: readonly number[]) => x.reduce((sum, one) => sum + one, 0) / x.length;
const spread = (x: readonly number[]) => mean(x.map((one) => (one - mean(x)) ** 2));

function near(actual: readonly number[], wanted: readonly number[]) {
  expect(actual.length).toBe(wanted.length);
  actual.forEach((x, index) => {
    expect(x).toBeCloseTo(wanted[index], 6);
  });
}

describe("a layer that learns", () => {
  it("normalises by the batch and measures a tenth of it", () => {
    const found = learn({ norm: "batch" });
    const standard = (c: number, x: number) => (x - mean(column(rows, c))) / Math.sqrt(spread(column(rows, c)) + 1e-5);
    const wanted = rows.map((row) =>
      row.map((x, c) => Math.max(0, standard(c, x) * parameters["norm.scale"][c] + parameters["norm.shift"][c])),
    );
    near(found.y, wanted.flat());
    const columns = [0, 1].map((c) => column(rows, c));
    near(
      found["t.norm.mean"],
      columns.map((x, c) => 0.9 * parameters["norm.mean"][c] + 0.1 * mean(x)),
    );
    // The stored variance estimates the population's: 3 rows, 2 in the denominator.
    near(
      found["t.norm.variance"],
      columns.map((x, c) => 0.9 * parameters["norm.variance"][c] + 0.1 * spread(x) * (3 / 2)),
    );
  });

  it("has statistics of its own for DICE", () => {
    const found = learn({ activation: "dice" });
    const wanted = rows.map((row) =>
      row.map((x, c) => {
        const z = (x - mean(column(rows, c))) / Math.sqrt(spread(column(rows, c)) + 1e-8);
        const p = 1 / (1 + Math.exp(-z));
        return p * x + (1 - p) * parameters.alpha[c] * x;
      }),
    );
    near(found.y, wanted.flat());
    near(
      found["t.mean"],
      [0, 1].map((c) => 0.9 * parameters.mean[c] + 0.1 * mean(column(rows, c))),
    );
  });

  it("takes a batch of one row", () => {
    const found = learn({ norm: "batch" }, [rows[0]]);
    near(
      found.y,
      parameters["norm.shift"].map((shift) => Math.max(0, shift)),
    );
    near(
      found["t.norm.variance"],
      parameters["norm.variance"].map((variance) => 0.9 * variance),
    );
  });

  it("drops out what its mask says", () => {
    const mask = [0, 2, 2, 0, 2, 2];
    const found = learn({ dropout: 0.5 }, rows, { "t.dropout": mask });
    near(
      found.y,
      rows.flat().map((x, index) => Math.max(0, x) * mask[index]),
    );
  });
});
