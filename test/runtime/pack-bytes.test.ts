// A pack as bytes: what is written is read, and what lies about itself is refused.
import { describe, expect, it } from "vitest";
import { checkedJson } from "../../contract/checked-json.ts";
import { encodeSafetensors } from "../../contract/safetensors.ts";
import { BlockWriter } from "../../runtime/bytes/block-writer.ts";
import { MemorySink } from "../../runtime/bytes/byte-sink.ts";
import type { GenerationFile } from "../../runtime/table/generation-description.ts";
import { descriptionPart, packBytes, readPack, rowsPart } from "../../runtime/table/pack.ts";

const described: GenerationFile = {
  format: 2,
  number: 7,
  model: "twin",
  made_at: "2024-05-01T12:30:00.000Z",
  step: null,
  items: 3,
  key: { feature: "item.video_id", type: "int64" },
  fingerprints: { producer: {}, metric: {}, encoders: "cd" },
  tables: {},
  index: "keys.index",
  store: "items.store",
  files: {},
};
const text = (of: string) => new TextEncoder().encode(of);
const description = text(checkedJson(described));
const directory = { model: "twin", weights: "ab".repeat(32), embeddings: ["item.video_id.table"] };

/** `values` float32 [1]. */
const embeddings = encodeSafetensors([{ name: "values", shape: [1], data: Float32Array.of(1.5) }]);

/** A pack of this payload and this directory behind it, whatever they say. */
async function lying(payload: Uint8Array, json: unknown, fields?: Record<string, unknown>): Promise<Uint8Array> {
  const sink = new MemorySink("PACK");
  const writer = await BlockWriter.create(sink, "pack");
  const behind = text(typeof json === "string" ? json : JSON.stringify(json));
  await writer.write(payload);
  await writer.write(behind);
  await writer.finish(fields ?? { directory: behind.length });
  return sink.bytes;
}

const padded = Math.ceil(description.length / 8) * 8;
const alone = { [descriptionPart]: { from: 0, bytes: description.length } };

describe("a pack", () => {
  it("holds its parts one behind the other, each from a multiple of 8 on", async () => {
    const parts = new Map([
      ["five", Uint8Array.of(1, 2, 3, 4, 5)],
      [descriptionPart, description],
      ["none", new Uint8Array(0)],
      ["eight", new Uint8Array(8).fill(8)],
      [rowsPart, embeddings],
    ]);
    const bytes = await packBytes(directory, parts);
    const { files, rows, description: read, ...rest } = await readPack(bytes, "PACK");
    expect(rest).toEqual(directory);
    expect(read).toMatchObject(described);
    expect([...files]).toEqual([...parts]);
    expect([...files.values()].map(({ byteOffset }) => byteOffset % 8)).toEqual([0, 0, 0, 0, 0]);
    const [five, first, none, eight, last] = [...files.values()].map(({ byteOffset }) => byteOffset);
    expect([first - five, none - first, eight - none, last - eight]).toEqual([8, padded, 0, 8]);
    expect([...rows!.read("values")]).toEqual([1.5]);
  });

  it("has no embedding rows where it names no embedding", async () => {
    const bytes = await packBytes({ ...directory, embeddings: [] }, new Map([[descriptionPart, description]]));
    expect(await readPack(bytes, "PACK")).toMatchObject({ embeddings: [], rows: null });
  });

  it("may be nothing but its parts and its directory, to the last byte", async () => {
    const bytes = await lying(description, { ...directory, embeddings: [], parts: alone });
    expect((await readPack(bytes, "PACK")).files.get(descriptionPart)).toEqual(description);
  });

  const whole = { ...directory, embeddings: [], parts: alone };
  it.each<[string, Uint8Array, unknown, Record<string, unknown> | undefined, string]>([
    ["no directory", description, whole, {}, "its header lacks a proper directory"],
    ["a directory of text", description, whole, { directory: "9" }, "its header lacks a proper directory"],
    ["an empty directory", description, whole, { directory: 0 }, "its header lacks a proper directory"],
    ["a directory of half bytes", description, whole, { directory: 9.5 }, "its header lacks a proper directory"],
    ["a directory longer than it is", description, whole, { directory: 1e6 }, "its header lacks a proper directory"],
    ["a directory that is no JSON", description, "{", undefined, "its directory is no JSON text"],
    ["no model", description, { ...whole, model: 1 }, undefined, "its directory lacks proper model"],
    ["weights cut short", description, { ...whole, weights: "ab" }, undefined, "its directory lacks proper weights"],
    ["weights and more", description, { ...whole, weights: "ab".repeat(33) }, undefined, "lacks proper weights"],
    ["embeddings of numbers", description, { ...whole, embeddings: [1] }, undefined, "lacks proper embeddings.0"],
    ["a list", description, [], undefined, "its directory lacks proper "],
    [
      "a part before it",
      description,
      { ...whole, parts: { ...alone, a: { from: -8, bytes: 1 } } },
      undefined,
      "its directory lacks proper parts.a.from",
    ],
    [
      "a part of half bytes",
      description,
      { ...whole, parts: { ...alone, a: { from: 0, bytes: 1.5 } } },
      undefined,
      "its directory lacks proper parts.a.bytes",
    ],
    [
      "a part in its directory",
      description,
      { ...whole, parts: { ...alone, a: { from: 0, bytes: description.length + 1 } } },
      undefined,
      "its part a lies outside it",
    ],
    [
      "a part between multiples of 8",
      description,
      { ...whole, parts: { ...alone, a: { from: 4, bytes: 4 } } },
      undefined,
      "its part a lies outside it",
    ],
    ["no description", description, { ...whole, parts: {} }, undefined, `it has no ${descriptionPart}`],
    ["no embedding rows", description, { ...whole, embeddings: ["e"] }, undefined, `it has no ${rowsPart}`],
  ])("is refused with %s", async (_, payload, json, fields, message) => {
    const bytes = await lying(payload, json, fields);
    await expect(readPack(bytes, "PACK")).rejects.toThrow(/^PACK is not a pack that this version of Twin reads: /);
    await expect(readPack(bytes, "PACK")).rejects.toThrow(message);
    await expect(readPack(bytes, "PACK")).rejects.toThrow(/Cut it anew: twin pack$/);
  });

  it("may be all directory, and then lacks what it has to hold", async () => {
    const bytes = await lying(new Uint8Array(0), { ...whole, parts: {} });
    await expect(readPack(bytes, "PACK")).rejects.toThrow(`it has no ${descriptionPart}`);
  });

  it("is refused with a description or embedding rows that are damaged, by their names", async () => {
    const broken = await packBytes(directory, new Map([[descriptionPart, text("{")]]));
    await expect(readPack(broken, "PACK")).rejects.toThrow(`PACK: ${descriptionPart} is no JSON text`);
    const rows = new Map([
      [descriptionPart, description],
      [rowsPart, embeddings.subarray(0, 4)],
    ]);
    await expect(packBytes(directory, rows).then((bytes) => readPack(bytes, "PACK"))).rejects.toThrow(
      `PACK: ${rowsPart}`,
    );
  });
});
