// NumPy archives: every type, order and version reads as the numbers that were written; what lies is refused in time.
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openNpz } from "../../../runtime/import/npz.ts";
import { openForeign } from "../../../runtime/import/open-foreign.ts";
import { npyOf, npzOf, zipOf } from "../../kit/foreign-files.ts";

const folder = mkdtempSync(join(tmpdir(), "twin-test-"));
const file = (name: string, bytes: Uint8Array): string => {
  writeFileSync(join(folder, name), bytes);
  return join(folder, name);
};

const kinds = {
  f4: Float32Array,
  f8: Float64Array,
  i1: Int8Array,
  i2: Int16Array,
  i4: Int32Array,
  u1: Uint8Array,
  u2: Uint16Array,
  u4: Uint32Array,
};

/** The same numbers in the other byte order. */
function reversed(data: ArrayBufferView, width: number): Uint8Array {
  const bytes = Uint8Array.from(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  for (let at = 0; at < bytes.length; at += width) {
    bytes.subarray(at, at + width).reverse();
  }
  return bytes;
}

describe("an archive", () => {
  it("reads in every type, byte order, memory order, version and packing", async () => {
    const cases = fc.record({
      type: fc.constantFrom(...(Object.keys(kinds) as (keyof typeof kinds)[])),
      big: fc.boolean(),
      fortran: fc.boolean(),
      deflate: fc.boolean(),
      version: fc.constantFrom(1 as const, 2 as const, 3 as const),
      shape: fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(cases, async ({ type, big, fortran, deflate, version, shape }) => {
        const count = shape.reduce((product, size) => product * size, 1);
        const wanted = Array.from({ length: count }, (_, i) => (i * 7) % 120);
        // Fortran order: the first index runs fastest.
        const stored = wanted.map((_, i) => wanted[fortran ? rowMajorIndex(i, shape) : i]);
        const data = kinds[type].from(stored);
        const width = data.BYTES_PER_ELEMENT;
        const descr = `${width === 1 ? "|" : big ? ">" : "<"}${type}`;
        const bytes = big ? reversed(data, width) : data;
        const npz = await openForeign(
          file("any.npz", npzOf({ x: { shape, data: bytes, descr, fortran, version } }, deflate)),
        );
        expect(npz.arrays.get("x")?.shape).toEqual(shape);
        expect(Array.from(await npz.read("x"))).toEqual(wanted);
        npz.close();
      }),
      { seed: 5, numRuns: 60 },
    );
  });

  it("reads half precision, 64-bit integers and truth values", async () => {
    const npz = await openNpz(
      file(
        "more.npz",
        npzOf({
          half: { shape: [2], data: Uint16Array.of(0x3c00, 0xc100), descr: "<f2" },
          long: { shape: [2], data: BigInt64Array.of(-3n, 1n << 40n), descr: "<i8" },
          truth: { shape: [2], data: Uint8Array.of(1, 0), descr: "|b1" },
        }),
      ),
    );
    expect(Array.from(await npz.read("half"))).toEqual([1, -2.5]);
    expect(Array.from(await npz.read("long"))).toEqual([-3, 2 ** 40]);
    expect(Array.from(await npz.read("truth"))).toEqual([1, 0]);
    npz.close();
  });
});

/** Row-major place of the i-th number in Fortran order. */
function rowMajorIndex(i: number, shape: readonly number[]): number {
  let rest = i;
  const index = shape.map((size) => {
    const at = rest % size;
    rest = Math.floor(rest / size);
    return at;
  });
  return index.reduce((flat, at, axis) => flat * shape[axis] + at, 0);
}

describe("what is refused", () => {
  const good = npyOf({ shape: [3], data: Float32Array.of(1, 2, 3) });
  const objects = npyOf({ shape: [3], data: Float32Array.of(1, 2, 3), descr: "|O" });
  const huge = npyOf({ shape: [1e6, 1e6], data: new Float32Array(0) });
  const header = good.slice();
  new DataView(header.buffer).setUint16(8, 60_000, true);
  const foreign = Uint8Array.from(good, (byte, i) => (i === 6 ? 9 : byte));
  it.each([
    ["Python objects", { name: "x.npy", bytes: objects }, /`\|O`.*floats and integers/],
    ["a shape beyond memory", { name: "x.npy", bytes: huge }, /too large/],
    ["fewer numbers than the shape says", { name: "x.npy", bytes: good.slice(0, -4) }, /but it has/],
    [
      "more numbers than the shape says",
      { name: "x.npy", bytes: npyOf({ shape: [2], data: Float32Array.of(1, 2, 3) }) },
      /but it has/,
    ],
    ["a header that claims more than there is", { name: "x.npy", bytes: header }, /header claims/],
    ["an unknown version", { name: "x.npy", bytes: foreign }, /version 9/],
    ["no array", { name: "x.npy", bytes: new Uint8Array(40) }, /does not begin as one/],
    ["another file in it", { name: "notes.txt", bytes: good }, /notes\.txt/],
    ["a path that leads out", { name: "../x.npy", bytes: good }, /\.\.\/x\.npy/],
  ])("%s", async (_, part, message) => {
    const opened = openNpz(file("bad.npz", zipOf([part])));
    await expect(opened.then((npz) => npz.read("x"))).rejects.toThrow(message);
  });

  it("an array of Python objects, which does not stand in the way of its neighbours", async () => {
    const npz = await openNpz(
      file(
        "mixed.npz",
        zipOf([
          { name: "x.npy", bytes: good },
          { name: "config.npy", bytes: objects },
        ]),
      ),
    );
    expect([...npz.arrays.keys()]).toEqual(["x"]);
    expect(npz.unreadable.get("config")).toMatch(/array `config` .*`\|O`/);
    expect([...(await npz.read("x"))]).toEqual([1, 2, 3]);
    npz.close();
  });

  it("an archive that is cut short, at every length", async () => {
    const whole = npzOf({ x: { shape: [3], data: Float32Array.of(1, 2, 3) } });
    for (let length = 0; length < whole.length; length += 7) {
      await expect(openNpz(file("cut.npz", whole.slice(0, length)))).rejects.toThrow(/is not a NumPy archive/);
    }
  });

  it("a name that comes twice", async () => {
    const part = { name: "x.npy", bytes: good };
    await expect(openNpz(file("twice.npz", zipOf([part, part])))).rejects.toThrow(/`x\.npy` twice/);
  });

  it("a packed entry that unpacks to more than it says, without unpacking it all", async () => {
    const bomb = { name: "x.npy", bytes: new Uint8Array(1 << 26), deflate: true, claims: good.length };
    const before = process.memoryUsage().arrayBuffers;
    const opened = openNpz(file("bomb.npz", zipOf([bomb])));
    await expect(opened.then((npz) => npz.read("x"))).rejects.toThrow(/does not begin|damaged/);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1 << 26);
  });
});
