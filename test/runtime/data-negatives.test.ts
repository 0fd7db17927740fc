// What is said of negatives before training: how many are drawn for each part, how many positives are repeats, and the way out.
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { type Binding, parseBinding } from "../../runtime/data/binding.ts";
import { draft } from "../../runtime/data/draft/draft.ts";
import { checkData } from "../../runtime/data/index.ts";
import { readManifest } from "../../runtime/host/manifest-file.ts";
import { built, cleanUp, temporary } from "../kit/built-twin.ts";
import { shopModel, writeFiles } from "../kit/data-files.ts";
import { prepared, t0 } from "../kit/prepared.ts";

afterAll(cleanUp);
const manifest = readManifest(built(shopModel()));

/** Rows of user, item and time; an items file of `items` items. */
function bound(rows: readonly (readonly [number, number, number])[], negatives: string, items = 6): Binding {
  const folder = temporary();
  writeFiles(folder, {
    "events.csv": `user,sku,time,recall\n${rows.map(([user, sku, at]) => [user, sku, t0 + at, 7].join()).join("\n")}\n`,
    "items.csv": `sku\n${Array.from({ length: items }, (_, i) => i).join("\n")}\n`,
  });
  return parseBinding(
    `events: {file: events.csv, user: user, item: sku, time: time}
items: {file: items.csv, key: sku}
columns: {predict.buy: "true"}
split: {by: time, train: ..${t0 + 3}, validation: ..${t0 + 5}, test: rest}
negatives: ${negatives}
`,
    join(folder, "data.yaml"),
  );
}

/** User 1 comes back to item 2 at 3 and 6; user 2 meets it twice at one instant, which is no repeat, and all items by 6. */
const log = [
  [1, 2, 0],
  [1, 0, 1],
  [1, 2, 3],
  [1, 4, 4],
  [1, 2, 6],
  [2, 2, 2],
  [2, 2, 2],
  [2, 0, 3],
  [2, 1, 4],
  [2, 3, 5],
  [2, 4, 5],
  [2, 5, 6],
] as const;

describe("checking data with negatives", () => {
  it("counts repeats and draws by part, as preparing does", async () => {
    const binding = bound(log, "{per_positive: 3, by: uniform}");
    const report = await checkData(binding, manifest);
    expect(report.parts.map(({ part, samples, repeats, drawn }) => [part, samples, repeats, drawn])).toEqual([
      ["training", 6, 1, 18],
      ["validation", 4, 0, 12],
      // Whoever has met everything gets none.
      ["test", 2, 1, 3],
    ]);
    const done = await prepared(binding, manifest);
    expect(done.report.parts).toEqual(report.parts.map(({ unseen: _, ...part }) => part));
    expect(done.spec.negatives!.sampled).toBe(33);
  });
  it("counts what is dropped where what was met may be drawn, and warns of nothing", async () => {
    const binding = bound(log, "{per_positive: 50, by: uniform, met: allow}");
    const report = await checkData(binding, manifest);
    const done = await prepared(binding, manifest);
    expect(done.report.parts).toEqual(report.parts.map(({ unseen: _, ...part }) => part));
    const drawn = report.parts.reduce((sum, part) => sum + part.drawn!, 0);
    expect(drawn).toBe(done.spec.negatives!.sampled);
    // One draw in six falls on what was taken; at one instant two items were.
    expect(drawn / (50 * 12)).toBeGreaterThan(0.75);
    expect(drawn / (50 * 12)).toBeLessThan(0.88);
    // That what was shown has a feature which nothing drawn has is said all the same.
    expect(report.warnings).toEqual([
      expect.stringMatching(
        /drawn negatives have no `candidate\.recall`, and positives have: that it is there tells them apart/,
      ),
    ]);
  });
  it("proposes to draw among what was met where more than 5 % of the positives are repeats", async () => {
    const warnings = async (rows: typeof log | (readonly [number, number, number])[]) =>
      (await checkData(bound(rows, "{per_positive: 3, by: uniform}", 200), manifest)).warnings.join();
    expect(await warnings(log)).toMatch(
      /data\.yaml:5:1: 2 of 12 positives \(16\.7 %\) are of items that their user had met before.*`negatives: \{per_positive: 3, by: uniform, met: allow\}`/,
    );
    const one = (times: number) =>
      Array.from({ length: 100 }, (_, i): [number, number, number] => [
        1,
        i < times ? 0 : i,
        i % 7 === 0 ? i / 7 : 20 + i,
      ]);
    // Five repeats of a hundred are not more than 5 %; six are.
    expect(await warnings(one(6))).not.toContain("met before");
    expect(await warnings(one(7))).toContain("6 of 100 positives (6.0 %)");
  });
  it("says nothing of negatives where none are drawn", async () => {
    const { negatives: _, ...without } = bound(log, "{per_positive: 3}");
    const labelled = { "predict.buy": { kind: "sql", sql: "sku < 2" } as const };
    const report = await checkData({ ...without, negatives: null, columns: labelled }, manifest);
    expect(Object.keys(report.parts[0])).toEqual(["part", "events", "samples", "users", "first", "last", "labels"]);
  });
});

describe("a first draft", () => {
  it.each([
    [5, "negatives: {per_positive: 4, by: popularity}"],
    [6, "negatives: {per_positive: 4, by: popularity, met: allow}"],
  ])("of a log with %i repeats of 100 says `%s`", async (repeats, line) => {
    const folder = temporary();
    const rows = Array.from({ length: 100 }, (_, i) => [i % 5, i < 100 - repeats ? i : i - 50, i].join());
    writeFiles(folder, { "log.csv": `user_id,item_id,step\n${rows.join("\n")}\n` });
    const { data } = await draft({ events: join(folder, "log.csv"), folder });
    expect(data.split("\n")).toContain(line);
    expect(data.includes("6.0 % of the events are of items that their user had met before")).toBe(repeats === 6);
  });
});
