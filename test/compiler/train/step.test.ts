// A step in two graphs: equal to the step in one, to ONNX Runtime's, and the same bits every time with two threads.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { oneThread, topological } from "../../../compiler/ir/graph.ts";
import { verify } from "../../../compiler/ir/verify.ts";
import type { Model } from "../../../compiler/model/model.ts";
import { type Training, trainGraphs } from "../../../compiler/train/graphs.ts";
import { anyModel, modelOf } from "../../kit/any-model.ts";
import type { Feeds } from "../../kit/any-request.ts";
import { builtModels } from "../../kit/built-models.ts";
import { difference } from "../../kit/difference.ts";
import { needs } from "../../kit/needs.ts";
import { outputsApart, type ReadParameter, randomParameters } from "../../kit/reference.ts";
import { batchOf, keptByAll, trainFeeds } from "../../kit/train-feeds.ts";
import { interpreted, native, stepOnce, stepper } from "../../kit/train-step.ts";

/**
 * The same with small logits. Of a large one float32 makes a probability of 1, whose gradient is 0, so that its rows count
 * as untouched there and not in float64.
 */
function unsaturated({ towers }: Model, read: ReadParameter): ReadParameter {
  const last = new Set(towers.flatMap(({ name, tasks }) => tasks.map(({ label }) => `${name}.${label}.weight`)));
  return (name) => {
    const { shape, data } = read(name);
    return { shape, data: last.has(name) ? data.map((x) => x / 100) : data };
  };
}

function feedsFor(model: Model, { spec }: Training, seed: number, rows = 4, history = 8, kept?: Feeds) {
  const read = unsaturated(model, randomParameters(model, seed));
  const shares = [0.4, 1, 0, 0.9];
  const batch = batchOf(
    model,
    Array.from({ length: rows }, (_, row) => ({
      history,
      valid: Math.floor(shares[row % 4] * history),
      seed: seed + row * 101,
    })),
  );
  const parts = { model, spec, batch, read, kept: kept ?? keptByAll(model, batch, read), seed };
  const all = [spec.graphs.step, ...(spec.graphs.update ? [spec.graphs.update] : [])];
  const inputs = [...new Map(all.flatMap((graph) => graph.inputs).map((port) => [port.name, port])).values()];
  return trainFeeds({ file: "", inputs, outputs: [] }, parts, true);
}

const some = {
  embeddings: { kind: "adam", rate: 0.05, beta1: 0.9, beta2: 0.99, epsilon: 1e-8 },
  clip: 0.1,
  l2: { embeddings: 1e-3, dense: 1e-4 },
} as const;

describe("a step in two graphs", () => {
  it.each(builtModels())("of %s is the step in one, and ONNX Runtime's", async (_, given) => {
    for (const train of [given.train, { ...given.train, ...some }]) {
      const model = { ...given, train };
      const two = trainGraphs(model, { wholeRows: 30 });
      const one = trainGraphs(model, { wholeRows: 30, cut: false });
      const feeds = feedsFor(model, two, 3);
      for (const graph of two.graphs.values()) {
        verify(graph);
      }
      const step = two.graphs.get("step")!;
      const early = topological(step.outputs.map(({ value }) => value));
      expect(early.filter(({ node }) => oneThread.has(node.op))).toEqual([]);
      const wanted = await stepOnce(one, feeds, interpreted);
      const outputs = await stepOnce(two, feeds, interpreted);
      expect(outputsApart(outputs, wanted)).toBeNull();
      const run = await stepOnce(two, feeds, native());
      for (const [name, tensor] of Object.entries(wanted)) {
        expect(difference(run[name], tensor), name).toBeNull();
      }
    }
  });

  it("of any model is the step in one", async () => {
    await fc.assert(
      fc.asyncProperty(
        anyModel({ tables: false }),
        fc.integer({ min: 1, max: 1e6 }),
        fc.constantFrom(1, 4096),
        async (given, seed, wholeRows) => {
          const model = { ...given, train: { ...given.train, ...some } };
          const two = trainGraphs(model, { wholeRows });
          const feeds = feedsFor(model, two, seed);
          const wanted = await stepOnce(trainGraphs(model, { wholeRows, cut: false }), feeds, interpreted);
          expect(outputsApart(await stepOnce(two, feeds, interpreted), wanted)).toBeNull();
        },
      ),
      { numRuns: 10 },
    );
  });
});

// Few items under many behaviours: their gradients meet in the same rows.
const crowded = modelOf(`model crowded
item { video: id(vocab: 30, dim: 64, key: true) }
history watched { of: item max: 100 cross { ago: bucketed(at: [1, 2, 3], dim: 8) } }
metric relevance { query: item keys: watched.item bias: watched.cross heads: 2 dim: 8 }
search nearest { from: watched by: relevance keep: 100 }
attend interest { over: nearest by: relevance }
tower ranking { input: [interest, item] hidden: [16] predict { click: binary } }
train { dense: adam() embeddings: adagrad() }`);

/** Runs a step of two graphs, or of one, with two threads in `step`; how many results differ, at most `most` looked for. */
async function distinct(training: Training, times: number, most: number): Promise<number> {
  const [rows, keep] = [128, 100];
  const newest = { shape: [rows, keep], data: Array.from({ length: rows * keep }, (_, place) => place % keep) };
  const feeds = feedsFor(crowded, training, 9, rows, keep, { nearest: newest });
  const runs = await stepper(training, feeds, 2);
  const seen = new Set<string>();
  for (let time = 0; time < times && seen.size < most; time++) {
    seen.add(await runs.next());
  }
  await runs.end();
  return seen.size;
}

describe("with two threads", needs("processors"), () => {
  it("a step gives the same bits every time", async () => {
    expect(await distinct(trainGraphs(crowded, { wholeRows: 10 }), 40, 2)).toBe(1);
  });

  // On a busy machine the threads seldom meet: it is tried until they do.
  it("it would not without the cut", { timeout: 120_000 }, async () => {
    expect(await distinct(trainGraphs(crowded, { wholeRows: 10, cut: false }), 3000, 2)).toBe(2);
  });
});
