// Draws of negatives: at the rates that their offsets say, never of what is taken.
import { describe, expect, it } from "vitest";
import { streams } from "../../contract/random.ts";
import { type NegativeOptions, Negatives } from "../../runtime/data/prepare/negatives.ts";

describe("negatives", () => {
  it("are drawn at the rate that the offset says", () => {
    const counts = Uint32Array.of(0, 9, 5, 3, 1, 0);
    const negatives = new Negatives(counts, { perPositive: 2, by: "popularity", met: "exclude", seed: 3 });
    negatives.nextUser();
    negatives.meet(2);
    const drawn = new Float64Array(6);
    const rounds = 40_000;
    for (let row = 0; row < rounds; row++) {
      const into: number[] = [];
      negatives.draw(row, into);
      for (const item of into) {
        drawn[item]++;
      }
    }
    expect(drawn[0] + drawn[2]).toBe(0);
    for (const item of [1, 3, 4, 5]) {
      expect(drawn[item] / rounds / Math.exp(-negatives.offset(item))).toBeCloseTo(1, 1);
    }
  });

  it("end where a user has met everything", () => {
    const negatives = new Negatives(Uint32Array.of(0, 1, 1), {
      perPositive: 4,
      by: "uniform",
      met: "exclude",
      seed: 1,
    });
    negatives.nextUser();
    negatives.meet(1);
    const into: number[] = [];
    negatives.draw(0, into);
    expect(into).toEqual([2, 2, 2, 2]);
    negatives.meet(2);
    into.length = 0;
    negatives.draw(0, into);
    expect(into).toEqual([]);
    expect(Number.isFinite(negatives.offset(2))).toBe(true);
  });

  it("count an item that is met twice once", () => {
    const negatives = new Negatives(Uint32Array.of(0, 1, 1, 2), {
      perPositive: 3,
      by: "popularity",
      met: "exclude",
      seed: 1,
    });
    negatives.nextUser();
    for (let times = 0; times < 3; times++) {
      negatives.meet(2);
    }
    // Shares of 2, 2 and 3 in 7; what is left of them is 5 / 7.
    expect(negatives.offset(1)).toBeCloseTo(-Math.log((3 * 2) / 5), 12);
    expect(negatives.offset(3)).toBeCloseTo(-Math.log((3 * 3) / 5), 12);
    const into: number[] = [];
    negatives.draw(5, into);
    expect(into).toHaveLength(3);
    expect(into).not.toContain(2);
  });

  it("are drawn again of what was met before, but not of what is taken at that instant, where they may be", () => {
    const counts = Uint32Array.of(0, 9, 5, 3, 1, 0);
    const negatives = new Negatives(counts, { perPositive: 2, by: "popularity", met: "allow", seed: 3 });
    negatives.nextUser();
    negatives.nextInstant();
    negatives.meet(1);
    negatives.nextInstant();
    negatives.meet(2);
    const drawn = new Float64Array(6);
    const rounds = 40_000;
    for (let row = 0; row < rounds; row++) {
      const into: number[] = [];
      negatives.draw(row, into);
      for (const item of into) {
        drawn[item]++;
      }
    }
    expect([drawn[0], drawn[2]]).toEqual([0, 0]);
    for (const item of [1, 3, 4, 5]) {
      const rate = (2 * (counts[item] + 1)) / 23;
      expect(negatives.offset(item)).toBeCloseTo(-Math.log(rate), 12);
      // Four standard errors of a binomial count.
      const error = 4 * Math.sqrt((2 * rounds * (rate / 2) * (1 - rate / 2)) / rounds ** 2);
      expect(Math.abs(drawn[item] / rounds - rate), `item ${item}`).toBeLessThan(error);
    }
  });

  const drawn = (negatives: Negatives, row: number): number[] => {
    const into: number[] = [];
    negatives.draw(row, into);
    return into;
  };
  const counts = Uint32Array.of(7, 9, 5, 3, 1, 0);
  const options: NegativeOptions = { perPositive: 3, by: "popularity", met: "exclude", seed: 11 };

  it("fall on the item in whose share the drawn number lies", () => {
    // Shares in 23: 10, 6, 4, 2, 1; evenly: a fifth each.
    const ends = { popularity: [10 / 23, 16 / 23, 20 / 23, 22 / 23, 1], uniform: [0.2, 0.4, 0.6, 0.8, 1] };
    for (const by of ["popularity", "uniform"] as const) {
      for (const met of ["exclude", "allow"] as const) {
        const negatives = new Negatives(counts, { ...options, by, met });
        negatives.nextUser();
        for (let row = 0; row < 200; row++) {
          const next = streams.negatives(options.seed, row);
          const due = [next(), next(), next()].map((point) => 1 + ends[by].findIndex((end) => point < end));
          expect(drawn(negatives, row)).toEqual(due);
        }
      }
    }
  });

  it("are drawn again, by the same numbers, until one falls on what is not met", () => {
    const ends = [10 / 23, 16 / 23, 20 / 23, 22 / 23, 1];
    const negatives = new Negatives(counts, options);
    negatives.nextUser();
    negatives.meet(1);
    negatives.meet(4);
    for (let row = 0; row < 200; row++) {
      const next = streams.negatives(options.seed, row);
      const one = (): number => {
        const point = next();
        const item = 1 + ends.findIndex((end) => point < end);
        return item === 1 || item === 4 ? one() : item;
      };
      expect(drawn(negatives, row)).toEqual([one(), one(), one()]);
    }
  });

  it("have the offset of their rate, evenly or by popularity, and an unknown item that of one that never occurred", () => {
    const even = new Negatives(counts, { ...options, by: "uniform" });
    even.nextUser();
    expect(even.offset(1)).toBeCloseTo(-Math.log(3 / 5), 12);
    expect(even.offset(5)).toBe(even.offset(1));
    const popular = new Negatives(counts, options);
    popular.nextUser();
    expect(popular.offset(0)).toBeCloseTo(popular.offset(5), 12);
    // What is not drawn is not met, and leaves the others as they were.
    popular.meet(0);
    expect(popular.offset(1)).toBeCloseTo(-Math.log((3 * 10) / 23), 12);
  });

  it("forget what another user met, and under `allow` what was met at another instant", () => {
    for (const met of ["exclude", "allow"] as const) {
      const negatives = new Negatives(Uint32Array.of(0, 0, 0), { ...options, met, by: "uniform" });
      negatives.nextUser();
      negatives.meet(1);
      expect(new Set(drawn(negatives, 1)).has(1)).toBe(false);
      negatives.nextInstant();
      const all = () => [...new Set(Array.from({ length: 50 }, (_, row) => drawn(negatives, row)).flat())].sort();
      expect(all()).toEqual(met === "allow" ? [1, 2] : [2]);
      negatives.meet(2);
      // Of two items both are met only where the first is remembered.
      expect(all()).toEqual(met === "allow" ? [1] : []);
      negatives.nextUser();
      expect(all()).toEqual([1, 2]);
      expect(negatives.offset(1)).toBeCloseTo(-Math.log(3 / 2), 12);
    }
  });

  it("are found among what is left where nearly all is met, at the same rates", () => {
    // One item has all but a ten-thousandth of the shares: draws give it, and it is met.
    const negatives = new Negatives(Uint32Array.of(0, 300_000, 1, 8), options);
    negatives.nextUser();
    negatives.meet(1);
    const found = new Float64Array(4);
    for (let row = 0; row < 2000; row++) {
      const items = drawn(negatives, row);
      expect(items).toHaveLength(3);
      for (const item of items) {
        found[item]++;
      }
    }
    // Shares of 2 and 9 in 11.
    expect(found[0] + found[1]).toBe(0);
    expect(found[2] / 6000).toBeCloseTo(2 / 11, 1.5);
    expect(found[3] / 6000).toBeCloseTo(9 / 11, 1.5);
  });

  it("are not drawn from fewer than two items", () => {
    expect(() => new Negatives(Uint32Array.of(5, 3), options)).toThrow("the data has fewer than two items");
    expect(() => new Negatives(Uint32Array.of(5, 3, 0), options)).not.toThrow();
  });
});
