// The order of samples in groups, and how many behaviours of a sample a step sees.
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { Assembler } from "../../runtime/learn/assemble.ts";
import { LogUniform } from "../../runtime/learn/log-uniform.ts";
import { groupedOrder } from "../../runtime/learn/order.ts";
import { cleanUp } from "../kit/built-twin.ts";
import { topicModel, topicSource } from "../kit/trained.ts";

afterAll(cleanUp);

/** Runs of samples of one user in an order. */
function runs(order: Uint32Array, user: Uint32Array): number[][] {
  const found: number[][] = [];
  for (const sample of order) {
    const last = found.at(-1);
    if (last && user[last[0]] === user[sample]) {
      last.push(sample);
    } else {
      found.push([sample]);
    }
  }
  return found;
}

describe("an order in groups", () => {
  const samples = fc
    .array(fc.record({ user: fc.nat(6), time: fc.integer({ min: 0, max: 40 }) }), { maxLength: 80 })
    .map((all) => ({
      user: Uint32Array.from(all, ({ user }) => user),
      time: Float64Array.from(all, ({ time }) => time),
    }));

  it("holds every sample once, and each user's in pieces of neighbours in time", () => {
    fc.assert(
      fc.property(samples, fc.integer({ min: 2, max: 9 }), fc.nat(5), (whose, group, epoch) => {
        const order = groupedOrder(3, epoch, whose, group);
        expect([...order].sort((a, b) => a - b)).toEqual([...whose.user.keys()]);
        expect(groupedOrder(3, epoch, whose, group)).toEqual(order);
        const byUser = new Map<number, number[]>();
        for (const sample of [...whose.user.keys()].sort((a, b) => whose.time[a] - whose.time[b] || a - b)) {
          byUser.set(whose.user[sample], [...(byUser.get(whose.user[sample]) ?? []), sample]);
        }
        // Cut where the next is no neighbour in time, a user's samples are in as few pieces as the group allows, or one more.
        for (const [user, own] of byUser) {
          const place = new Map(own.map((sample, i) => [sample, i]));
          const mine = [...order].filter((sample) => whose.user[sample] === user).map((sample) => place.get(sample)!);
          const cuts = mine.filter((at, i) => i > 0 && at !== mine[i - 1] + 1).length;
          expect(cuts).toBeLessThanOrEqual(Math.ceil(own.length / group));
        }
      }),
    );
  });

  it("has pieces of the size that is asked for, cut and placed otherwise in each epoch and with each seed", () => {
    const user = Uint32Array.from({ length: 3000 }, (_, i) => i % 30);
    const time = Float64Array.from({ length: 3000 }, (_, i) => i);
    const order = (seed: number, epoch: number) => groupedOrder(seed, epoch, { user, time }, 8);
    const first = order(1, 0);
    const pieces = runs(first, user);
    // 100 samples of each user: 12 or 13 pieces of 8 and a rest; two pieces of a user side by side are rare.
    expect(pieces.filter(({ length }) => length === 8).length).toBeGreaterThan(300);
    expect(pieces.length).toBeGreaterThan(370);
    const begins = (of: Uint32Array) => new Set(runs(of, user).map(([sample]) => sample));
    const shared = [...begins(first)].filter((sample) => begins(order(1, 1)).has(sample)).length;
    expect(shared).toBeLessThan(0.4 * pieces.length);
    expect(order(1, 1)).not.toEqual(first);
    expect(order(2, 0)).not.toEqual(first);
  });

  it("keeps a user with few samples together", () => {
    const user = Uint32Array.of(4, 1, 4, 1, 4, 2);
    const time = Float64Array.of(9, 2, 7, 3, 8, 1);
    for (let epoch = 0; epoch < 20; epoch++) {
      const order = groupedOrder(1, epoch, { user, time }, 3);
      expect(
        runs(order, user)
          .map((run) => run.join())
          .sort(),
      ).toEqual(["1,3", "2,4,0", "5"]);
    }
  });
});

describe("a length that is drawn", () => {
  it("is as likely as its inverse says", () => {
    const drawn = new LogUniform({ min: 3, max: 40 });
    const counts = new Map<number, number>();
    const many = 200_000;
    for (let i = 0; i < many; i++) {
      const n = drawn.at((i + 0.5) / many);
      counts.set(n, (counts.get(n) ?? 0) + 1);
    }
    const all = Array.from({ length: 38 }, (_, i) => 3 + i);
    const total = all.reduce((sum, n) => sum + 1 / n, 0);
    expect([...counts.keys()].sort((a, b) => a - b)).toEqual(all);
    for (const n of all) {
      expect(Math.abs(counts.get(n)! / many - 1 / n / total)).toBeLessThan(2 / many);
    }
    expect([drawn.at(0), drawn.at(1 - 2 ** -32)]).toEqual([3, 40]);
    expect(new LogUniform({ min: 7, max: 7 }).at(0.5)).toBe(7);
  });

  const samples = Uint32Array.from({ length: 60 }, (_, i) => 3 * i);
  const { dataset, plan } = topicModel(topicSource("length: log_uniform(2, 12)"));
  const assembler = new Assembler(dataset, plan);
  const whole = assembler.assemble("training", samples, null).histories.watched;
  const seen = (step: number, epoch: number, seed = 1) =>
    assembler.assemble("training", samples, { seed, step, epoch }).histories.watched;

  it("leaves each sample the newest behaviours, another number in each epoch; scoring sees all", () => {
    const short = seen(1, 0);
    expect(whole.lengths.some((length) => length > 12)).toBe(true);
    let cut = 0;
    for (let row = 0; row < samples.length; row++) {
      const [all, few] = [whole.lengths[row], short.lengths[row]];
      expect(few).toBeGreaterThanOrEqual(Math.min(all, 2));
      expect(few).toBeLessThanOrEqual(Math.min(all, 12));
      cut += Number(few < all);
      for (const [name, values] of Object.entries(whole.cross)) {
        const width = plan.width[name];
        const first = (of: typeof whole) =>
          [...of.cross[name]].slice(row * of.length * width, (row * of.length + few) * width);
        expect(first(short)).toEqual(first(whole));
        expect(values.constructor).toBe(short.cross[name].constructor);
      }
      // What is cut off is padding: the unknown item, which is projected anyway.
      const rest = [...short.index].slice(row * short.length + few, (row + 1) * short.length);
      expect(rest.every((item) => item === 0)).toBe(true);
    }
    expect(cut).toBeGreaterThan(20);
    expect([...seen(9, 0).lengths]).toEqual([...short.lengths]);
    expect([...seen(1, 1).lengths]).not.toEqual([...short.lengths]);
    expect([...seen(1, 0, 2).lengths]).not.toEqual([...short.lengths]);
  });
});
