// A request by the selection kernel and by the graphs: the same lists, the same scores, whatever the model and its tables are.
import { join } from "node:path";
import { afterAll, describe, expect, it, vi } from "vitest";
import type { BuildOptions } from "../../compiler/index.ts";
import {
  evaluateHitRate,
  type Kept,
  type LoadOptions,
  load,
  type Prepared,
  type Ranking,
  selfTest,
} from "../../runtime/index.ts";
import { KernelUse, longInPage } from "../../runtime/request/index.ts";
import { Sessions } from "../../runtime/session/session.ts";
import { cleanUp, type GenerationSettings } from "../kit/built-twin.ts";
import { long } from "../kit/effort.ts";
import { builtRanked, rankSource, someCandidates, someUser } from "../kit/rank-model.ts";
import { aged, expectClose, said } from "../kit/rankings.ts";
import { compiled } from "../kit/small-model.ts";
import { searchWeightsOf } from "../kit/start-weights.ts";

afterAll(cleanUp);

const lengths = long ? [0, 1, 5, 6, 7, 40, 60] : [0, 60];

async function compare(dir: string, options: LoadOptions = {}, sizes: readonly number[] = lengths): Promise<void> {
  const graph = await load(dir, { threads: 1, plan: "graph", ...options });
  const kernel = await load(dir, { threads: 2, plan: "kernel", ...options });
  try {
    for (const length of sizes) {
      for (const count of length === 60 ? [1, 9] : [9]) {
        const where = `${length} behaviours, ${count} candidates`;
        const [a, b] = [await graph.prepare(someUser(length)), await kernel.prepare(someUser(length))];
        const [wanted, found] = [await a.rank(someCandidates(count)), await b.rank(someCandidates(count))];
        expect([wanted.plan, found.plan], where).toEqual(["graph", "kernel"]);
        expect(said(found), where).toEqual(said(wanted));
        expectClose(found, wanted, where);
        await explained(a, b, found, count);
      }
    }
  } finally {
    await graph.close();
    await kernel.close();
  }
}

/** Explanations show what `rank` kept, and weigh it alike. */
async function explained(a: Prepared, b: Prepared, { searches }: Ranking, count: number): Promise<void> {
  const [wanted, found] = [await a.explain(someCandidates(count)), await b.explain(someCandidates(count))];
  for (const [n, { attends }] of found.entries()) {
    for (const [i, { attend, over, behaviours }] of attends.entries()) {
      const same = wanted[n].attends[i].behaviours;
      const positions = behaviours.map(({ position }) => position);
      expect(positions, `${attend} of candidate ${n}`).toEqual(same.map(({ position }) => position));
      for (const [j, { weight }] of behaviours.entries()) {
        expect(Math.abs(weight - same[j].weight), `${attend}, weight ${j} of candidate ${n}`).toBeLessThan(1e-5);
      }
      if (Object.hasOwn(searches, over)) {
        expect(new Set(positions), `${attend} of candidate ${n}`).toEqual(new Set(keptBy(searches[over], n)));
      }
    }
  }
}

/** What a search kept for a candidate, of all its heads. */
function keptBy({ shape, positions }: Kept, n: number): number[] {
  const [count, keep] = shape.slice(-2);
  const heads = shape.length === 3 ? shape[0] : 1;
  const lists = Array.from({ length: heads }, (_, a) => [
    ...positions.subarray((a * count + n) * keep, (a * count + n + 1) * keep),
  ]);
  return lists.flat().filter((position) => position >= 0);
}

/** Builds, which nobody here changes, by what they are of: each is made once. */
const made = new Map<string, Promise<string>>();

function built(
  table: string,
  change: (source: string) => string = (source) => source,
  generation: GenerationSettings = {},
  options: Partial<BuildOptions> = {},
): Promise<string> {
  const source = change(rankSource(table));
  const key = JSON.stringify([source, generation, options]);
  const dir = made.get(key) ?? builtRanked(source, generation, options);
  made.set(key, dir);
  return dir;
}

describe("the kernel and the graphs", () => {
  it.each(["mask", "zero", "compute"])("on_miss: %s", async (policy) => {
    await compare(await built(`on_miss: ${policy}`, undefined, { covered: 30 }));
  });

  it.each(["float32", "float16", "uint8"])("rows of %s", async (precision) => {
    await compare(await built(`precision: ${precision}`), {}, [7, 60]);
  });

  it.each(["round_robin", "per_head", "max"])("lists by %s", async (rule) => {
    await compare(await built("", (source) => source.replace("keep: 6", `keep: 6 heads: ${rule}`)));
  });

  it("without a table", async () => {
    await compare(await built("", (source) => source.replace(/table video_keys .*/, "")));
  });

  it("values in the table, too", async () => {
    await compare(
      await built("", (source) => source.replace("of: relevance.keys", "of: [relevance.keys, interest.values]")),
    );
  });

  it("keys of the attention projected afresh", async () => {
    await compare(
      await built("", (source) =>
        source.replace("over: nearest by: relevance", "over: nearest by: relevance keys: fresh"),
      ),
    );
  });

  it("a stale table", async () => {
    await compare(await built("", undefined, { producer: "0".repeat(64) }), { maxStaleness: "9999d" }, [6, 60]);
  });

  it("without a bias", async () => {
    await compare(await built("", (source) => source.replace(" bias: watched.cross", "")), {}, [3, 40]);
  });

  it("a window, a mean and a whole history beside the search", async () => {
    const more = `attend all { over: watched by: relevance }
attend flat { over: nearest by: mean }
`;
    await compare(await built("", (source) => source.replace(/(tower \w+ \{\s*input: *\[)/, `${more}$1all, flat, `)));
  });

  it("two searches, one of them by vectors", async () => {
    const more = `search alike { from: watched by: inner_product(item.cover) keep: 5 }
attend liked { over: alike by: relevance }
`;
    await compare(await built("", (source) => source.replace(/(tower \w+ \{\s*input: *\[)/, `${more}$1liked, `)));
  });

  it("embeddings outside the graphs", async () => {
    await compare(await built("", undefined, {}, { outside: "all" }), {}, [6, 40]);
  });

  it("cross features among the keys, which no table holds", async () => {
    const unsplit = (source: string) =>
      source.replace("keys: watched.item", "keys: [watched.item, watched.cross]").replace(/table video_keys .*/, "");
    await compare(await built("", unsplit), {}, [5, 60]);
    await compare(await built("", (source) => unsplit(source).replace(" bias: watched.cross", "")), {}, [40]);
  });

  it.each(["none", "all"] as const)("searches by the weights of another run, outside: %s", async (outside) => {
    const searchWeights = searchWeightsOf(rankSource(), 5, new Map());
    const dir = await builtRanked(rankSource(), {}, { outside, searchWeights });
    await compare(dir, {}, [6, 40]);
    const report = await selfTest(dir, { threads: 1, requests: 4 });
    expect(report).toMatchObject({ passed: true, otherwise: ["nearest"] });
    expect(report.full[0].hits).toBeLessThan(report.full[0].wanted);
  });

  it.each(["round_robin", "per_head", "max"])(
    "pass the self-test with either plan, each by its own oracle: %s",
    async (rule) => {
      const more = `search alike { from: watched by: inner_product(item.cover) keep: 5 }
attend liked { over: alike by: relevance }
`;
      const dir = await built("precision: uint8", (source) =>
        source.replace("keep: 6", `keep: 6 heads: ${rule}`).replace(/(tower \w+ \{\s*input: *\[)/, `${more}$1liked, `),
      );
      const runs = vi.spyOn(Sessions.prototype, "run");
      const reports = [];
      const oracles: number[] = [];
      for (const plan of ["graph", "kernel"] as const) {
        runs.mockClear();
        const report = await selfTest(dir, { threads: 1, requests: 6, history: 200, plan });
        expect(report.passed, plan).toBe(true);
        expect(report.full[0], plan).toMatchObject({ search: "nearest", different: 0 });
        expect(report.full[0].hits, plan).toBe(report.full[0].wanted);
        oracles.push(runs.mock.calls.filter(([graph]) => graph === "oracle").length);
        reports.push(report);
      }
      runs.mockRestore();
      expect(reports[1]).toMatchObject({ full: reports[0].full, asBuilt: reports[0].asBuilt });
      // The graph's parity cases alone are what runs it under the kernel's plan.
      expect(oracles[1]).toBeGreaterThan(0);
      expect(oracles[0]).toBe(oracles[1] + 6);
    },
  );

  it.each(["mask", "zero", "compute"])("hit rates are the same by either plan, on_miss: %s", async (policy) => {
    const dir = await built(`on_miss: ${policy}`, undefined, { covered: 60 });
    const rates = [];
    for (const plan of ["graph", "kernel"] as const) {
      const twin = await load(dir, { threads: 1, plan });
      const requests = [0, 3, 40].map((length) => ({ prepare: someUser(length), rank: someCandidates(20) }));
      rates.push(await evaluateHitRate(twin, requests));
      await twin.close();
    }
    expect(rates[1]).toEqual(rates[0]);
    expect(rates[0][0].hits).toBeLessThan(rates[0][0].wanted + Number(policy === "compute"));
  });
});

describe("the plan", () => {
  it("is the graph's for short and for very long histories, else the kernel's; one is decided for a prepared user", async () => {
    const dir = await builtRanked(rankSource("", 6, 2001));
    const twin = await load(dir, { threads: 1 });
    expect(twin.status().plan).toEqual({ wanted: "auto", because: null, kernel: null });
    const [short, long] = [await twin.prepare(someUser(20)), await twin.prepare(someUser(300))];
    for (const count of [1, 5]) {
      expect((await short.rank(someCandidates(count))).plan).toBe("graph");
      expect((await long.rank(someCandidates(count))).plan).toBe("kernel");
    }
    expect((await (await twin.prepare(someUser(2000))).rank(someCandidates(1))).plan).toBe("kernel");
    expect((await (await twin.prepare(someUser(2001))).rank(someCandidates(1))).plan).toBe("graph");
    expect(twin.status().plan.kernel).toMatchObject({ lanes: 1, users: 2 });
    await twin.close();
  });

  it("is the kernel's for the longest histories, where its memory holds two of them", async () => {
    const dir = await builtRanked(rankSource("", 6, 50_000));
    for (const [kernel, plan] of [
      [4 * 2 ** 20, "graph"],
      [128 * 2 ** 20, "kernel"],
    ] as const) {
      const twin = await load(dir, { threads: 1, memory: { kernel } });
      expect((await (await twin.prepare(someUser(50_000))).rank(someCandidates(1))).plan).toBe(plan);
      await twin.close();
    }
  });

  it("selects and scores to the bit the same however many candidates come at once, and in whatever chunks", async () => {
    const dir = await builtRanked(
      rankSource("", 6, 300)
        .replace("interest, recent", "all, interest, recent")
        .replace("attend recent", "attend all { over: watched by: relevance }\nattend recent"),
    );
    const wide = await load(dir, { threads: 1, plan: "kernel" });
    // The whole history that `all` reads is what chunks are for: three candidates at once.
    const tight = await load(dir, { threads: 1, plan: "kernel", memory: { scores: 6 * 4 * 2 * 300 * 3 } });
    const many = someCandidates(50);
    const { item, price } = many.candidates as { readonly item: number[]; readonly price: number[] };
    const [a, b] = [await wide.prepare(someUser(290)), await tight.prepare(someUser(290))];
    const [all, chunked] = [await a.rank(many), await b.rank(many)];
    expect([...chunked.kept!.positions]).toEqual([...all.kept!.positions]);
    expectClose(chunked, all, "in chunks");
    for (const n of [0, 7, 16, 49]) {
      const one = await a.rank({ ...many, candidates: { item: [item[n]], price: [price[n]] } });
      expect([...one.kept!.positions]).toEqual([...all.kept!.positions.subarray(6 * n, 6 * n + 6)]);
    }
    await wide.close();
    await tight.close();
  });

  it("is not the kernel's on another device than the CPU", async () => {
    const { manifest } = compiled();
    const device = "the kernel is for the CPU, and graphs run on webgpu";
    const options = { lanes: 1, startLane: null, maxBytes: 2 ** 26 };
    expect(() => new KernelUse(manifest, "kernel", device, options)).toThrow(
      /plan is "kernel", and .* has none here: the kernel is for the CPU, and graphs run on webgpu\. Ask for "auto"/,
    );
    const auto = new KernelUse(manifest, "auto", device, options);
    expect([auto.of(false, 1000), auto.of(true, 1000), auto.status().because]).toEqual([null, null, device]);
    expect(new KernelUse(manifest, "auto", null, options).of(false, 1000)).not.toBeNull();
    // Between, the graphs of Node are the quicker ones for a user who is ranked once, and those of a page are not.
    const between = (...long: number[]) => new KernelUse(manifest, "auto", null, options, ...long).of(false, 10_000);
    expect(between()).toBeNull();
    expect(between(longInPage)).not.toBeNull();
    const asked = new KernelUse(manifest, "graph", null, options);
    expect([asked.of(false, 1000), asked.status().because]).toEqual([null, "the plan `graph` was asked for"]);
  });

  it("refuses the kernel where the model has none, and says why", async () => {
    const source = rankSource("").replace("by: relevance keep", "by: match(item.author) keep");
    const dir = await builtRanked(source);
    await expect(load(dir, { plan: "kernel", workers: 1 })).rejects.toThrow(/plan is "kernel"/);
    await expect(load(dir, { plan: "kernel" })).rejects.toThrow(
      /plan is "kernel".*the search nearest goes by match\(item\.author\)/,
    );
    const twin = await load(dir);
    expect(twin.status().plan.because).toMatch(/goes by match/);
    expect((await (await twin.prepare(someUser(300))).rank(someCandidates(2))).plan).toBe("graph");
    await twin.close();
  });

  it.each([["fast"], [1], [null], [{}]])("is one of three: %j", async (plan) => {
    const dir = await built("");
    await expect(load(dir, { plan } as unknown as LoadOptions)).rejects.toThrow(
      "load: plan is ".concat(JSON.stringify(plan), '; bring "auto", "graph", "kernel"'),
    );
  });

  it("is the same in threads of their own", async () => {
    const dir = await built("");
    const [here, there] = [await load(dir, { plan: "kernel" }), await load(dir, { plan: "kernel", workers: 2 })];
    expect(there.status().plan).toMatchObject({ wanted: "kernel", because: null });
    for (const length of [6, 40]) {
      const [a, b] = [await here.prepare(someUser(length)), await there.prepare(someUser(length))];
      const [wanted, found] = [await a.rank(someCandidates(7)), await b.rank(someCandidates(7))];
      expect(aged(found)).toEqual(aged(wanted));
    }
    await here.close();
    await there.close();
  });
});

it("a build of before has no kernel, and says how to have one", async () => {
  const dir = join(import.meta.dirname, "../compat/0.1.0/model");
  await expect(load(dir, { plan: "kernel" })).rejects.toThrow(/built before there was one.*twin build/);
  const twin = await load(dir);
  expect(twin.status().plan.because).toMatch(/built before there was one/);
  await twin.close();
});
