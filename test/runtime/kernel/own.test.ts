// Histories of candidates' own: the lists are those of the literal loop on the kernel's own scores, with any number of lanes.
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { Kernel, type KernelShape, select, type UserOperands } from "../../../runtime/kernel/index.ts";
import { startLane } from "../../../runtime/serve/index.ts";
import { numbers } from "../../kit/kernel-case.ts";

interface Draw {
  readonly seed: number;
  readonly heads: number;
  readonly width: number;
  readonly keep: number;
  readonly more: number;
  readonly candidates: number;
  readonly items: number;
  readonly rule: "round_robin" | "per_head";
  /** Of each bias how many features name its rows. */
  readonly terms: readonly number[];
  readonly values: "any" | "coarse" | "odd";
}

interface Case {
  readonly shape: KernelShape;
  readonly user: UserOperands;
  readonly queries: readonly Float32Array[];
}

function drawn({ seed, heads, width, keep, more, candidates, items, rule, terms, values }: Draw): Case {
  const next = numbers(seed);
  const length = keep + more;
  const one = (): number => {
    const x = 2 * next() - 1;
    if (values === "coarse") {
      return Math.round(2 * x) / 2;
    }
    return values === "odd" && next() < 0.01 ? Number.NaN : x;
  };
  const floats = (count: number) => Float32Array.from({ length: count }, one);
  const below = (count: number, most: number) => Int32Array.from({ length: count }, () => Math.floor(next() * most));
  const valid = Int32Array.from({ length: candidates }, () => Math.floor(next() * 1.3 * length)).map((n) =>
    Math.min(n, length),
  );
  const index = below(candidates * length, items);
  for (const [row, n] of valid.entries()) {
    index.fill(0, row * length + n, (row + 1) * length);
  }
  return {
    shape: {
      histories: 1,
      products: [{ history: 0, heads, width, match: [], own: terms }],
      searches: [{ product: 0, rule, keep }],
      attends: [],
    },
    user: {
      lengths: [length],
      products: [
        {
          keys: { data: floats(items * heads * width), rows: null, offset: 0, rowStride: heads * width },
          bias: null,
          match: [],
          own: {
            index,
            valid,
            terms: terms.map((count) => ({
              rows: floats(3 ** count * heads),
              features: Array.from({ length: count }, (_, f) => ({ values: below(index.length, 3), stride: 3 ** f })),
            })),
          },
        },
      ],
      searches: [{ mask: null }],
      attends: [],
    },
    queries: [floats(heads * candidates * width)],
  };
}

const f = Math.fround;

/** float32 [heads, candidates, length] in the kernel's order of operations. */
function scoresOf({ shape, user, queries }: Case, candidates: number): Float32Array {
  const [{ heads, width }] = shape.products;
  const [{ keys, own }] = user.products;
  const [length] = user.lengths;
  const scores = new Float32Array(heads * candidates * length);
  const even = width & ~3;
  for (let a = 0; a < heads; a++) {
    for (let at = 0; at < candidates * length; at++) {
      const n = Math.floor(at / length);
      const product = (d: number) =>
        f(queries[0][(a * candidates + n) * width + d] * keys.data[(own!.index[at] * heads + a) * width + d]);
      let x = 0;
      own!.terms.forEach(({ rows, features }, t) => {
        const row = features.reduce((sum, { values, stride }) => sum + values[at] * stride, 0);
        x = t === 0 ? rows[row * heads + a] : f(x + rows[row * heads + a]);
      });
      const sums = [0, 0, 0, 0];
      for (let d = 0; d < even; d++) {
        sums[d % 4] = f(sums[d % 4] + product(d));
      }
      x = f(x + f(f(sums[0] + sums[2]) + f(sums[1] + sums[3])));
      for (let d = even; d < width; d++) {
        x = f(x + product(d));
      }
      scores[a * candidates * length + at] = at % length < own!.valid[n] ? x : -1e30;
    }
  }
  return scores;
}

function literal(one: Case, { candidates, rule, keep, heads }: Draw): Int32Array {
  const scores = scoresOf(one, candidates);
  const kept = new Int32Array((rule === "per_head" ? heads : 1) * candidates * keep);
  for (let n = 0; n < candidates; n++) {
    const found = select(rule, scores, { heads, candidates, history: one.user.lengths[0] }, n, keep);
    for (const [l, list] of found.entries()) {
      kept.set(list, (l * candidates + n) * keep);
    }
  }
  return kept;
}

const opened: Kernel[] = [];
afterAll(() => Promise.all(opened.map((kernel) => kernel.close())));

async function kept(one: Case, draw: Draw, lanes: number): Promise<Int32Array> {
  const kernel = await Kernel.open(one.shape, { lanes, startLane: lanes > 1 ? startLane : null, maxBytes: 2 ** 26 });
  opened.push(kernel);
  await kernel.joined();
  const user = kernel.pack(one.user);
  const run = await kernel.run(user, one.queries, draw.candidates);
  user.release();
  expect(kernel.status().users).toBe(0);
  return run.kept[0];
}

const draws: fc.Arbitrary<Draw> = fc.record({
  seed: fc.integer({ min: 1, max: 1e6 }),
  heads: fc.integer({ min: 1, max: 6 }),
  width: fc.integer({ min: 1, max: 21 }),
  keep: fc.integer({ min: 1, max: 40 }),
  more: fc.oneof(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 1500 })),
  candidates: fc.integer({ min: 1, max: 20 }),
  items: fc.integer({ min: 1, max: 300 }),
  rule: fc.constantFrom("round_robin", "per_head"),
  terms: fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 2 }),
  values: fc.constantFrom("any", "any", "coarse", "odd"),
});

const usual: Draw = {
  seed: 3,
  heads: 4,
  width: 16,
  keep: 50,
  more: 1200,
  candidates: 40,
  items: 500,
  rule: "round_robin",
  terms: [3],
  values: "any",
};

describe("histories of candidates' own", () => {
  it("give the lists of the literal loop", async () => {
    await fc.assert(
      fc.asyncProperty(draws, async (draw) => {
        const one = drawn(draw);
        expect(await kept(one, draw, 1)).toEqual(literal(one, draw));
      }),
      { numRuns: 60 },
    );
  });

  it("give the same bits with three lanes as with one", async () => {
    const one = drawn(usual);
    const alone = await kept(one, usual, 1);
    expect(alone).toEqual(literal(one, usual));
    expect(await kept(one, usual, 3)).toEqual(alone);
  });

  it("are refused where a behaviour names what is not there, or something else reads them", async () => {
    const one = drawn(usual);
    const [product] = one.user.products;
    const kernel = await Kernel.open(one.shape, { lanes: 1, startLane: null, maxBytes: 2 ** 26 });
    opened.push(kernel);
    const packed = (own: typeof product.own) => () =>
      kernel.pack({ ...one.user, products: [{ ...product, own: own! }] });
    const { index, terms } = product.own!;
    const values = terms[0].features[0].values.slice().fill(9);
    const row = [{ ...terms[0], features: [{ ...terms[0].features[0], values }, ...terms[0].features.slice(1)] }];
    expect(packed({ ...product.own!, index: index.slice().fill(500, 7, 8) })).toThrow("names item 500 of 500");
    expect(packed({ ...product.own!, index: index.slice().fill(-1, 7, 8) })).toThrow("names item 4294967295");
    expect(packed({ ...product.own!, terms: row })).toThrow(/names row \d+ of 27/);
    expect(packed({ ...product.own!, index: index.slice(1) })).toThrow("histories of 1250");
    expect(packed({ ...product.own!, terms: [] })).toThrow("biases by features");
    expect(kernel.status()).toMatchObject({ users: 0, used: expect.any(Number) });
    const beside = { product: 0, over: { last: 3 }, searched: false, width: 4, strength: false };
    await expect(
      Kernel.open({ ...one.shape, attends: [beside] }, { lanes: 1, startLane: null, maxBytes: 1 }),
    ).rejects.toThrow("something else reads them");
    const max = { ...one.shape, searches: [{ product: 0, rule: "max" as const, keep: 3 }] };
    await expect(Kernel.open(max, { lanes: 1, startLane: null, maxBytes: 1 })).rejects.toThrow("best of any head");
  });
});
