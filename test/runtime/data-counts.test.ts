// Item frequency as coverage counts it, and vocabularies learned from the training part.
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import type { FeatureSpec } from "../../contract/manifest.ts";
import { boundFiles, parseBinding } from "../../runtime/data/binding.ts";
import { countItems } from "../../runtime/data/counts.ts";
import { Source } from "../../runtime/data/database/source.ts";
import { learnVocabularies } from "../../runtime/data/learn-vocabularies.ts";
import { learnVocabulary } from "../../runtime/data/learn-vocabulary.ts";
import { readHistories } from "../../runtime/data/samples.ts";
import { readManifest } from "../../runtime/host/manifest-file.ts";
import { built, cleanUp, temporary } from "../kit/built-twin.ts";
import { videoModel, writeFiles } from "../kit/data-files.ts";

const folder = temporary();
afterAll(cleanUp);
const manifest = readManifest(built(videoModel({ max: 4 })));
const t0 = 1_600_000_000;

describe("item frequency", () => {
  it("counts the (request, behaviour) pairs that the histories themselves show", async () => {
    const event = fc.record({
      user: fc.integer({ min: 1, max: 3 }),
      video: fc.integer({ min: 1, max: 6 }),
      time: fc.integer({ min: t0, max: t0 + 20 }),
      kept: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(event, { minLength: 2, maxLength: 40 }), fc.boolean(), async (events, where) => {
        const rows = events.map(({ user, video, time, kept }) => `${user},${video},${time},${kept},0.5,1,1,20`);
        writeFiles(folder, { "e.csv": `user,video,time,kept,progress,hour,recall,age\n${rows.join("\n")}\n` });
        const history = where ? "history: {watched: {where: kept}}\n" : "";
        const binding = parseBinding(
          `events: {file: e.csv, user: user, item: video, time: time}\n${history}`,
          join(folder, "d.yaml"),
        );
        const pairs = new Map<number, number>();
        for await (const user of readHistories(binding, manifest)) {
          for (const request of user.requests) {
            for (const key of request.history.watched.item as BigInt64Array) {
              pairs.set(Number(key), (pairs.get(Number(key)) ?? 0) + request.rows.length);
            }
          }
        }
        const source = await Source.open({ reads: boundFiles(binding) });
        const [total] = await countItems(source, binding, "int64", [{ name: "watched", max: 4 }], "counted");
        const counted = await source.all("SELECT twin_key, twin_n_0, twin_pairs_0 FROM counted WHERE twin_pairs_0 > 0");
        source.close();
        expect(new Map(counted.map((row) => [Number(row.twin_key), Number(row.twin_pairs_0)]))).toEqual(pairs);
        expect(total).toBe([...pairs.values()].reduce((sum, n) => sum + n, 0));
      }),
      { numRuns: 15 },
    );
  });
});

const feature = (name: string, encoder: FeatureSpec["encoder"], more: Partial<FeatureSpec> = {}): FeatureSpec => ({
  name,
  group: name.startsWith("item.") ? "item" : name.startsWith("user.") ? "user" : "context",
  column: name.slice(name.indexOf(".") + 1),
  formerly: null,
  key: false,
  encoder,
  dtype: "int32",
  shape: [],
  embedding: null,
  vocabulary: name,
  ...more,
});

describe("vocabularies", () => {
  const events = [
    ["ann", "x", t0, "home"],
    ["ann", "y", t0 + 1, "search"],
    ["bob", "x", t0 + 2, "home"],
    ["bob", "z", t0 + 3, "feed"],
    ["cat", "q", t0 + 100, "late"],
    ["cat", "q", t0 + 101, "late"],
    ["cat", "q", t0 + 102, "late"],
  ];
  writeFiles(folder, {
    "log.csv": `user,video,time,tab\n${events.map((event) => event.join()).join("\n")}\n`,
    "items.csv": "video,author,genres\nx,9007199254740993,drama|war\ny,7,war\nz,7,\nq,8,late\nunseen,8,never\n",
    "users.csv": "user,city\nann,oslo\nbob,rome\ncat,late\n",
  });
  const binding = parseBinding(
    `events: {file: log.csv, user: user, item: video, time: time}
items: {file: items.csv, key: video}
users: {file: users.csv, key: user}
columns: {item.genres: {split: {column: genres, by: "|"}}}
split: {by: time, train: ..${t0 + 10}}`,
    join(folder, "d.yaml"),
  );
  const learn = async (spec: FeatureSpec, from = binding): Promise<string[]> => {
    const source = await Source.open({ reads: boundFiles(from) });
    try {
      return await learnVocabulary(spec, from, source, "string");
    } finally {
      source.close();
    }
  };
  const words = (max: number, minCount: number) => ({ kind: "vocabulary", max, minCount }) as const;

  it("are the most frequent values of the training part, ties by text", async () => {
    expect(await learn(feature("item.video", words(10, 1), { key: true }))).toEqual(["x", "y", "z"]);
    expect(await learn(feature("item.video", words(10, 2), { key: true }))).toEqual(["x"]);
    expect(await learn(feature("context.tab", words(2, 1)))).toEqual(["home", "feed"]);
    expect(await learn(feature("user.city", words(9, 1)))).toEqual(["oslo", "rome"]);
    expect(await learn(feature("user.user", words(9, 1), { key: true }))).toEqual(["ann", "bob"]);
  });

  it("count item features once an event, integers exactly", async () => {
    expect(await learn(feature("item.author", words(9, 1)))).toEqual(["7", "9007199254740993"]);
    const tags = { kind: "tags", of: words(9, 1), max: 3 } as const;
    expect(await learn(feature("item.genres", tags))).toEqual(["war", "drama"]);
  });

  it("count items where there is no log", async () => {
    const items = parseBinding(`items: {file: items.csv, key: video}`, join(folder, "d.yaml"));
    expect(await learn(feature("item.author", words(9, 2)), items)).toEqual(["7", "8"]);
  });

  it("are learned for every feature that owns one", async () => {
    const told: string[] = [];
    const specs = [
      feature("item.video", words(10, 1), { key: true }),
      feature("item.author", words(9, 1)),
      feature("item.other", words(9, 1), { vocabulary: "item.author" }),
      feature("context.tab", { kind: "hashed", buckets: 5 }, { vocabulary: null }),
    ];
    const learned = await learnVocabularies(binding, specs, ({ feature: name, entries }) =>
      told.push(`${name} ${entries}`),
    );
    expect([...learned.keys()]).toEqual(["item.video", "item.author"]);
    expect(told).toEqual(["item.video 3", "item.author 2"]);
  });
});
