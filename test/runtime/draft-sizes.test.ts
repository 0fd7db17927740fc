// What a draft takes from the data's quantiles: how long histories are, edges, vocabularies, and how the parts are split.
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { dataModel } from "../../cli/data-model.ts";
import { check, load } from "../../compiler/index.ts";
import { parseBinding } from "../../runtime/data/binding.ts";
import { draft } from "../../runtime/data/draft/draft.ts";
import { plain } from "../../runtime/data/draft/kinds.ts";
import { modelText } from "../../runtime/data/draft/model-text.ts";
import { agoText, maxText } from "../../runtime/data/draft/past.ts";
import { checkData } from "../../runtime/data/index.ts";
import { cleanUp, temporary } from "../kit/built-twin.ts";
import { writeFiles } from "../kit/data-files.ts";

afterAll(cleanUp);
const t0 = 1_600_000_000;

/** Drafts from a log, and holds that the draft checks and reads the data. */
async function drafted(header: string, rows: readonly (readonly unknown[])[], extra: { items?: string } = {}) {
  const folder = temporary();
  writeFiles(folder, {
    "log.csv": `${header}\n${rows.map((row) => row.join()).join("\n")}\n`,
    ...(extra.items && { "items.csv": extra.items }),
  });
  const items = extra.items === undefined ? {} : { items: join(folder, "items.csv") };
  const made = await draft({ events: join(folder, "log.csv"), ...items, folder });
  const { model, diagnostics } = check(load("draft.twin", () => made.model));
  expect(diagnostics).toEqual([]);
  if (model === null) {
    throw new Error("no model");
  }
  return { ...made, report: await checkData(parseBinding(made.data, join(folder, "data.yaml")), dataModel(model)) };
}

const past = { total: 1, events: 1, ago: null, anew: false };

describe("the texts", () => {
  it.each([
    [1, "20"],
    [471, "480"],
    [3974, "4k"],
    [1001, "1100"],
    [2_000_000, "10k"],
  ])("max of %i events", (events, text) => expect(maxText({ ...past, events })).toBe(text));
  it.each([
    [{ low: 1, high: 1 }, "1s"],
    [{ low: 3, high: 3 }, "log(2s, 5s, 4)"],
    [{ low: 3, high: 40_000_000 }, "log(2s, 730d, 16)"],
    [{ low: 0.004, high: 0.03 }, "log(1ms, 100ms, 15)"],
    [{ low: 86_400, high: 700_000 }, "log(1d, 14d, 9)"],
  ])("edges of %j seconds", (ago, text) => expect(agoText({ ...past, ago }, false)).toBe(text));
  it.each([
    [{ low: 1, high: 9 }, "1, 2, 3, 4, 5, 6, 7, 8, 9"],
    [{ low: 5, high: 5 }, "5"],
    [{ low: 2, high: 977 }, "log(2, 980, 16)"],
  ])("edges of %j steps", (ago, text) => expect(agoText({ ...past, ago }, true)).toBe(text));
});

describe("numbers", () => {
  it.each([0.1, -2.5, 1e-13, -1.25e-7, 1e21, 1.5e300, 123456789012, 5e-324])("%d is written in full", (value) => {
    expect(plain(value)).toMatch(/^-?\d+(\.\d+)?$/);
    expect(Number(plain(value))).toBe(value);
  });
});

describe("a draft of a log", () => {
  // Ninety-eight users with 10 events, two with 300; each event a minute after the one before.
  const rows = Array.from({ length: 100 }, (_, user) =>
    Array.from({ length: user < 98 ? 10 : 300 }, (_, i) => [
      `u${user}`,
      (user * 7 + i) % 60,
      t0 + user + 60 * i,
      i % 2,
      (31 + ((user * 37 + i * 11) % 1000) / 1000).toFixed(4),
      ["a|b", "c", "d|e|f"][i % 3],
      1e-30 * ((user + i) % 3),
    ]),
  ).flat();
  it("takes histories, edges and vocabularies from the data", async () => {
    const { model, report } = await drafted("user_id,item_id,time,click,latitude,marks,tiny", rows);
    // 99 % of the users have 300 events at most.
    expect(model).toMatch(/max: 300\n/);
    // The newest beside what is searched.
    expect(model).toMatch(/attend recent \{\n +over: seen\.last\(10\)\n +by: +relevance\n\}/);
    expect(model).toMatch(/input: +\[interest, recent, item, user\]/);
    expect(model).toMatch(/ago: +elapsed\(at: log\(1min, 6h, 16\), dim: 4\)/);
    expect(model).toMatch(/latitude: +bucketed\(at: quantiles\(20\), dim: 4\)/);
    expect(model).toMatch(/marks: +tags\(vocabulary: 10, max: 3, dim: 8\)/);
    // What nobody would read is learned.
    expect(model).toMatch(/tiny: +bucketed\(at: quantiles\(20\), dim: 4\)/);
    // Every user has a row, which no other has.
    expect(model).toMatch(/user_id: +vocabulary\(max: 120, min_count: 1, dim: 16\)/);
    expect(report.collisions).toEqual([]);
    const encoded = report.features.find(({ name }) => name === "user.user_id");
    expect([encoded?.values, encoded?.missing]).toEqual([rows.length, 0]);
  });
  it("trains in batches that make enough steps of an epoch, until the validation part no longer improves", async () => {
    const { model } = await drafted("user_id,item_id,time,click,latitude,marks,tiny", rows);
    expect(model).toMatch(/batch: +64\n +epochs: +10\n +stop: +stop\(after: 2, on: logloss\)/);
    const text = (samples: number, drawn = false, validated = true): string =>
      modelText({
        ...{ comment: "", item: [], user: [], context: [], candidate: [], histories: [], labels: [] },
        ...{ samples, drawn, validated },
      });
    const of = (samples: number): string | undefined => /batch: +(\d+)/.exec(text(samples))?.[1];
    expect([63_999, 64_000, 127_999, 128_000, 256_000, 1e9].map(of)).toEqual(["64", "128", "128", "256", "512", "512"]);
    expect(text(1e6)).toContain("stop(after: 2, on: auc)");
    expect(text(1e6, true)).toContain("stop(after: 2, on: logloss)");
    // Nothing tells when to end.
    expect(text(1e6, false, false)).toMatch(/epochs: +1\n\}/);
  });
  it("keeps no more behaviours than there are", async () => {
    const { model } = await drafted(
      "user_id,item_id,time,click",
      rows.filter(([, , time]) => Number(time) < t0 + 300).map((row) => row.slice(0, 4)),
    );
    expect(model).toMatch(/max: 20\n/);
    expect(model).toMatch(/keep: 20\n/);
    expect(model).not.toContain("recent");
  });
  it("leaves to the unknown row what comes seldom, where that is little", async () => {
    const lone = Array.from({ length: 40 }, (_, i) => [`new${i}`, 1000 + i, t0 + 60 * i, i % 2]);
    const { model } = await drafted("user_id,item_id,time,click", [...rows.map((row) => row.slice(0, 4)), ...lone]);
    expect(model).toMatch(/item_id: +vocabulary\(max: 72, min_count: 5/);
    const { model: all } = await drafted("user_id,item_id,time,click", [
      ...rows.slice(0, 100).map((row) => row.slice(0, 4)),
      ...lone,
    ]);
    expect(all).toMatch(/item_id: +vocabulary\(max: 1[0-9]0, min_count: 1/);
  });
  it("gives users no rows of their own where those to come are new, and says why", async () => {
    // A hundred users one after the other, as an archive has them: the last fifth of the events is of new ones.
    const fresh = Array.from({ length: 3000 }, (_, i) => [`u${Math.floor(i / 30)}`, (i * 7) % 60, t0 + 60 * i, i % 2]);
    const { model, skipped } = await drafted("user_id,item_id,time,click", fresh);
    expect(model).not.toContain("user_id");
    expect(model).toMatch(/input: +\[interest, item\]/);
    expect(skipped).toEqual([{ column: "user_id", because: expect.stringMatching(/^(9\d|100) % of the events/) }]);
    // The same users side by side come back.
    const same = fresh.map(([, item, time, click], i) => [`u${i % 100}`, item, time, click]);
    expect((await drafted("user_id,item_id,time,click", same)).model).toMatch(/user_id: +vocabulary/);
  });
  it("splits by each user's events where steps begin anew for each, by the step where they count for all", async () => {
    const of = (step: (user: number, i: number) => number) =>
      Array.from({ length: 400 }, (_, i) => [i % 8, (i * 7) % 30, step(i % 8, Math.floor(i / 8)), i % 2]);
    const anew = await drafted(
      "user_id,item_id,step,click",
      of((_, i) => i),
    );
    expect(anew.data).toContain("split: {by: share, train: 80%, validation: 10%, test: rest}");
    const one = await drafted(
      "user_id,item_id,step,click",
      of((user, i) => 500 * user + i),
    );
    expect(one.data).toMatch(/split: \{by: time, train: "\.\.\d+"/);
  });
  it("takes tags and counts of items from the items file and the log", async () => {
    const items = Array.from(
      { length: 90 },
      (_, i) => `${i},${i % 4 === 0 ? "" : `g${i % 30}|h${i % 7}`},${2000 + (i % 50)}`,
    );
    const { model } = await drafted(
      "user_id,item_id,time,click",
      rows.map((row) => row.slice(0, 4)),
      {
        items: `item_id,genres,year\n${items.join("\n")}\n`,
      },
    );
    // 60 of the 90 items are met.
    expect(model).toMatch(/item_id: +vocabulary\(max: 72, min_count: 1, dim: 16, key: true\)/);
    expect(model).toMatch(/genres: +tags\(vocabulary: \d+, max: 2, dim: 8\)/);
    expect(model).toMatch(/year: +bucketed\(at: quantiles\(20\), dim: 4\)/);
  });
});
