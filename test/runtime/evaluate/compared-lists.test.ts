// Lists compared on several tables at once: the counts that requests give one at a time, and one oracle for all of them.
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { fullTables } from "../../../runtime/evaluate/full-tables.ts";
import { hitRateReport } from "../../../runtime/evaluate/hit-rate-report.ts";
import type { RankedRequest } from "../../../runtime/hit-rate/index.ts";
import { type HitRateCurve, hitRateCurves, withGeneration } from "../../../runtime/hit-rate/index.ts";
import { select } from "../../../runtime/kernel/round-robin.ts";
import { Candidates } from "../../../runtime/request/candidates.ts";
import type { Engine } from "../../../runtime/request/engine.ts";
import { feeds } from "../../../runtime/request/feeds.ts";
import { fetchSide } from "../../../runtime/request/fetch.ts";
import { prepareSide } from "../../../runtime/request/prepare.ts";
import { rankCandidates } from "../../../runtime/request/rank.ts";
import { keptOf } from "../../../runtime/request/ranking.ts";
import { LocalTwin } from "../../../runtime/serve/twin.ts";
import { GenerationTables } from "../../../runtime/store/generation-tables.ts";
import type { OpenTable } from "../../../runtime/table/live-tables.ts";
import { decodeRows, encodeRows, headsOf, type Precision } from "../../../runtime/table/precision.ts";
import { cleanUp } from "../../kit/built-twin.ts";
import { type Evaluated, evaluated } from "../../kit/evaluated.ts";

let world: Evaluated;
let earlier: Evaluated;
let twin: LocalTwin;
let requests: RankedRequest[];

beforeAll(async () => {
  world = await evaluated({ precision: "uint8", coverage: "60%" });
  earlier = await evaluated({ precision: "float16" }, 2);
  twin = await LocalTwin.open(world.dir, { threads: 1 });
  requests = [
    [],
    [3],
    [7, 7, 999_999],
    ...[20, 33].map((count) => Array.from({ length: count }, (_, i) => (i * 7) % 60)),
  ].map((items, i) => ({
    prepare: {
      user: { age: 20 + i },
      time: 1_600_300_000,
      history: {
        watched: { item: items, time: items.map((_, j) => 1_600_000_000 + j), progress: items.map(() => 0.2) },
      },
    },
    rank: { context: { hour: 3 }, candidates: { item: candidates(i), recall: candidates(i).map(() => 0.1) } },
  })) as RankedRequest[];
});
afterAll(async () => {
  await twin.close();
  cleanUp();
});

/** More than one chunk of the oracle, an unknown one among them. */
const candidates = (i: number): number[] => (i === 4 ? Array.from({ length: 19 }, (_, c) => c) : [5, 123_456, 11]);

/** What a ranked request keeps against what the literal loop keeps of the oracle's scores, one request at a time. */
async function oneByOne(engine: Engine) {
  const [search] = engine.artefacts.manifest.searches;
  const [byK, byHistory] = [new Map<number, number[]>(), new Map<number, number[]>()];
  const long = { lists: 0, wanted: 0, hits: 0, random: 0, newest: 0, mass: 0, oracleMass: 0 };
  const count = (of: Map<number, number[]>, key: number, hits: number, wanted: number) => {
    const before = of.get(key) ?? [0, 0];
    of.set(key, [before[0] + hits, before[1] + wanted]);
  };
  for (const { prepare, rank } of requests) {
    const side = await prepareSide(engine, prepare);
    const kept = (await rankCandidates(engine, side, rank)).searches[search.name];
    await fetchSide(engine, side, ["oracle"]);
    const every = await Candidates.fetch(engine, side, rank, ["oracle"]);
    const chunk = { start: 0, end: every.count };
    const found = await engine.sessions.run("oracle", feeds(engine, "oracle", side, every, chunk, {}));
    const scores = found[search.scores!];
    const [heads, candidates, history] = scores.shape;
    const { order } = side.histories.get(search.history)!;
    for (let n = 0; n < candidates; n++) {
      const keep = Math.min(search.keep, order.length);
      const [oracle] = select("round_robin", scores.data, { heads, candidates, history }, n, keep);
      if (order.length >= 2 * search.keep) {
        // Places of the history, newest first, by positions in the request.
        const places = [...keptOf(kept, n)].map((position) => [...order].indexOf(position));
        const share = (of: readonly number[]) => {
          let sum = 0;
          for (let a = 0; a < heads; a++) {
            const row = Array.from(order, (_, i) => Math.exp(scores.data[(a * candidates + n) * history + i]));
            sum += of.reduce((mass, place) => mass + row[place], 0) / row.reduce((x, y) => x + y, 0) / heads;
          }
          return sum;
        };
        long.lists++;
        long.wanted += oracle.length;
        long.hits += [...oracle].filter((place) => places.includes(place)).length;
        long.random += (search.keep * search.keep) / order.length;
        long.newest += [...oracle].filter((place) => place < search.keep).length;
        long.mass += share(places);
        long.oracleMass += share([...oracle]);
      }
      for (const k of [1, 2, 4]) {
        const first = new Set(keptOf(kept, n).slice(0, k));
        const wanted = [...oracle.slice(0, k)];
        const hits = wanted.filter((place) => first.has(order[place])).length;
        count(byK, k, hits, wanted.length);
        if (k === search.keep) {
          count(byHistory, Number(order.length > 3), hits, wanted.length);
        }
      }
    }
  }
  return { byK: [...byK.values()], byHistory: [...byHistory.values()], long };
}

const counted = ({ byK, byHistory }: Pick<HitRateCurve, "byK" | "byHistory">) => ({
  byK: byK.map(({ hits, wanted }) => [hits, wanted]),
  byHistory: byHistory.map(({ hits, wanted }) => [hits, wanted]),
});

/** Every item's rows as they read back from a precision. */
async function everyItem(precision: Precision): Promise<Engine> {
  const { engine } = twin;
  const { width, parts } = engine.artefacts.manifest.tables.video_keys;
  const values = (await fullTables(engine)).get("video_keys")!.slice();
  const format = { precision, width, heads: headsOf(parts) };
  decodeRows(encodeRows(values.slice(width), format), 0, values.length / width - 1, format, values, width);
  const table: OpenTable = {
    where: "made",
    rows: values.length / width,
    rowBytes: 4 * width,
    absent: new Uint8Array(4 * width),
    format: { precision: "float32", width, heads: [width] },
    floats: async () => ({ values, row: (keys) => engine.tables.current()!.store.locate!(keys) }),
    read: () => expect.unreachable(),
    stored: async () => null,
  };
  return withGeneration(engine, { ...engine.tables.current()!, table: () => table, freshness: () => [] });
}

describe("a hit rate on several tables", () => {
  it("counts what requests give one at a time: empty, short and long histories, unknown items", async () => {
    const found = await hitRateReport(twin, requests, { table: earlier.dir, edges: [3] });
    const options = { maxStaleness: Number.MAX_SAFE_INTEGER, memoryLimit: 2 ** 31, share: false };
    const older = await GenerationTables.open({ ...twin.engine.artefacts, dir: earlier.dir }, options);
    const engines = [
      twin.engine,
      withGeneration(twin.engine, older.current()),
      ...(await Promise.all((["float32", "float16", "uint8"] as const).map(everyItem))),
    ];
    expect(found).toHaveLength(engines.length);
    for (const [i, { curves }] of found.entries()) {
      const { long, ...due } = await oneByOne(engines[i]);
      expect(counted(curves![0])).toEqual(due);
      expect(long.lists).toBeGreaterThan(20);
      for (const [name, value] of Object.entries(long)) {
        expect(curves![0].long[name as keyof typeof long], name).toBeCloseTo(value, 4);
      }
    }
    // The empty history and that of fewer behaviours than are kept belong to it.
    expect(found[0].curves![0].byHistory[0]).toMatchObject({ name: "≤ 3", lists: 9, wanted: 3 * (0 + 1 + 3) });
    const coverage = found.map(({ curves }) => [curves![0].found, curves![0].looked]);
    expect(coverage[2]).toEqual(coverage[3]);
    expect(coverage[0][0]).toBeLessThan(coverage[2][0]);
    expect(coverage[2][0]).toBeLessThan(coverage[2][1]);
    older.close();
  });
  it("is that of each alone", async () => {
    const engines = [twin.engine, await everyItem("float32"), await everyItem("uint8")];
    const together = await hitRateCurves(engines, requests);
    for (const [i, engine] of engines.entries()) {
      expect(together[i]).toEqual((await hitRateCurves([engine], requests))[0]);
    }
  });
  it("runs the oracle once a chunk of candidates, not once a table", async () => {
    const run = vi.spyOn(twin.engine.sessions, "run");
    try {
      await hitRateReport(twin, requests, { edges: null });
      const of = (graph: string) => run.mock.calls.filter(([name]) => name === graph).length;
      expect(of("oracle")).toBe(requests.length + 1);
      expect(of("search")).toBe(4 * of("oracle"));
    } finally {
      run.mockRestore();
    }
  });
});
