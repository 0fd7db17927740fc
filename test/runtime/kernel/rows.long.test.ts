// Millions of rows index for index, and every width.
import { afterAll, describe, expect, it } from "vitest";
import { seed } from "../../kit/effort.ts";
import { type Draw, drawn, kinds, literalLists, numbers, runCase } from "../../kit/kernel-case.ts";
import { noteOfRun } from "../../kit/run-notes.ts";

/** Rows of scores of each kind of numbers. */
const rows = 250_000;

const plain: Draw = {
  ...{ kind: "normal", seed: 1, length: 70, heads: 2, width: 1, keep: 11, candidates: 5, rule: "round_robin" },
  ...{ masked: 0.2, values: 1, searched: true, table: false },
};

/** Behaviours: around every width at which the kernel takes them (vectors, tiles, groups of maxima), or any number. */
function lengthOf(next: () => number): number {
  const upTo = (most: number) => 1 + Math.floor(next() * most);
  if (next() < 0.3) {
    const unit = 2 ** (1 + upTo(6));
    return Math.max(1, unit * upTo(12) + upTo(3) - 2);
  }
  return upTo(next() < 0.1 ? 8000 : next() < 0.5 ? 1500 : 130);
}

function drawOf(kind: Draw["kind"], next: () => number): Draw {
  const upTo = (most: number) => 1 + Math.floor(next() * most);
  const length = lengthOf(next);
  const keep = Math.min(length, upTo(next() < 0.1 ? 1000 : 120));
  const wide = next() < 0.05;
  return {
    ...{ kind, length, keep, seed: upTo(2 ** 31), searched: next() < 0.5, table: next() < 0.2, values: upTo(9) },
    ...{ heads: upTo(wide ? 4 : 16), candidates: upTo(wide ? 5 : 60), width: upTo(wide ? 256 : 9) },
    rule: (["round_robin", "round_robin", "per_head", "max"] as const)[upTo(4) - 1],
    masked: [0, 0, 0.1, 0.9][upTo(4) - 1],
    // Of every fifth so much that fewer are left than are kept.
    padding: next() < 0.2 ? length - Math.min(length, Math.floor(next() * keep)) : 0,
  };
}

describe("the kernel keeps what the literal loop keeps", () => {
  const done = new Map<string, number>();
  it.each(kinds)("in rows of %s scores", { timeout: 7_200_000 }, async (kind) => {
    const next = numbers(seed(20_230_806) + kinds.indexOf(kind));
    let count = 0;
    while (count < rows) {
      const draw = drawOf(kind, next);
      const one = drawn(draw);
      const { kept } = await runCase(one);
      if (Buffer.compare(Buffer.from(kept[0].buffer), Buffer.from(literalLists(one)[0].buffer)) !== 0) {
        expect([draw, kept]).toEqual([draw, literalLists(one)]);
      }
      count += draw.heads * draw.candidates;
    }
    done.set(kind, count);
  });
  afterAll(() =>
    noteOfRun(
      "rows that the selection kernel kept as the literal loop",
      `${[...done.values()].reduce((a, b) => a + b, 0)}`,
    ),
  );

  it("of every width", { timeout: 600_000 }, async () => {
    for (let width = 1; width <= 256; width++) {
      const one = drawn({ ...plain, width, values: 257 - width, table: width % 2 === 0 });
      expect((await runCase(one)).kept).toEqual(literalLists(one));
    }
  });

  it("with every number kept and every number of heads", { timeout: 3_600_000 }, async () => {
    for (let keep = 1; keep <= 1000; keep++) {
      const heads = 1 + (keep % 16);
      const length = keep + (keep % 3 === 0 ? 0 : 40 * (keep % 7));
      const one = drawn({ ...plain, keep, heads, length, candidates: 2, kind: kinds[keep % kinds.length] });
      expect((await runCase(one)).kept).toEqual(literalLists(one));
    }
  });
});
