// What is given up for a budget, against plain counting: no more than need be, the cheapest first, the rarest of each vocabulary.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseBytes } from "../../compiler/diagnostics/number-text.ts";
import { type Chosen, chooseFit, type FitTask } from "../../compiler/plan/choose-fit.ts";
import { blockBytes } from "../../contract/block-hashes.ts";
import { layoutTensors } from "../../contract/safetensors.ts";

interface Drawn {
  readonly entries: readonly { readonly count: number; readonly line: number }[];
  readonly spare: number;
  readonly dim: number;
}

const drawn: fc.Arbitrary<Drawn> = fc.record({
  entries: fc.array(fc.record({ count: fc.integer({ min: 0, max: 9 }), line: fc.integer({ min: 3, max: 40 }) }), {
    maxLength: 40,
  }),
  spare: fc.integer({ min: 0, max: 10 }),
  dim: fc.integer({ min: 1, max: 300 }),
});

const name = (v: number) => `item.v${v}`;

function taskOf(vocabularies: readonly Drawn[], budget: number, tables: FitTask["lookup"] = []): FitTask {
  const limit = ({ entries, spare }: Drawn) => Math.max(1, entries.length + spare);
  return {
    budget,
    parameters: [
      ...vocabularies.map((one, v) => ({ name: `${name(v)}.table`, shape: [limit(one) + 1, one.dim] })),
      { name: "tower", shape: [40, 40] },
      ...(tables.length === 0 ? [{ name: "never read", shape: [2 * blockBytes] }] : []),
    ],
    read: new Set([...vocabularies.map((_, v) => `${name(v)}.table`), "tower"]),
    tables: new Map(vocabularies.map((_, v) => [`${name(v)}.table`, name(v)])),
    vocabularies: vocabularies.map((one, v) => ({
      feature: name(v),
      limit: limit(one),
      lines: one.entries.map(({ line }) => line),
      counts: one.entries.map(({ count }) => count),
    })),
    counted: true,
    lookup: tables,
    fixed: 1000,
  };
}

/** Counted anew, of whatever stays. */
function plainBytes(
  task: FitTask,
  keep: readonly (readonly number[])[],
  precisions: Chosen["fit"]["precisions"],
): number {
  let bytes = task.fixed;
  task.vocabularies.forEach(({ feature, lines }, v) => {
    bytes += `{"format":1,"feature":"${feature}","entries":${keep[v].length}}\n`.length;
    for (const place of keep[v]) {
      bytes += lines[place];
    }
  });
  for (const { name: table, precision, bytes: each } of task.lookup) {
    bytes += each[precisions.get(table) ?? precision];
  }
  const { entries, bytes: size } = layoutTensors(
    task.parameters.map(({ name: parameter, shape }) => {
      const v = task.vocabularies.findIndex(({ feature }) => `${feature}.table` === parameter);
      return { name: parameter, dtype: "F32", shape: v < 0 ? shape : [Math.max(1, keep[v].length) + 1, shape[1]] };
    }),
  );
  for (let block = 0; block * blockBytes < size; block++) {
    const [from, to] = [block * blockBytes, Math.min(size, (block + 1) * blockBytes)];
    if ([...entries.values()].some((one) => task.read.has(one.name) && one.start < to && from < one.end)) {
      bytes += to - from;
    }
  }
  return bytes;
}

const everything = (vocabularies: readonly Drawn[]) => vocabularies.map(({ entries }) => entries.map((_, i) => i));

describe("what is given up", () => {
  it("is as little as fits, of each vocabulary the rarest, and over all of them what is cheapest for its bytes", () => {
    fc.assert(
      fc.property(
        fc.array(drawn, { minLength: 1, maxLength: 4 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (all, share) => {
          const spare = taskOf(all, 0);
          const most = plainBytes(spare, everything(all), new Map());
          const least = plainBytes(
            spare,
            all.map(() => []),
            new Map(),
          );
          const budget = Math.floor(least + share * (most - least));
          const task = taskOf(all, budget);
          const { fit, bytes, fits } = chooseFit(task);
          if (fit.vocabularies.size === 0) {
            return;
          }
          expect(fits).toBe(true);
          const keep = all.map((_, v) => [...(fit.vocabularies.get(name(v))?.keep ?? [])]);
          expect(bytes).toBe(plainBytes(task, keep, fit.precisions));
          expect(bytes).toBeLessThanOrEqual(budget);
          const price = (v: number, place: number): number => {
            const { entries, dim } = all[v];
            const lines = entries.reduce((sum, { line }) => sum + line, 0);
            const occurrences = entries.reduce((sum, { count }) => sum + count, 0);
            return entries[place].count / Math.max(1, occurrences) / (4 * dim + lines / entries.length);
          };
          const gone = all.flatMap(({ entries }, v) =>
            entries.flatMap((_, i) => (keep[v].includes(i) ? [] : [[v, i] as const])),
          );
          const left = all.flatMap((_, v) => keep[v].map((i) => [v, i] as const));
          for (const [v, i] of gone) {
            for (const [w, j] of left) {
              expect(price(v, i)).toBeLessThanOrEqual(price(w, j) * (1 + 1e-12));
              if (v === w && all[v].entries[i].count === all[v].entries[j].count) {
                expect(i).toBeGreaterThan(j);
              }
            }
          }
          all.forEach(({ entries }, v) => {
            const counts = entries.map(({ count }) => count);
            const lost = counts.reduce((sum, count, i) => (keep[v].includes(i) ? sum : sum + count), 0);
            const total = counts.reduce((sum, count) => sum + count, 0);
            expect(fit.vocabularies.get(name(v))?.lost).toBeCloseTo(total === 0 ? 0 : lost / total, 12);
          });
          // The last one that went had to: of the vocabularies' last ones, the dearest came last.
          const last = all.flatMap((_, v) => {
            const own = gone
              .filter(([w]) => w === v)
              .sort(([, a], [, b]) => all[v].entries[b].count - all[v].entries[a].count || a - b);
            return own.slice(0, 1);
          });
          const backs = last.map(([v, i]) =>
            plainBytes(
              task,
              keep.map((places, w) => (w === v ? [...places, i] : places)),
              fit.precisions,
            ),
          );
          expect(backs.length === 0 || backs.some((back) => back > budget)).toBe(true);
        },
      ),
      { numRuns: 300 },
    );
  });

  const some: Drawn = { entries: [1, 5, 2, 9].map((count) => ({ count, line: 4 })), spare: 500, dim: 8 };
  const lookup = [
    { name: "small", precision: "float16", bytes: { float32: 800, float16: 400, uint8: 300 } },
    { name: "large", precision: "float32", bytes: { float32: 8000, float16: 4000, uint8: 3000 } },
  ] as const;
  const at = (budget: number) => chooseFit(taskOf([some], budget, lookup));
  const whole = at(Number.MAX_SAFE_INTEGER);

  it("is nothing where all fits", () => {
    expect(whole).toMatchObject({ fits: true, fit: { vocabularies: new Map(), precisions: new Map() } });
    expect(at(whole.bytes).fit.vocabularies.size).toBe(0);
  });

  it("is rows that no entry has, then precision of the largest table, of all, then entries", () => {
    const rows = at(whole.bytes - 1);
    expect([...rows.fit.vocabularies.values()]).toEqual([{ keep: Int32Array.of(0, 1, 2, 3), of: 4, lost: 0 }]);
    expect(rows.fit.precisions).toEqual(new Map());
    const [first, second, third] = [at(rows.bytes - 1), at(rows.bytes - 4001), at(rows.bytes - 5001)];
    expect(first.fit.precisions).toEqual(new Map([["large", "float16"]]));
    expect(second.fit.precisions).toEqual(new Map([["large", "uint8"]]));
    expect(third.fit.precisions).toEqual(
      new Map([
        ["large", "uint8"],
        ["small", "uint8"],
      ]),
    );
    expect([...third.fit.vocabularies.values()][0].keep).toHaveLength(4);
    const entries = at(rows.bytes - 5101);
    expect([...entries.fit.vocabularies.values()]).toEqual([{ keep: Int32Array.of(1, 2, 3), of: 4, lost: 1 / 17 }]);
  });

  it("is everything where nothing fits, and says so", () => {
    const least = at(0);
    expect(least.fits).toBe(false);
    expect([...least.fit.vocabularies.values()]).toEqual([{ keep: new Int32Array(0), of: 4, lost: 1 }]);
    expect(least.bytes).toBeGreaterThan(0);
  });
});

describe("a size", () => {
  it.each([
    ["8MB", 8_000_000],
    ["1.5 kB", 1500],
    ["512", 512],
    ["512 bytes", 512],
    ["0.1GB", 100_000_000],
  ])("%s is %d bytes", (text, bytes) => {
    expect(parseBytes(text)).toBe(bytes);
  });

  it.each(["", "MB", "-1MB", "8mb", "8 M", "8MiB", "1e3", "0.5", "1.2345kB", "8MB!", "99999999999PB", "8,5MB"])(
    "%s is none",
    (text) => {
      expect(parseBytes(text)).toBeNull();
    },
  );
});
