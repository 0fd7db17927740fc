// Loading a build folder: whole, damaged, half replaced, without tables; options and providers.
import { readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { load, TwinError } from "../../runtime/index.ts";
import { built, cleanUp } from "../kit/built-twin.ts";
import { builtRanked, itemColumns, rankSource, someCandidates, someUser } from "../kit/rank-model.ts";

afterAll(cleanUp);

const threads = { threads: 1 };

describe("load", () => {
  it("says which tables are in use", async () => {
    const dir = await builtRanked();
    const twin = await load(dir, threads);
    expect(twin.status()).toMatchObject({ generation: 1, tables: [{ table: "video_keys", state: "fresh" }] });
    expect(twin.warnings).toEqual([]);
    expect(twin.manifest.model).toBe("ranked");
    await twin.close();
    await expect(twin.prepare(someUser(3))).rejects.toThrow(/was closed/);
  });

  it("needs the items' features where no table is built, and serves them inline", async () => {
    const dir = built(rankSource());
    const twin = await load(dir, threads);
    await expect(twin.prepare(someUser(8))).rejects.toThrow(/no item store.*twin table build.*items: \{author/s);
    const { columns } = itemColumns();
    const request = someUser(8);
    const watched = (request.history as { watched: { item: number[] } }).watched;
    const inline = (item: readonly number[]) =>
      Object.fromEntries(Object.entries(columns).map(([name, column]) => [name, item.map((key) => column[key])]));
    const candidates = someCandidates(4);
    const prepared = await twin.prepare({
      ...request,
      history: { watched: { ...watched, items: inline(watched.item) } as never },
    });
    const item = candidates.candidates.item as number[];
    const found = await prepared.rank({
      ...candidates,
      candidates: { ...candidates.candidates, items: inline(item) as never },
    });
    expect(found.tables).toMatchObject([{ state: "none", computed: 8, found: 0 }]);
    await twin.close();

    const whole = await load(await builtRanked(), threads);
    const expected = await (await whole.prepare(request)).rank(candidates);
    expect([...found.kept!.positions]).toEqual([...expected.kept!.positions]);
    found.scores.click.forEach((value, i) => {
      expect(value).toBeCloseTo(expected.scores.click[i], 5);
    });
    await whole.close();
  });

  it("takes items as a list of objects, too", async () => {
    const twin = await load(built(rankSource()), threads);
    const items = [{ author: "a", topics: [1] }, { author: "b" }];
    const history = { item: [1, 2], time: [1_699_999_000, 1_699_999_100], liked: [true, null], items };
    await expect(twin.prepare({ history } as never)).rejects.toThrow(/no item store/);
    const complete = [{ ...items[0], cover: [1, 2, 3, 4, 5] }, items[1]];
    const prepared = await twin.prepare({ history: { ...history, items: complete } } as never);
    const candidates = { item: [3], price: [1], items: [{ author: "c", topics: [], cover: null }] };
    expect((await prepared.rank({ candidates } as never)).scores.click).toHaveLength(1);
    await twin.close();
  });

  it.each([
    ["truncated", (path: string) => truncateSync(path, 100), /rank\.onnx has 100 bytes .* truncated.*twin build/],
    [
      "foreign",
      (path: string) => writeFileSync(path, new Uint8Array(readFileSync(path).length)),
      /rank\.onnx is not the file of this build/,
    ],
    ["missing", (path: string) => rmSync(path), /rank\.onnx/],
  ])("refuses a %s graph by its name", async (_, damage, message) => {
    const dir = built(rankSource());
    damage(join(dir, "rank.onnx"));
    const error = await load(dir, threads).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(TwinError);
    expect((error as Error).message).toMatch(message);
  });

  it("refuses weights that were cut short", async () => {
    const dir = built(rankSource());
    truncateSync(join(dir, "weights.safetensors"), 500);
    await expect(load(dir, threads)).rejects.toThrow(/weights\.safetensors has 500 bytes/);
  });

  it("uses the earlier artefacts where a build was stopped between its two renames, and says so", async () => {
    const dir = await builtRanked();
    renameSync(dir, join(dirname(dir), `.${basename(dir)}.previous`));
    const twin = await load(dir, threads);
    expect(twin.warnings).toEqual([expect.stringMatching(/is missing: a build was stopped.*build again/)]);
    const ranking = await (await twin.prepare(someUser(10))).rank(someCandidates(2));
    expect(ranking.scores.click).toHaveLength(2);
    await twin.close();
  });

  it("says where nothing is", async () => {
    await expect(load("/nowhere/at-all")).rejects.toThrow(/\/nowhere\/at-all\/manifest\.yaml/);
  });

  it("goes on without a provider that cannot be had, and says so", async () => {
    const dir = await builtRanked();
    const twin = await load(dir, { ...threads, providers: ["nonesuch", "cpu"] });
    const ranking = await (await twin.prepare(someUser(10))).rank(someCandidates(2));
    expect(ranking.scores.click).toHaveLength(2);
    expect(twin.warnings.join("\n")).toMatch(/provider nonesuch cannot be had here .*runs on cpu/);
    await twin.close();
  });

  it.each([
    [{ thread: 2 }, /no option `thread`/],
    [{ threads: 0 }, /threads is 0/],
    [{ workers: 1.5 }, /workers is 1\.5/],
    [{ maxStaleness: "15mins" }, /maxStaleness: "15mins" is no duration/],
    [{ providers: [] }, /providers/],
  ])("refuses options %j", async (options, message) => {
    await expect(load(built(rankSource()), options as never)).rejects.toThrow(message);
  });
});
