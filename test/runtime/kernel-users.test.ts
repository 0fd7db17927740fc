// Users in the selection kernel's memory, as requests have them: they make room for each other, and no request is left without
// its answer for want of it.
import { afterAll, describe, expect, it } from "vitest";
import { type LoadOptions, load, type Ranking } from "../../runtime/index.ts";
import { cleanUp } from "../kit/built-twin.ts";
import { builtRanked, rankSource, someCandidates, someUser } from "../kit/rank-model.ts";
import { aged, expectClose, said } from "../kit/rankings.ts";

afterAll(cleanUp);

describe("users in the kernel's memory", () => {
  it("make room for each other, and rank as before", async () => {
    const dir = await builtRanked(rankSource("", 6, 400));
    const wide = await load(dir, { threads: 1, plan: "kernel" });
    const tight = await load(dir, { threads: 1, plan: "kernel", memory: { kernel: 400_000 } });
    const users = Array.from({ length: 40 }, (_, i) => someUser(300 + i));
    const [a, b] = [
      await Promise.all(users.map((user) => wide.prepare(user))),
      await Promise.all(users.map((user) => tight.prepare(user))),
    ];
    for (let round = 0; round < 2; round++) {
      const [wanted, found] = [
        await Promise.all(a.map((one) => one.rank(someCandidates(5)))),
        await Promise.all(b.map((one) => one.rank(someCandidates(5)))),
      ];
      expect(found.map(aged)).toEqual(wanted.map(aged));
    }
    const { kernel } = tight.status().plan;
    expect(kernel!.bytes).toBeLessThanOrEqual(400_000);
    expect(kernel!.users).toBeLessThan(users.length);
    await wide.close();
    await tight.close();
  });

  it("never leave a request without its answer, however little memory there is", async () => {
    const dir = await builtRanked(rankSource("", 6, 2000));
    const counts = [1, 50, 400];
    const ranked = async (options: LoadOptions) => {
      const twin = await load(dir, { threads: 1, ...options });
      const prepared = await twin.prepare(someUser(1900));
      const rankings: Ranking[] = [];
      for (const count of counts) {
        rankings.push(await prepared.rank(someCandidates(count)));
      }
      await twin.close();
      return { rankings, warnings: twin.warnings };
    };
    const wide = await ranked({ plan: "kernel" });
    const seen = new Set<string>();
    for (let kernel = 900_000; kernel > 200_000; kernel = Math.floor(kernel * 0.75)) {
      const { rankings, warnings } = await ranked({ memory: { kernel } });
      const plans = new Set(rankings.map(({ plan }) => plan));
      expect(plans.size, `${kernel} bytes`).toBe(1);
      seen.add(rankings[0].plan);
      expect(warnings.length, `${kernel} bytes`).toBe(plans.has("graph") ? 1 : 0);
      for (const [i, ranking] of rankings.entries()) {
        expect(said(ranking)).toEqual(said(wide.rankings[i]));
        expectClose(ranking, wide.rankings[i], `${kernel} bytes, ${counts[i]} candidates`);
      }
    }
    expect([...seen]).toEqual(["kernel", "graph"]);
  });

  it("wait for each other where there is room for one at a time", async () => {
    const dir = await builtRanked(rankSource("", 6, 2000));
    const wide = await load(dir, { threads: 1, plan: "kernel" });
    const users = Array.from({ length: 5 }, (_, i) => someUser(1500 + i));
    const probe = await wide.prepare(users[0]);
    await probe.rank(someCandidates(1));
    const kernel = 350_000;
    const tight = await load(dir, { threads: 1, plan: "kernel", memory: { kernel } });
    const both = async (twin: typeof wide) => {
      const prepared = await Promise.all(users.map((user) => twin.prepare(user)));
      const rounds = [0, 1].flatMap(() => prepared.map((one) => one.rank(someCandidates(300))));
      return (await Promise.all(rounds)).map(aged);
    };
    expect(await both(tight)).toEqual(await both(wide));
    expect(tight.status().plan.kernel).toMatchObject({ users: 1 });
    expect(tight.status().plan.kernel!.bytes).toBeLessThanOrEqual(kernel);
    await wide.close();
    await tight.close();
  });

  it("are left to the graphs where not even one fits, with a warning; or refused where the kernel was asked for", async () => {
    const dir = await builtRanked(rankSource("", 6, 5000));
    const auto = await load(dir, { threads: 1, memory: { kernel: 1 } });
    const ranking = await (await auto.prepare(someUser(2000))).rank(someCandidates(3));
    expect(ranking.plan).toBe("graph");
    expect(auto.warnings.join()).toMatch(/graphs rank instead of the selection kernel/);
    await auto.close();
    const asked = await load(dir, { threads: 1, plan: "kernel", memory: { kernel: 1 } });
    await expect(asked.prepare(someUser(4000))).rejects.toThrow(/selection kernel needs/);
    await asked.close();
  });

  it("end with a signal that aborts, and with the folder", async () => {
    const twin = await load(await builtRanked(rankSource("")), { threads: 2, plan: "kernel" });
    const prepared = await twin.prepare(someUser(40));
    const reason = new Error("gone away");
    await expect(prepared.rank(someCandidates(3), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect((await prepared.rank(someCandidates(3))).plan).toBe("kernel");
    await twin.close();
    await expect(prepared.rank(someCandidates(3))).rejects.toThrow(/closed/);
  });
});
