// The selections: the emitted list equals the literal walk, index for index, on the same float32 scores.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { emitNodes, isSubgraph } from "../../../compiler/emit/emitter.ts";
import { placement, tieOrder } from "../../../compiler/emit/placement.ts";
import { builder } from "../../../compiler/ir/build.ts";
import { evaluate } from "../../../compiler/ir/evaluate.ts";
import type { Graph } from "../../../compiler/ir/graph.ts";
import { attempts, firstRanks } from "../../../compiler/ir/ops/round-robin-onnx.ts";
import type { OnnxNode } from "../../../compiler/ir/rule.ts";
import { isWalk } from "../../../runtime/metrics/tied-lists.ts";
import { difference } from "../../kit/difference.ts";
import { graphOf } from "../../kit/graph-of.ts";
import { needs } from "../../kit/needs.ts";
import { bytesOf, dtypesOf, type Options, runBytes, runGraph } from "../../kit/onnx.ts";
import { type Offered, shuffleTopK } from "../../kit/shuffled-topk.ts";
import { holdDevice, onDevice } from "../../kit/webgpu.ts";
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
/** Behaviours that stand there several times: their scores are equal under every head. */
const repeated: Kind = (draw, heads, length) => {
  const item = Array.from({ length }, () => draw(1 + draw(length)));
  return free(draw, heads, length).map((scores) => scores.map((_, index) => scores[item[index]]));
};
const repeatedAlike: Kind = (draw, heads, length) => {
  const [one] = repeated(draw, 1, length);
  return Array.from({ length: heads }, () => one);
};
const nothing: Kind = (_draw, heads, length) =>
  Array.from({ length: heads }, () => new Float32Array(length).fill(-1e30));
const repeatedMasked: Kind = (draw, heads, length) => {
  const from = draw(length + 1);
  return repeated(draw, heads, length).map((scores) => scores.map((score, index) => (index >= from ? -1e30 : score)));
};
const kinds = { free, tied, alike, masked, repeated, repeatedAlike, nothing, repeatedMasked };

function selection(seed: number, wanted?: Kind): Selection {
  const draw = drawFrom(seed);
  const [heads, rows] = [1 + draw(5), 1 + draw(40)];
  // Above some sixteen behaviours of four heads there is more than one attempt.
  const keep = 1 + draw(draw(3) === 0 ? 60 : 12);
  const length = draw(4) === 0 ? keep : keep + draw(3 * keep);
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

  it("gives the lower index first among ties, as `tieOrder` says, on rows of any length", async () => {
    expect(tieOrder.cpu).toBe("lower index first");
    for (const length of [16, 257, 5000]) {
      await compare({ heads: 2, rows: 3, length, keep: 12, scores: new Float32Array(6 * length) });
    }
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

/** The literal walk over lists that rank a row's scores, ties in the order in which the places are offered. */
function walk(chosen: Selection, row: number, offered: (list: number) => readonly number[]): number[] {
  const { heads, rows, length, keep, scores } = chosen;
  const lists = Array.from({ length: heads }, (_, head) => {
    const list = head * rows + row;
    const score = (place: number) => scores[list * length + place];
    return [...offered(list)].sort((a, b) => score(b) - score(a));
  });
  const met = new Set<number>();
  for (let rank = 0; met.size < keep; rank++) {
    for (const list of lists) {
      if (met.size < keep) {
        met.add(list[rank]);
      }
    }
  }
  return [...met];
}

function shuffled(draw: Draw, length: number): number[] {
  const order = Array.from({ length }, (_, index) => index);
  for (let index = length - 1; index > 0; index--) {
    const other = draw(index + 1);
    [order[index], order[other]] = [order[other], order[index]];
  }
  return order;
}

/** Runs the selections where every TopK gives ties in the order that `offered` gives for the node and the list. */
async function runOffered(chosen: Selection, offered: Offered) {
  const { heads, rows, length, keep, scores } = chosen;
  const graph = graphs(heads, keep);
  const feeds = {
    raw: { shape: [heads, rows, length], data: scores },
    positions: { shape: [length], data: Float32Array.from({ length }, (_, index) => index) },
  };
  const { bytes, nodes } = shuffleTopK(bytesOf(graph), [heads, rows, length], offered);
  const { kept, top } = await runBytes(bytes, dtypesOf(graph), feeds);
  const valid = (row: number) => {
    const list = scores.subarray(row * length, (row + 1) * length);
    return list.filter((score) => score > -1e29).length;
  };
  const listOf = ({ data }: { readonly data: ArrayLike<number> }, list: number) =>
    Array.from({ length: keep }, (_, index) => data[list * keep + index]);
  return { kept, top, nodes, valid, listOf };
}

describe("on a device that orders ties as it likes", () => {
  it.each(Object.keys(kinds) as (keyof typeof kinds)[])(
    "one order for all its runs: the literal walk on that very order, rows that are %s",
    async (kind) => {
      await fc.assert(
        fc.asyncProperty(fc.integer(), async (seed) => {
          const chosen = selection(seed, kinds[kind]);
          const { heads, rows, length, keep, scores } = chosen;
          const draw = drawFrom(seed + 1);
          const orders = Array.from({ length: heads * rows }, () => shuffled(draw, length));
          const { kept, top, valid, listOf } = await runOffered(chosen, (_, list) => orders[list]);
          for (let row = 0; row < rows; row++) {
            // Among what is masked the order is nobody's affair.
            const count = Math.min(keep, valid(row));
            const found = listOf(kept, row).slice(0, count);
            expect(found).toEqual(walk(chosen, row, (list) => orders[list]).slice(0, count));
            for (let list = row; list < heads * rows; list += rows) {
              const best = [...orders[list]].sort((a, b) => scores[list * length + b] - scores[list * length + a]);
              expect(listOf(top, list)).toEqual(best.slice(0, keep));
            }
          }
        }),
        { numRuns: 15 },
      );
    },
  );

  it("another order at every run: what is kept are distinct behaviours, by the walk on the order of one run", async () => {
    let different = 0;
    await fc.assert(
      fc.asyncProperty(fc.integer(), async (seed) => {
        const chosen = selection(seed);
        const { heads, rows, length, keep } = chosen;
        const orders = new Map<string, readonly number[]>();
        const order: Offered = (node, list) => {
          const key = `${node} ${list}`;
          if (!orders.has(key)) {
            orders.set(key, shuffled(drawFrom(seed + 7 * list + 7919 * node), length));
          }
          return orders.get(key)!;
        };
        const { kept, nodes, valid, listOf } = await runOffered(chosen, order);
        for (let row = 0; row < rows; row++) {
          const count = Math.min(keep, valid(row));
          const found = listOf(kept, row).slice(0, count);
          expect(new Set(found).size).toBe(count);
          for (const place of found) {
            expect(chosen.scores[row * length + place]).toBeGreaterThan(-1e29);
          }
          const ofRow = Array.from({ length: heads }, (_, head) => {
            const start = (head * rows + row) * length;
            return chosen.scores.subarray(start, start + length);
          });
          expect(isWalk(ofRow, found)).toBe(true);
          const walks = Array.from({ length: nodes }, (_, node) =>
            walk(chosen, row, (list) => order(node, list, length)),
          );
          expect(walks.map((one) => one.slice(0, count).join())).toContain(found.join());
          different += Number(walks.some((one) => one.slice(0, count).join() !== found.join()));
        }
      }),
      { numRuns: 60 },
    );
    expect(different).toBeGreaterThan(100);
  });
});

/** Every If of some nodes and of their branches. */
const ifs = (nodes: readonly OnnxNode[]): OnnxNode[] =>
  nodes.flatMap((node) => [
    ...(node.opType === "If" ? [node] : []),
    ...Object.values(node.attributes)
      .filter(isSubgraph)
      .flatMap((body) => ifs(body.nodes)),
  ]);

describe("as it is written, a round robin", () => {
  // Engines that infer no type of a branch take what is said.
  it("says the shapes of what its ways give, the same of both", () => {
    const keep = 100;
    const said = ifs(emitNodes(graphs(4, keep)).nodes).map(({ attributes }) => {
      const [then, otherwise] = Object.values(attributes).filter(isSubgraph);
      expect(then.types).toEqual(otherwise.types);
      return then.types.map(({ dtype, shape }) => `${dtype} [${shape.map((dim) => dim ?? "?")}]`).join(", ");
    });
    const widths = attempts(4, keep).map((ranks) => 4 * ranks);
    const ties = ["?", ...widths.map(() => "candidates")].map(
      (rows, i) => `float32 [${rows},${widths[Math.max(0, i - 1)]}]`,
    );
    const tries = widths.map(() => `int32 [?,${keep}], float32 []`);
    expect(said.toSorted()).toEqual([...ties, ...tries, `int32 [candidates,${keep}]`].toSorted());
  });

  it("asks about ties where a list has two places, and nothing where it has one", () => {
    expect(ifs(emitNodes(graphs(3, 1)).nodes)).toEqual([]);
    expect(ifs(emitNodes(graphs(3, 2)).nodes)).toHaveLength(1);
  });
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

describe("on a WebGPU device", needs("webgpu"), () => {
  holdDevice();
  it("stays there and selects the same", async () => {
    expect(placement(graphs(4, 10))).toEqual([]);
    await fc.assert(
      fc.asyncProperty(fc.integer(), (seed) => compare(selection(seed), onDevice)),
      { numRuns: 12 },
    );
  }, 120_000);
});
