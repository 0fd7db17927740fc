// Rows against plain loops and hand-worked numbers: how they are encoded and decoded wherever they lie, and which bytes of
// them a reader gets.
import { describe, expect, it } from "vitest";
import { fromHalf, toHalf } from "../../contract/half.ts";
import { byNumber } from "../../runtime/table/locate.ts";
import { MemoryRows, type Section } from "../../runtime/table/memory-rows.ts";
import { decodeRows, encodeRows, headsOf, type RowFormat, rowBytes } from "../../runtime/table/precision.ts";
import { floatRows, readRows } from "../../runtime/table/read-rows.ts";
import { decodeStored, storedRows } from "../../runtime/table/stored-rows.ts";
import { rowNumbers } from "../../runtime/table/table-store.ts";
import { uniform } from "../kit/any-request.ts";

const uint8: RowFormat = { precision: "uint8", width: 5, heads: [3, 2] };
const float16: RowFormat = { precision: "float16", width: 5, heads: [3, 2] };
const float32: RowFormat = { precision: "float32", width: 5, heads: [3, 2] };

/** Two rows of heads of 3 and 2: scales 1 and ½, ⅟₁₆ and none; halves go up. */
const two = Float32Array.of(10.5, 265, 10, 100.75, -26.75, -3, 0.0625, 12.9375, 7, 7);
const stored = [1, 255, 0, 255, 0, 0, 49, 255, 0, 0];
const affine = [1, 10, 0.5, -26.75, 0.0625, -3, 0, 7];
const decoded = [11, 265, 10, 100.75, -26.75, -3, 0.0625, 12.9375, 7, 7];

/** A row as it lies: its values, then scale and offset of each head, low byte first. */
function rowOf(row: number): number[] {
  const pairs = Buffer.alloc(16);
  affine.slice(4 * row, 4 * row + 4).forEach((value, i) => {
    pairs.writeFloatLE(value, 4 * i);
  });
  return [...stored.slice(5 * row, 5 * row + 5), ...pairs];
}

describe("rows of uint8", () => {
  it("are affine for each head of each row", () => {
    expect([...encodeRows(two, uint8)]).toEqual([...rowOf(0), ...rowOf(1)]);
  });

  it("take the lowest and the highest wherever they stand, and round to the nearest", () => {
    for (const head of [
      [0, 255, 100.25],
      [255, 0, 100.5],
      [100.75, 0, 255],
      [100.25, 255, 0],
      [0, 100.5, 255],
      [255, 100.75, 0],
    ]) {
      const bytes = encodeRows(Float32Array.from(head), { precision: "uint8", width: 3, heads: [3] });
      expect([...bytes.subarray(0, 3)]).toEqual(head.map((value) => Math.floor(value + 0.5)));
    }
  });

  it("are measured head by head, whatever stands beside one", () => {
    const bytes = encodeRows(Float32Array.of(0, 255, 51, 510, -510, 1000), {
      precision: "uint8",
      width: 6,
      heads: [3, 2, 1],
    });
    expect([...bytes.subarray(0, 6)]).toEqual([0, 255, 51, 255, 0, 0]);
    const view = new DataView(bytes.buffer, 6);
    expect([0, 4, 8, 12, 16, 20].map((at) => view.getFloat32(at, true))).toEqual([1, 0, 4, -510, 0, 1000]);
  });

  it("never leave a byte, whatever the span is divided into", () => {
    const draw = uniform(5);
    for (let i = 0; i < 300; i++) {
      const head = Float32Array.from({ length: 4 }, () => 100 * (draw() - 0.5));
      const bytes = encodeRows(head, { precision: "uint8", width: 4, heads: [4] });
      const back = new Float32Array(4);
      decodeRows(bytes, 0, 1, { precision: "uint8", width: 4, heads: [4] }, back, 0);
      const span = Math.max(...head) - Math.min(...head);
      expect(Math.max(...bytes.subarray(0, 4))).toBe(255);
      head.forEach((value, at) => {
        expect(Math.abs(value - back[at])).toBeLessThanOrEqual((span / 510) * 1.0001);
      });
    }
  });
});

describe("decoded rows", () => {
  const halves = two.map((value) => fromHalf(toHalf(value)));
  it.each([
    [uint8, decoded],
    [float16, [...halves]],
    [float32, [...two]],
  ])("lie where they are due, and nothing else is touched: %j", (format, wanted) => {
    const bytes = encodeRows(two, format);
    const before = 4;
    const memory = new Uint8Array(before + bytes.length + 8).fill(0xa5);
    memory.set(bytes, before);
    const into = new Float32Array(15).fill(-1);
    decodeRows(memory, before, 2, format, into, 3);
    expect([...into]).toEqual([-1, -1, -1, ...wanted, -1, -1]);
    // A row alone, out of memory that begins elsewhere.
    const one = new Float32Array(7).fill(-1);
    decodeRows(memory.subarray(before), rowBytes(format), 1, format, one, 1);
    expect([...one]).toEqual([-1, ...wanted.slice(5), -1]);
  });

  it("come as well from the form that graphs take", () => {
    for (const [format, wanted] of [
      [uint8, decoded],
      [float16, [...halves]],
    ] as const) {
      const form = storedRows(encodeRows(two, format), format);
      expect(form.affine === null).toBe(format === float16);
      const into = new Float32Array(12).fill(-1);
      decodeStored(form, 1, format, into, 1);
      expect([...into]).toEqual([-1, ...wanted.slice(5), -1, -1, -1, -1, -1, -1]);
      decodeStored(form, 0, format, into, 6);
      expect([...into]).toEqual([-1, ...wanted.slice(5), ...wanted.slice(0, 5), -1]);
    }
    const { values, affine: pairs } = storedRows(encodeRows(two, uint8), uint8);
    expect([[...values], [...(pairs ?? [])]]).toEqual([stored, affine]);
    const view = storedRows(encodeRows(two, float16).subarray(10), float16);
    expect([...view.values].map(fromHalf)).toEqual([...halves.subarray(5)]);
    expect(() => storedRows(new Uint8Array(20), float32)).toThrow(/no stored rows/);
  });
});

describe("what is encoded", () => {
  it("is a whole number of rows, in memory of its size", () => {
    expect(() => encodeRows(new Float32Array(7), float32)).toThrow(/7 values are no rows of 5/);
    expect(() => encodeRows(two, uint8, 0, new Uint8Array(41))).toThrow(/2 stored rows do not have 41 bytes/);
    for (const format of [uint8, float16, float32]) {
      const memory = new Uint8Array(2 * rowBytes(format) + 8).fill(9);
      const into = memory.subarray(4, 4 + 2 * rowBytes(format));
      expect(encodeRows(two, format, 0, into)).toBe(into);
      expect([...memory]).toEqual([9, 9, 9, 9, ...encodeRows(two, format), 9, 9, 9, 9]);
    }
    expect([uint8, float16, float32].map(rowBytes)).toEqual([21, 10, 20]);
    expect(headsOf([{ heads: 2, dim: 3 }])).toEqual([3, 3]);
  });

  it("is finite at every place of every length", () => {
    const format = (width: number): RowFormat => ({ precision: "float32", width, heads: [width] });
    for (let width = 1; width <= 9; width++) {
      for (const bad of [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN]) {
        for (let at = 0; at < width; at++) {
          const values = new Float32Array(width).fill(-3.4e38);
          expect(() => encodeRows(values, format(width))).not.toThrow();
          values[at] = bad;
          expect(() => encodeRows(values, format(width), 3)).toThrow(`row 3, value ${at} of the table is ${bad}`);
        }
      }
    }
    const wide = Float32Array.of(0, 0, 0, 0, 0, 0, 0, 65520, 0, 0);
    expect(() => encodeRows(Float32Array.of(-65520, 0, 0, 0, 0), float16)).toThrow(
      /^row 0, value 0 of the table is -65520/,
    );
    expect(encodeRows(new Float32Array(0), float32)).toEqual(new Uint8Array(0));
    expect(() => encodeRows(wide, float16, 4)).toThrow(/^row 5, value 2 of the table is 65520, beyond/);
  });
});

/** Rows of `sizes` bytes, each section apart; byte b of row r is drawn. */
function rowsOf(sizes: readonly number[], rows: number, aligned = true) {
  const draw = uniform(sizes.length + rows);
  const width = sizes.reduce((sum, size) => sum + size, 0);
  const bytes = Array.from({ length: rows }, () => Array.from({ length: width }, () => Math.floor(256 * draw())));
  let from = 0;
  const sections = sizes.map((size): Section => {
    const memory = new Uint8Array(rows * size + 4).subarray(aligned ? 4 : 1).subarray(0, rows * size);
    bytes.forEach((row, r) => {
      memory.set(row.slice(from, from + size), r * size);
    });
    from += size;
    return { from: from - size, bytes: size, memory };
  });
  return { bytes, store: new MemoryRows("memory", rows, sections, byNumber), width };
}

describe("rows in memory", () => {
  const asked = [3, 0, 1, 4, 3, -1, 9];
  const found = [3, 0, 1, 4, 3, 0, 0];

  it.each([
    [[4], true],
    [[8, 4], true],
    [[5, 8], true],
    [[5, 3, 7], false],
    [[100, 8], true],
    [[96, 4], true],
    [[24, 25, 3], true],
    [[27, 120], false],
  ])("give any bytes of any rows, of sections of %j", async (sizes, aligned) => {
    const { bytes, store, width } = rowsOf(sizes, 5, aligned);
    expect([store.rowBytes, store.rows, store.where]).toEqual([width, 5, "memory"]);
    expect([...store.absent]).toEqual(bytes[0]);
    const keys = rowNumbers(Int32Array.from(asked));
    for (let from = 0; from < width; from += width > 20 ? 4 : 1) {
      for (let to = from + 1; to <= width; to += width > 20 ? 3 : 1) {
        const into = new Uint8Array(asked.length * (to - from));
        const hits = await store.read(keys, [{ from, bytes: to - from, into }]);
        expect([...into]).toEqual(found.flatMap((row) => bytes[row].slice(from, to)));
        expect([...hits]).toEqual([1, 0, 1, 1, 1, 0, 0]);
      }
    }
  });

  it("go to memory that begins anywhere, several pieces at once", async () => {
    const { bytes, store } = rowsOf([8, 4], 5);
    const keys = rowNumbers(Int32Array.from(asked));
    const first = new Uint8Array(asked.length * 4 + 1).subarray(1);
    const second = new Uint8Array(asked.length * 8);
    await store.read(keys, [
      { from: 8, bytes: 4, into: first },
      { from: 4, bytes: 8, into: second },
    ]);
    expect([...first]).toEqual(found.flatMap((row) => bytes[row].slice(8, 12)));
    expect([...second]).toEqual(found.flatMap((row) => bytes[row].slice(4, 12)));
    const late = AbortSignal.abort(new Error("too late"));
    await expect(store.read(keys, [], { signal: late })).rejects.toThrow("too late");
    await expect(store.read(keys, [{ from: 8, bytes: 5, into: first }])).rejects.toThrow(/no piece of a row of 12/);
  });
});

describe("rows as graphs take them", () => {
  const keys = rowNumbers(Int32Array.of(1, 0));
  it.each([
    [uint8, decoded],
    [float16, [...two].map((value) => fromHalf(toHalf(value)))],
    [float32, [...two]],
  ])("stand after those that are left as zeros: %j", async (format, wanted) => {
    const memory = encodeRows(two, format);
    const store = new MemoryRows("memory", 2, [{ from: 0, bytes: rowBytes(format), memory }], byNumber);
    const table = { format, read: store.read.bind(store) };
    expect([...(await floatRows(table, keys))]).toEqual([...wanted.slice(5), ...wanted.slice(0, 5)]);
    const { values, affine: pairs, hits } = await readRows(table, keys, { before: 1, rows: 4 });
    const whole = await readRows(table, keys, { before: 0, rows: 2 });
    expect([...values]).toEqual([...Array(5).fill(0), ...whole.values, ...Array(5).fill(0)]);
    expect([...hits]).toEqual([1, 0]);
    if (format === uint8) {
      expect([...values.subarray(5, 15)]).toEqual([...stored.slice(5), ...stored.slice(0, 5)]);
      expect([...(pairs ?? [])]).toEqual([0, 0, 0, 0, ...affine.slice(4), ...affine.slice(0, 4), 0, 0, 0, 0]);
    } else {
      expect(pairs).toBeNull();
    }
  });
});
