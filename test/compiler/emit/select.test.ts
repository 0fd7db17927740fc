// The selections: the emitted list equals the literal walk, index for index, on the same float32 scores.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { builder } from "../../../compiler/ir/build.ts";
import { evaluate } from "../../../compiler/ir/evaluate.ts";
import type { Graph } from "../../../compiler/ir/graph.ts";
import { firstRanks } from "../../../compiler/ir/ops/round-robin-onnx.ts";
import { placement } from "../../../compiler/placement.ts";
import { difference, graphOf, type Options, runGraph } from "../../kit/onnx.ts";
import { holdDevice, noAdapter, onDevice } from "../../kit/webgpu.ts";
import { type Draw, drawFrom } from "./random-cases.ts";

interface Selection {
  readonly heads: number;
  readonly rows: number;
  readonly length: number;
  readonly keep: number;
  /** Float32 scores of [heads, rows, length]. */
  readonly scores: Float32Array;
}

function graphs(heads: number, keep: number): Graph {
  const b = builder("relevance/search");
  const raw = b.input("raw", "float32", [heads, "candidates", "history"]);
  const positions = b.input("positions", "float32", ["history"]);
  // An output of the graph that both branches of the If read: its name has to reach them.
  const scores = b.add(raw, b.scalar(0));
  return graphOf({ scores, kept: b.roundRobin(scores, positions, keep), top: b.topPositions(scores, positions, keep) });
}

/** How a row's scores come about: what makes heads agree, tie or hide their tails. */
type Kind = (draw: Draw, heads: number, length: number) => Float32Array[];
const free: Kind = (draw, heads, length) =>
  Array.from({ length: heads }, () => Float32Array.from({ length }, () => draw(2 ** 24) / 2 ** 20 - 8));
const tied: Kind = (draw, heads, length) =>
  Array.from({ length: heads }, () => Float32Array.from({ length }, () => draw(3) - 1));
const alike: Kind = (draw, heads, length) => {
  const [one] = free(draw, 1, length);
  return Array.from({ length: heads }, () => one);
};
const masked: Kind = (draw, heads, length) => {
  const from = draw(length + 1);
  return free(draw, heads, length).map((scores) => scores.map((score, index) => (index >= from ? -1e30 : score)));
};
const kinds = { free, tied, alike, masked };

function selection(seed: number, wanted?: Kind): Selection {
  const draw = drawFrom(seed);
  const [heads, rows, keep] = [1 + draw(5), 1 + draw(40), 1 + draw(12)];
  const length = draw(4) === 0 ? keep : keep + draw(30);
  const scores = new Float32Array(heads * rows * length);
  const all = Object.values(kinds);
  for (let row = 0; row < rows; row++) {
    const kind = wanted ?? all[draw(all.length)];
    kind(draw, heads, length).forEach((list, head) => {
      scores.set(list, (head * rows + row) * length);
    });
  }
  return { heads, rows, length, keep, scores };
}

async function compare({ heads, rows, length, keep, scores }: Selection, options?: Options): Promise<void> {
  const graph = graphs(heads, keep);
  const feeds = {
    raw: { shape: [heads, rows, length], data: scores },
    positions: { shape: [length], data: Float32Array.from({ length }, (_, index) => index) },
  };
  const wanted = evaluate(graph, feeds, noParameters);
  const results = await runGraph(graph, feeds, {}, options);
  expect(difference(results.kept, wanted.kept, true)).toBeNull();
  expect(difference(results.top, wanted.top, true)).toBeNull();
}

const noParameters = (name: string): never => {
  throw new Error(`no parameter ${name}`);
};

describe("on the CPU", () => {
  it("selects what the literal walk selects, some four thousand rows of every kind", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), (seed) => compare(selection(seed))),
      { numRuns: 200 },
    );
  });

  it.each(Object.keys(kinds) as (keyof typeof kinds)[])("selects the same where all rows are %s", async (kind) => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), (seed) => compare(selection(seed, kinds[kind]))),
      { numRuns: 25 },
    );
  });

  it("selects the same with several threads", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), (seed) => compare(selection(seed), { intraOpNumThreads: 2 })),
      { numRuns: 25 },
    );
  });

  // One and two rows are the whole sample; three are not.
  it.each([1, 2, 3])(
    "takes both ways of the If at the paper's size: 100 of 4,000, four heads, rows: %i",
    async (rows) => {
      const [heads, length, keep] = [4, 4000, 100];
      const ranks = firstRanks(heads, keep);
      expect(ranks).toBeLessThan(keep);
      const enough = (lists: Float32Array[]) => {
        const best = lists.flatMap((list) =>
          [...list.keys()].sort((a, b) => list[b] - list[a] || a - b).slice(0, ranks),
        );
        return new Set(best).size >= keep;
      };
      for (const [kind, expected] of [
        [free, true],
        [alike, false],
      ] as const) {
        const draw = drawFrom(7);
        const lists = Array.from({ length: rows }, () => kind(draw, heads, length));
        expect(lists.map(enough)).toEqual(lists.map(() => expected));
        const scores = Float32Array.from({ length: heads * rows * length }, (_, index) => {
          const [head, row, at] = [
            Math.floor(index / (rows * length)),
            Math.floor(index / length) % rows,
            index % length,
          ];
          return lists[row][head][at];
        });
        await compare({ heads, rows, length, keep, scores });
      }
    },
  );
});

describe("the reference", () => {
  it("walks the heads in turn", () => {
    const graph = graphs(2, 3);
    const data = [9, 8, 1, 2, 0, 9, 7, 8, 3, 2];
    const feeds = {
      raw: { shape: [2, 1, 5], data },
      positions: { shape: [5], data: [0, 1, 2, 3, 4] },
    };
    expect(Array.from(evaluate(graph, feeds, noParameters).kept.data)).toEqual([0, 1, 2]);
  });

  it("ranks NaN last and refuses a history that is too short", () => {
    const graph = graphs(1, 2);
    const feed = (data: number[]) => ({
      raw: { shape: [1, 1, data.length], data },
      positions: { shape: [data.length], data: data.map((_, index) => index) },
    });
    expect(Array.from(evaluate(graph, feed([Number.NaN, -1e30, 4]), noParameters).kept.data)).toEqual([2, 1]);
    expect(() => evaluate(graph, feed([1]), noParameters)).toThrow("2 of 1 positions cannot be kept");
  });
});

const absent = noAdapter();

describe("on a WebGPU device", () => {
  if (absent === null) holdDevice();
  it.skipIf(absent !== null)(
    `stays there and selects the same${absent === null ? "" : ` (skipped: ${absent})`}`,
    async () => {
      expect(placement(graphs(4, 10))).toEqual([]);
      await fc.assert(
        fc.asyncProperty(fc.integer(), (seed) => compare(selection(seed), onDevice)),
        { numRuns: 12 },
      );
    },
    120_000,
  );
});
