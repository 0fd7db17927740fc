// Memory that just holds a user: operands are staged in what is left, and candidates run by fewer lanes and in smaller jobs.
import { describe, expect, it } from "vitest";
import { startThread } from "../../../runtime/host/start-thread.ts";
import { Kernel, NoRoom, type StartLane } from "../../../runtime/kernel/index.ts";
import { type Draw, drawn, runCase } from "../../kit/kernel-case.ts";

const startLane: StartLane = () =>
  startThread(import.meta.url, "../../../runtime/serve/workers/lane.ts", "lane-worker.js");

const page = 2 ** 16;
const plain = {
  ...{ kind: "normal", seed: 8, length: 3001, keep: 40, candidates: 37, masked: 0.1, searched: false },
  ...{ rule: "round_robin", heads: 4, width: 16, values: 16, table: true },
} as const satisfies Draw;

/** Bytes that a user takes. */
async function bytesOf(one: ReturnType<typeof drawn>): Promise<number> {
  const kernel = await Kernel.open(one.shape, { lanes: 1, startLane: null, maxBytes: 2 ** 28 });
  const { bytes } = kernel.pack(one.user);
  await kernel.close();
  return bytes;
}

describe("memory that just holds a user", () => {
  const draws: readonly Draw[] = [
    plain,
    { ...plain, heads: 3, width: 5, values: 7, rule: "per_head" },
    { ...plain, length: 2500, heads: 2, width: 9, values: 33, table: false, rule: "max" },
  ];
  it.each(draws)("holds runs of one candidate after the other: %o", async (draw) => {
    const one = drawn(draw);
    const wanted = await runCase(one);
    const bytes = await bytesOf(one);
    let least = Number.POSITIVE_INFINITY;
    for (let pages = Math.ceil(bytes / page) + 8; ; pages--) {
      const kernel = await Kernel.open(one.shape, { lanes: 1, startLane: null, maxBytes: pages * page });
      try {
        const user = kernel.pack(one.user);
        const found = await kernel.run(user, one.queries, one.candidates);
        expect([found.kept, found.pooled]).toEqual([wanted.kept, wanted.pooled]);
        // Again, beside what the run before worked in.
        user.release();
        const more = await kernel.run(async () => kernel.pack(one.user), one.queries, one.candidates);
        expect([more.kept, more.pooled]).toEqual([wanted.kept, wanted.pooled]);
        expect(kernel.status().bytes).toBeLessThanOrEqual(pages * page);
        least = pages;
      } catch (error) {
        expect(error).toBeInstanceOf(NoRoom);
        break;
      } finally {
        await kernel.close();
      }
    }
    // Scratch of a candidate and what a lane remembers take less than two pages; the third is only begun.
    expect(least * page - bytes).toBeLessThan(3 * page);
  });

  it("has one lane run where there is no room for more", async () => {
    const one = drawn(plain);
    const wanted = await runCase(one);
    const bytes = await bytesOf(one);
    for (const pages of [3, 8, 40]) {
      const maxBytes = (Math.ceil(bytes / page) + pages) * page;
      const kernel = await Kernel.open(one.shape, { lanes: 3, startLane, maxBytes });
      await kernel.joined();
      const user = kernel.pack(one.user);
      for (let turn = 0; turn < 2; turn++) {
        const { kept, pooled } = await kernel.run(user, one.queries, one.candidates);
        expect([kept, pooled], `${pages} pages beside`).toEqual([wanted.kept, wanted.pooled]);
      }
      await kernel.close();
    }
  });

  it("brings back whoever others took the place of, and refuses who was not packed", async () => {
    const all = [1, 2, 3].map((seed) => drawn({ ...plain, seed }));
    const bytes = await bytesOf(all[0]);
    const kernel = await Kernel.open(all[0].shape, { lanes: 1, startLane: null, maxBytes: bytes + 5 * page });
    const runs = all.map(async ({ user, queries, candidates }) =>
      kernel.run(async () => kernel.pack(user), queries, candidates),
    );
    for (const [i, found] of (await Promise.all(runs)).entries()) {
      const wanted = await runCase(all[i]);
      expect([found.kept, found.pooled]).toEqual([wanted.kept, wanted.pooled]);
      expect(kernel.status().users).toBe(1);
    }
    const [gone, there] = [kernel.pack(all[0].user), kernel.pack(all[1].user)];
    expect([gone.resident, there.resident]).toEqual([false, true]);
    await expect(kernel.run(gone, all[0].queries, all[0].candidates)).rejects.toThrow(/pack it again/);
    // Another thing that a turn does does not end those behind it.
    const failed = kernel.turn(() => Promise.reject(new Error("on purpose")));
    const next = kernel.run(there, all[1].queries, all[1].candidates);
    await expect(failed).rejects.toThrow("on purpose");
    expect((await next).kept).toHaveLength(1);
    await kernel.close();
  });
});
