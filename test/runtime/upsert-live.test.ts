// Deltas and whoever reads them: in threads, by releases, damaged, foreign, two at once, killed.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, describe, expect, it } from "vitest";
import { writeArtefacts } from "../../cli/write-artefacts.ts";
import { upsertItems } from "../../runtime/build-table/upsert.ts";
import type { RawColumn } from "../../runtime/encode/raw.ts";
import { load, type Ranking, type Twin } from "../../runtime/index.ts";
import { makeRelease, rollBack } from "../../runtime/release/index.ts";
import { expectServes } from "../../runtime/serve/index.ts";
import { deltaFolder, deltaNumbers, deltasFolder } from "../../runtime/store/delta-folder.ts";
import { buildInto, cleanUp, temporary, writeTables } from "../kit/built-twin.ts";
import { times } from "../kit/effort.ts";
import { itemColumns, rankSource, someCandidates, someUser } from "../kit/rank-model.ts";
import { compiled } from "../kit/small-model.ts";
import { itemsFile } from "../kit/upserted.ts";

afterAll(cleanUp);

const source = rankSource("precision: float16 on_miss: mask");
const root = join(import.meta.dirname, "../..");
const scoresOf = ({ logits }: Ranking): string => [...logits.click].join();

/** Items from … to − 1, as the tests' model has them. */
function some(from: number, to: number) {
  const { keys, columns } = itemColumns();
  const part = <T>(all: readonly T[]) => all.slice(from, to);
  return {
    keys: part(keys),
    columns: Object.fromEntries(
      Object.entries(columns).map(([name, all]) => [name, part(all as readonly unknown[]) as RawColumn]),
    ),
  };
}

const fileOf = (from: number, to: number): string => itemsFile(some(from, to).keys, some(from, to).columns);

/** A build with the first 200 items; or another `count` of them. */
async function folderOf(count = 200): Promise<string> {
  const dir = buildInto(join(temporary(), "build"), source);
  await writeTables(dir, some(0, count).keys, some(0, count).columns);
  return dir;
}

async function answer(twin: Twin): Promise<string> {
  return scoresOf(await (await twin.prepare(someUser(40))).rank(someCandidates(12)));
}

/** What a folder built with these items answers. */
async function expected(count: number): Promise<string> {
  const twin = await load(await folderOf(count), { threads: 1 });
  const found = await answer(twin);
  await twin.close();
  return found;
}

async function until(what: () => boolean): Promise<void> {
  for (let i = 0; i < 400 && !what(); i++) {
    await wait(25);
  }
  expect(what()).toBe(true);
}

const put = (dir: string, from: number, to: number) =>
  upsertItems({ dir, items: fileOf(from, to), remove: null, binding: null });

describe("items put in", () => {
  it("are seen by worker threads, and not by who was prepared before", async () => {
    const dir = await folderOf();
    const twin = await load(dir, { threads: 1, workers: 2 });
    const before = await twin.prepare(someUser(40));
    const old = scoresOf(await before.rank(someCandidates(12)));
    await put(dir, 200, 300);
    await until(() => twin.status().deltas!.deltas === 1);
    const now = await expected(300);
    expect(await Promise.all(Array.from({ length: 6 }, () => answer(twin)))).toEqual(Array(6).fill(now));
    expect(now).not.toBe(old);
    expect(scoresOf(await before.rank(someCandidates(12)))).toBe(old);
    await twin.close();
  });

  it("by two processes at once are all there", async () => {
    const dir = await folderOf();
    await Promise.all([put(dir, 200, 230), put(dir, 230, 270), put(dir, 270, 300)]);
    expect(deltaNumbers(deltasFolder(dir))).toEqual([1, 2, 3]);
    const twin = await load(dir, { threads: 1 });
    expect(twin.status().deltas).toEqual({ deltas: 3, newest: 3, items: 100, removed: 0, because: "" });
    expect(await answer(twin)).toBe(await expected(300));
    await twin.close();
  });

  it("are carried over by a build with other weights, and serve only what is of theirs", async () => {
    const dir = await folderOf();
    await put(dir, 200, 300);
    const { files } = compiled(source, { vocabularies: new Map(), seed: 5 });
    await writeArtefacts(dir, files, new AbortController().signal);
    expect(deltaNumbers(deltasFolder(dir))).toEqual([1]);
    // A generation of the new weights: the delta is of others.
    const all = some(0, 200);
    await writeTables(dir, all.keys, all.columns);
    const twin = await load(dir, { threads: 1 });
    const alone = await answer(twin);
    expect(twin.status().deltas).toEqual({ deltas: 0, newest: 0, items: 0, removed: 0, because: "" });
    await put(dir, 200, 300);
    await twin.refresh();
    expect(twin.status().deltas).toMatchObject({ deltas: 1, newest: 2, items: 100 });
    expect(await answer(twin)).not.toBe(alone);
    await twin.close();
  });

  it("are put in for the release that serves, for the one before and for what is built", async () => {
    const dir = join(temporary(), "build");
    const check = (folder: string) => expectServes(folder);
    const answers: string[] = [];
    for (const seed of [1, 2]) {
      const { files } = compiled(source, { vocabularies: new Map(), seed });
      await writeArtefacts(dir, files, new AbortController().signal);
      await writeTables(dir, some(0, 300).keys, some(0, 300).columns);
      const whole = await load(dir, { threads: 1, release: "none" });
      answers.push(await answer(whole));
      await whole.close();
      await writeTables(dir, some(0, 200).keys, some(0, 200).columns);
      await makeRelease(dir, { keep: 3, grace: 600, check });
    }
    const { files } = compiled(source, { vocabularies: new Map(), seed: 3 });
    await writeArtefacts(dir, files, new AbortController().signal);
    const twin = await load(dir, { threads: 1 });
    expect((await put(dir, 200, 300)).deltas).toEqual([1, 2, 3]);
    await until(() => twin.status().deltas!.deltas === 1);
    expect(await answer(twin)).toBe(answers[1]);
    await rollBack(dir, null, check);
    await twin.refresh();
    expect([twin.status().release!.number, await answer(twin)]).toEqual([1, answers[0]]);
    await twin.close();
  });
});

describe("a delta that cannot be read", () => {
  it.each<[string, (folder: string) => void]>([
    ["cut short", (folder) => truncateSync(join(folder, "items.store"), 5000)],
    ["without a file", (folder) => rmSync(join(folder, "video_keys.table"))],
    [
      "of which a bit is another",
      (folder) => {
        const path = join(folder, "video_keys.table");
        const bytes = readFileSync(path);
        bytes[4200] ^= 4;
        writeFileSync(path, bytes);
      },
    ],
    ["with another's rows", (folder) => cpSync(join(folder, "keys.index"), join(folder, "removed.index"))],
    [
      "whose description was changed",
      (folder) => {
        const path = join(folder, "delta.json");
        writeFileSync(path, readFileSync(path, "utf8").replace('"items": 50', '"items": 51'));
      },
    ],
    [
      "that is no delta",
      (folder) => {
        rmSync(folder, { recursive: true });
        mkdirSync(folder);
      },
    ],
  ])("%s leaves those before it in service, names itself and the way out", async (_, damage) => {
    const dir = await folderOf();
    await put(dir, 200, 250);
    const twin = await load(dir, { threads: 1 });
    const good = await answer(twin);
    await put(dir, 250, 300);
    // It may be looked at before it is damaged: another folder is.
    const other = join(temporary(), "build");
    cpSync(dir, other, { recursive: true });
    damage(deltaFolder(deltasFolder(other), 2));
    await expect(load(other, { threads: 1 })).rejects.toThrow(/deltas\/2.*(Remove|removed).*twin table upsert/s);
    rmSync(deltaFolder(deltasFolder(other), 2), { recursive: true });
    const healed = await load(other, { threads: 1 });
    expect(await answer(healed)).toBe(good);
    await healed.close();
    await twin.close();
  });

  it("is told by status() while those before it serve, and taken once it is whole", async () => {
    const dir = await folderOf();
    const other = await folderOf();
    await put(dir, 200, 250);
    await put(other, 200, 250);
    await put(other, 250, 300);
    const twin = await load(dir, { threads: 1 });
    const good = await answer(twin);
    const from = deltaFolder(deltasFolder(other), 2);
    const to = deltaFolder(deltasFolder(dir), 2);
    const stage = join(temporary(), "2");
    cpSync(from, stage, { recursive: true });
    truncateSync(join(stage, "items.store"), 5000);
    cpSync(stage, to, { recursive: true });
    await until(() => twin.status().deltas!.because.includes("items.store"));
    await expect(twin.refresh()).rejects.toThrow(/items\.store/);
    expect(await answer(twin)).toBe(good);
    cpSync(join(from, "items.store"), join(to, "items.store"));
    await twin.refresh();
    expect(twin.status().deltas).toMatchObject({ deltas: 2, because: "" });
    expect(await answer(twin)).toBe(await expected(300));
    await twin.close();
  });
});

it("puts in all or nothing when killed, and leaves nothing behind in the end", async () => {
  const dir = await folderOf();
  const file = fileOf(200, 300);
  const [none, all] = [await expected(200), await expected(300)];
  for (let i = 0; i < times("TWIN_KILLS", 3); i++) {
    const child = spawn(process.execPath, ["--import", "tsx", "test/kit/upsert-child.ts", dir, file], {
      cwd: root,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const exited = once(child, "exit");
    // The first is killed in its first upsert, others in any.
    await Promise.race([i === 0 ? wait(1500) : once(child.stdout, "data"), exited]);
    await wait(Math.random() * 500);
    expect(child.exitCode).toBe(null);
    child.kill("SIGKILL");
    await exited;
    const twin = await load(dir, { threads: 1 });
    expect(i === 0 ? [none, all] : [all]).toContain(await answer(twin));
    expect([0, 100]).toContain(twin.status().deltas!.items);
    await twin.close();
  }
  const numbers = deltaNumbers(deltasFolder(dir));
  expect(numbers).toEqual(numbers.map((__, i) => i + 1));
  await upsertItems({ dir, items: null, remove: itemsFile(some(200, 300).keys, {}), binding: null });
  expect(readdirSync(deltasFolder(dir)).filter((name) => name.startsWith("."))).toEqual([]);
  const twin = await load(dir, { threads: 1 });
  expect(await answer(twin)).toBe(none);
  await twin.close();
  expect(existsSync(deltaFolder(deltasFolder(dir), numbers.length + 1))).toBe(true);
});

describe("an upsert refuses", () => {
  it("what is no item, an item that is put in and taken out, and a folder without tables", async () => {
    const dir = await folderOf();
    const refused = (items: string | null, remove: string | null = null) =>
      expect(upsertItems({ dir, items, remove, binding: null })).rejects;
    await refused(null).toThrow(/nothing to put in/);
    await refused(fileOf(0, 5), fileOf(4, 6)).toThrow(/the item "4" is both to be put in and to be taken out/);
    const { columns } = some(0, 2);
    await refused(itemsFile([1, 1], columns)).toThrow(/the key 1 was already given/);
    await refused(itemsFile([1], { author: ["a"] })).toThrow(/no column `topics`/);
    await refused("nowhere.parquet").toThrow(/there is no file/);
    await refused(null, itemsFile(["x"], {})).toThrow(/items\.jsonl, row 1, column `video`.*"x"/);
    expect(existsSync(deltasFolder(dir)) ? readdirSync(deltasFolder(dir)) : []).toEqual([]);
    const bare = buildInto(join(temporary(), "build"), source);
    await expect(put(bare, 0, 5)).rejects.toThrow(/has no built tables yet that could be added to: twin table build/);
  });
});
