// safetensors: what is written reads back; every lie of a header is refused, and random bytes never crash the reader.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { TwinError } from "../../contract/error.ts";
import { encodeSafetensors, layoutTensors, parseSafetensors } from "../../contract/safetensors.ts";
import { openTensors } from "../../runtime/host/tensor-file.ts";

const folder = mkdtempSync(join(tmpdir(), "twin-tensors-"));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, "file.safetensors");

const tensors = [
  { name: "item.table", shape: [3, 2], data: Float32Array.of(0, 1, 2, 3, 4, 5) },
  { name: "7", shape: [2], data: Int32Array.of(-1, 9) },
  { name: "double", shape: [1], data: Float64Array.of(0.1) },
  { name: "half", shape: [2], data: Uint16Array.of(0x3c00, 0xc000) },
  { name: "none", shape: [0, 4], data: new Float32Array(0) },
  { name: "scalar", shape: [], data: Float32Array.of(7) },
];
const sample = encodeSafetensors(tensors, { model: "twin", step: "5" });

/** A file with this header text and this many data bytes. */
function crafted(header: string, data = 0): Uint8Array {
  const json = new TextEncoder().encode(header);
  const file = new Uint8Array(8 + json.length + data);
  new DataView(file.buffer).setBigUint64(0, BigInt(json.length), true);
  file.set(json, 8);
  return file;
}
const parse = (file: Uint8Array) => parseSafetensors(file, file.length, "w.safetensors");
const f32 = (name: string, shape: string, from: number, to: number) =>
  `"${name}":{"dtype":"F32","shape":${shape},"data_offsets":[${from},${to}]}`;

test("what is written reads back, in the given order", () => {
  writeFileSync(path, sample);
  const file = openTensors(path);
  expect([...file.entries.keys()].sort()).toEqual(tensors.map(({ name }) => name).sort());
  expect(file.metadata).toEqual({ model: "twin", step: "5" });
  expect(file.read("item.table")).toEqual(tensors[0]!.data);
  expect(file.readInt32("7")).toEqual(tensors[1]!.data);
  expect(file.read("double")).toEqual(Float32Array.of(0.1));
  expect(file.read("half")).toEqual(Float32Array.of(1, -2));
  expect(file.read("none")).toEqual(new Float32Array(0));
  expect(Buffer.concat([...file.chunks("item.table", 10)].map((piece) => Buffer.from(piece)))).toEqual(
    Buffer.from(tensors[0]!.data.buffer as ArrayBuffer),
  );
  const rows = new Float32Array(7);
  file.gather("item.table", Int32Array.of(1, 2, 0), rows, 1);
  expect(rows).toEqual(Float32Array.of(0, 2, 3, 4, 5, 0, 1));
  expect(() => file.gather("item.table", Int32Array.of(3), rows)).toThrow(/has 3 rows, and row 3/);
  expect(() => file.read("7")).toThrow(/holds I32, and floats are due/);
  expect(() => file.read("nothing")).toThrow(/no tensor called `nothing`/);
  file.close();
  expect(() => file.read("item.table")).toThrow(/was closed/);
});

test("a layout counts absolute offsets, keeps order and pads its header to 8", () => {
  const { header, entries, bytes } = layoutTensors([
    { name: "b", dtype: "F32", shape: [3_000_000_000] },
    { name: "a", dtype: "BF16", shape: [2, 2] },
  ]);
  expect(header.length % 8).toBe(0);
  expect(entries.get("b")).toMatchObject({ start: header.length, end: header.length + 12_000_000_000 });
  expect(bytes).toBe(header.length + 12_000_000_008);
  expect(parseSafetensors(header, bytes, "x").entries).toEqual(entries);
  expect(() => layoutTensors([{ name: "a", dtype: "F32", shape: [-1] }])).toThrow(TwinError);
  expect(() =>
    layoutTensors([
      { name: "a", dtype: "U8", shape: [] },
      { name: "a", dtype: "U8", shape: [] },
    ]),
  ).toThrow(/two tensors are called `a`/);
});

test.each([
  ["nothing", new Uint8Array(0), /fewer than a header/],
  ["seven bytes", new Uint8Array(7), /fewer than a header/],
  ["a header longer than the file", crafted("{}").subarray(0, 9), /claims 2 bytes, but the file ends/],
  ["a header of 2^63 bytes", new Uint8Array(8).fill(0xff), /more than the 100000000 allowed/],
  ["no JSON", crafted("hello"), /no JSON text/],
  ["invalid UTF-8", Uint8Array.of(3, 0, 0, 0, 0, 0, 0, 0, 0x22, 0xff, 0x22), /no JSON text/],
  ["a list", crafted("[]"), /no JSON object/],
  ["a name twice", crafted(`{${f32("a", "[1]", 0, 4)},${f32("a", "[1]", 0, 4)}}`, 4), /names `a` twice/],
  ["a name twice, once escaped", crafted(`{${f32("a", "[1]", 0, 4)},${f32("\\u0061", "[1]", 0, 4)}}`, 4), /`a` twice/],
  [
    "a field twice",
    crafted(`{"a":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 4),
    /`dtype` twice/,
  ],
  ["an unknown dtype", crafted(`{"a":{"dtype":"F31","shape":[1],"data_offsets":[0,4]}}`, 4), /unknown dtype "F31"/],
  ["a dtype of Object's", crafted(`{"a":{"dtype":"toString","shape":[1],"data_offsets":[0,4]}}`, 4), /unknown dtype/],
  ["a negative size", crafted(`{${f32("a", "[-1]", 0, 4)}}`, 4), /no proper shape/],
  ["a size beyond counting", crafted(`{${f32("a", "[4503599627370496,4096]", 0, 4)}}`, 4), /no proper shape/],
  ["another size than its shape", crafted(`{${f32("a", "[2]", 0, 4)}}`, 4), /covers 4 bytes, but F32 \[2\] needs 8/],
  ["more bytes than its shape", crafted(`{${f32("a", "[2]", 0, 12)}}`, 12), /covers 12 bytes, but F32 \[2\] needs 8/],
  ["offsets backwards", crafted(`{${f32("a", "[1]", 4, 0)}}`, 4), /no proper offsets/],
  ["offsets out of the file", crafted(`{${f32("a", "[2]", 0, 8)}}`, 4), /it is truncated/],
  ["an overlap", crafted(`{${f32("a", "[1]", 0, 4)},${f32("b", "[1]", 2, 6)}}`, 6), /`b` overlaps/],
  ["a hole", crafted(`{${f32("a", "[1]", 0, 4)},${f32("b", "[1]", 8, 12)}}`, 12), /a hole before tensor `b`/],
  ["bytes after the end", crafted(`{${f32("a", "[1]", 0, 4)}}`, 5), /end at byte/],
  ["an entry that is null", crafted(`{"a":null}`), /unknown dtype/],
  ["metadata of numbers", crafted(`{"__metadata__":{"a":1}}`), /does not map names to texts/],
])("refuses %s", (_, file, message) => {
  expect(() => parse(file)).toThrow(message);
  writeFileSync(path, file);
  expect(() => openTensors(path)).toThrow(message);
});

test("every truncation is refused", () => {
  for (let length = 0; length < sample.length; length++) {
    expect(() => parse(sample.subarray(0, length)), String(length)).toThrow(TwinError);
  }
});

test("random and mutated bytes give a TwinError or a sound result", () => {
  const survive = (file: Uint8Array) => {
    try {
      const { entries } = parse(file);
      for (const { start, end } of entries.values()) {
        expect(start >= 8 && end >= start && end <= file.length).toBe(true);
      }
    } catch (error) {
      expect(error).toBeInstanceOf(TwinError);
    }
  };
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), survive), { numRuns: 300 });
  fc.assert(
    fc.property(fc.json(), (json) => survive(crafted(json, 8))),
    { numRuns: 300 },
  );
  const edit = fc.tuple(fc.nat(sample.length - 1), fc.nat(255));
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 6 }), fc.nat(20), (edits, cut) => {
      const file = sample.slice(0, sample.length - cut);
      for (const [at, byte] of edits) {
        if (at < file.length) {
          file[at] = byte;
        }
      }
      survive(file);
    }),
    { numRuns: 1500 },
  );
});

test("data and shape must agree when writing", () => {
  expect(() => encodeSafetensors([{ name: "a", shape: [3], data: new Float32Array(2) }])).toThrow(/2 values/);
});
