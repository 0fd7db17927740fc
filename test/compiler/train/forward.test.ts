// Training's graphs compute what the batch layout of the serving graphs computes.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { verify } from "../../../compiler/ir/verify.ts";
import type { Model } from "../../../compiler/model/model.ts";
import { keptPort } from "../../../compiler/model/ports.ts";
import { trainGraphs } from "../../../compiler/train/graphs.ts";
import { calibrated } from "../../../contract/calibration.ts";
import { anyModel } from "../../kit/any-model.ts";
import { builtModels } from "../../kit/built-models.ts";
import { difference } from "../../kit/difference.ts";
import { graphsOf, outputsApart, randomParameters, run } from "../../kit/reference.ts";
import { batchOf, keptByAll, trainFeeds } from "../../kit/train-feeds.ts";
import { interpreted, native } from "../../kit/train-step.ts";

const rowsOf = (seed: number, history: number) =>
  [0.4, 1, 0, 0.9].map((share, row) => ({ history, valid: Math.floor(share * history), seed: seed + row * 101 }));

/** The first difference between training's and serving's outputs on one batch, or null. */
function fault(model: Model, seed: number, history: number, wholeRows?: number): string | null {
  const { graphs, spec } = trainGraphs(model, wholeRows === undefined ? {} : { wholeRows });
  const read = randomParameters(model, seed);
  const batch = batchOf(model, rowsOf(seed, history));
  const serving = graphsOf(model, "batch");
  const searched = serving.has("search") ? run(serving.get("search")!, batch, read) : {};
  const kept = Object.fromEntries(model.searches.map((one) => [one.name, searched[keptPort(model, one)]]));
  const parts = { model, spec, batch, read, kept, seed };
  const none: typeof read = (name) => {
    throw new Error(`${name} is read as a parameter`);
  };
  for (const [name, wanted] of [
    ["search", searched],
    ["oracle", serving.has("oracle") ? run(serving.get("oracle")!, batch, read) : {}],
    ["score", run(serving.get("request")!, batch, read)],
  ] as const) {
    const graph = graphs.get(name);
    if (graph === undefined) {
      continue;
    }
    verify(graph);
    const actual = run(graph, trainFeeds(spec.graphs[name]!, parts), none);
    // What the host does behind the graph.
    for (const { label, calibrate } of name === "score" ? spec.tasks : []) {
      if (calibrate !== undefined) {
        const { kind, parameter } = calibrate;
        const { shape, data } = actual[`${label}.logit`];
        const odds = Float64Array.from(data, (z) => calibrated(kind, read(parameter).data, z));
        actual[label] = { shape, data: odds.map((one) => 1 / (1 + Math.exp(-one))) };
      }
    }
    const compared = Object.fromEntries(Object.entries(wanted).filter(([output]) => output in actual));
    const found = outputsApart(actual, compared);
    if (found !== null) {
      return `${name}: ${found}`;
    }
  }
  return null;
}

describe("forward", () => {
  it.each(builtModels())("of %s runs in ONNX Runtime as in the interpreter", async (_, model) => {
    const { graphs, spec } = trainGraphs(model, { wholeRows: 30 });
    const read = randomParameters(model, 4);
    const batch = batchOf(model, rowsOf(4, 9));
    const parts = { model, spec, batch, read, kept: keptByAll(model, batch, read), seed: 4 };
    for (const name of ["search", "score", "oracle"] as const) {
      const graph = graphs.get(name);
      if (graph === undefined) {
        continue;
      }
      const feeds = trainFeeds(spec.graphs[name]!, parts);
      const actual = await native(2)(graph, feeds);
      for (const [output, wanted] of Object.entries(await interpreted(graph, feeds))) {
        expect(difference(actual[output], wanted), `${name}: ${output}`).toBeNull();
      }
    }
  });

  it.each(builtModels())("of %s gives the lists, scores and logits of the serving graphs", (_, model) => {
    for (const rows of [30, 4096]) {
      expect(fault(model, 7, 9, rows)).toBeNull();
    }
  });

  it("of any model gives the lists, scores and logits of the serving graphs", () => {
    fc.assert(
      fc.property(
        anyModel({ tables: false }),
        fc.integer({ min: 1, max: 1e6 }),
        fc.constantFrom(1, 6, 4096),
        (model, seed, rows) => {
          expect(fault(model, seed, 9, rows)).toBeNull();
        },
      ),
      { numRuns: 20 },
    );
  });
});
