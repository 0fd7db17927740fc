// Derivations at serving: a request with raw columns ranks as one with the features that the data made of them.

import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { Derived } from "../../contract/manifest.ts";
import { parseBinding } from "../../runtime/data/binding.ts";
import { ambiguous, derivedFeatures } from "../../runtime/data/derived-features.ts";
import { readManifest } from "../../runtime/host/manifest-file.ts";
import { withDerived } from "../../runtime/request/derived.ts";
import { load } from "../../runtime/serve/load.ts";
import { built, cleanUp, temporary, writeTables } from "../kit/built-twin.ts";
import { videoModel, writeFiles } from "../kit/data-files.ts";

afterAll(cleanUp);

const derived: Derived[] = [
  { feature: "watched.progress", kind: "scale", column: "percent", by: 0.01, plus: 0 },
  { feature: "item.topics", kind: "split", column: "topics", by: "|" },
  { feature: "item.category", kind: "map", column: "genre", values: { comedy: 3, drama: 4 }, otherwise: null },
  { feature: "user.age", kind: "scale", column: "birth_year", by: -1, plus: 2020 },
  { feature: "context.hour", kind: "map", column: "daytime", values: { morning: 8 }, otherwise: 12 },
  { feature: "candidate.recall", kind: "scale", column: "points", by: 2, plus: 1 },
];
const dir = built(videoModel({ max: 5 }), { derived });
await writeTables(dir, [1n, 2n, 3n], {
  category: [1, 2, 3],
  duration: [5, 30, 90],
  topics: [["a"], ["a", "b"], []],
  cover: [[1, 2, 3], null, [0, 0, 1]],
});
const time = 1_600_000_000;

describe("a request with raw columns", () => {
  it("ranks as one with the features themselves", async () => {
    expect(readManifest(dir).derived).toEqual(derived);
    const twin = await load(dir);
    try {
      const rank = async (user: object, history: object, context: object, candidates: object) => {
        const prepared = await twin.prepare({
          user,
          time,
          history: { item: [1n, 3n], time: [time - 9, time - 7200], ...history },
        } as never);
        return prepared.rank({ context, candidates: { item: [2n, 1n], ...candidates } } as never);
      };
      const itself = await rank(
        { age: 30 },
        { progress: [0.3, 0.7] },
        { hour: 8 },
        {
          recall: [2, 5],
          items: { category: [3, null], duration: [5, 6], topics: [["a", "b"], []], cover: [null, null] },
        },
      );
      const raw = await rank(
        { birth_year: 1990 },
        { percent: [30, 70] },
        { daytime: "morning" },
        {
          points: [0.5, 2],
          items: { genre: ["comedy", "news"], duration: [5, 6], topics: ["a||b", ""], cover: [null, null] },
        },
      );
      expect([...raw.scores.click]).toEqual([...itself.scores.click]);
      const rows = await rank(
        { birth_year: 1990 },
        { percent: [30, 70] },
        { daytime: "morning" },
        {
          points: [0.5, 2],
          items: [
            { genre: "comedy", duration: 5, topics: "a|b", cover: null },
            { genre: "news", duration: 6, topics: null, cover: null },
          ],
        },
      );
      expect([...rows.scores.click]).toEqual([...itself.scores.click]);
      // What is brought itself wins.
      const both = await rank(
        { age: 30, birth_year: 1 },
        { progress: [0.3, 0.7], percent: [0, 0] },
        { hour: 8 },
        {
          recall: [2, 5],
          points: [0, 0],
          items: {
            category: [3, null],
            genre: ["drama", "drama"],
            duration: [5, 6],
            topics: [["a", "b"], []],
            cover: [null, null],
          },
        },
      );
      expect([...both.scores.click]).toEqual([...itself.scores.click]);
      await expect(rank({ age: 30, birthyear: 1 }, { percent: [1, 2] }, {}, { points: [1, 2] })).rejects.toThrow(
        /no column `birthyear`/,
      );
    } finally {
      await twin.close();
    }
  });
});

describe("derivations", () => {
  const features = readManifest(dir).features;

  it("tell texts and numbers from what they make where the names are one", () => {
    const same: Derived[] = [{ feature: "item.topics", kind: "split", column: "topics", by: "|" }];
    const items = features.filter(({ group }) => group === "item");
    const given = { topics: ["a|b", ["c"], null] };
    expect(withDerived(same, items, given, "columns", "items")).toEqual({ topics: [["a", "b"], ["c"], null] });
    expect(withDerived([], items, given, "columns", "items")).toBe(given);
  });

  it("are what data.yaml says, with SQL named as such and renamed columns left out", async () => {
    const folder = temporary();
    writeFiles(folder, {
      "events.csv": "user,video,time,part,click\n1,1,1600000000,0.5,1\n",
      "items.csv": "video,genres,seconds\n1,a|b,10\n",
    });
    const binding = parseBinding(
      `events: {file: events.csv, user: user, item: video, time: time}
items: {file: items.csv, key: video}
columns:
  predict.click: click
  watched.progress: part
  item.topics: {split: {column: genres, by: "|"}}
  item.duration: "seconds / 2"
  context.hour: {scale: {column: hour, by: 2}}
`,
      join(folder, "data.yaml"),
    );
    const found = await derivedFeatures(binding, features);
    expect(found).toEqual([
      { feature: "item.topics", kind: "split", column: "genres", by: "|" },
      { feature: "context.hour", kind: "scale", column: "hour", by: 2, plus: 0 },
      { feature: "item.duration", kind: "sql", sql: "seconds / 2" },
    ]);
    expect(await derivedFeatures(binding, features, false)).toEqual(found);
    expect(ambiguous(found)).toEqual(["context.hour"]);
  });

  it("are not columns of the log that items are read from, under another name", async () => {
    const folder = temporary();
    writeFiles(folder, { "log.csv": "user,video,time,click,long\n1,1,1500000000,1,10\n" });
    const log = "events: {file: log.csv, user: user, item: video, time: time}\ncolumns: {predict.click: click, ";
    const made = (duration: string) =>
      derivedFeatures(parseBinding(`${log}item.duration: ${duration}}\n`, join(folder, "data.yaml")), features);
    expect(await made("long")).toEqual([]);
    expect(await made('"long / 2"')).toEqual([{ feature: "item.duration", kind: "sql", sql: "long / 2" }]);
  });
});
