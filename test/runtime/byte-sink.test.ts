// What is written to memory is, byte for byte, what is written to a file; a sink that takes its time gets one write after the other.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { BlockWriter } from "../../runtime/bytes/block-writer.ts";
import { type ByteSink, MemorySink } from "../../runtime/bytes/byte-sink.ts";
import { parseKeys } from "../../runtime/encode/keys.ts";
import { newFile } from "../../runtime/store/block-sink.ts";
import { openKeyIndex } from "../../runtime/store/key-index-file.ts";
import { writeKeyIndex } from "../../runtime/table/key-index-build.ts";
import { TableWriter } from "../../runtime/table/table-writer.ts";

const folder = mkdtempSync(join(tmpdir(), "twin-sink-"));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, "file");

async function both(write: (sink: ByteSink) => Promise<void>): Promise<Uint8Array> {
  const memory = new MemorySink("memory");
  await write(memory);
  await write(newFile(path));
  expect(Buffer.compare(memory.bytes, readFileSync(path))).toBe(0);
  return memory.bytes;
}

describe("bytes in memory and in a file are the same", () => {
  it("of a table longer than a block", async () => {
    const values = Float32Array.from({ length: 3 * 200_000 }, (_, i) => Math.fround(Math.sin(i)));
    for (const precision of ["float32", "float16", "uint8"] as const) {
      await both(async (sink) => {
        const writer = await TableWriter.create(sink, { precision, width: 3, heads: [1, 2] }, { step: 4 });
        await writer.write(values);
        await writer.finish();
      });
    }
  });

  it("of an index of any texts: their bytes are counted as they are written", async () => {
    const texts = fc.uniqueArray(fc.string({ unit: "binary", maxLength: 30 }), { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(texts, async (keys) => {
        await both((sink) => writeKeyIndex(sink, { type: "string", length: keys.length, texts: keys }));
        const index = await openKeyIndex(path);
        const found = index.lookup({ type: "string", length: keys.length, texts: keys });
        expect([...found]).toEqual(keys.map((_, i) => i + 1));
      }),
      { numRuns: 40 },
    );
  });

  it("of an index of lone surrogates, which are written as U+FFFD", async () => {
    await both((sink) => writeKeyIndex(sink, parseKeys(["a\ud800", "\udc00b", "é😀"], "string", "keys")));
    const { texts } = (await openKeyIndex(path)).allKeys() as { texts: readonly string[] };
    expect(texts).toEqual(["a\ufffd", "\ufffdb", "é😀"]);
  });
});

/** A sink whose every call takes a while, and which fails at one of them. */
function slow(fails: number | null) {
  const memory = new MemorySink("slow");
  const said: string[] = [];
  let calls = 0;
  let busy = false;
  const one = async (name: string, run: () => void): Promise<void> => {
    expect(busy, "one after the other").toBe(false);
    busy = true;
    await new Promise((resolve) => setTimeout(resolve, 1));
    busy = false;
    said.push(name);
    if (calls++ === fails) {
      throw new Error("the place is full");
    }
    run();
  };
  const sink: ByteSink = {
    name: "slow",
    write: (bytes, position) => one("write", () => memory.write(bytes, position)),
    sync: () => one("sync", () => memory.sync()),
    commit: () => one("commit", () => memory.commit()),
    abort: () => one("abort", () => memory.abort()),
  };
  return { sink, memory, said };
}

const payload = Uint8Array.from({ length: (2 << 20) + 5 }, (_, i) => i % 251);
async function fill(sink: ByteSink): Promise<void> {
  const writer = await BlockWriter.create(sink, "table", { rows: 1 });
  for (let at = 0; at < payload.length; at += 700_000) {
    await writer.write(payload.subarray(at, at + 700_000));
  }
  await writer.finish();
}

describe("a sink that takes its time", () => {
  it("gets the same bytes, and the header last, over durable ones", async () => {
    const { sink, memory, said } = slow(null);
    await fill(sink);
    expect(said).toEqual(["write", "write", "write", "write", "sync", "write", "commit"]);
    await fill(newFile(path));
    expect(Buffer.compare(memory.bytes, readFileSync(path))).toBe(0);
  });

  it.each([0, 2, 3, 4, 5, 6])("is given up once where its call %i fails", async (at) => {
    const { sink, memory, said } = slow(at);
    await expect(fill(sink)).rejects.toThrow("the place is full");
    expect(said.filter((one) => one === "abort")).toHaveLength(1);
    expect(said.at(-1)).toBe("abort");
    expect(() => memory.bytes).toThrow(/not whole/);
  });

  it("refuses who does not wait", async () => {
    const writer = await BlockWriter.create(slow(null).sink, "table");
    const first = writer.write(payload);
    await expect(writer.write(payload)).rejects.toThrow("written by two at once");
    await first;
  });
});
