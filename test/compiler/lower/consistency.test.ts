// The paper's thesis as a property: the search keeps what the attention itself would have ranked highest.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Tensor } from "../../../compiler/ir/rule.ts";
import { anyModel } from "../../kit/any-model.ts";
import { anyRequest } from "../../kit/any-request.ts";
import { type ReadParameter, randomParameters, run, world } from "../../kit/reference.ts";

/** Head by head, each names its best behaviour that is not named yet. */
function literalLoop({ shape, data }: Tensor, row: number, keep: number): number[] {
  const [heads, rows, length] = shape;
  const lists = Array.from({ length: heads }, (_, head) => {
    const scores = Array.from(data).slice((head * rows + row) * length, (head * rows + row + 1) * length);
    return scores.map((score, index) => ({ score, index })).sort((a, b) => b.score - a.score || a.index - b.index);
  });
  const named: number[] = [];
  for (let rank = 0; named.length < keep; rank++) {
    for (const list of lists) {
      const { index } = list[rank];
      if (named.length < keep && !named.includes(index)) {
        named.push(index);
      }
    }
  }
  return named;
}

/** Every head of every metric as the first. */
function alike(read: ReadParameter): ReadParameter {
  return (name) => {
    const { shape, data } = read(name);
    const headed = /\.(query|keys|w)$/.test(name);
    const one = headed ? data.length / shape[0] : data.length;
    return { shape, data: data.map((_, index) => data[index % one]) };
  };
}

describe("consistency", () => {
  it("the list is the literal round robin on the oracle's scores, over a full table or fresh keys, heads alike or not", () => {
    fc.assert(
      fc.property(
        anyModel({ by: "metric", heads: "round_robin", histories: 1 }),
        anyRequest(),
        fc.boolean(),
        (model, shape, equal) => {
          const random = randomParameters(model, shape.seed);
          const { graphs, read, feeds } = world(model, shape, new Set(), equal ? alike(random) : random);
          const { scores } = run(graphs.get("oracle")!, feeds, read);
          // Behaviours that are near-ties in float64 may change places in a table of float32 rows.
          const near =
            new Set(Array.from(scores.data, (score) => Math.round(score * 1e5))).size <
            new Set(Array.from(scores.data)).size;
          fc.pre(model.tables.length === 0 || !near);
          const [search] = model.searches;
          for (let row = 0; row < shape.candidates; row++) {
            const list = Array.from(feeds.kept.data).slice(row * search.keep, (row + 1) * search.keep);
            const wanted = literalLoop(scores, row, search.keep);
            const count = Math.min(search.keep, shape.valid);
            expect(list.slice(0, count)).toEqual(wanted.slice(0, count));
            expect(new Set(list).size).toBe(search.keep);
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  it("never keeps what a table misses while it can keep another, and gives it no weight", () => {
    fc.assert(
      fc.property(anyModel({ by: "metric", histories: 1, tables: true }), anyRequest(), (model, shape) => {
        const table = model.tables.find(({ of }) => of.some(({ kind }) => kind === "keys"));
        fc.pre(table !== undefined && table.onMiss === "mask" && shape.valid > 3);
        const missed = new Set([0, 2]);
        const { graphs, read, feeds } = world(model, shape, missed);
        const [search] = model.searches;
        const held = shape.valid - missed.size;
        const { kept } = feeds;
        const lists = kept.data.length / search.keep;
        const shown = run(graphs.get("explain")!, feeds, read)["watched_interest.weights"];
        for (let list = 0; list < lists; list++) {
          const positions = Array.from(kept.data).slice(list * search.keep, (list + 1) * search.keep);
          for (const position of positions.slice(0, Math.min(held, search.keep))) {
            expect(missed.has(position) || position >= shape.valid).toBe(false);
          }
        }
        Array.from(shown.data).forEach((weight, index) => {
          const position = kept.data[index % kept.data.length];
          if (missed.has(position) || position >= shape.valid) {
            expect(weight).toBe(0);
          }
        });
      }),
      { numRuns: 20 },
    );
  });
});
