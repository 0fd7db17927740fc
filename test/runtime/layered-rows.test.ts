// Rows kept in memory in front of a store: which ones, how many, and that nobody is told anything but what the store says.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { random } from "../../contract/random.ts";
import { parseKeys } from "../../runtime/encode/keys.ts";
import { keyBytes } from "../../runtime/table/hot-keys.ts";
import { LayeredRows, slotsOf } from "../../runtime/table/layered-rows.ts";
import {
  bytesOf,
  type HitMask,
  type Piece,
  putRow,
  type ReadOptions,
  type RowKeys,
  rowNumbers,
  type TableStore,
} from "../../runtime/table/table-store.ts";

/** Row n says n; there is none of a negative number. It answers when it is let. */
class Asked implements TableStore {
  readonly where = "a store";
  readonly rowBytes = 4;
  readonly absent = new Uint8Array(4).fill(7);
  /** Numbers that it was asked for, by reading. */
  readonly asked: number[][] = [];
  before: () => Promise<void> = async () => undefined;
  /** What is added to every row: another generation's. */
  readonly #plus: number;

  constructor(plus = 0) {
    this.#plus = plus;
  }

  async read(keys: RowKeys, into: readonly Piece[], { signal }: ReadOptions = {}): Promise<HitMask> {
    const numbers = keys.type === "row" ? [...keys.rows] : keys.type === "string" ? keys.texts.map(Number) : [];
    this.asked.push(numbers);
    await this.before();
    signal?.throwIfAborted();
    numbers.forEach((number, i) => {
      putRow(number < 0 ? this.absent : bytesOf(Int32Array.of(number + this.#plus)), 0, i, into);
    });
    return Uint8Array.from(numbers, (number) => Number(number >= 0));
  }
}

const read = async (store: TableStore, numbers: readonly number[], options?: ReadOptions) => {
  const rows = new Int32Array(numbers.length);
  const pieces = [{ from: 0, bytes: 4, into: bytesOf(rows) }];
  const hits = await store.read(rowNumbers(Int32Array.from(numbers)), pieces, options);
  return { rows: [...rows], hits: [...hits] };
};
const right = (numbers: readonly number[]) => ({
  rows: numbers.map((number) => (number < 0 ? 0x07070707 : number)),
  hits: numbers.map((number) => Number(number >= 0)),
});

describe("rows in memory before a store", () => {
  it("are the store's, whatever comes and goes", () =>
    fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 30 }),
        fc.array(fc.array(fc.integer({ min: -20, max: 40 }), { maxLength: 30 }), { maxLength: 30 }),
        async (slots, reads) => {
          const layered = new LayeredRows(new Asked(), "row", slots);
          for (const numbers of reads) {
            expect(await read(layered, numbers)).toEqual(right(numbers));
            const { rows, most } = layered.status();
            expect(rows).toBeLessThanOrEqual(most);
          }
        },
      ),
    ));

  it("are asked for once while there is room, and so is what is absent", async () => {
    const store = new Asked();
    const layered = new LayeredRows(store, "row", 10);
    await read(layered, [1, 2, -3, 1]);
    await read(layered, [-3, 2, 5, 1]);
    expect(await read(layered, [5, -3, 2])).toEqual(right([5, -3, 2]));
    expect(store.asked).toEqual([[1, 2, -3, 1], [5]]);
    expect(layered.status()).toMatchObject({ rows: 4, most: 10, hits: 6, misses: 5 });
  });

  it("do not learn rows from a reading that asks only which there are, but learn which there are not", async () => {
    const store = new Asked();
    const layered = new LayeredRows(store, "row", 10);
    expect([...(await layered.read(rowNumbers(Int32Array.of(3, -4)), []))]).toEqual([1, 0]);
    expect(await read(layered, [3, -4])).toEqual(right([3, -4]));
    expect(store.asked).toEqual([[3, -4], [3]]);
  });

  it("are read by each of two readings that lack the same key at once, and neither ends the other", async () => {
    const store = new Asked();
    const going: (() => void)[] = [];
    store.before = () => new Promise((resolve) => going.push(resolve));
    const layered = new LayeredRows(store, "row", 10);
    const controller = new AbortController();
    const [one, two] = [read(layered, [1, 2], { signal: controller.signal }), read(layered, [2, 3])];
    const gone = new Error("gone");
    controller.abort(gone);
    going.forEach((go) => void go());
    await expect(one).rejects.toBe(gone);
    expect(await two).toEqual(right([2, 3]));
    store.before = async () => undefined;
    expect(await read(layered, [1, 2, 3])).toEqual(right([1, 2, 3]));
    expect(store.asked).toEqual([[1, 2], [2, 3], [1]]);
  });

  it("keep nothing of a reading that failed", async () => {
    const store = new Asked();
    store.before = async () => {
      throw new Error("away");
    };
    const layered = new LayeredRows(store, "row", 10);
    await expect(read(layered, [1, -2])).rejects.toThrow("away");
    expect(layered.status().rows).toBe(0);
    store.before = async () => undefined;
    expect(await read(layered, [1, -2])).toEqual(right([1, -2]));
  });

  it("are given back: then the store is asked", async () => {
    const store = new Asked();
    const layered = new LayeredRows(store, "row", 10);
    let go: () => void = () => undefined;
    store.before = () => new Promise((resolve) => (go = resolve));
    const under = read(layered, [1]);
    layered.release();
    go();
    store.before = async () => undefined;
    expect(await under).toEqual(right([1]));
    expect(await read(layered, [1])).toEqual(right([1]));
    expect(store.asked).toEqual([[1], [1]]);
    expect(layered.status()).toMatchObject({ rows: 0, bytes: 0 });
  });

  it("tell apart texts of one hash and length, and leave long ones to the store", async () => {
    const store = new Asked();
    const layered = new LayeredRows(store, "string", 50);
    const texts = Array.from({ length: 40 }, (_, i) => `${i}`.padStart(1 + (i % 3), "0"));
    const ask = async (asked: string[]) => {
      const rows = new Int32Array(asked.length);
      await layered.read(parseKeys(asked, "string", "k"), [{ from: 0, bytes: 4, into: bytesOf(rows) }]);
      return [...rows];
    };
    // FNV-1a of 32 bits gives these two the same hash.
    const all = [...texts, "1000214242", "1001155784"];
    expect(await ask(all)).toEqual(all.map(Number));
    expect(await ask(all)).toEqual(all.map(Number));
    expect(store.asked).toHaveLength(1);
    const long = "5".padStart(41, "0");
    expect([...(await ask([long])), ...(await ask([long]))]).toEqual([5, 5]);
    expect(store.asked.slice(1)).toEqual([[5], [5]]);
  });

  it.each(["row", "int64", "string"] as const)("take no more bytes than they may, by %s keys", (type) => {
    for (const bytes of [1, 100, 1000, 5000, 65_537, 1_000_000, 5_000_001]) {
      for (const rowBytes of [4, 128, 1000]) {
        const store = Object.assign(new Asked(), { rowBytes, absent: new Uint8Array(rowBytes) });
        const slots = slotsOf(bytes, rowBytes, type);
        if (slots > 0) {
          const taken = new LayeredRows(store, type, slots).status().bytes;
          expect(taken).toBeLessThanOrEqual(bytes);
        }
        // And no less than most of them, once they are some rows.
        expect(slots).toBeGreaterThanOrEqual(Math.floor(bytes / (rowBytes + keyBytes(type))) - 1);
      }
    }
  });
});

describe("which rows are kept", () => {
  const hitRate = async (layered: LayeredRows, numbers: readonly number[]): Promise<number> => {
    const before = layered.status();
    for (let i = 0; i < numbers.length; i += 100) {
      await read(layered, numbers.slice(i, i + 100));
    }
    return (layered.status().hits - before.hits) / numbers.length;
  };
  /** Keys of which the n-th is asked for in proportion to 1 / n. */
  const zipf = (count: number, keys: number, seed: number): number[] => {
    const { next } = random(seed);
    return Array.from({ length: count }, () => Math.floor(keys ** next()) - 1);
  };

  /** Least recently used, as the yardstick. */
  const recentlyUsed = (slots: number, numbers: readonly number[]): number => {
    const kept = new Map<number, true>();
    let hits = 0;
    for (const number of numbers) {
      hits += Number(kept.delete(number));
      kept.set(number, true);
      if (kept.size > slots) {
        kept.delete(kept.keys().next().value!);
      }
    }
    return hits / numbers.length;
  };

  it("are those asked for often: more hits than by least recently used", async () => {
    const numbers = zipf(60_000, 20_000, 3);
    for (const slots of [200, 1000, 4000]) {
      const layered = new LayeredRows(new Asked(), "row", slots);
      await hitRate(layered, numbers.slice(0, 30_000));
      const found = await hitRate(layered, numbers.slice(30_000));
      expect(found).toBeGreaterThan(recentlyUsed(slots, numbers.slice(30_000)));
    }
  });

  it("stay while keys go by that are asked for once", async () => {
    const layered = new LayeredRows(new Asked(), "row", 1000);
    const hot = Array.from({ length: 600 }, (_, i) => i);
    for (let turn = 0; turn < 8; turn++) {
      await hitRate(layered, hot);
      await hitRate(
        layered,
        Array.from({ length: 200 }, (_, i) => 10_000 + 200 * turn + i),
      );
    }
    await hitRate(
      layered,
      Array.from({ length: 20_000 }, (_, i) => 100_000 + i),
    );
    expect(await hitRate(layered, hot)).toBeGreaterThan(0.95);
  });

  it("follow what is asked for when that changes", async () => {
    const layered = new LayeredRows(new Asked(), "row", 1000);
    await hitRate(layered, zipf(40_000, 5000, 1));
    const others = zipf(40_000, 5000, 2).map((number) => 1_000_000 + number);
    await hitRate(layered, others);
    const fresh = new LayeredRows(new Asked(), "row", 1000);
    await hitRate(fresh, others);
    expect(await hitRate(layered, others)).toBeGreaterThan((await hitRate(fresh, others)) - 0.02);
  });
});
