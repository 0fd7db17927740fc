// The fetch phase: every store may answer later, and is asked once a request; no graph waits for a store in between.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TwinError } from "../../contract/error.ts";
import type { Engine } from "../../runtime/request/engine.ts";
import { explainCandidates } from "../../runtime/request/explain.ts";
import { prepareSide } from "../../runtime/request/prepare.ts";
import { rankCandidates } from "../../runtime/request/rank.ts";
import type { Ranking } from "../../runtime/request/ranking.ts";
import { LocalTwin } from "../../runtime/serve/twin.ts";
import type { OpenGeneration, OpenTable } from "../../runtime/table/live-tables.ts";
import type { ReadOptions, RowKeys, TableStore } from "../../runtime/table/table-store.ts";
import { cleanUp } from "../kit/built-twin.ts";
import { builtRanked, rankSource, someCandidates, someUser } from "../kit/rank-model.ts";

afterAll(cleanUp);

/** What happened, in order: reads that began and ended, graphs that ran. */
type Log = string[];

/** As over a network: it knows no row numbers and no whole tables, and every answer takes its time. */
function distant(store: TableStore, name: string, log: Log, fails?: () => Error | null): TableStore {
  const { where, rowBytes } = store;
  return {
    where,
    rowBytes,
    absent: store.absent,
    async read(keys: RowKeys, into, { signal }: ReadOptions = {}) {
      signal?.throwIfAborted();
      log.push(`read ${name}`);
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(resolve, 5);
        signal?.addEventListener("abort", () => {
          clearTimeout(timer);
          reject(signal.reason);
        });
      });
      const error = fails?.() ?? null;
      if (error !== null) {
        throw error;
      }
      const hits = await store.read(keys, into);
      log.push(`got ${name}`);
      return hits;
    },
  };
}

function distantGeneration(generation: OpenGeneration, log: Log, fails?: () => Error | null): OpenGeneration {
  return {
    ...generation,
    store: { ...distant(generation.store, "items", log), fields: generation.store.fields },
    table(name): OpenTable | null {
      const table = generation.table(name);
      if (table === null) {
        return null;
      }
      const { rows, format } = table;
      return {
        ...distant(table, name, log, fails),
        rows,
        format,
        inMemory: false,
        floats: async () => null,
        stored: async () => null,
      };
    },
  };
}

function distantEngine(twin: LocalTwin, log: Log, fails?: () => Error | null): Engine {
  const { engine } = twin;
  const current = engine.tables.current();
  const generation = current && distantGeneration(current, log, fails);
  const { outside } = engine.artefacts;
  const rows = (parameter: string, dim: number) => distant(outside!.rows(parameter, dim), parameter, log);
  const sessions = Object.create(engine.sessions) as Engine["sessions"];
  sessions.run = (graph, feeds) => {
    log.push(`run ${graph}`);
    return engine.sessions.run(graph, feeds);
  };
  return {
    ...engine,
    sessions,
    artefacts: { ...engine.artefacts, outside: outside && { rows } },
    tables: { maxStaleness: engine.tables.maxStaleness, current: () => generation },
  };
}

const bits = ({ logits, kept, searches, misses, unknownCandidates }: Ranking) => ({
  click: [...new Uint32Array(logits.click.buffer)],
  like: [...new Uint32Array(logits.like.buffer)],
  kept: [...(kept?.positions ?? [])],
  searches: Object.keys(searches),
  misses,
  unknownCandidates,
});

const strange = () => {
  const user = someUser(30);
  const { watched } = user.history as { watched: { item: number[] } };
  watched.item[3] = 99_999;
  watched.item[7] = 88_888;
  return user;
};

describe.each([
  ["float32 rows", "precision: float32", {}, "none"],
  ["float16 rows", "precision: float16", {}, "none"],
  ["uint8 rows", "precision: uint8", {}, "none"],
  ["misses masked", "precision: float16 on_miss: mask", { covered: 150 }, "none"],
  ["misses projected", "precision: float32 on_miss: compute", { covered: 150 }, "none"],
  ["embeddings outside", "precision: float32", {}, "all"],
  ["misses projected, embeddings outside", "precision: uint8 on_miss: compute", { covered: 150 }, "all"],
] as const)("a request over distant stores, %s", (_, table, settings, outside) => {
  let twin: LocalTwin;
  beforeAll(async () => {
    twin = await LocalTwin.open(await builtRanked(rankSource(table), settings, { outside }), { threads: 1 });
  });
  afterAll(() => twin.close());

  it("gives the same scores, bit for bit, and the same explanations", async () => {
    const far = distantEngine(twin, []);
    // The rows of a request alone, and so the same inputs of the graphs.
    const near = { ...twin.engine, wholeTables: false };
    for (const user of [someUser(0), someUser(3), someUser(40), strange()]) {
      const [a, b] = [await prepareSide(near, user), await prepareSide(far, user)];
      const request = someCandidates(9, 2, 400);
      expect(bits(await rankCandidates(far, b, request))).toEqual(bits(await rankCandidates(near, a, request)));
      expect(await explainCandidates(far, b, request)).toEqual(await explainCandidates(near, a, request));
    }
  });

  it("asks for all together, and runs no graph before it has everything", async () => {
    const log: Log = [];
    const far = distantEngine(twin, log);
    const side = await prepareSide(far, strange());
    const prepared = log.splice(0);
    const projects = twin.manifest.tables.video_keys.on_miss === "compute";
    // Tables and items are asked for before the first of them has answered, each once.
    const first = prepared.findIndex((event) => event.startsWith("got"));
    expect(prepared.slice(0, first).sort()).toEqual(["read items", "read video_keys"]);
    expect(prepared.filter((event) => event === "read video_keys")).toHaveLength(1);
    // What a table misses and is to be projected is read when it is known what that is.
    expect(prepared.filter((event) => event === "read items")).toHaveLength(projects ? 2 : 1);
    expect(prepared.filter((event) => event.startsWith("run"))).toEqual(projects ? ["run projector"] : []);
    await rankCandidates(far, side, someCandidates(30));
    const ranked = log.splice(0);
    expect(ranked.filter((event) => event === "read items")).toHaveLength(1);
    expect(ranked.indexOf("run search") + ranked.indexOf("run request")).toBeGreaterThan(-2);
    const started = ranked.findIndex((event) => event.startsWith("run"));
    expect(ranked.slice(started).filter((event) => !event.startsWith("run"))).toEqual([]);
    expect(ranked).not.toContain("read video_keys");
    // Of each outside embedding once: of the user's side in `prepare`, of the candidates in `rank`.
    const parameters = twin.manifest.embeddings.filter(({ placement }) => placement.kind === "outside");
    expect(parameters.length > 0).toBe(outside === "all");
    for (const { parameter } of parameters) {
      expect(ranked.filter((event) => event === `read ${parameter}`).length).toBeLessThanOrEqual(1);
    }
    // The same user again: nothing of it is read again.
    await rankCandidates(far, side, someCandidates(5));
    expect(log.filter((event) => event === "read items")).toHaveLength(1);
  });

  it("asks for the history's rows before it encodes anything else, which it does while they are on their way", async () => {
    const log: Log = [];
    const far = distantEngine(twin, log);
    const { user, time, history } = strange();
    const { watched } = history as { watched: { item: number[]; time: number[]; liked: unknown[] } };
    const noted = <T extends object>(name: string, target: T, is: (key: string | symbol) => boolean): T =>
      new Proxy(target, {
        get(from, key) {
          if (is(key)) {
            log.push(`encodes ${name}`);
          }
          return Reflect.get(from, key);
        },
      });
    const first = (key: string | symbol) => key === "0";
    await prepareSide(far, {
      time,
      user: noted("age", user as object, (key) => key === "age"),
      history: {
        watched: {
          item: watched.item,
          time: watched.time,
          liked: noted("liked", watched.liked, first),
          items: { author: noted("author", watched.item.map(String), first) },
        },
      },
    } as Parameters<typeof prepareSide>[1]);
    const places = (what: string) => log.flatMap((event, at) => (event.startsWith(what) ? [at] : []));
    const asked = Math.max(log.indexOf("read items"), log.indexOf("read video_keys"));
    expect(log).toContain("encodes age");
    expect(log).toContain("encodes liked");
    expect(places("encodes")[0]).toBeGreaterThan(asked);
    for (const column of ["age", "liked", "author"]) {
      // What is projected is encoded once more, when it is known what that is.
      expect(places(`encodes ${column}`)[0]).toBeLessThan(places("got")[0]);
    }
  });

  it("ends with its signal", async () => {
    const far = distantEngine(twin, []);
    const late = new Error("the deadline is over");
    await expect(prepareSide(far, someUser(20), AbortSignal.abort(late))).rejects.toBe(late);
    const controller = new AbortController();
    const preparing = prepareSide(far, someUser(20), controller.signal);
    controller.abort(late);
    await expect(preparing).rejects.toBe(late);
    const side = await prepareSide(far, someUser(20));
    const ranking = AbortSignal.timeout(1);
    await expect(rankCandidates(far, side, someCandidates(3), ranking)).rejects.toThrow(/timeout/);
  });

  it("fails where a store fails, once nothing is read any more", async () => {
    const log: Log = [];
    let away: Error | null = new TwinError("redis://x: no answer within 50 ms");
    const far = distantEngine(twin, log, () => away);
    await expect(prepareSide(far, someUser(20))).rejects.toThrow("redis://x: no answer within 50 ms");
    const then = log.length;
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(log.length).toBe(then);
    // A column that is wrong is the error, and nothing goes on writing behind it either.
    away = null;
    const wrong = { ...someUser(20), user: { age: [1] } } as never;
    await expect(prepareSide(far, wrong)).rejects.toThrow(TwinError);
    const after = log.length;
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(log.length).toBe(after);
    expect((await prepareSide(far, someUser(20))).tables.get("video_keys")!.found).toBeGreaterThan(0);
  });
});

it("a graph's features are there when they are asked for: what was not fetched is no silent read", async () => {
  const twin = await LocalTwin.open(await builtRanked(), { threads: 1 });
  const side = await prepareSide(twin.engine, someUser(5));
  const feature = twin.manifest.features.find(({ name }) => name === "item.cover")!;
  const fetched = side.histories.get("watched")!;
  await fetched.items.fetch([feature]);
  expect(fetched.item(feature).shape).toEqual([fetched.length, 5]);
  const other = twin.manifest.features.find(({ name }) => name === "user.age")!;
  expect(() => fetched.item(other)).toThrow(/user\.age was not fetched/);
  await twin.close();
});
