// SIM hard's inverted index: the lists of the loops on any encoded values, and those of the search's graph index for index.
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import type { FeatureSpec } from "../../contract/manifest.ts";
import { load } from "../../runtime/index.ts";
import { Candidates, prepareSide, rankingGraphs, runGraph } from "../../runtime/request/index.ts";
import { agrees, MatchIndex } from "../../runtime/request/match-index.ts";
import { LocalTwin } from "../../runtime/serve/index.ts";
import { cleanUp } from "../kit/built-twin.ts";
import { builtRanked, rankSource, someCandidates, someUser } from "../kit/rank-model.ts";
import { expectClose, said } from "../kit/rankings.ts";

afterAll(cleanUp);

const kinds = {
  id: { width: 1, encoder: { kind: "id", vocab: 5 } },
  "two hashes": { width: 2, encoder: { kind: "hashed", buckets: 3, hashes: 2, seed: 0 } },
  tags: { width: 3, encoder: { kind: "tags", max: 3, buckets: 4 } },
} as const;

/** Whether they agree, as the formula says it. */
function literal(kind: keyof typeof kinds, ours: readonly number[], theirs: readonly number[]): boolean {
  return kind === "tags"
    ? ours.some((one) => one > 0 && theirs.includes(one))
    : ours.every((one, i) => one > 0 && one === theirs[i]);
}

describe.each(["id", "two hashes", "tags"] as const)("an index of %s", (kind) => {
  const { width, encoder } = kinds[kind];
  const feature = { name: "item.x", encoder } as unknown as FeatureSpec;
  // Tags are filled up with −1 and may stand twice; 0 is the unknown.
  const value = fc.array(fc.integer({ min: kind === "tags" ? -1 : 0, max: 4 }), { minLength: width, maxLength: width });

  it("finds the newest that agree, then the first that do not", () => {
    fc.assert(
      fc.property(
        fc.array(value, { maxLength: 30 }),
        fc.array(value, { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 0, max: 5 }),
        (history, asked, keep, padding) => {
          const length = Math.max(keep, history.length) + padding;
          const theirs = new Int32Array(length * width).fill(encoder.kind === "tags" ? -1 : 0);
          theirs.set(history.flat());
          const ours = Int32Array.from(asked.flat());
          const index = new MatchIndex(feature, theirs, history.length);
          const into = new Int32Array(asked.length * keep).fill(-9);
          for (const [n, one] of asked.entries()) {
            const places = Array.from({ length }, (_, at) => at);
            const due = places.filter((at) => at < history.length && literal(kind, one, history[at]));
            const rest = places.filter((at) => !due.includes(at) || due.indexOf(at) >= keep);
            const count = index.find(ours, n, keep, into, n * keep);
            expect(count).toBe(Math.min(keep, due.length));
            expect([...into.subarray(n * keep, (n + 1) * keep)]).toEqual(
              [...due.slice(0, keep), ...rest].slice(0, keep),
            );
            for (const [at, other] of history.entries()) {
              expect(agrees(feature, ours, n, theirs, at)).toBe(literal(kind, one, other));
            }
          }
        },
      ),
    );
  });
});

const searched = (by: readonly string[], keep: number) =>
  rankSource()
    .replace(
      /search nearest .*\n/,
      by.map((one, i) => `search near${i} { from: watched by: ${one} keep: ${keep} }\n`).join(""),
    )
    .replace(
      "attend interest { over: nearest by: relevance }",
      by.map((_, i) => `attend by${i} { over: near${i} by: relevance }`).join("\n"),
    )
    .replace("input: [interest,", `input: [${by.map((_, i) => `by${i}`).join()},`);

const matches = ["match(item.author)", "match(item.topics)", "match(item.video)"];

describe.each([3, 40])("a model whose searches all go by match, %i kept", (keep) => {
  it("ranks with the index as with the graphs, list for list", async () => {
    const dir = await builtRanked(searched(matches, keep));
    const graph = await load(dir, { threads: 1, plan: "graph" });
    const index = await load(dir, { threads: 1 });
    for (const length of [0, 1, 5, 40, 60]) {
      const where = `${length} behaviours`;
      // Of few items many agree; items from 300 on are in no store, and candidates that nobody knows match nothing.
      for (const items of [12, 320]) {
        const [a, b] = [
          await graph.prepare(someUser(length, length + 1, items)),
          await index.prepare(someUser(length, length + 1, items)),
        ];
        const asked = someCandidates(9, 3, items);
        const [wanted, found] = [await a.rank(asked), await b.rank(asked)];
        expect(said(found), where).toEqual(said(wanted));
        expectClose(found, wanted, where);
        const lists = (of: Awaited<ReturnType<typeof a.explain>>) =>
          of.map(({ attends }) => attends.map(({ behaviours }) => behaviours.map(({ position }) => position)));
        expect(lists(await b.explain(asked)), where).toEqual(lists(await a.explain(asked)));
        if (length === 60 && items === 12) {
          for (const { positions } of Object.values(found.searches)) {
            expect(positions.some((one) => one >= 0)).toBe(true);
          }
        }
      }
    }
    await graph.close();
    await index.close();
  });

  it("has the very positions that the search's graph gives on the CPU, those that fill up included", async () => {
    const dir = await builtRanked(searched(matches, keep));
    const twin = await LocalTwin.open(dir, { threads: 1 });
    const { engine } = twin;
    for (const length of [0, 2, 17, 60]) {
      const side = await prepareSide(engine, someUser(length, 5, 14));
      const candidates = await Candidates.fetch(engine, side, someCandidates(8, 6, 14), rankingGraphs(side));
      const chunk = { start: 1, end: 7 };
      const wanted = await runGraph(engine, "search", side, candidates, chunk, {});
      const found = side.matched!.run(candidates, chunk);
      for (const { kept } of engine.artefacts.manifest.searches) {
        expect([...found[kept]!.data], `${kept}, ${length} behaviours`).toEqual([...wanted[kept].data]);
      }
    }
    await twin.close();
  });
});

it("leaves searching to the graph where one search goes by something else, and where graphs were asked for", async () => {
  const mixed = await LocalTwin.open(await builtRanked(searched([matches[1], "relevance"], 4)), { threads: 1 });
  expect((await prepareSide(mixed.engine, someUser(9))).matched).toBeNull();
  await mixed.close();
  const asked = await LocalTwin.open(await builtRanked(searched([matches[1]], 4)), { threads: 1, plan: "graph" });
  expect((await prepareSide(asked.engine, someUser(9))).matched).toBeNull();
  await asked.close();
});
