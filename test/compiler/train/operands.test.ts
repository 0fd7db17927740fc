// What the selection kernel is given in training makes the scores that the graph `search` selects by; what it cannot make is told.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Model } from "../../../compiler/model/model.ts";
import { trainGraphs } from "../../../compiler/train/graphs.ts";
import { anyModel, modelOf } from "../../kit/any-model.ts";
import { builtModels } from "../../kit/built-models.ts";
import { randomParameters, run } from "../../kit/reference.ts";
import { smallSource } from "../../kit/small-model.ts";
import { batchOf, trainFeeds } from "../../kit/train-feeds.ts";

const grouped = (model: Model): Model => ({ ...model, train: { ...model.train, group: 8 } });

const none = (name: string): never => {
  throw new Error(`${name} is read as a parameter`);
};

/** The largest difference, relative above 1, from the scores of the graph `search`; null: there are no operands. */
function apart(model: Model, seed: number, history: number, wholeRows?: number): number | null {
  const { graphs, spec } = trainGraphs(grouped(model), wholeRows === undefined ? {} : { wholeRows });
  if (spec.kernel === undefined) {
    expect(spec.graphs.operands).toBeUndefined();
    return null;
  }
  const rows = [0.4, 1, 0, 0.9].map((share, row) => ({
    history,
    valid: Math.floor(share * history),
    seed: seed + row,
  }));
  const parts = {
    model,
    spec,
    batch: batchOf(model, rows),
    read: randomParameters(model, seed),
    kept: {},
    seed,
  };
  const operands = run(graphs.get("operands")!, trainFeeds(spec.graphs.operands!, parts), none);
  const search = graphs.get("search")!;
  const feeds = trainFeeds(spec.graphs.search!, parts);
  const fed = (kind: string, frame: string, feature: string | null) =>
    feeds[
      spec.graphs.search!.inputs.find(
        ({ source }) =>
          source.kind === kind &&
          "frame" in source &&
          source.frame === frame &&
          (feature === null || ("feature" in source && source.feature === feature)),
      )!.name
    ].data;
  let worst = 0;
  expect(spec.kernel.map((one) => one.search)).toEqual(model.searches.map(({ name }) => name));
  for (const [s, { history: from, heads, width, keep, query, keys, biases }] of spec.kernel.entries()) {
    const [selected] = search.outputs[s].value.node.inputs;
    const outputs = [{ name: "scores", value: selected, doc: "" }];
    const wanted = run({ ...search, outputs }, feeds, none).scores;
    const length = wanted.shape.at(-1)!;
    expect(keep).toBe(model.searches[s].keep);
    const index = fed("index", from, null);
    const [q, k] = [operands[query], operands[keys]];
    expect([q.shape, k.shape.slice(1)]).toEqual([
      [heads, rows.length, width],
      [heads, width],
    ]);
    for (let a = 0; a < heads; a++) {
      for (let at = 0; at < rows.length * length; at++) {
        const row = Math.floor(at / length);
        if (at % length >= rows[row].valid) {
          continue;
        }
        let score = 0;
        for (let d = 0; d < width; d++) {
          score += q.data[(a * rows.length + row) * width + d] * k.data[(index[at] * heads + a) * width + d];
        }
        for (const { rows: table, features } of biases) {
          const place = features.reduce(
            (sum, { feature, stride }) => sum + stride * fed("cross", from, feature)[at],
            0,
          );
          score += operands[table].data[place * heads + a];
        }
        const due = wanted.data[a * rows.length * length + at];
        worst = Math.max(worst, Math.abs(score - due) / Math.max(1, Math.abs(due)));
      }
    }
  }
  return worst;
}

/** By file of models/: whether the kernel searches in training. */
const byKernel: Readonly<Record<string, boolean>> = {
  dare: true,
  movielens: true,
  sim_soft: true,
  transact: true,
  twin: true,
};

describe("operands of a training search", () => {
  it.each(builtModels())("of %s make the scores of the graph, or are none", (name, model) => {
    const worst = apart(model, 5, 12, 30);
    expect(worst !== null).toBe(byKernel[name] ?? false);
    expect(worst ?? 0).toBeLessThan(1e-9);
  });

  it("of models at random do", () => {
    let met = 0;
    fc.assert(
      fc.property(
        anyModel(),
        fc.integer({ min: 1, max: 1e6 }),
        fc.integer({ min: 12, max: 20 }),
        (model, seed, history) => {
          const worst = apart(model, seed, history);
          met += Number(worst !== null);
          expect(worst ?? 0).toBeLessThan(1e-9);
        },
      ),
      { numRuns: 25 },
    );
    expect(met).toBeGreaterThan(1);
  });

  it("are none where samples stand in any order, or a search takes the best of any head", () => {
    const model = modelOf(smallSource);
    expect(trainGraphs(grouped(model)).spec.kernel).toHaveLength(model.searches.length);
    expect(trainGraphs(model).spec.kernel).toBeUndefined();
    const max = { ...model, searches: model.searches.map((one) => ({ ...one, heads: "max" as const })) };
    expect(trainGraphs(grouped(max)).spec.kernel).toBeUndefined();
  });
});
