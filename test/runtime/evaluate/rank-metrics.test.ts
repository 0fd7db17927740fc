// recall@k, NDCG@k and reciprocal rank of one positive among its candidates: by hand, and as the mean over every order of ties.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Place, rankMetrics } from "../../../runtime/metrics/rank.ts";

const ks = [1, 2, 3, 10];

describe("ranks", () => {
  it("are counted from 1, and one of three tied for second place is there in one order of three", () => {
    const places: Place[] = [
      { above: 0, equal: 0 },
      { above: 1, equal: 2 },
      { above: 4, equal: 0 },
    ];
    const found = rankMetrics(places, [5, 5, 8], ks);
    expect(found).toMatchObject({ positives: 3, among: 6 });
    // Ranks 1, one of 2, 3, 4, and 5.
    expect(found.rank).toBeCloseTo((1 + 3 + 5) / 3, 12);
    expect(found.mrr).toBeCloseTo((1 + (1 / 2 + 1 / 3 + 1 / 4) / 3 + 1 / 5) / 3, 12);
    const at = Object.fromEntries(found.top.map(({ k, recall, ndcg }) => [k, [recall, ndcg]]));
    const [second, third, fourth, fifth] = [1 / Math.log2(3), 1 / Math.log2(4), 1 / Math.log2(5), 1 / Math.log2(6)];
    expect(at[1]).toEqual([1 / 3, 1 / 3]);
    expect(at[2][0]).toBeCloseTo((1 + 1 / 3) / 3, 12);
    expect(at[2][1]).toBeCloseTo((1 + second / 3) / 3, 12);
    expect(at[3][0]).toBeCloseTo((1 + 2 / 3) / 3, 12);
    expect(at[3][1]).toBeCloseTo((1 + (second + third) / 3) / 3, 12);
    expect(at[10][0]).toBe(1);
    expect(at[10][1]).toBeCloseTo((1 + (second + third + fourth) / 3 + fifth) / 3, 12);
  });

  it("are the mean over every order of what is tied", () => {
    fc.assert(
      fc.property(fc.nat(6), fc.nat(6), (above, equal) => {
        const found = rankMetrics([{ above, equal }], [above + equal + 1], ks);
        const orders = Array.from({ length: equal + 1 }, (_, i) => above + 1 + i);
        const mean = (of: (rank: number) => number) => orders.reduce((sum, rank) => sum + of(rank), 0) / orders.length;
        expect(found.rank).toBeCloseTo(
          mean((rank) => rank),
          10,
        );
        expect(found.mrr).toBeCloseTo(
          mean((rank) => 1 / rank),
          10,
        );
        for (const { k, recall, ndcg } of found.top) {
          expect(recall).toBeCloseTo(
            mean((rank) => Number(rank <= k)),
            10,
          );
          expect(ndcg).toBeCloseTo(
            mean((rank) => (rank <= k ? Math.LN2 / Math.log(1 + rank) : 0)),
            10,
          );
        }
      }),
    );
  });

  it("of a model that says the same of all are those of chance", () => {
    const items = 1000;
    const { top, rank } = rankMetrics([{ above: 0, equal: items - 1 }], [items], [10]);
    expect(top[0].recall).toBeCloseTo(10 / items, 12);
    expect(rank).toBe((items + 1) / 2);
  });

  it("of nothing are no numbers", () => {
    const none = rankMetrics([], [], [1]);
    expect(none.positives).toBe(0);
    expect([none.rank, none.mrr, none.among, none.top[0].recall, none.top[0].ndcg]).toEqual(Array(5).fill(Number.NaN));
  });
});
