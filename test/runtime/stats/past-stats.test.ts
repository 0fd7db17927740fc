// One pass over a user's behaviours gives what the definition of each statistic gives, at every moment and for every window.
import { describe, expect, it } from "vitest";
import type { Encoder } from "../../../contract/encoder-spec.ts";
import type { FeatureSpec } from "../../../contract/manifest.ts";
import { type Random, random } from "../../../contract/random.ts";
import type { Encoded } from "../../../runtime/encode/encoded.ts";
import { firstSeen } from "../../../runtime/encode/seen.ts";
import type { OfColumn, Past } from "../../../runtime/stats/past.ts";
import { PastStats } from "../../../runtime/stats/past-stats.ts";
import { type LiteralBehaviour, literalStat } from "../../kit/literal-stats.ts";

const encoders: Record<string, Encoder> = {
  "item.category": { kind: "id", vocab: 5 },
  "item.maker": { kind: "hashed", buckets: 4, hashes: 2 },
  "item.tags": { kind: "tags", of: { kind: "id", vocab: 6 }, max: 3 },
  "watched.liked": { kind: "flag" },
  "watched.share": { kind: "number", scale: "none" },
};
const widths: Record<string, number> = { "item.category": 1, "item.maker": 2, "item.tags": 3 };

const stats: Encoder[] = [undefined, "item.category", "item.maker", "item.tags"].flatMap((on): Encoder[] => {
  const by = on === undefined ? {} : { on };
  return [
    { kind: "met", ...by },
    { kind: "rate", ...by, of: "watched.liked", k: 5, base: 0.3 },
    { kind: "rate", ...by, of: "watched.share", k: 2 },
    { kind: "recent", ...by, of: "watched.liked", k: 5, base: 0.3, half: 3, unit: "places" },
    { kind: "recent", ...by, of: "watched.share", k: 1, half: 50, unit: "seconds" },
    { kind: "last", ...by, of: "watched.liked", rows: 3 },
    { kind: "last", ...by, of: "watched.share" },
    { kind: "since", ...by, edges: [1, 2, 4, 8], unit: "places" },
    { kind: "since", ...by, edges: [0, 10, 100], unit: "seconds" },
  ];
});

const feature = (name: string, encoder: Encoder): FeatureSpec =>
  ({ name, group: name.startsWith("item") ? "item" : "cross", encoder, column: name }) as unknown as FeatureSpec;
const features = Object.entries(encoders).map(([name, encoder]) => feature(name, encoder));
const own = stats.map((encoder, i) => feature(`watched.stats.s${i}`, encoder));

interface Drawn {
  readonly past: Past;
  readonly behaviours: readonly LiteralBehaviour[];
  readonly times: Float64Array;
}

/** Behaviours newest first, some at one time, of few items; values that become known late, or never. */
function drawn(draw: Random, count: number, delay: number, late: boolean): Drawn {
  const items = 12;
  const values: Record<string, Encoded> = {};
  for (const [name, width] of Object.entries(widths)) {
    values[name] = Int32Array.from({ length: items * width }, (_, i) =>
      // Item 0 is the unknown one.
      i < width
        ? name === "item.tags"
          ? -1
          : 0
        : draw.below(name === "item.tags" ? 8 : 5) - (name === "item.tags" ? 1 : 0),
    );
  }
  const item = Int32Array.from({ length: count }, () => draw.below(items));
  let now = 0;
  const time = Float64Array.from({ length: count }, () => {
    now += draw.below(3) * 7;
    return now;
  }).reverse();
  const liked = Int32Array.from({ length: count }, () => draw.below(3));
  const share = Float32Array.from({ length: count }, () => draw.next() * 1.4 - 0.2);
  const knownAt = (): Float64Array | null =>
    late ? Float64Array.from(time, (at) => (draw.below(5) === 0 ? Number.NaN : at + draw.below(60))) : null;
  const column = (of: Encoded): OfColumn => ({ values: of, known: knownAt(), delay });
  const past: Past = {
    item,
    time,
    items: values,
    of: { "watched.liked": column(liked), "watched.share": column(share) },
  };
  const behaviours = Array.from(
    { length: count },
    (_, place): LiteralBehaviour => ({
      time: time[place],
      item: itemOf(values, item[place]),
      cross: { "watched.liked": liked[place], "watched.share": share[place] },
      ...(late && {
        known: {
          "watched.liked": past.of["watched.liked"].known![place],
          "watched.share": past.of["watched.share"].known![place],
        },
      }),
    }),
  );
  return { past, behaviours, times: time };
}

const itemOf = (values: Readonly<Record<string, Encoded>>, item: number): LiteralBehaviour["item"] =>
  Object.fromEntries(
    Object.entries(widths).map(([name, width]) => [
      name,
      Array.from(values[name].subarray(item * width, (item + 1) * width)),
    ]),
  );

const intoOf = (rows: number): Record<string, Encoded> =>
  Object.fromEntries(
    own.map(({ name, encoder }) => [
      name,
      encoder.kind === "since" || (encoder.kind === "last" && encoder.rows !== undefined)
        ? new Int32Array(rows)
        : new Float32Array(rows),
    ]),
  );

function check({ past, behaviours, times }: Drawn, counter: PastStats, now: number, max: number, delay: number): void {
  const from = firstSeen(times, now, delay);
  const to = Math.min(from + max, behaviours.length);
  counter.move({ from, to, now });
  const candidates = 12;
  const into = intoOf(candidates);
  for (let item = 0; item < candidates; item++) {
    counter.put(past.items, item, into, item);
    for (const { name, encoder } of own) {
      const due = literalStat(
        encoder as never,
        { encoders, delay },
        behaviours.slice(from, to),
        itemOf(past.items, item),
        now,
      );
      const exact = encoder.kind === "last" || encoder.kind === "since" || encoder.kind === "met";
      const place = `${name} ${JSON.stringify(encoder)} of item ${item} at ${now}`;
      if (exact) {
        expect(into[name][item], place).toBe(into[name] instanceof Float32Array ? Math.fround(due) : due);
      } else {
        expect(Math.abs(into[name][item] - due), place).toBeLessThan(1e-6 * Math.max(1, Math.abs(due)));
      }
    }
  }
}

describe("statistics of a user's behaviours", () => {
  for (const late of [false, true]) {
    for (const [count, max, delay] of [
      [0, 5, 0],
      [1, 5, 0],
      [40, 1000, 0],
      [60, 7, 0],
      [60, 20, 15],
    ]) {
      it(`are those of the definition: ${count} behaviours, newest ${max}, delay ${delay}${late ? ", values known late" : ""}`, () => {
        const draw = random(count, max, Number(late));
        const one = drawn(draw, count, delay, late);
        const counter = new PastStats(own, features);
        counter.begin(one.past);
        const end = (one.times[0] ?? 0) + 200;
        for (let now = -5; now <= end; now += 1 + draw.below(25)) {
          check(one, counter, now, max, delay);
        }
        // Back in time, another user, and the first again: nothing of what was stays.
        check(one, counter, end / 2, max, delay);
        const other = drawn(draw, count, delay, late);
        counter.begin(other.past);
        check(other, counter, end, max, delay);
        counter.begin(one.past);
        check(one, counter, end, max, delay);
      });
    }
  }

  it("gives the same bits to one pass over all samples and to a request of its own, where nothing leaves the window", () => {
    const one = drawn(random(5), 50, 0, false);
    const passing = new PastStats(own, features);
    passing.begin(one.past);
    for (let now = 0; now < one.times[0] + 40; now += 9) {
      const from = firstSeen(one.times, now);
      passing.move({ from, to: 50, now });
      const asked = new PastStats(own, features);
      asked.begin(one.past);
      asked.move({ from, to: 50, now });
      const [a, b] = [intoOf(12), intoOf(12)];
      for (let item = 0; item < 12; item++) {
        passing.put(one.past.items, item, a, item);
        asked.put(one.past.items, item, b, item);
      }
      expect(a).toEqual(b);
    }
  });
});
