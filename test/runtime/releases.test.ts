// A folder that is served by releases: swaps under load, what stays and what goes, what is refused, what is told.
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterAll, describe, expect, it } from "vitest";
import { writeArtefacts } from "../../cli/write-artefacts.ts";
import { announced } from "../../runtime/host/announcement.ts";
import { type LoadOptions, load, type Prepared, type Ranking, type Twin } from "../../runtime/index.ts";
import {
  makeRelease,
  readPointer,
  releaseFolder,
  releasesFolder,
  releasesOf,
  rollBack,
} from "../../runtime/release/index.ts";
import { expectServes } from "../../runtime/serve/index.ts";
import { cleanUp, temporary, writeTables } from "../kit/built-twin.ts";
import { long } from "../kit/effort.ts";
import { expectNoneOpen, openFiles } from "../kit/open-files.ts";
import { builtRanked, itemColumns, rankSource, someCandidates, someUser } from "../kit/rank-model.ts";
import { compiled } from "../kit/small-model.ts";

afterAll(cleanUp);

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

const check = (folder: string): Promise<void> => expectServes(folder);
const release = (dir: string, keep = 3, grace = 0) => makeRelease(dir, { keep, grace, check });
const scoresOf = ({ logits }: Ranking): string => [...logits.click].join();
/** Each swap with workers opens two threads. */
const both: readonly (readonly [string, LoadOptions, number])[] = [
  ["this thread", { threads: 1 }, long ? 1000 : 50],
  ["two workers", { threads: 1, workers: 2 }, long ? 100 : 3],
];

/** Built as the command line does it, which puts a new folder in the place of the one before. */
async function rebuilt(dir: string, seed: number): Promise<void> {
  const { files } = compiled(rankSource(), { vocabularies: new Map(), seed });
  await writeArtefacts(dir, files, new AbortController().signal);
}

/** A folder whose releases 1 and 2 have other weights each, and what each of them answers. */
async function twoVersions(): Promise<{ dir: string; answers: string[] }> {
  made ??= makeTwo();
  const { dir: first, answers } = await made;
  const dir = join(temporary(), "build");
  cpSync(first, dir, { recursive: true });
  return { dir, answers };
}

let made: ReturnType<typeof makeTwo> | null = null;

async function makeTwo(): Promise<{ dir: string; answers: string[] }> {
  const dir = join(temporary(), "build");
  const answers: string[] = [];
  for (const seed of [1, 2]) {
    await rebuilt(dir, seed);
    const { keys, columns } = itemColumns();
    await writeTables(dir, keys, columns);
    await release(dir);
    const twin = await load(releaseFolder(dir, seed), { threads: 1 });
    answers.push(scoresOf(await (await twin.prepare(someUser(30))).rank(someCandidates(7))));
    await twin.close();
  }
  expect(new Set(answers).size).toBe(2);
  return { dir, answers };
}

async function until(what: () => boolean): Promise<void> {
  for (let i = 0; i < 400 && !what(); i++) {
    await wait(25);
  }
  expect(what()).toBe(true);
}

describe.each(both)("swaps under load, with requests in %s", (_, options, swaps) => {
  it(
    `fail no request and mix no answer: ${swaps} of them`,
    async () => {
      const { dir, answers } = await twoVersions();
      const twin = await load(dir, options);
      const seen = [0, 0];
      const failures: unknown[] = [];
      let over = false;
      // One prepares anew each time, one ranks a user whom it prepared long ago.
      const ask = async (prepared: Prepared | null): Promise<void> => {
        while (!over && failures.length === 0) {
          try {
            const one = prepared ?? (await twin.prepare(someUser(30)));
            const [first, second] = await Promise.all([one.rank(someCandidates(7)), one.rank(someCandidates(7))]);
            for (const found of [scoresOf(first), scoresOf(second)]) {
              const version = answers.indexOf(found);
              expect(version, found).toBeGreaterThanOrEqual(0);
              seen[version]++;
            }
          } catch (error) {
            failures.push(error);
          }
        }
      };
      const asking = [ask(null), ask(await twin.prepare(someUser(30))), ask(null)];
      const open: number[] = [];
      const memory: number[] = [];
      for (let swap = 0; swap < swaps; swap++) {
        const to = 1 + (swap % 2);
        await rollBack(dir, to, async () => undefined);
        await twin.refresh();
        expect(twin.status().release).toEqual({ number: to, next: null, because: "" });
        if (swap % 2 === 1) {
          collect();
          await wait(50);
          open.push(openFiles(dir).length);
          memory.push(process.memoryUsage().rss);
        }
      }
      over = true;
      await Promise.all(asking);
      expect(failures).toEqual([]);
      expect(Math.min(...seen)).toBeGreaterThan(swaps);
      // Flat: what a swap opens is closed again.
      expect(Math.max(...open)).toBeLessThanOrEqual(open[0] + 12);
      if (long) {
        expect(memory.at(-1)!).toBeLessThan(1.25 * memory[Math.floor(memory.length / 4)]);
      }
      await twin.close();
      await expectNoneOpen(dir);
      expect(releasesOf(dir).map(({ readers }) => readers)).toEqual([0, 0]);
    },
    long ? 3_600_000 : 120_000,
  );
});

describe("a process that serves a folder", () => {
  it("takes up a release by itself, and says by which it answers", async () => {
    const { dir, answers } = await twoVersions();
    const twin = await load(dir, { threads: 1 });
    expect(twin.status().release).toEqual({ number: 2, next: null, because: "" });
    const early = await twin.prepare(someUser(30));
    await rollBack(dir, null, check);
    await until(() => twin.status().release!.number === 1);
    expect(scoresOf(await (await twin.prepare(someUser(30))).rank(someCandidates(7)))).toBe(answers[0]);
    // Who was prepared before is ranked by the release of then.
    expect(scoresOf(await early.rank(someCandidates(7)))).toBe(answers[1]);
    await twin.close();
    await expect(twin.refresh()).rejects.toMatchObject({ code: "closed" });
    await expect(early.rank(someCandidates(7))).rejects.toMatchObject({ code: "closed" });
  });

  it("prepares a user again whose release is closed, and fails no later for having failed once", async () => {
    const { dir, answers } = await twoVersions();
    const twin = await load(dir, { threads: 1 });
    const early = await twin.prepare(someUser(30));
    const others: Prepared[] = [];
    for (const to of [1, 2, 1]) {
      await rollBack(dir, to, check);
      // It may have been taken up by itself meanwhile.
      await twin.refresh();
      expect(twin.status().release?.number).toBe(to);
      others.push(await twin.prepare(someUser(30)));
    }
    const stopped = AbortSignal.abort(new Error("gone"));
    await expect(early.rank(someCandidates(7), { signal: stopped })).rejects.toThrow("gone");
    expect(scoresOf(await early.rank(someCandidates(7)))).toBe(answers[0]);
    // Two that do not serve any more stay open for whom they prepared.
    expect(scoresOf(await others[1].rank(someCandidates(7)))).toBe(answers[1]);
    await twin.close();
  });

  it("goes on by its release where the next cannot be opened, says why, and takes it up when it can", async () => {
    const { dir, answers } = await twoVersions();
    const twin = await load(dir, { threads: 1 });
    const graph = join(releaseFolder(dir, 1), "rank.onnx");
    const bytes = readFileSync(graph);
    // In place of the link: the other release's file is another one.
    rmSync(graph);
    writeFileSync(graph, bytes.subarray(0, bytes.length - 1));
    await rollBack(dir, 1, async () => undefined);
    await expect(twin.refresh()).rejects.toThrow(/rank.onnx has \d+ bytes and the manifest says/);
    expect(twin.status().release).toMatchObject({ number: 2, next: 1, because: expect.stringContaining("truncated") });
    expect(scoresOf(await (await twin.prepare(someUser(30))).rank(someCandidates(7)))).toBe(answers[1]);
    writeFileSync(graph, bytes);
    await until(() => twin.status().release!.number === 1);
    expect(twin.status().release).toEqual({ number: 1, next: null, because: "" });
    await twin.close();
  });

  it("goes on by its release where the next one's weights are damaged, which no size tells", async () => {
    const { dir, answers } = await twoVersions();
    const twin = await load(dir, { threads: 1 });
    const weights = join(releaseFolder(dir, 1), "weights.safetensors");
    const bytes = readFileSync(weights);
    bytes[bytes.length - 3] ^= 1;
    writeFileSync(weights, bytes);
    await rollBack(dir, 1, async () => undefined);
    await expect(twin.refresh()).rejects.toThrow(/weights.safetensors is damaged/);
    expect(twin.status().release).toMatchObject({ number: 2, next: 1 });
    expect(scoresOf(await (await twin.prepare(someUser(30))).rank(someCandidates(7)))).toBe(answers[1]);
    await twin.close();
    await expectNoneOpen(dir);
    await expect(load(dir, { threads: 1 })).rejects.toThrow(/weights.safetensors is damaged/);
  });

  it("keeps its release where the pointer is damaged, or away while a build is put in place", async () => {
    const { dir } = await twoVersions();
    const twin = await load(dir, { threads: 1 });
    const pointer = join(releasesFolder(dir), "current.json");
    const text = readFileSync(pointer, "utf8");
    writeFileSync(pointer, text.replace('"release": 2', '"release": 1'));
    await expect(twin.refresh()).rejects.toThrow(/current\.json: its checksum does not fit its text/);
    expect(twin.status().release!.number).toBe(2);
    await expect(load(dir)).rejects.toThrow(/twin rollback DIR --to N/);
    rmSync(pointer);
    expect(await twin.refresh()).toBe(false);
    // Whoever says which one serves mends it.
    await rollBack(dir, 1, check);
    expect(await twin.refresh()).toBe(true);
    await twin.close();
  });

  it("is answered by the folder itself before its first release, and by that from then on", async () => {
    const dir = await builtRanked();
    const twin = await load(dir, { threads: 1 });
    expect(twin.status()).toMatchObject({ release: null, refresh: null, generation: 1 });
    const early = await twin.prepare(someUser(30));
    const answer = scoresOf(await early.rank(someCandidates(7)));
    // As it lies: a newer generation is taken when it is asked for.
    const { keys, columns } = itemColumns();
    await writeTables(dir, keys, columns);
    expect([await twin.refresh(), await twin.refresh()]).toEqual([true, false]);
    expect(twin.status().generation).toBe(2);
    // One that cannot be opened does not answer.
    await release(dir);
    const graph = join(releaseFolder(dir, 1), "rank.onnx");
    const bytes = readFileSync(graph);
    rmSync(graph);
    await until(() => twin.status().release !== null);
    expect(twin.status().release).toEqual({ number: null, next: 1, because: expect.stringContaining("rank.onnx") });
    await expect(twin.refresh()).rejects.toThrow(/rank\.onnx/);
    expect(scoresOf(await early.rank(someCandidates(7)))).toBe(answer);
    writeFileSync(graph, bytes);
    await until(() => twin.status().release?.number === 1);
    expect(twin.dir).toBe(dir);
    await rebuilt(dir, 9);
    // Who was prepared by the folder is ranked by what it was.
    expect(scoresOf(await early.rank(someCandidates(7)))).toBe(answer);
    await twin.close();
    await expectNoneOpen(dir);
  });

  it("reads the folder as it lies where it is asked to", async () => {
    const { dir } = await twoVersions();
    const twin = await load(dir, { threads: 1, release: "none" });
    expect(twin.status().release).toBeNull();
    await twin.close();
    await expect(load(dir, { release: "newest" } as never)).rejects.toThrow('bring "follow" (the default) or "none"');
  });
});

describe("a release", () => {
  it("is a build folder of its own, which later tables do not change", async () => {
    const dir = await builtRanked();
    const made = await release(dir);
    expect(made).toMatchObject({ number: 1, generation: 1, published: null, pointer: { release: 1, before: null } });
    const folder = releaseFolder(dir, 1);
    expect(statSync(join(folder, "weights.safetensors")).ino).toBe(statSync(join(dir, "weights.safetensors")).ino);
    const { keys, columns } = itemColumns();
    await writeTables(dir, keys, columns, { covered: 50 });
    await writeTables(dir, keys, columns, { covered: 60 });
    await writeTables(dir, keys, columns, { covered: 70 });
    const twin = await load(folder, { threads: 1 });
    expect(twin.status().generation).toBe(1);
    await twin.close();
    expect((await release(dir)).generation).toBe(4);
  });

  it("is refused where tables are of other weights or files are damaged, and nothing is left of it", async () => {
    const dir = await builtRanked();
    await release(dir);
    await rebuilt(dir, 9);
    await expect(release(dir)).rejects.toThrow(/table video_keys does not fit the weights: .*twin table build/s);
    const weights = join(dir, "weights.safetensors");
    const bytes = readFileSync(weights);
    bytes[bytes.length - 3] ^= 1;
    rmSync(weights);
    writeFileSync(weights, bytes);
    await expect(release(dir)).rejects.toThrow(/weights.safetensors is damaged/);
    rmSync(join(dir, "rank.onnx"));
    await expect(release(dir)).rejects.toThrow(/rank\.onnx/);
    expect(readdirSync(releasesFolder(dir)).sort()).toEqual(["1", "current.json"]);
    expect(readPointer(dir)!.release).toBe(1);
    await expect(rollBack(dir, null, check)).rejects.toThrow("no release served");
    await expect(rollBack(dir, 7, check)).rejects.toThrow("has no release 7; it has 1");
  });

  it("goes when there are more than stay, not before its time, and not while somebody reads it", async () => {
    const dir = await builtRanked();
    await release(dir);
    const reader = await load(dir, { threads: 1 });
    for (let i = 0; i < 4; i++) {
      await release(dir, 2, 3600);
    }
    // None is out of use for an hour.
    expect(releasesOf(dir).map(({ number }) => number)).toEqual([5, 4, 3, 2, 1]);
    expect(await reader.refresh()).toBe(true);
    const other = await load(releaseFolder(dir, 3), { threads: 1 });
    const made = await release(dir, 2, 0);
    // The reader has 5; 3 is read without releases being asked for, and stays in its memory alone.
    expect(made.removed).toEqual([1, 2, 3, 4]);
    expect(releasesOf(dir).map(({ number, readers }) => [number, readers])).toEqual([
      [6, 0],
      [5, 1],
    ]);
    await release(dir, 1, 0);
    expect(releasesOf(dir).map(({ number }) => number)).toEqual([7, 5]);
    expect(await reader.refresh()).toBe(true);
    expect((await release(dir, 1, 0)).removed).toEqual([5]);
    await reader.close();
    await other.close();
    expect((await release(dir, 1, 0)).removed).toEqual([7, 8]);
    // No number comes twice.
    rmSync(releaseFolder(dir, 9), { recursive: true });
    expect((await release(dir, 1, 0)).number).toBe(10);
  });

  it("is read by who ended without a word no longer", () => {
    const folder = temporary();
    mkdirSync(folder, { recursive: true });
    const mark = "00000000-4194303-1-00000000";
    writeFileSync(join(folder, `1.${mark}`), "");
    // Of another machine, touched just now: nobody can tell.
    expect(announced(join(folder, `1.${mark}`), mark)).toEqual({ pid: 4194303, state: "elsewhere" });
    expect(existsSync(join(folder, `1.${mark}`))).toBe(true);
    expect(announced(join(folder, "1.nobody"), "nobody")).toBeNull();
  });
});

describe("a build beside its releases", () => {
  it("keeps them, and what it must know of a Redis", async () => {
    const dir = await builtRanked();
    await release(dir);
    const published = join(dir, "tables/published-before.json");
    writeFileSync(published, "what lies in a Redis");
    const twin: Twin = await load(dir, { threads: 1 });
    const files = [{ path: "manifest.yaml", content: readFileSync(join(dir, "manifest.yaml")) }];
    await writeArtefacts(dir, files, new AbortController().signal, false);
    expect(existsSync(join(dir, "rank.onnx"))).toBe(false);
    expect(readFileSync(published, "utf8")).toBe("what lies in a Redis");
    expect(releasesOf(dir).map(({ number, readers }) => [number, readers])).toEqual([[1, 1]]);
    await twin.prepare(someUser(3));
    expect(await twin.refresh()).toBe(false);
    await twin.close();
    expect(releasesOf(dir)[0].readers).toBe(0);
  });
});
