// What samples with lists say of items, vocabularies, counts and negatives: what the same events say of them.
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { LearnedNumbers } from "../../contract/learned-numbers.ts";
import type { FeatureSpec } from "../../contract/manifest.ts";
import { type Binding, boundFiles, parseBinding } from "../../runtime/data/binding.ts";
import { countItems } from "../../runtime/data/counts.ts";
import { Source } from "../../runtime/data/database/source.ts";
import { checkData } from "../../runtime/data/index.ts";
import { openItems } from "../../runtime/data/items.ts";
import { learnNumbers } from "../../runtime/data/learn-numbers.ts";
import { learnVocabularies } from "../../runtime/data/learn-vocabularies.ts";
import { Negatives } from "../../runtime/data/prepare/negatives.ts";
import { openDataset } from "../../runtime/data/prepare/open.ts";
import { samplesOfLists } from "../../runtime/data/prepare/sample-rows.ts";
import { readManifest } from "../../runtime/host/manifest-file.ts";
import { built, cleanUp, temporary } from "../kit/built-twin.ts";
import { shopModel, videoModel, writeFiles } from "../kit/data-files.ts";
import { prepared, t0 } from "../kit/prepared.ts";

afterAll(cleanUp);
const manifest = readManifest(built(videoModel({ max: 4 })));
const features = manifest.features.filter(({ group }) => group === "item");

interface Met {
  readonly user: string;
  readonly video: string;
  readonly time: number;
  readonly category: number;
  readonly progress: number;
}

/** Keys as strangers have them; an item's category changes with its third event. */
const names = ["Ünal'; --", "日本 1", '"q"', "0017", "a,b"];
const met: readonly Met[] = Array.from({ length: 40 }, (_, i) => ({
  user: `u${i % 4}`,
  video: names[(i * 3 + (i >> 3)) % 5],
  time: t0 + i * 60,
  category: ((i * 3 + (i >> 3)) % 5) + (i > 25 && (i * 3 + (i >> 3)) % 5 === 1 ? 7 : 0),
  progress: i % 10,
}));
const rest = `item.duration: "7", item.topics: {split: {column: tags, by: ";"}}, item.cover: "[1.0, 2.0, 3.0]"`;

/** The log, and its samples, without an items file. */
function both(rows: readonly Met[], more = ""): { readonly log: Binding; readonly samples: Binding } {
  const folder = temporary();
  const own = ({ user, video, time, category, progress }: Met, i: number) => ({
    user,
    video,
    time,
    category,
    progress,
    tags: `t${category};s`,
    click: i % 3 === 0,
    hour: 1,
    recall: 0.5,
    age: 20,
  });
  const log = rows.map((row, i) => JSON.stringify(own(row, i)));
  const samples = rows.map((row, i) => {
    const past = rows.filter(({ user, time }) => user === row.user && time < row.time);
    const { progress: _, ...sample } = own(row, i);
    return JSON.stringify({
      ...sample,
      seq: past.map(({ video }) => video),
      times: past.map(({ time }) => time),
      progresses: past.map(({ progress }) => progress),
      categories: past.map(({ category }) => category),
      pasttags: past.map(({ category }) => `t${category};s`),
    });
  });
  writeFiles(folder, { "log.jsonl": `${log.join("\n")}\n`, "samples.jsonl": `${samples.join("\n")}\n` });
  const tail = `columns: {predict.click: click, ${rest}}\n${more}`;
  const lists = `watched: {item: seq, time: times, columns: {watched.progress: progresses, item.category: categories, item.topics: pasttags}}`;
  return {
    log: parseBinding(
      `events: {file: log.jsonl, user: user, item: video, time: time}\n${tail}`,
      join(folder, "log.yaml"),
    ),
    samples: parseBinding(
      `samples: {file: samples.jsonl, user: user, item: video, time: time, histories: {${lists}}}\n${tail}`,
      join(folder, "samples.yaml"),
    ),
  };
}

async function withSource<T>(binding: Binding, job: (source: Source) => Promise<T>): Promise<T> {
  const source = await Source.open({ reads: boundFiles(binding) });
  try {
    return await job(source);
  } finally {
    source.close();
  }
}

const itemsOf = (binding: Binding) =>
  withSource(binding, async (source) => {
    const items = await openItems(source, binding, features, "string");
    await items.check();
    const rows: Record<string, unknown>[] = [];
    for await (const { keys, columns } of items.chunks(2048)) {
      for (let i = 0; i < keys.length; i++) {
        rows.push({
          key: keys[i],
          category: Number(columns["item.category"][i]),
          topics: columns["item.topics"][i],
          duration: Number(columns["item.duration"][i]),
        });
      }
    }
    return rows;
  });

describe("without an items file", () => {
  it("items are what the same events say of them, and what is said otherwise is counted", async () => {
    const { log, samples } = both(met);
    expect(await itemsOf(samples)).toEqual(await itemsOf(log));
    const report = await checkData(samples, manifest);
    expect(report.items).toBe(5);
    // Behaviours of the item before its category changed.
    const changed = met.find(({ category }) => category > 4);
    const stale = met.flatMap((row) =>
      met.filter(
        (past) =>
          past.user === row.user &&
          past.time < row.time &&
          past.video === changed?.video &&
          past.category !== changed.category,
      ),
    );
    expect(stale.length).toBeGreaterThan(0);
    expect(report.lists).toMatchObject([{ differing: stale.length, unknown: 0 }]);
    expect(report.warnings.join()).toContain("say something else of their item than its row");
  });

  it("items that only lists name are there, with what the lists say", async () => {
    const { samples } = both(met.map((row, i) => (i < 39 ? row : { ...row, video: "last" })));
    const folder = temporary();
    writeFiles(folder, {
      "s.csv": `video,click,hour,recall,age,tags,category,seq,cats,p\nx,1,1,1,1,a,1,"gone|y","7|","1|1"\ny,0,1,1,1,a,2,,,\n`,
    });
    const only = parseBinding(
      `samples: {file: s.csv, item: video, histories: {watched: {item: seq, by: "|", columns: {watched.progress: p, item.category: cats}}}}\ncolumns: {predict.click: click, ${rest}}`,
      join(folder, "data.yaml"),
    );
    const rows = await itemsOf(only);
    expect(rows.map(({ key, category }) => [key, category])).toEqual([
      ["gone", 7],
      ["x", 1],
      ["y", 2],
    ]);
    expect((await itemsOf(samples)).length).toBe(6);
  });
});

describe("counts", () => {
  it("of vocabularies and of tables are those of the events", async () => {
    const { log, samples } = both(met, "split: {by: share, train: 80%, validation: 10%, test: rest}");
    const vocabulary = (name: string): FeatureSpec => ({
      ...manifest.features.find((one) => one.name === name)!,
      encoder: { kind: "vocabulary", max: 50, minCount: 1 },
      vocabulary: name,
    });
    const wanted = [
      ...manifest.features.filter(({ key }) => key),
      { ...vocabulary("item.category") },
      { ...vocabulary("watched.progress") },
    ];
    const [due, found] = [await learnVocabularies(log, wanted), await learnVocabularies(samples, wanted)];
    expect(found.get("item.category")).toEqual(due.get("item.category"));
    // The newest event of a user is in no list.
    expect([...(found.get("watched.progress") ?? [])].sort()).toEqual([...(due.get("watched.progress") ?? [])].sort());
    const pairs = (binding: Binding) =>
      withSource(binding, async (source) => {
        const sums = await countItems(source, binding, "string", [{ name: "watched", max: 4 }], "counted");
        const rows = await source.all(
          "SELECT twin_key, twin_pairs_0 AS pairs FROM counted WHERE twin_pairs_0 > 0 ORDER BY 1",
        );
        return { sums, rows };
      });
    expect(await pairs(samples)).toEqual(await pairs(log));
  });
});

describe("scales and edges", () => {
  /** Of a cross feature each behaviour of the training part counts once, in however many lists it stands. */
  const feature = (name: string, encoder: FeatureSpec["encoder"]): FeatureSpec => ({
    ...manifest.features.find((one) => one.name === name)!,
    encoder,
    vocabulary: null,
  });
  const standard = { kind: "number", scale: "standard" } as const;
  const quantiles = { kind: "bucketed", edges: [], quantiles: 4 } as const;
  const key = manifest.features.filter((one) => one.group === "item" && one.key);
  const split = "split: {by: share, train: 75%, validation: 10%, test: rest}";
  const learn = (binding: Binding, name: string, encoder: FeatureSpec["encoder"]) =>
    learnNumbers(binding, [...key, feature(name, encoder)]).then((found) => found.get(name));
  /** Of each user the first 7 of 10 are the training part, so that the lists name the first 6. */
  const named = met.filter((_, i) => i < 24);

  it("of features of items in lists are those of the log", async () => {
    const { log, samples } = both(met, split);
    for (const encoder of [standard, quantiles]) {
      const [due, found] = [await learn(log, "item.category", encoder), await learn(samples, "item.category", encoder)];
      expect(found).toEqual(due);
    }
    const scale = (await learn(samples, "item.category", standard)) as LearnedNumbers & { kind: "scale" };
    const all = met.filter((_, i) => i < 28).map(({ category }) => category);
    const mean = all.reduce((sum, one) => sum + one / all.length, 0);
    expect(scale.mean).toBeCloseTo(mean, 12);
  });

  it("of cross features take each behaviour of the lists once", async () => {
    const { samples } = both(met, split);
    const values = named.map(({ progress }) => progress);
    const mean = values.reduce((sum, one) => sum + one / values.length, 0);
    const deviation = Math.sqrt(values.reduce((sum, one) => sum + (one - mean) ** 2 / values.length, 0));
    const scale = (await learn(samples, "watched.progress", standard)) as LearnedNumbers & { kind: "scale" };
    expect(scale.mean).toBeCloseTo(mean, 12);
    expect(scale.deviation).toBeCloseTo(deviation, 12);
    const sorted = values.toSorted((a, b) => a - b);
    const edges = [1, 2, 3].map((i) => sorted[Math.ceil((i * values.length) / 4) - 1]);
    expect(await learn(samples, "watched.progress", quantiles)).toEqual({ kind: "edges", edges, quantiles: 4 });
  });
});

it("rows of one user and time are one request where their lists are equal, wherever they stand among them", () => {
  const items = Int32Array.of(1, 2, 3, 1, 2, 3, 1, 2);
  // Lists 1, 2 and 3 and 1, 2 again: rows 0 and 2 are together, row 1 is not, and row 3 is at another time.
  const met = [{ items, at: Int32Array.of(0, 1, 2, 3, 4, 6, 7), starts: Int32Array.of(0, 2, 3, 5, 7) }];
  const block = {
    starts: Int32Array.of(0, 4),
    times: Float64Array.of(9, 9, 9, 8),
    items: Int32Array.of(4, 5, 6, 7),
    rows: Float64Array.of(0, 1, 2, 3),
    parts: new Int32Array(4),
    labels: [Float64Array.of(1, 1, 1, 1)],
  };
  for (const [kind, due] of [
    [
      "exclude",
      [
        [3, 5, 7],
        [1, 2, 4, 6, 7],
        [3, 5, 7],
        [3, 4, 5, 6],
      ],
    ],
    [
      "allow",
      [
        [1, 2, 3, 5, 7],
        [1, 2, 3, 4, 6, 7],
        [1, 2, 3, 5, 7],
        [1, 2, 3, 4, 5, 6],
      ],
    ],
  ] as const) {
    const negatives = new Negatives(Uint32Array.of(0, 1, 1, 1, 1, 1, 1, 1), {
      perPositive: 300,
      by: "uniform",
      met: kind,
      seed: 1,
    });
    const [training] = samplesOfLists(block, met, negatives, false);
    const drawn = block.items.length;
    const found = Array.from({ length: drawn }, (_, row) => {
      const own = [...training.candidate].filter((_, i) => training.row[i] === row && training.drawn[i] === 1);
      return [...new Set(own)].sort((a, b) => a - b);
    });
    expect(found).toEqual(due);
  }
});

describe("negatives of lists", () => {
  const shop = readManifest(built(shopModel()));
  const bought = Array.from({ length: 60 }, (_, i) => ({ user: i % 6, sku: (i * 7 + (i >> 2)) % 20, time: t0 + i }));

  function bound(negatives: string): Binding {
    const folder = temporary();
    const lines = bought.map(({ user, sku, time }) => {
      const past = bought.filter((one) => one.user === user && one.time < time);
      return `${user},${sku},${time},1,"${past.map((one) => one.sku).join("|")}","${past.map((one) => one.time).join("|")}"`;
    });
    const items = Array.from({ length: 30 }, (_, i) => i).join("\n");
    writeFiles(folder, {
      "s.csv": `user,sku,time,recall,seq,times\n${lines.join("\n")}\n`,
      "items.csv": `sku\n${items}\n`,
    });
    return parseBinding(
      `samples: {file: s.csv, user: user, item: sku, time: time, histories: {bought: {item: seq, by: "|", time: times}}}
items: {file: items.csv, key: sku}
columns: {predict.buy: "true"}
negatives: ${negatives}
`,
      join(folder, "data.yaml"),
    );
  }

  it("are no item of the sample's list, and as many as the check says", async () => {
    const binding = bound("{per_positive: 8, by: uniform}");
    const done = await prepared(binding, shop);
    // `data check` says more of each part than what is prepared does.
    expect((await checkData(binding, shop)).parts).toMatchObject(done.report.parts);
    const dataset = await openDataset(done.folder);
    const all = Uint32Array.from({ length: dataset.count("training") }, (_, i) => i);
    const { row, candidate, histories, time, user } = dataset.batch("training", all, {});
    const { item, length, lengths } = histories.bought;
    const drawn = [...all].filter((i) => row[i] < 0);
    expect(drawn.length).toBe(60 * 8);
    for (const i of drawn) {
      const seen = [...item.subarray(i * length, i * length + lengths[i])];
      const own = all.find((j) => row[j] >= 0 && time[j] === time[i] && user[j] === user[i]);
      expect(seen).not.toContain(candidate[i]);
      expect(candidate[own ?? 0]).not.toBe(candidate[i]);
    }
    // Each draw is one of the 30 less what was met, and the candidate.
    const met = (i: number): number => new Set([...item.subarray(i * length, i * length + lengths[i])]).size + 1;
    const { offset } = dataset.batch("training", all, {});
    const first = drawn.find((i) => lengths[i] === 0) ?? 0;
    expect(offset[first]).toBeCloseTo(-Math.log((8 * (1 / 30)) / (1 - met(first) / 30)), 5);
    dataset.close();
  });
});
