// `data check` names the feature that knows the label, and no other.
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { parseBinding } from "../../runtime/data/binding.ts";
import { checkData } from "../../runtime/data/check.ts";
import { suspects } from "../../runtime/data/single-features.ts";
import { readManifest } from "../../runtime/manifest-file.ts";
import { uniform } from "../kit/any-request.ts";
import { built, cleanUp, temporary } from "../kit/built-twin.ts";
import { videoModel, writeFiles } from "../kit/data-files.ts";

afterAll(cleanUp);
const manifest = readManifest(built(videoModel({ key: "hashed(buckets: 200, dim: 4, key: true)" })));
const items = 40;

interface Planted {
  readonly hour?: (click: boolean, draw: () => number) => number | null;
  readonly recall?: (click: boolean, draw: () => number) => number | null;
  readonly age?: (click: boolean) => number | null;
}

/** Clicks follow the item's own rate; a planted column follows the click. */
async function check({ hour, recall, age }: Planted, duration: (rate: number) => number = () => 30) {
  const draw = uniform(5);
  const folder = temporary();
  const rate = Array.from({ length: items }, (_, i) => 0.05 + (0.9 * i) / items);
  const lines = Array.from({ length: 3000 }, (_, i) => {
    const item = Math.floor(draw() * items);
    const click = draw() < rate[item];
    const values = [
      hour?.(click, draw) ?? (hour ? "" : Math.floor(draw() * 24)),
      recall?.(click, draw) ?? (recall ? "" : draw()),
      age?.(click) ?? (age ? "" : Math.floor(draw() * 60)),
    ];
    return [1 + (i % 50), item + 1, 1_600_000_000 + i, 0.5, Number(click), ...values].join();
  });
  writeFiles(folder, {
    "events.csv": `user,video,time,progress,click,hour,recall,age\n${lines.join("\n")}\n`,
    "items.jsonl": Array.from({ length: items }, (_, i) =>
      JSON.stringify({ video: i + 1, category: i % 10, duration: duration(rate[i]), topics: ["a"], cover: [1, 2, 3] }),
    ).join("\n"),
  });
  const yaml = `events: {file: events.csv, user: user, item: video, time: time}
items: {file: items.jsonl, key: video}
`;
  const report = await checkData(parseBinding(yaml, join(folder, "data.yaml")), manifest);
  return { named: report.predictors![0].suspects, report };
}

describe("a feature that knows the label is named, with its figures and the way out", () => {
  it.each<[string, string, Planted]>([
    ["the label itself", "context.hour", { hour: (click) => Number(click) }],
    ["a copy with 5 % flips", "context.hour", { hour: (click, draw) => Number(click !== draw() < 0.05) }],
    ["a noisy function of it", "candidate.recall", { recall: (click, draw) => (click ? 3 : 1) + draw() * 2.2 }],
    [
      "one that is missing where there is no click",
      "candidate.recall",
      { recall: (click, draw) => (click ? 1 + draw() : null) },
    ],
    [
      "an id that is missing where there is a click",
      "context.hour",
      { hour: (click, draw) => (click ? null : Math.floor(draw() * 24)) },
    ],
    ["a feature of the user as it was afterwards", "user.age", { age: (click) => (click ? 20 : 50) }],
  ])("%s", async (_, name, planted) => {
    const { named, report } = await check(planted);
    expect(named).toEqual([name]);
    expect(report.warnings.join("\n")).toMatch(
      new RegExp(
        `${name} alone predicts click with an AUC of 0\\.\\d+|${name} alone predicts click with an AUC of 1\\.000`,
      ),
    );
    expect(report.warnings.join("\n")).toMatch(/3,000 training rows; the next, \S+, has 0\.\d+/);
  });

  it("two of them do not hide one another", async () => {
    const { named } = await check({ hour: (click) => Number(click), age: (click) => (click ? 20 : 50) });
    expect(named.toSorted()).toEqual(["context.hour", "user.age"]);
  });
});

describe("what honestly predicts is left alone", () => {
  it("an item's own rate, and a column that follows it", async () => {
    const { named, report } = await check({}, (rate) => Math.round(rate * 100));
    expect(named).toEqual([]);
    expect(report.predictors![0].features[0].auc).toBeGreaterThan(0.7);
    expect(report.warnings).toEqual([]);
  });

  it("features that are all good", () => {
    const of = (...aucs: number[]) => suspects(aucs.map((auc, i) => ({ feature: `f${i}`, auc })));
    expect(of(0.93, 0.9, 0.86, 0.8, 0.7)).toEqual([]);
    expect(of(0.97, 0.9, 0.86, 0.8)).toEqual(["f0"]);
    expect(of(0.84, 0.5)).toEqual([]);
    expect(of(0.99, 0.985, 0.6)).toEqual(["f0", "f1"]);
    expect(of(0.95)).toEqual(["f0"]);
  });
});
