// Long files are sent to the disk while they are written: they come out whole, and given up they leave nothing.

import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { BlockWriter } from "../../runtime/bytes/block-writer.ts";
import { BlockFile } from "../../runtime/store/block-file.ts";
import { newFile } from "../../runtime/store/block-sink.ts";
import { needs } from "../kit/needs.ts";
import { expectNoneOpen, openFiles } from "../kit/open-files.ts";

const piece = 8 << 20;
let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "twin-write-behind-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** 96 MB, more than is left waiting, with pauses in which what is under way may end. */
async function fill(writer: BlockWriter): Promise<void> {
  for (let i = 0; i < 12; i++) {
    await writer.write(new Uint8Array(piece).fill(i + 1));
    await new Promise((resolve) => setImmediate(resolve));
  }
}

it("writes all bytes in their order", async () => {
  const path = join(dir, "long.table");
  const writer = await BlockWriter.create(newFile(path), "table");
  await fill(writer);
  await writer.finish();
  const file = await BlockFile.open(path, "table");
  expect(file.payload).toBe(12 * piece);
  const edges = new Uint8Array(2);
  for (let i = 1; i < 12; i++) {
    file.read(i * piece - 1, edges);
    expect([...edges]).toEqual([i, i + 1]);
  }
  file.close();
  await expectNoneOpen(dir, 20_000);
});

it("leaves no file where it is given up", async () => {
  const writer = await BlockWriter.create(newFile(join(dir, "long.table")), "table");
  await fill(writer);
  await writer.abort();
  expect(readdirSync(dir)).toEqual([]);
  await expectNoneOpen(dir, 20_000);
});

it("closes all that it opened, finished or given up", needs("proc"), async () => {
  const one = await BlockWriter.create(newFile(join(dir, "one.table")), "table");
  const other = await BlockWriter.create(newFile(join(dir, "other.table")), "table");
  await Promise.all([one, other].map((writer) => writer.write(new Uint8Array(5))));
  expect(openFiles(dir)).toHaveLength(2);
  await Promise.all([one.finish(), other.abort()]);
  await expectNoneOpen(dir, 20_000);
});
