// A flipped bit in prepared data: the right numbers or an error that names the file, whoever reads it and however.
import { cpSync, existsSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { blockBytes } from "../../contract/block-hashes.ts";
import { TwinError } from "../../contract/error.ts";
import { hasher } from "../../contract/hash.ts";
import { damageOfDataset } from "../../runtime/data/prepare/dataset-damage.ts";
import { readDatasetSpec } from "../../runtime/data/prepare/dataset-file.ts";
import { BlockHashes, damagedBlocks } from "../../runtime/data/prepare/file-blocks.ts";
import { attachDataset, openDataset } from "../../runtime/data/prepare/open.ts";
import { readManifest } from "../../runtime/host/manifest-file.ts";
import type { Progress } from "../../runtime/host/progress.ts";
import type { Part } from "../../runtime/learn/dataset.ts";
import { built, cleanUp, temporary } from "../kit/built-twin.ts";
import { videoModel } from "../kit/data-files.ts";
import { long, patience, times } from "../kit/effort.ts";
import { contents } from "../kit/example-build.ts";
import { flipsOf, withFlip } from "../kit/flip.ts";
import { type LogEvent, logBinding, prepared, t0 } from "../kit/prepared.ts";

afterAll(cleanUp);
const manifest = readManifest(built(videoModel({ max: 5 })));
const events: LogEvent[] = Array.from({ length: 300 }, (_, i) => ({
  user: i % 40,
  video: 1 + (i % 9),
  time: t0 + i,
  session: i % 3,
  kept: true,
  click: i % 3 === 0,
}));
const yaml = `columns: {predict.click: click}
weight: "1 + hour"
split: {by: share, train: 60%, validation: 20%, test: rest}`;
const log = () => logBinding(events, "{exclude_same: session}", yaml);
const parts: Part[] = ["training", "validation", "test"];

/** Everything that a data set says, one sample at a time and all together. */
async function everything(folder: string, memory: number): Promise<string> {
  const dataset = await openDataset(folder, { memory });
  try {
    const batches = parts.map((part) => {
      const all = Array.from({ length: dataset.count(part) }, (_, i) => i);
      return [all, all.filter((i) => i % 7 === 3)].map((some) => dataset.batch(part, Uint32Array.from(some), {}));
    });
    const { fingerprint, users, items } = dataset;
    return JSON.stringify({ fingerprint, users, items, batches });
  } finally {
    dataset.close();
  }
}

describe("one flipped bit in prepared data", () => {
  it.each([
    ["in memory", 1e9],
    ["in its files", 0],
  ])(
    "held %s",
    async (_, memory) => {
      const { folder } = await prepared(log(), manifest);
      const right = await everything(folder, memory);
      const flips = flipsOf(folder, undefined, times("TWIN_FLIPS", 1));
      expect(new Set(flips.map(({ file }) => file)).size).toBeGreaterThan(25);
      for (const flip of flips) {
        const found = await withFlip(folder, flip, () => everything(folder, memory).catch((error: unknown) => error));
        expect(found, `${flip.file}, bit ${flip.bit}: ${found}`).toBeInstanceOf(TwinError);
        expect(String(found)).toContain(join(folder, flip.file));
        expect(String(found)).toMatch(/Remove the folder|Prepare the data again/);
      }
      expect(await everything(folder, memory)).toBe(right);
    },
    patience(60_000),
  );

  it("is met by the thread that shares the other columns", async () => {
    const { folder } = await prepared(log(), manifest);
    const dataset = await openDataset(folder, { memory: 0 });
    const image = structuredClone(dataset.image());
    const flip = { file: "training/candidate.bin", bit: 5 };
    await withFlip(folder, flip, async () => {
      const other = await attachDataset(image);
      expect(() => other.batch("training", Uint32Array.of(3), {})).toThrow(/training\/candidate\.bin is damaged/);
      other.close();
    });
    dataset.close();
  });

  it("is found by reading everything through, and the data are prepared anew where that is asked for", async () => {
    const binding = log();
    const { folder, fingerprint } = await prepared(binding, manifest);
    const spec = readDatasetSpec(folder);
    expect(await damageOfDataset(folder, spec)).toEqual([]);
    const path = join(folder, "history/watched/time.bin");
    await withFlip(folder, { file: "history/watched/time.bin", bit: 100 }, async () => {
      expect(await damageOfDataset(folder, spec)).toEqual([{ path, why: "block 0 is damaged" }]);
      const notes: string[] = [];
      const note = (text: string) => notes.push(text);
      expect((await prepared(binding, manifest, { note }, folder)).reused).toBe(true);
      const anew = await prepared(binding, manifest, { note, verify: true }, folder);
      expect([anew.reused, anew.fingerprint]).toEqual([false, fingerprint]);
      expect(notes).toEqual([`${path}: block 0 is damaged. The data are prepared anew`]);
      await everything(folder, 0);
    });
    truncateSync(path, 8);
    expect((await damageOfDataset(folder, spec))[0].why).toMatch(/it has 8 bytes, and \d+ are due/);
  });
});

describe("a stopped preparation", () => {
  /** Stopped among the events, some of them written. */
  async function stopped(): Promise<{ folder: string; binding: ReturnType<typeof log> }> {
    const binding = log();
    const folder = join(temporary(), "cache");
    const stop = new AbortController();
    const onProgress = ({ task, finished }: Progress) => {
      if (task === "items" && finished) {
        stop.abort();
      }
    };
    await expect(prepared(binding, manifest, { signal: stop.signal, onProgress, every: 10 }, folder)).rejects.toThrow(
      /stopped/,
    );
    return { folder, binding };
  }

  it("begins anew where a bit of what was written is flipped, with the same result", async () => {
    const { folder, binding } = await stopped();
    const whole = await prepared(binding, manifest);
    const right = [...contents(whole.folder)].filter(([name]) => name.endsWith(".bin"));
    // Each costs a preparation: of the columns every third.
    const flips = flipsOf(folder, (file) => !file.includes("duckdb"), 1).filter(
      ({ file }, i) => long || i % 3 === 0 || !file.endsWith(".bin"),
    );
    expect(flips.map(({ file }) => file)).toContain(".work/state.json");
    let anew = 0;
    for (const flip of flips) {
      const copy = join(temporary(), "cache");
      cpSync(folder, copy, { recursive: true });
      const notes: string[] = [];
      await withFlip(copy, flip, async () => {
        const again = await prepared(binding, manifest, { note: (text) => notes.push(text) }, copy);
        expect(again.fingerprint, flip.file).toBe(whole.fingerprint);
        expect([...contents(copy)].filter(([name]) => name.endsWith(".bin"))).toEqual(right);
        expect(await damageOfDataset(copy, again.spec)).toEqual([]);
      });
      if (notes.some((text) => text.includes(join(copy, flip.file)) && text.includes("begins anew"))) {
        anew++;
      }
    }
    expect(anew).toBeGreaterThan(flips.length / 2);
  }, 120_000);
});

describe("format 1, of Twin 0.1", () => {
  const old = join(import.meta.dirname, "../compat/0.1.0/cache");

  it("is refused with the way out, and made anew by whoever makes prepared data", async () => {
    await expect(openDataset(old)).rejects.toThrow(
      /dataset\.yaml has format 1, of Twin 0\.1, which kept no checksums .* Prepare the data again/,
    );
    const folder = join(temporary(), "cache");
    cpSync(old, folder, { recursive: true });
    const notes: string[] = [];
    const done = await prepared(log(), manifest, { note: (text) => notes.push(text) }, folder);
    expect(done.reused).toBe(false);
    expect(notes.join()).toMatch(/has format 1/);
    expect(existsSync(join(folder, "items/item.topics.bin"))).toBe(true);
    await everything(folder, 0);
  });
});

describe("hashes of blocks", () => {
  it("do not depend on the pieces that bytes come in, and name the damaged block", async () => {
    const hash = await hasher();
    const bytes = Uint8Array.from({ length: 2 * blockBytes + 77 }, (_, i) => (i * 2654435761) >>> 13);
    const whole = new BlockHashes(hash);
    whole.update(bytes);
    const pieces = new BlockHashes(hash);
    for (let at = 0; at < bytes.length; at += 300_001) {
      pieces.update(bytes.subarray(at, at + 300_001));
      pieces.get();
    }
    expect(pieces.get()).toEqual(whole.get());
    expect(whole.get()).toMatchObject({ bytes: bytes.length, blocks: { length: 3 } });
    const goesOn = new BlockHashes(hash, whole.get().blocks.slice(0, 1));
    goesOn.update(bytes.subarray(blockBytes));
    expect(goesOn.get()).toEqual(whole.get());
    const path = join(temporary(), "column.bin");
    writeFileSync(path, bytes);
    expect(damagedBlocks(path, whole.get(), hash)).toEqual([]);
    writeFileSync(
      path,
      readFileSync(path)
        .fill(0, blockBytes, blockBytes + 1)
        .subarray(0, -1),
    );
    expect(damagedBlocks(path, whole.get(), hash)).toEqual([1, 2]);
  });
});
