// safetensors: what is written reads back; every lie of a header is refused, and random bytes never crash the reader.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { TwinError } from "../../contract/error.ts";
import { encodeSafetensors, headerLength, layoutTensors, parseSafetensors } from "../../contract/safetensors.ts";
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

test("each kind of number is stored under its own name, behind a header that is as long as it must be", () => {
  const kinds = [
    ["F32", Float32Array.of(1.5)],
    ["F64", Float64Array.of(1.5)],
    ["I32", Int32Array.of(-1)],
    ["U32", Uint32Array.of(2 ** 31)],
    ["I8", Int8Array.of(-1)],
    ["F16", Uint16Array.of(0x3c00)],
    ["U8", Uint8Array.of(255)],
  ] as const;
  for (const metadata of [undefined, {}, { step: "5", ü: "" }]) {
    const file = encodeSafetensors(
      kinds.map(([name, data]) => ({ name, shape: [1], data })),
      metadata,
    );
    const { entries, metadata: read, headerBytes } = parse(file);
    expect({ ...read }).toEqual(metadata ?? {});
    for (const [name, data] of kinds) {
      const { dtype, start, end } = entries.get(name)!;
      expect(dtype).toBe(name);
      expect(file.slice(start, end)).toEqual(new Uint8Array(data.buffer.slice(0)));
    }
    const text = new TextDecoder().decode(file.subarray(8, headerBytes));
    expect([Number(headerLength(file)), headerBytes % 8]).toEqual([headerBytes - 8, 0]);
    expect(text.length - text.trimEnd().length).toBeLessThan(8);
    expect(text.includes("__metadata__")).toBe(metadata !== undefined && "step" in metadata);
  }
});

test("tensors may stand in the header in any order, empty ones at the place of others", () => {
  const empty = (name: string, at: number) => f32(name, "[0]", at, at);
  const file = crafted(`{${f32("b", "[1]", 4, 8)},${empty("z", 4)},${f32("a", "[1]", 0, 4)},${empty("y", 0)}}`, 8);
  const { entries, headerBytes } = parse(file);
  expect([...entries.values()].map(({ start, end }) => [start - headerBytes, end - headerBytes])).toEqual([
    [4, 8],
    [4, 4],
    [0, 4],
    [0, 0],
  ]);
});

test("what the file has and what is at hand of it are two lengths, and both must hold the header", () => {
  const file = crafted(`{${f32("a", "[1]", 0, 4)}}`, 4);
  const { headerBytes } = parse(file);
  expect(parseSafetensors(file.subarray(0, headerBytes), file.length, "w").headerBytes).toBe(headerBytes);
  expect(() => parseSafetensors(file.subarray(0, headerBytes - 1), file.length, "w")).toThrow(/but the file ends/);
  expect(() => parseSafetensors(file, headerBytes - 1, "w")).toThrow(`but the file ends after ${headerBytes - 1}`);
  expect(() => parseSafetensors(file.subarray(0, 7), 100, "w")).toThrow("it has 7 bytes, fewer than a header");
  expect(() => parseSafetensors(file, 5, "w")).toThrow("it has 5 bytes, fewer than a header");
  const most = new Uint8Array(8);
  new DataView(most.buffer).setBigUint64(0, 100_000_000n, true);
  expect(() => parseSafetensors(most, 8, "w")).toThrow("claims 100000000 bytes, but the file ends");
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
  expect(() => layoutTensors([{ name: "__metadata__", dtype: "U8", shape: [] }])).toThrow(/are called `__metadata__`/);
});

test.each([
  ["nothing", new Uint8Array(0), /fewer than a header/],
  ["seven bytes", new Uint8Array(7), /fewer than a header/],
  ["a header longer than the file", crafted("{}").subarray(0, 9), /claims 2 bytes, but the file ends/],
  ["a header of 2^63 bytes", new Uint8Array(8).fill(0xff), /more than the 100000000 allowed/],
  ["no JSON", crafted("hello"), /no JSON text/],
  ["invalid UTF-8", Uint8Array.of(3, 0, 0, 0, 0, 0, 0, 0, 0x22, 0xff, 0x22), /no JSON text/],
  ["a list", crafted("[]"), /no JSON object/],
  ["a number", crafted("5"), /no JSON object/],
  ["null", crafted("null"), /no JSON object/],
  ["a mark of byte order", crafted("\ufeff{}"), /no JSON text/],
  ["a dtype that is no text", crafted(`{"a":{"dtype":["F32"],"shape":[1],"data_offsets":[0,4]}}`, 4), /unknown dtype/],
  ["no offsets", crafted(`{"a":{"dtype":"F32","shape":[1]}}`, 4), /no proper offsets/],
  ["three offsets", crafted(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,4]}}`, 4), /no proper offsets/],
  ["one offset", crafted(`{"a":{"dtype":"F32","shape":[0],"data_offsets":[0]}}`), /no proper offsets/],
  ["offsets of halves", crafted(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0.5,4.5]}}`, 5), /no proper offsets/],
  ["an end that is a half", crafted(`{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4.5]}}`, 5), /no proper offsets/],
  ["offsets of texts", crafted(`{"a":{"dtype":"F32","shape":[1],"data_offsets":["0","4"]}}`, 4), /no proper offsets/],
  ["offsets under 0", crafted(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}}`, 4), /no proper offsets/],
  ["another size, further on", crafted(`{${f32("a", "[1]", 0, 4)},${f32("b", "[2]", 4, 8)}}`, 8), /`b` covers 4 bytes/],
  ["metadata that is a text", crafted(`{"__metadata__":"a"}`), /does not map names to texts/],
  ["metadata that is null", crafted(`{"__metadata__":null}`), /does not map names to texts/],
  ["metadata of a text and a number", crafted(`{"__metadata__":{"a":"b","c":1}}`), /does not map names to texts/],
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
