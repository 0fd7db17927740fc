// Long files are sent to the disk while they are written: they come out whole, and given up they leave nothing.

import { existsSync, mkdtempSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { BlockWriter } from "../../runtime/bytes/block-writer.ts";
import { BlockFile } from "../../runtime/store/block-file.ts";
import { newFile } from "../../runtime/store/block-sink.ts";

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

/** Descriptors of this process in the folder, deleted files among them; null where the system does not list them. */
function open(): number | null {
  if (!existsSync("/proc/self/fd")) {
    return null;
  }
  return readdirSync("/proc/self/fd").filter((name) => {
    try {
      return readlinkSync(join("/proc/self/fd", name)).startsWith(dir);
    } catch {
      return false;
    }
  }).length;
}

it("writes all bytes in their order, and closes all that it opened", async () => {
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
  await expect.poll(open, { timeout: 20_000 }).toBe(open() === null ? null : 0);
});

it("leaves no file and no descriptor where it is given up", async () => {
  const writer = await BlockWriter.create(newFile(join(dir, "long.table")), "table");
  await fill(writer);
  await writer.abort();
  expect(readdirSync(dir)).toEqual([]);
  await expect.poll(open, { timeout: 20_000 }).toBe(open() === null ? null : 0);
});
