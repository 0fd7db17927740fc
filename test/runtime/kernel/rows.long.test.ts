// Millions of rows index for index, and every width.
import { describe, expect, it } from "vitest";
import { seed } from "../../kit/effort.ts";
import { type Draw, drawn, kinds, literalLists, numbers, runCase } from "../../kit/kernel-case.ts";

/** Rows of scores of each kind of numbers. */
const rows = 250_000;

const plain: Draw = {
  ...{ kind: "normal", seed: 1, length: 70, heads: 2, width: 1, keep: 11, candidates: 5, rule: "round_robin" },
  ...{ masked: 0.2, values: 1, searched: true, table: false },
};

describe("the kernel keeps what the literal loop keeps", () => {
  it.each(kinds)("in rows of %s scores", { timeout: 7_200_000 }, async (kind) => {
    const next = numbers(seed(20_230_806) + kinds.indexOf(kind));
    const upTo = (most: number) => 1 + Math.floor(next() * most);
    for (let done = 0; done < rows; ) {
      const length = upTo(next() < 0.1 ? 8000 : next() < 0.5 ? 1500 : 130);
      const heads = upTo(16);
      const candidates = upTo(60);
      const draw: Draw = {
        ...{ kind, length, heads, candidates, width: upTo(9), seed: upTo(2 ** 31), values: 1, table: false },
        ...{ keep: Math.min(length, upTo(next() < 0.1 ? 1000 : 120)), masked: [0, 0, 0.1, 0.9][upTo(4) - 1] },
        ...{ rule: (["round_robin", "round_robin", "per_head", "max"] as const)[upTo(4) - 1], searched: true },
      };
      const one = drawn(draw);
      const { kept } = await runCase(one);
      if (Buffer.compare(Buffer.from(kept[0].buffer), Buffer.from(literalLists(one)[0].buffer)) !== 0) {
        expect([draw, kept]).toEqual([draw, literalLists(one)]);
      }
      done += heads * candidates;
    }
  });

  it("of every width", { timeout: 600_000 }, async () => {
    for (let width = 1; width <= 256; width++) {
      const one = drawn({ ...plain, width, values: 257 - width, table: width % 2 === 0 });
      expect((await runCase(one)).kept).toEqual(literalLists(one));
    }
  });
});
