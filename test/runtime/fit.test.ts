// A build that was made to fit: an entry that was left out ranks, bit for bit, as an unknown value does in the whole build.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { compile, type Fit, initialValues, parameters } from "../../compiler/index.ts";
import { fitted, keptRows } from "../../compiler/plan/fit.ts";
import { pickedRows } from "../../compiler/values/picked-rows.ts";
import { countEntries } from "../../runtime/data/count-entries.ts";
import { learnVocabularies } from "../../runtime/data/learn-vocabularies.ts";
import { readManifest } from "../../runtime/host/manifest-file.ts";
import { load, selfTest } from "../../runtime/index.ts";
import { built, cleanUp, temporary } from "../kit/built-twin.ts";
import { writeFiles } from "../kit/data-files.ts";
import { now, numbers } from "../kit/rank-model.ts";
import { compiled } from "../kit/small-model.ts";

afterAll(cleanUp);

/** Vocabularies of every kind: of the key, shared with the user, of tags, of a cross feature. */
const source = (metric: string, table: string, value: string) => `model pruned

item {
  video:  vocabulary(max: 60, dim: 4, key: true)
  maker:  vocabulary(max: 20, dim: 3)
  topics: tags(vocabulary: 30, max: 3, dim: 4)
}

user {
  favourite: vocabulary(max: 20, shares: item.maker)
}

history watched {
  of:  item
  max: 40
  cross {
    ago:   elapsed(at: [1h, 1d], dim: 3)
    place: vocabulary(max: 12, dim: 2)
  }
}

metric relevance {
  ${metric}
}

search nearest { from: watched by: relevance keep: 6 }
attend interest { over: nearest by: relevance ${value} }
attend recent { over: watched.last(4) by: mean }

tower ranking {
  input:  [interest, recent, item, user]
  hidden: [8]
  predict { click: binary }
}
${table}`;

const shared = source(
  "query: item keys: watched.item bias: watched.cross heads: 2 dim: 4",
  "table video_keys { of: relevance.keys precision: float32 }",
  "",
);
const matched = source(
  "query: item keys: watched.item bias: watched.cross heads: 2 dim: 4",
  "",
  "value: plain",
).replace("by: relevance keep: 6", "by: match(item.maker) keep: 6");

/** Tables of the metric's own, whose rows go with their vocabularies. */
const own = source(
  "query: [item.video, item.maker] keys: [watched.item.video, watched.item.maker] bias: watched.cross dim: 8 embeddings: own(dim: 4)",
  "",
  "value: product",
);

const named = (stem: string, count: number) => Array.from({ length: count }, (_, i) => `${stem}${i}`);
const vocabularies = new Map([
  ["item.video", named("", 50)],
  ["item.maker", named("maker ", 20)],
  ["item.topics", named("topic ", 17)],
  ["watched.place", named("place ", 9)],
]);

/** Every third entry goes; of the places all do. */
const kept = new Map(
  [...vocabularies].map(([feature, { length }]) => [
    feature,
    Int32Array.from(
      feature === "watched.place"
        ? []
        : named("", length)
            .map(Number)
            .filter((i) => i % 3 !== 1),
    ),
  ]),
);
const fit: Fit = {
  budget: 1,
  counted: true,
  vocabularies: new Map(
    [...kept].map(([feature, keep]) => [feature, { keep, of: vocabularies.get(feature)!.length, lost: 0.5 }]),
  ),
  precisions: new Map(),
};

/** A request over all entries; `known` says what becomes of one. */
function request(seed: number, known: (feature: string, value: string) => string) {
  const next = numbers(seed);
  const draw = <T>(length: number, make: () => T) => Array.from({ length }, make);
  const one = (feature: string) => {
    const entries = vocabularies.get(feature)!;
    return known(feature, entries[Math.floor(next() * entries.length)]);
  };
  const items = (length: number) => ({
    item: draw(length, () => one("item.video")),
    items: {
      maker: draw(length, () => one("item.maker")),
      topics: draw(length, () => draw(2, () => one("item.topics"))),
    },
  });
  return {
    prepare: {
      time: now,
      user: { favourite: one("item.maker") },
      history: {
        watched: {
          ...items(30),
          time: draw(30, () => now - 1 - Math.floor(next() * 1e6)),
          place: draw(30, () => one("watched.place")),
        },
      },
    },
    rank: { candidates: items(8) },
  };
}

const asIs = (_: string, value: string): string => value;
const without = (feature: string, value: string): string => {
  const place = vocabularies.get(feature)!.indexOf(value);
  return kept.get(feature)!.includes(place) ? value : feature === "item.video" ? "987654321" : "never seen";
};

async function ranked(dir: string, known: typeof asIs) {
  const twin = await load(dir, { threads: 1 });
  try {
    const found = [];
    for (const seed of [1, 2, 3]) {
      const { prepare, rank } = request(seed, known);
      const { logits, kept: lists } = await (await twin.prepare(prepare)).rank(rank);
      found.push({ logits: [...logits.click], lists: [...(lists?.positions ?? [])] });
    }
    return found;
  } finally {
    await twin.close();
  }
}

describe.each([
  ["a search by a metric, and a table", shared],
  ["a search by what matches", matched],
  ["a metric with tables of its own", own],
])("entries that are left out, under %s", (_, text) => {
  const whole = built(text, { vocabularies });
  const smaller = built(text, { vocabularies, fit });

  it("rank as unknown values do, and those that stay as they did", async () => {
    expect(await ranked(smaller, asIs)).toEqual(await ranked(whole, without));
    expect(await ranked(smaller, without)).toEqual(await ranked(whole, without));
    // They do count in the whole build.
    expect(await ranked(whole, asIs)).not.toEqual(await ranked(whole, without));
  });

  it("are none where only rows go that no entry has: all scores stay to the bit", async () => {
    const every = new Map(
      [...vocabularies].map(([feature, { length: of }]) => [
        feature,
        { keep: Int32Array.from({ length: of }, (_, place) => place), of, lost: 0 },
      ]),
    );
    const dense = built(text, { vocabularies, fit: { ...fit, vocabularies: every } });
    expect(readManifest(dense).embeddings.map(({ rows }) => rows)).not.toEqual(
      readManifest(whole).embeddings.map(({ rows }) => rows),
    );
    expect(await ranked(dense, asIs)).toEqual(await ranked(whole, asIs));
  });

  it("leave a build that is sound, and says what went", async () => {
    const { parity } = await selfTest(smaller, { requests: 4 });
    expect(parity.length).toBeGreaterThan(20);
    expect(parity.filter(({ wrong }) => wrong > 0)).toEqual([]);
    const text = readFileSync(join(smaller, "manifest.yaml"), "utf8");
    expect(text).toContain("{feature: item.video, entries: 33, of: 50, lost: 0.5}");
    expect(text).toContain("the vocabulary of watched.place holds 0 of 9 entries");
    expect(readFileSync(join(smaller, "vocabularies/item.maker.jsonl"), "utf8").split("\n").slice(0, 4)).toEqual([
      '{"format":1,"feature":"item.maker","entries":13}',
      '"maker 0"',
      '"maker 2"',
      '"maker 3"',
    ]);
  });
});

it.each([shared, matched, own])("every parameter has the rows that stay of it, and no other changes", (text) => {
  const { model } = compile("own.twin", { version: "1", resolve: () => text });
  if (model === null) {
    throw new Error("no model");
  }
  const rows = keptRows(model, fit);
  const due = parameters(model).map(({ name, shape }) => [
    name,
    [rows.get(name)?.length ?? shape[0], ...shape.slice(1)],
  ]);
  expect(parameters(fitted(model, fit)).map(({ name, shape }) => [name, shape])).toEqual(due);
  expect([...rows.keys()].filter((name) => name.includes(".own."))).toHaveLength(text === own ? 2 : 0);
});

it("rows are picked alike whole and in pieces, wherever those are cut", () => {
  const { model } = compiled(shared, { vocabularies });
  const all = parameters(model);
  const values = initialValues(all, 3);
  const table = "item.topics.table";
  const rows = Int32Array.of(0, 1, 2, 7, 8, 29);
  const bytes = [...values.chunks(table)].flatMap((piece) => [...piece]);
  for (const size of [4, 12, 20, 64, 1000]) {
    const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
      Uint8Array.from(bytes.slice(i * size, (i + 1) * size)),
    );
    const cut = { ...values, chunks: () => pieces };
    const picked = pickedRows(all, cut, new Map([[table, rows]]));
    const due = [...rows].flatMap((row) => bytes.slice(row * 16, (row + 1) * 16));
    expect([...picked.chunks(table)].flatMap((piece) => [...piece])).toEqual(due);
    expect([...new Uint8Array(picked.read(table).buffer)]).toEqual(due);
  }
});

it("entries are counted as they were learned: by events of the training part, tags one by one", async () => {
  const folder = temporary();
  writeFiles(folder, {
    "events.csv": `user,video,time,place\n${[
      ["a", 1, "2023-01-01", "x"],
      ["a", 1, "2023-01-02", "y"],
      ["b", 2, "2023-01-03", "x"],
      ["b", 1, "2023-01-04", ""],
      ["b", 3, "2023-01-09", "z"],
    ]
      .map((row) => row.join(","))
      .join("\n")}\n`,
    "items.csv": "video,maker,topics\n1,m,t|u|t\n2,n,u\n3,m,\n",
    "data.yaml": `events: {file: events.csv, user: user, item: video, time: time}
items: {file: items.csv, key: video}
columns:
  item.topics: {split: {column: topics, by: "|"}}
split: {by: time, train: ..2023-01-05, test: rest}
`,
  });
  const { manifest } = compiled(shared, { vocabularies });
  const data = join(folder, "data.yaml");
  const features = manifest.features.filter(({ group }) => group !== "user");
  const learned = await learnVocabularies(data, features);
  expect(learned.get("item.video")).toEqual(["1", "2"]);
  const given = new Map([...learned].map(([feature, entries]) => [feature, ["absent", ...entries]]));
  const counts = await countEntries(data, features, given);
  const of = (feature: string) =>
    Object.fromEntries(given.get(feature)!.map((entry, i) => [entry, counts.get(feature)![i]]));
  expect(of("item.video")).toEqual({ absent: 0, 1: 3, 2: 1 });
  expect(of("item.maker")).toEqual({ absent: 0, m: 3, n: 1 });
  expect(of("item.topics")).toEqual({ absent: 0, t: 3, u: 4 });
  expect(of("watched.place")).toEqual({ absent: 0, x: 2, y: 1 });
});
