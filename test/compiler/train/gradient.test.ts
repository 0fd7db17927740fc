// The gradient of the loss with respect to every parameter, against finite differences in float64.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { evaluate } from "../../../compiler/ir/evaluate.ts";
import type { Tensor } from "../../../compiler/ir/rule.ts";
import { verify } from "../../../compiler/ir/verify.ts";
import type { Model } from "../../../compiler/model/model.ts";
import { trainGraphs } from "../../../compiler/train/graphs.ts";
import { anyModel } from "../../kit/any-model.ts";
import { type Feeds, uniform } from "../../kit/any-request.ts";
import { builtModels } from "../../kit/built-models.ts";
import { long } from "../../kit/effort.ts";
import { randomParameters, run } from "../../kit/reference.ts";
import { batchOf, keptByAll, trainFeeds } from "../../kit/train-feeds.ts";

/** Rows with users and candidates of their own; one has no history. */
const shapes = (seed: number, history: number) =>
  [0.4, 1, 0, 0.9].map((share, row) => ({ history, valid: Math.floor(share * history), seed: seed + row * 101 }));

/** Plain gradient descent at rate 1: a parameter moves by its gradient. */
function fault(given: Model, seed: number, history: number, wholeRows: number): string | null {
  const sgd = { kind: "sgd", rate: 1 } as const;
  const model = {
    ...given,
    train: { ...given.train, dense: sgd, embeddings: sgd, clip: null, l2: { embeddings: 0, dense: 0 } },
  };
  const { graphs, spec } = trainGraphs(model, { wholeRows, cut: false });
  const read = randomParameters(model, seed);
  const batch = batchOf(model, shapes(seed, history));
  const parts = { model, spec, batch, read, kept: keptByAll(model, batch, read), seed };
  const feeds = trainFeeds(spec.graphs.step, parts);
  for (const { name, source } of spec.graphs.step.inputs) {
    if (source.kind === "rate") {
      feeds[name] = { shape: [], data: [1] };
    }
  }
  const step = graphs.get("step")!;
  verify(step);
  const stepped = run(step, feeds, read);
  const lossOf = { ...step, outputs: step.outputs.filter(({ name }) => name === "loss") };
  const loss = (changed: Feeds) => evaluate(lossOf, { ...feeds, ...changed }, read).loss.data[0];
  const draw = uniform(seed);
  const parameters = [
    ...spec.packs
      .filter(({ optimiser }) => optimiser !== null)
      .flatMap(({ name, parameters }) =>
        parameters.map((one) => {
          const end = one.offset + one.shape.reduce((product, dim) => product * dim, 1);
          return { name: one.name, input: name as string, start: one.offset, end };
        }),
      ),
    ...spec.tables.map(({ parameter, rows, dim }) => ({
      name: parameter,
      input: parameter,
      start: 0,
      end: rows * dim,
    })),
  ];
  for (const { name, input, start, end } of parameters) {
    if (!(input in feeds)) {
      continue;
    }
    const direction = Array.from({ length: end - start }, () => draw() - 0.5);
    const moved = (by: number): Tensor => ({
      shape: feeds[input].shape,
      data: Float64Array.from(feeds[input].data, (x, i) => (i >= start && i < end ? x + by * direction[i - start] : x)),
    });
    const along = direction.reduce(
      (sum, x, i) => sum + x * (feeds[input].data[start + i] - stepped[`${input}.out`].data[start + i]),
      0,
    );
    // Of fourth order: norms over a batch of few rows bend so much that central differences of second order are too coarse.
    // What is right agrees over one of the steps: a shorter one rarely crosses a kink, and in a longer one a large loss loses
    // fewer digits.
    const across = (by: number) => loss({ [input]: moved(by) }) - loss({ [input]: moved(-by) });
    const slope = (h: number) => (8 * across(h) - across(2 * h)) / (12 * h);
    const apart = (wanted: number) => !(Math.abs(wanted - along) <= 1e-6 * Math.max(1e-2, Math.abs(wanted)));
    if ([1e-4, 1e-5, 1e-6, 1e-7].every((h) => apart(slope(h)))) {
      return `${name}: ${along} instead of ${slope(1e-7)}`;
    }
  }
  return null;
}

describe("the gradient of the loss", () => {
  it.each(builtModels())("of %s is that of finite differences", (_, model) => {
    expect(fault(model, 5, 8, 30)).toBeNull();
  });

  it("of any model is that of finite differences", () => {
    fc.assert(
      fc.property(
        anyModel({ tables: false }),
        fc.integer({ min: 1, max: 1e6 }),
        fc.constantFrom(1, 4096),
        (model, seed, rows) => {
          expect(fault(model, seed, 7, rows)).toBeNull();
        },
      ),
      { numRuns: long ? 40 : 2 },
    );
  });
});
