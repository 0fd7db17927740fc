// The kernel against plain loops: lists index for index, pooled values within rounding, for every rule, head count and width.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { literalScores } from "../../../runtime/kernel/index.ts";
import { long, patience } from "../../kit/effort.ts";
import {
  type Draw,
  drawn,
  type KernelCase,
  kinds,
  literalLists,
  pooledBy,
  runCase,
  scoresOf,
} from "../../kit/kernel-case.ts";

const plain: Draw = {
  kind: "normal",
  seed: 1,
  length: 300,
  heads: 4,
  width: 16,
  keep: 20,
  candidates: 9,
  rule: "round_robin",
  masked: 0,
  values: 16,
  searched: true,
  table: false,
};

async function holds(one: KernelCase): Promise<void> {
  const { kept, pooled } = await runCase(one);
  expect(kept).toEqual(literalLists(one));
  for (const [i, found] of pooled.entries()) {
    const wanted = pooledBy(one, kept, i);
    for (const [at, value] of wanted.entries()) {
      // NaN where a score is one.
      if (!(Math.abs(found[at] - value) <= 2e-5 * Math.max(1, Math.abs(value))) && !Number.isNaN(value)) {
        expect([i, at, found[at]]).toEqual([i, at, value]);
      }
    }
  }
}

/** One shape of many: their histories, products, searches and attends side by side. */
function together(parts: readonly KernelCase[]): KernelCase {
  const products = parts.flatMap(({ shape }, i) => shape.products.map((product) => ({ ...product, history: i })));
  const before = (i: number, what: "products" | "searches") =>
    parts.slice(0, i).reduce((sum, { shape }) => sum + shape[what].length, 0);
  return {
    shape: {
      histories: parts.length,
      products,
      searches: parts.flatMap(({ shape }, i) =>
        shape.searches.map((search) => ({ ...search, product: search.product + before(i, "products") })),
      ),
      attends: parts.flatMap(({ shape }, i) =>
        shape.attends.map((attend) => ({
          ...attend,
          product: attend.product + before(i, "products"),
          over: "search" in attend.over ? { search: attend.over.search + before(i, "searches") } : attend.over,
        })),
      ),
    },
    user: {
      lengths: parts.flatMap(({ user }) => user.lengths),
      products: parts.flatMap(({ user }) => user.products),
      searches: parts.flatMap(({ user }) => user.searches),
      attends: parts.flatMap(({ user }) => user.attends),
    },
    queries: parts.flatMap(({ queries }) => queries),
    rows: parts.flatMap(({ rows }) => rows),
    candidates: parts[0].candidates,
  };
}

describe("the kernel keeps what the literal loop keeps, and pools it", () => {
  it.each(kinds.flatMap((kind) => (["round_robin", "per_head", "max"] as const).map((rule) => [kind, rule] as const)))(
    "%s scores, %s",
    async (kind, rule) => {
      await holds(drawn({ ...plain, kind, rule }));
      await holds(drawn({ ...plain, kind, rule, masked: 0.4, searched: false, table: true, seed: 2 }));
    },
  );

  it.each(
    long ? [1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 31, 32, 33, 64, 255, 256] : [1, 2, 3, 4, 5, 8, 15, 17, 33, 256],
  )("keys and values %i wide", async (width) => {
    await holds(drawn({ ...plain, width, values: width, heads: 3, length: 70, candidates: 5, masked: 0.2 }));
    await holds(drawn({ ...plain, width, values: 257 - width, heads: 2, length: 61, table: true, searched: false }));
  });

  it.each([1, 2, 3, 5, 8, 13, 16])("%i heads", async (heads) => {
    await holds(drawn({ ...plain, heads, length: 1001, candidates: 6, keep: 100 }));
    await holds(drawn({ ...plain, heads, rule: "per_head", keep: 7, length: 129 }));
  });

  it.each([
    ...(long
      ? [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 255, 256, 257]
      : [1, 2, 3, 5, 8, 15, 16, 17, 33, 64, 127, 257]
    ).map((n) => [n, 1]),
    ...(long ? [16, 17, 64, 100, 799, 800, 801, 1000] : [16, 17, 100, 799, 801]).flatMap((n) => [
      [n, n],
      [n, Math.min(n, 16)],
    ]),
    ...[
      [1000, 999],
      [6399, 100],
      [6401, 100],
      [25_000, 1000],
      ...(long
        ? [
            [2000, 1000],
            [24_001, 50],
            [51_201, 100],
          ]
        : []),
    ],
  ])("%i behaviours, %i kept", async (length, keep) => {
    const candidates = length > 5000 ? 1 : 3;
    await holds(drawn({ ...plain, length, keep, candidates, width: 8, seed: length }));
    await holds(drawn({ ...plain, length, keep, candidates, width: 4, kind: "coarse", masked: 0.3, seed: keep }));
  });

  it.each(kinds)("long rows of %s scores, which are not kept", async (kind) => {
    await holds(drawn({ ...plain, kind, length: 24_003, keep: 100, candidates: 1, width: 4, heads: 2, masked: 0.01 }));
  });

  it.each([1, 2, 3, 4, 5, 8, 11, 16, 17, 33])("%i candidates", async (candidates) => {
    await holds(drawn({ ...plain, candidates }));
  });

  it.each(["round_robin", "per_head", "max"] as const)("scores gain where candidates agree, %s", async (rule) => {
    for (const matches of [1, 2, 3]) {
      const draw = { ...plain, rule, matches, seed: matches };
      await holds(drawn({ ...draw, candidates: 33, masked: 0.2 }));
      await holds(drawn({ ...draw, searched: false, length: 43, keep: 41, padding: 5, heads: 3, table: true }));
      await holds(drawn({ ...draw, kind: "odd", length: 700, candidates: 5 }));
      // Rows so long are not kept, which is the same for one operand that candidates agree in and for three.
      if (long || matches === 3) {
        await holds(drawn({ ...draw, kind: "coarse", length: 24_003, candidates: 5, heads: 2, width: 4 }));
      }
    }
  });

  it("all behaviours masked, and all but a few", async () => {
    await holds(drawn({ ...plain, masked: 1 }));
    await holds(drawn({ ...plain, masked: 0.97, length: 1500, keep: 100 }));
    await holds(drawn({ ...plain, masked: 0.999, length: 24_009, keep: 100, candidates: 1, width: 4 }));
  });

  it("fewer behaviours than are kept", async () => {
    for (const padding of [1, 5, 39, 40]) {
      for (const rule of ["round_robin", "per_head", "max"] as const) {
        await holds(drawn({ ...plain, length: 40, keep: 40, padding, rule, seed: padding }));
        await holds(drawn({ ...plain, length: 47, keep: 40, padding, rule, masked: 0.5, heads: 3, searched: false }));
      }
    }
  });

  it("several searches and attends over several histories in one run", async () => {
    const rules = ["round_robin", "per_head", "max"] as const;
    const parts = rules.map((rule, i) =>
      drawn({
        ...plain,
        ...{ rule, seed: 20 + i, kind: kinds[i], length: 90 + 333 * i, keep: 9 + 20 * i, masked: 0.1 * i },
        ...{ heads: 2 + i, width: 5 + 7 * i, values: 3 + 6 * i, searched: i !== 1, table: i === 2, candidates: 21 },
      }),
    );
    const one = together(parts);
    const alone = await Promise.all(parts.map((part) => runCase(part)));
    const found = await runCase(one);
    expect(found.kept).toEqual(alone.flatMap(({ kept }) => kept));
    expect(found.pooled).toEqual(alone.flatMap(({ pooled }) => pooled));
    await holds(one);
  });

  it("by scores that a plain loop has, too, to the bit", () => {
    for (const draw of [
      plain,
      { ...plain, table: true, heads: 3, width: 7 },
      { ...plain, kind: "equal" as const },
      { ...plain, matches: 3 },
    ]) {
      const one = drawn(draw);
      const { keys, bias, match } = one.user.products[0];
      const agreeing = match.map((operands, i) => ({
        ...operands,
        ...one.shape.products[0].match[i],
        candidates: one.rows[0][i],
      }));
      const found = literalScores(one.shape.products[0], draw.length, keys, bias, one.queries[0], agreeing);
      expect(found).toEqual(scoresOf(one, 0, null));
    }
  });

  it("any shape", { timeout: patience(300_000) }, async () => {
    const anyDraw = fc.record<Draw>({
      kind: fc.constantFrom(...kinds),
      seed: fc.integer({ min: 0, max: 2 ** 31 }),
      length: fc.oneof(fc.integer({ min: 1, max: 80 }), fc.integer({ min: 1, max: 3000 })),
      heads: fc.integer({ min: 1, max: 16 }),
      width: fc.integer({ min: 1, max: 20 }),
      keep: fc.integer({ min: 1, max: 200 }),
      candidates: fc.integer({ min: 1, max: 10 }),
      rule: fc.constantFrom("round_robin", "per_head", "max"),
      masked: fc.constantFrom(0, 0.1, 0.9),
      values: fc.integer({ min: 1, max: 40 }),
      searched: fc.boolean(),
      table: fc.boolean(),
      matches: fc.integer({ min: 0, max: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(anyDraw, async (draw) => holds(drawn({ ...draw, keep: Math.min(draw.keep, draw.length) }))),
      { numRuns: long ? 3000 : 15 },
    );
  });
});
