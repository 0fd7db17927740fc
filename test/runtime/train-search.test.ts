// Rows searched by turns, those of like length together: each row keeps what it would keep in one run over the whole batch.
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { Assembler } from "../../runtime/learn/assemble.ts";
import { Buffers } from "../../runtime/learn/buffers.ts";
import { feedsOf } from "../../runtime/learn/feeds.ts";
import { Frames } from "../../runtime/learn/frames.ts";
import { rowGroups } from "../../runtime/learn/row-groups.ts";
import { Searcher } from "../../runtime/learn/search.ts";
import { cleanUp } from "../kit/built-twin.ts";
import { openGraphs, startState, topicModel, topicSource } from "../kit/trained.ts";

afterAll(cleanUp);

describe("groups of rows", () => {
  const anyLengths = fc.array(fc.nat(400), { maxLength: 60 }).map((lengths) => Int32Array.from(lengths));

  it("hold every row that is longer than enough, once, and none that is not", () => {
    fc.assert(
      fc.property(anyLengths, fc.integer({ min: -1, max: 120 }), fc.nat(5000), (lengths, enough, overhead) => {
        const groups = rowGroups(lengths, enough, overhead);
        const rows = groups.flatMap((group) => [...group.rows]).sort((a, b) => a - b);
        expect(rows).toEqual([...lengths.keys()].filter((row) => lengths[row] > enough));
        for (const group of groups) {
          expect(group.length).toBe(Math.max(...[...group.rows].map((row) => lengths[row])));
          expect([...group.rows]).toEqual([...group.rows].sort((a, b) => a - b));
        }
      }),
    );
  });

  it("save more than they cost", () => {
    fc.assert(
      fc.property(anyLengths, fc.nat(5000), (lengths, overhead) => {
        const cost = (groups: ReturnType<typeof rowGroups>) =>
          groups.reduce((sum, { rows, length }) => sum + rows.length * length + overhead, 0);
        const [one] = rowGroups(lengths, -1, Number.POSITIVE_INFINITY);
        if (one) {
          expect(cost(rowGroups(lengths, -1, overhead))).toBeLessThanOrEqual(cost([one]));
        }
      }),
    );
  });
});

describe.each([
  ["a round robin", ""],
  ["lists of each head", "\n  heads: per_head"],
])("with %s", (_, heads) => {
  it("keeps what one run over all rows keeps", async () => {
    const source = topicSource("", 5000).replace("keep: 6", `keep: 6${heads}`).replace("max: 24", "max: 600");
    const { dir, model, plan, dataset } = topicModel(source);
    const graphs = openGraphs(dir, plan.spec);
    const state = startState(model, plan.spec);
    const samples = Uint32Array.from({ length: 64 }, (_, i) => 5 * i);
    const batch = new Assembler(dataset, plan).assemble("training", samples, null);
    const { lengths } = batch.histories.watched;
    expect(rowGroups(lengths, 6, batch.items.length + 4096).length).toBeGreaterThan(1);
    try {
      const graph = graphs.graph("search");
      const whole = new Frames(plan, new Buffers()).whole(batch);
      const outputs = await graphs.run("search", feedsOf(graph, { plan, state, batch, look: whole }));
      const due = outputs[graph.outputs[0].name].data;
      const searcher = new Searcher(plan, state, graphs);
      const ranked = (await searcher.search(batch, true)).nearest;
      const unranked = (await searcher.search(batch)).nearest;
      expect(ranked.length).toBe(due.length);
      for (let at = 0; at < due.length; at += 6) {
        const length = lengths[(at / 6) % batch.rows];
        const list = (of: ArrayLike<number>) => Array.from({ length: Math.min(6, length) }, (_, k) => of[at + k]);
        expect(list(ranked)).toEqual(list(due));
        if (length > 6) {
          expect(list(unranked)).toEqual(list(due));
        } else {
          expect(list(unranked)).toEqual(list(due).sort((a, b) => a - b));
        }
      }
    } finally {
      await graphs.close();
    }
  });
});
