// A user's behaviours in clusters: sizes, groups, order, seeds; and what stands for a cluster, counted by hand.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { random } from "../../../contract/random.ts";
import { clusterBehaviours, type Grown } from "../../../runtime/cluster/recursive.ts";
import { clusterTimes, clusterValues, describeClusters } from "../../../runtime/cluster/virtual.ts";

function drawn(count: number, width: number, seed: number, topics = 0) {
  const { normal, below } = random(seed);
  const centres = Array.from({ length: topics * width }, () => 10 * normal());
  const vectors = new Float32Array(count * width);
  const topic = new Int32Array(count);
  for (let at = 0; at < count; at++) {
    topic[at] = topics === 0 ? 0 : below(topics);
    for (let j = 0; j < width; j++) {
      vectors[at * width + j] = (topics === 0 ? 0 : centres[topic[at] * width + j]) + normal();
    }
  }
  return { vectors, width, topic };
}

const members = (of: Int32Array): number[][] => {
  const lists: number[][] = [];
  of.forEach((cluster, at) => {
    lists[cluster] ??= [];
    lists[cluster].push(at);
  });
  return lists;
};

describe("clusters of a user's behaviours", () => {
  it("hold at most so many, keep groups apart, are counted from the newest, and are the same from the same seed", () => {
    const any = fc.record({
      count: fc.integer({ min: 0, max: 300 }),
      width: fc.integer({ min: 1, max: 4 }),
      size: fc.integer({ min: 1, max: 30 }),
      groups: fc.integer({ min: 1, max: 4 }),
      seed: fc.integer({ min: 0, max: 1000 }),
      alike: fc.boolean(),
    });
    fc.assert(
      fc.property(any, ({ count, width, size, groups: many, seed, alike }) => {
        const { vectors } = drawn(count, width, seed);
        if (alike) {
          vectors.fill(Number.NaN, 0, Math.floor(count / 3) * width).fill(1, Math.floor(count / 3) * width);
        }
        const { below } = random(seed, 1);
        const groups = Int32Array.from({ length: count }, () => below(many));
        const of = clusterBehaviours({ vectors, width, groups }, { size, seed });
        const lists = members(of);
        expect(lists.flat().length).toBe(count);
        expect(lists.every((list) => list !== undefined && list.length <= size)).toBe(true);
        expect(lists.every((list) => list.every((at) => groups[at] === groups[list[0]]))).toBe(true);
        const newest = lists.map(([first]) => first);
        expect(newest).toEqual([...newest].sort((a, b) => a - b));
        expect(clusterBehaviours({ vectors, width, groups }, { size, seed })).toEqual(of);
      }),
      { numRuns: 60 },
    );
  });

  it("are the same where it is said which behaviours are of one item, and their distances are taken once", () => {
    for (const seed of [1, 2, 3]) {
      const [catalogue, { below }] = [drawn(90, 3, seed, 5), random(seed, 2)];
      const items = Int32Array.from({ length: 700 }, () => below(92) - 2);
      const vectors = new Float32Array(700 * 3).fill(Number.NaN);
      items.forEach((item, at) => {
        // Nothing is known of items below 0: some have a vector of their own, and some none.
        const from = item >= 0 ? 3 * item : at % 2 === 0 ? 3 * (at % 90) : null;
        if (from !== null) {
          vectors.set(catalogue.vectors.subarray(from, from + 3), 3 * at);
        }
      });
      const groups = Int32Array.from({ length: 700 }, () => below(2));
      const [plain, told] = [undefined, items].map((known) =>
        clusterBehaviours({ vectors, width: 3, groups, items: known }, { size: 9, seed }),
      );
      expect(told).toEqual(plain);
    }
  });

  it("that go on from those of an instant before are the same as if made at once, whatever was known then", () => {
    const any = fc.record({
      counts: fc.array(fc.integer({ min: 0, max: 90 }), { minLength: 1, maxLength: 8 }),
      width: fc.integer({ min: 1, max: 3 }),
      size: fc.integer({ min: 1, max: 12 }),
      different: fc.integer({ min: 1, max: 60 }),
      many: fc.integer({ min: 1, max: 3 }),
      seed: fc.integer({ min: 0, max: 1000 }),
    });
    fc.assert(
      fc.property(any, ({ counts, width, size, different, many, seed }) => {
        const { vectors: catalogue } = drawn(different, width, seed, 4);
        catalogue.fill(Number.NaN, 0, width);
        const { below } = random(seed, 1);
        const all = counts.reduce((sum, count) => sum + count, 0);
        // Oldest first; of some the group is known later, and was another before.
        const items = Int32Array.from({ length: all }, () => below(below(different) + 1));
        const groups = Int32Array.from(items, () => below(many));
        const grown: Grown = new Map();
        let count = 0;
        for (const more of counts) {
          count += more;
          const own = items.slice(0, count).reverse();
          const vectors = new Float32Array(count * width);
          own.forEach((item, at) => {
            vectors.set(catalogue.subarray(item * width, (item + 1) * width), at * width);
          });
          const later = below(3) === 0;
          const known = groups.slice(0, count).map((group, at) => (later && at % 7 === 0 ? many : group));
          const behaviours = { vectors, width, groups: known.reverse(), items: own };
          const goesOn = clusterBehaviours(behaviours, { size, seed }, grown);
          expect(goesOn).toEqual(clusterBehaviours(behaviours, { size, seed }));
          expect(members(goesOn).every((list) => list.length <= size)).toBe(true);
        }
      }),
      { numRuns: 100 },
    );
  });

  it("keep to their members while others come, but where a node has doubled", () => {
    const { vectors, width } = drawn(400, 4, 3, 12);
    const settings = { size: 10, seed: 1 };
    // The root is divided at 11, 23, 47, 95, 191 and 383 members.
    const of = (count: number) =>
      members(clusterBehaviours({ vectors: vectors.slice((400 - count) * width), width, groups: null }, settings)).map(
        (list) => list.map((at) => count - at).join(),
      );
    const [before, after] = [of(385), new Set(of(400))];
    expect(before.filter((list) => after.has(list)).length / before.length).toBeGreaterThan(0.6);
  });

  it("find what lies together", () => {
    const { vectors, width, topic } = drawn(400, 8, 3, 20);
    const lists = members(clusterBehaviours({ vectors, width, groups: null }, { size: 10, seed: 1 }));
    const pure = lists.filter((list) => list.every((at) => topic[at] === topic[list[0]])).flat().length;
    expect(pure / 400).toBeGreaterThan(0.9);
  });

  it("of one group do not rest on the others' members", () => {
    const { vectors, width } = drawn(200, 3, 5);
    const groups = Int32Array.from({ length: 200 }, (_, at) => at % 2);
    const even = vectors.filter((_, place) => Math.floor(place / width) % 2 === 0);
    const alone = clusterBehaviours({ vectors: even, width, groups: null }, { size: 7, seed: 2 });
    const among = clusterBehaviours({ vectors, width, groups }, { size: 7, seed: 2 });
    const pairs = new Map(Array.from(alone, (cluster, at) => [cluster, among[2 * at]]));
    expect(Array.from(alone, (cluster) => pairs.get(cluster))).toEqual(Array.from(alone, (_, at) => among[2 * at]));
    expect(new Set(pairs.values()).size).toBe(pairs.size);
  });
});

describe("what stands for a cluster", () => {
  // Two clusters: behaviours 0, 2 and 3, whose middle is (1, 1), and 1, which has no vector.
  const vectors = Float32Array.of(0, 0, Number.NaN, 0, 1, 2, 2, 1);
  const of = Int32Array.of(0, 1, 0, 0);
  const clusters = describeClusters(of, { vectors, width: 2 });

  it("has its members' number, and one that is nearest to their middle", () => {
    expect([...clusters.sizes]).toEqual([3, 1]);
    // 2 and 3 are as near: the newer one.
    expect([...clusters.nearest]).toEqual([2, 1]);
  });

  it("has means of numbers and vectors of those that are there, before buckets, and categories of the nearest", () => {
    const values = (kind: "number" | "bucketed" | "id" | "flag", column: (number | null)[]) =>
      clusterValues({ kind }, column, clusters);
    expect(values("bucketed", [1, null, 2, 6])).toEqual([3, null]);
    expect(values("number", [1, Number.NaN, null, 6])).toEqual([3.5, null]);
    expect(values("id", [7, 8, 9, 9])).toEqual([9, 8]);
    expect(values("flag", [1, null, 0, 1])).toEqual([0, null]);
    const covers = [[0, 3], null, Float32Array.of(3, 0), null];
    for (const kind of ["pretrained", "centroid"] as const) {
      expect(clusterValues({ kind }, covers, clusters)).toEqual([Float32Array.of(1.5, 1.5), null]);
    }
    expect([...clusterTimes(Float64Array.of(90, 80, 60, 30), clusters)]).toEqual([60, 80]);
  });
});
