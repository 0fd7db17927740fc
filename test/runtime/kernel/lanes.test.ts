// Lanes over one shared memory, users in it, and how a run ends: the same bits with any number of lanes; a dead lane fails its
// run and is replaced; memory is bounded, and users make room for others.
import { afterEach, describe, expect, it } from "vitest";
import { startThread } from "../../../runtime/host/start-thread.ts";
import { Kernel, type LaneJob, type LaneStart, type Phases } from "../../../runtime/kernel/index.ts";
import type { OuterLine } from "../../../runtime/threads/line.ts";
import { type Draw, drawn, literalLists, runCase } from "../../kit/kernel-case.ts";

type LaneLine = OuterLine<LaneStart, LaneJob, Phases, null>;

const startLane = (): LaneLine =>
  startThread(import.meta.url, "../../../runtime/serve/workers/lane.ts", "lane-worker.js");

const draw: Draw = {
  kind: "normal",
  seed: 5,
  length: 900,
  heads: 4,
  width: 6,
  keep: 60,
  candidates: 70,
  rule: "round_robin",
  masked: 0.1,
  values: 10,
  searched: true,
  table: true,
};

const opened: Kernel[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((kernel) => kernel.close()));
});

async function kernelOf(
  one: Draw,
  lanes = 1,
  start: (() => LaneLine) | null = null,
  maxBytes = 2 ** 28,
): Promise<Kernel> {
  const kernel = await Kernel.open(drawn(one).shape, { lanes, startLane: start, maxBytes });
  opened.push(kernel);
  await kernel.joined();
  return kernel;
}

const thrown = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => null,
    (error: unknown) => error,
  );

describe("lanes", () => {
  it.each([2, 3])("%i give the same bits as one, run after run, user after user", async (lanes) => {
    const kernel = await kernelOf(draw, lanes, startLane);
    expect(kernel.status()).toMatchObject({ lanes, shared: true });
    for (const seed of [5, 6, 7]) {
      const one = drawn({ ...draw, seed, length: 900 + 300 * (seed % 2) });
      const alone = await runCase(one);
      const user = kernel.pack(one.user);
      const runs = await Promise.all([1, 2, 3].map(() => kernel.run(user, one.queries, one.candidates)));
      for (const { kept, pooled, phases } of runs) {
        expect(kept).toEqual(alone.kept);
        expect(pooled).toEqual(alone.pooled);
        expect(phases.scores).toBeGreaterThan(0);
      }
      expect(alone.kept).toEqual(literalLists(one));
      user.release();
    }
  });

  it("that dies fails its run by name, and another takes its place", async () => {
    let started = 0;
    const kernel = await kernelOf(draw, 2, () => {
      const line = startLane();
      // The first one ends at whatever moment its first job comes to it.
      return started++ > 0
        ? line
        : {
            ...line,
            post(call, transfer) {
              line.post(call, transfer);
              if (call.kind === "job") {
                void line.end();
              }
            },
          };
    });
    const one = drawn(draw);
    const many = { ...one, candidates: 2000 };
    const queries = one.shape.products.map(({ heads, width }) => new Float32Array(heads * 2000 * width).fill(0.5));
    const user = kernel.pack(one.user);
    const failed = thrown(kernel.run(user, queries, many.candidates));
    expect(await failed).toMatchObject({ name: "TwinError", code: "thread_ended" });
    await expect.poll(() => kernel.status().lanes, { timeout: 30_000 }).toBe(2);
    expect(started).toBe(2);
    expect((await kernel.run(user, one.queries, one.candidates)).kept).toEqual(literalLists(one));
  });

  it("lets the calling thread's others have their turn, and stops where nobody wants the result", async () => {
    const kernel = await kernelOf({ ...draw, length: 4000 });
    const one = drawn({ ...draw, length: 4000 });
    // More than any machine does within the turns that it is stopped after.
    const many = 40_000;
    const queries = one.shape.products.map(({ heads, width }) => new Float32Array(heads * many * width).fill(0.5));
    const user = kernel.pack(one.user);
    const control = new AbortController();
    let turns = 0;
    const timer = setInterval(() => {
      turns++;
      if (turns === 3) {
        control.abort(new Error("not wanted"));
      }
    }, 1);
    const run = thrown(kernel.run(user, queries, many, control.signal));
    expect(await run).toMatchObject({ message: "not wanted" });
    clearInterval(timer);
    expect(turns).toBeGreaterThanOrEqual(3);
    expect(await thrown(kernel.run(user, queries, many, AbortSignal.abort(new Error("before"))))).toMatchObject({
      message: "before",
    });
    expect((await kernel.run(user, one.queries, one.candidates)).kept).toEqual(literalLists(one));
  });
});

describe("memory", () => {
  it("is bounded: whoever was not used for longest makes room, and says so", async () => {
    const one = drawn(draw);
    const probe = await kernelOf(draw);
    const { bytes } = probe.pack(one.user);
    const kernel = await kernelOf(draw, 1, null, 3 * bytes + 3_000_000);
    const users = [1, 2, 3].map(() => kernel.pack(one.user));
    await kernel.run(users[0], one.queries, one.candidates);
    const more = Array.from({ length: 12 }, () => kernel.pack(one.user));
    expect(kernel.status().bytes).toBeLessThanOrEqual(3 * bytes + 3_000_000);
    expect([...users, ...more].filter(({ resident }) => resident).length).toBe(kernel.status().users);
    expect(more.at(-1)!.resident).toBe(true);
    expect(users[1].resident).toBe(false);
    expect(await thrown(kernel.run(users[1], one.queries, one.candidates))).toMatchObject({
      message: expect.stringMatching(/pack it again/),
    });
    const wanted = literalLists(one);
    expect((await kernel.run(more.at(-1)!, one.queries, one.candidates)).kept).toEqual(wanted);
    // A user that is run stays until it is done, whoever else comes, and wherever the memory goes to when it grows.
    const running = kernel.run(more.at(-1)!, one.queries, one.candidates);
    for (let i = 0; i < 12; i++) {
      kernel.pack(one.user);
    }
    expect((await running).kept).toEqual(wanted);
  });

  it("goes back when users are released", async () => {
    const one = drawn(draw);
    const kernel = await kernelOf(draw);
    const first = kernel.pack(one.user);
    await kernel.run(first, one.queries, one.candidates);
    const { used } = kernel.status();
    first.release();
    first.release();
    expect(first.resident).toBe(false);
    for (let i = 0; i < 20; i++) {
      const user = kernel.pack(one.user);
      expect(kernel.status().used).toBe(used);
      const run = kernel.run(user, one.queries, one.candidates);
      user.release();
      await run;
    }
    await expect.poll(() => kernel.status().users).toBe(0);
    expect(kernel.status().used).toBeLessThan(used);
  });

  it("that is too small is refused with its sizes and the way out", async () => {
    const kernel = await kernelOf(draw, 1, null, 2 ** 17);
    expect(() => kernel.pack(drawn(draw).user)).toThrow(
      /the selection kernel needs \d+ MiB more than the \d+ MiB in use, and may have 1 MiB: allow it more, or run the graph/,
    );
    expect(kernel.status()).toMatchObject({ used: 0, users: 0 });
  });

  it("is of no use once closed", async () => {
    const kernel = await kernelOf(draw);
    const one = drawn(draw);
    const user = kernel.pack(one.user);
    const run = kernel.run(user, one.queries, one.candidates);
    await kernel.close();
    expect((await run).kept).toEqual(literalLists(one));
    expect(() => kernel.pack(one.user)).toThrow(/was closed/);
    expect(await thrown(kernel.run(user, one.queries, one.candidates))).toMatchObject({ code: "closed" });
  });
});

describe("what is beyond the kernel", () => {
  it.each([
    [{ heads: 17 }, /heads from 1 to 16, and this is 17/],
    [{ width: 257 }, /widths of keys from 1 to 256/],
    [{ keep: 1001, length: 2000 }, /`keep` from 1 to 1000/],
    [{ values: 300 }, /widths of values from 1 to 256/],
  ])("is refused by name: %o", async (change, message) => {
    await expect(kernelOf({ ...draw, candidates: 1, ...change })).rejects.toThrow(message);
  });

  it("and operands of another shape", async () => {
    const kernel = await kernelOf(draw);
    const { user } = drawn(draw);
    const other = drawn({ ...draw, length: 800 }).user;
    const bad = [
      { ...user, lengths: [40] },
      { ...user, products: other.products },
      { ...user, searches: other.searches },
      { ...user, attends: other.attends },
      { ...user, attends: [] },
    ];
    for (const one of bad) {
      expect(() => kernel.pack(one)).toThrow();
    }
    await expect(kernel.run(kernel.pack(user), [new Float32Array(3)], 1)).rejects.toThrow(/queries of product 0/);
  });
});
