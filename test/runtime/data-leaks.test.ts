// `data check` names the feature that knows the label, and no other.
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { reportText } from "../../cli/data-report.ts";
import { parseBinding } from "../../runtime/data/binding.ts";
import { checkData } from "../../runtime/data/check/check.ts";
import { suspects } from "../../runtime/data/check/single-features.ts";
import { readManifest } from "../../runtime/host/manifest-file.ts";
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
  return { named: report.predictors![0].suspects.map(({ feature }) => feature), report };
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
  ])("%s", async (what, name, planted) => {
    const { named, report } = await check(planted);
    expect(named).toEqual([name]);
    const missing = what.includes("missing") ? ", by being missing or not," : "";
    expect(report.warnings.join("\n")).toMatch(
      new RegExp(`${name} alone${missing} predicts click with an AUC of (0\\.\\d+|1\\.000) on rows`),
    );
    expect(report.warnings.join("\n")).toMatch(/3,000 training rows; the next, \S+, has 0\.\d+/);
  });

  it("two of them do not hide one another", async () => {
    const { named } = await check({ hour: (click) => Number(click), age: (click) => (click ? 20 : 50) });
    expect(named.toSorted()).toEqual(["context.hour", "user.age"]);
  });
});

const wide = readManifest(
  built(`model wide

item {
  video: hashed(buckets: 5k, dim: 4, key: true)
  rate:  number(scale: none)
}

user {
  person: hashed(buckets: 5k, dim: 4, key: true)
  share:  number(scale: log)
}

context {
  words: tags(buckets: 5k, max: 4, dim: 4)
  page:  hashed(buckets: 100k, dim: 4)
}

candidate {
  recall: number(scale: none)
  cover:  pretrained(size: 24)
}

history seen {
  of:  item
  max: 20

  cross {
    liked: flag(dim: 4)
  }
}

metric relevance {
  query: item
  keys:  seen.item
  bias:  seen.cross
  heads: 1
  dim:   4
}

search nearest {
  from: seen
  by:   relevance
  keep: 5
}

attend interest {
  over: nearest
  by:   relevance
}

tower ranking {
  input:  [interest, item, user, context, candidate]
  hidden: [4]

  predict {
    click: binary
  }
}
`),
);

interface Event {
  readonly i: number;
  readonly item: number;
  readonly user: number;
  readonly click: boolean;
}

/** Features of an event that know nothing, over which those of `planted` go; `rate` and `share` by item and user. */
async function checkWide(
  planted: (event: Event, draw: () => number) => Record<string, unknown>,
  of: {
    readonly events?: number;
    readonly items?: number;
    readonly users?: number;
    readonly click?: number;
    readonly rate?: (clicks: readonly boolean[], draw: () => number) => number | null;
    readonly share?: (clicks: readonly boolean[]) => number | null;
  } = {},
) {
  const draw = uniform(11);
  const folder = temporary();
  const { items = 300, users = 100 } = of;
  const events = Array.from({ length: of.events ?? 2500 }, (_, i): Event => {
    // Few items have most of the events.
    const item = 1 + Math.floor(items * draw() ** 3);
    return { i, item, user: 1 + Math.floor(users * draw() ** 3), click: draw() < (of.click ?? 0.4) };
  });
  const clicks = (key: "item" | "user", value: number): boolean[] =>
    events.filter((event) => event[key] === value).map(({ click }) => click);
  const lines = events.map((event) => ({
    user: event.user,
    video: event.item,
    time: 1_600_000_000 + event.i,
    click: Number(event.click),
    liked: event.click,
    words: [0, 1, 2].map(() => `w${Math.floor(draw() * 1000)}`),
    page: `p${event.i}`,
    recall: draw(),
    cover: Array.from({ length: 24 }, () => draw()),
    ...planted(event, draw),
  }));
  const own = (key: string, count: number, feature: string, value: (clicks: readonly boolean[]) => number | null) =>
    Array.from({ length: count }, (_, i) =>
      JSON.stringify({ [key]: i + 1, [feature]: value(clicks(key === "video" ? "item" : "user", i + 1)) }),
    ).join("\n");
  writeFiles(folder, {
    "events.jsonl": lines.map((line) => JSON.stringify(line)).join("\n"),
    "items.jsonl": own("video", items, "rate", (found) => (of.rate ?? (() => draw()))(found, draw)),
    "users.jsonl": own("user", users, "share", of.share ?? (() => draw())),
  });
  const yaml = `events: {file: events.jsonl, user: user, item: video, time: time}
items: {file: items.jsonl, key: video}
users: {file: users.jsonl, key: user}
columns: {user.person: user}
`;
  const report = await checkData(parseBinding(yaml, join(folder, "data.yaml")), wide);
  return { report, predictors: report.predictors![0] };
}

const mean = (clicks: readonly boolean[]): number | null =>
  clicks.length === 0 ? null : clicks.filter(Boolean).length / clicks.length;

describe("whatever its kind", () => {
  it.each<[string, string, (event: Event, draw: () => number) => Record<string, unknown>]>([
    [
      "one tag among others",
      "context.words",
      ({ click }, draw) => ({
        words: [...[0, 1, 2].map(() => `w${Math.floor(draw() * 1000)}`), click ? "bought" : "left"],
      }),
    ],
    ["a hashed id that only clicks have", "context.page", ({ i, click }) => ({ page: click ? `p${i}` : null })],
    ["a hashed text that says it", "context.page", ({ i, click }) => ({ page: `${click ? "a" : "b"}${i % 7}` })],
    [
      "one element of a vector",
      "candidate.cover",
      ({ click }, draw) => ({
        cover: Array.from({ length: 24 }, (_, j) => (j === 17 ? Number(click) + draw() : draw())),
      }),
    ],
    ["a vector that only clicks have", "candidate.cover", ({ click }) => (click ? {} : { cover: null })],
    ["a number that is 0 or missing", "candidate.recall", ({ click }) => ({ recall: click ? 0 : null })],
    [
      "a number that is 0 or missing, with 5 % flips",
      "candidate.recall",
      ({ click }, draw) => ({ recall: click !== draw() < 0.05 ? 0 : null }),
    ],
  ])("%s", async (_, name, planted) => {
    const { report, predictors } = await checkWide(planted);
    expect(predictors.suspects.map(({ feature, rare }) => [feature, rare])).toEqual([[name, null]]);
    expect(report.warnings).toHaveLength(1);
  });

  it("where ones are one in a thousand, and a third of the rows is not looked at", async () => {
    const { report, predictors } = await checkWide(
      ({ click }, draw) => ({ cover: null, recall: Number(click !== draw() < 0.05) }),
      { events: 30_000, click: 0.001 },
    );
    expect(predictors.rows).toBeGreaterThan(18_000);
    expect(predictors.rows).toBeLessThan(22_000);
    const all = report.parts[0].samples.toLocaleString("en-GB");
    const rows = `${predictors.rows.toLocaleString("en-GB")} of ${all} training rows`;
    expect(reportText(report)).toContain(
      `alone, out of fold, click is predicted best by (AUC, ${rows}): candidate.recall 0.9`,
    );
    expect(predictors.suspects.map(({ feature }) => feature)).toEqual(["candidate.recall"]);
  });

  it("each one of few is looked at, also of features of which most rows are not", async () => {
    const { predictors } = await checkWide(
      ({ click }, draw) => ({
        page: "p",
        words: null,
        cover: Array.from({ length: 24 }, (_, j) => (j === 17 ? Number(click) + draw() : draw())),
      }),
      { events: 60_000, click: 0.0005 },
    );
    expect(predictors.suspects).toMatchObject([{ feature: "candidate.cover", rare: null }]);
    expect(predictors.suspects[0].auc).toBeGreaterThan(0.95);
  });

  it("nothing, where nothing knows it; a cross feature that is the label of its own event is none", async () => {
    const { report, predictors } = await checkWide(() => ({}));
    expect(predictors.suspects).toEqual([]);
    expect(report.warnings).toEqual([]);
    expect(predictors.features.map(({ feature }) => feature).toSorted()).toEqual([
      "candidate.cover",
      "candidate.recall",
      "context.page",
      "context.words",
      "item.rate",
      "item.video",
      "user.person",
      "user.share",
    ]);
    expect(predictors.features[0].auc).toBeLessThan(0.56);
  });
});

describe("rates over all events know the label of what has few", () => {
  const many = { events: 6000, items: 1500 };

  it.each<[string, (clicks: readonly boolean[]) => number | null]>([
    ["the rate itself", mean],
    ["drawn towards the mean", (clicks) => (clicks.filter(Boolean).length + 4) / (clicks.length + 10)],
  ])("of an item: %s", async (_, rate) => {
    const { report, predictors } = await checkWide(() => ({}), { ...many, rate });
    expect(predictors.suspects).toMatchObject([{ feature: "item.rate", rare: "item" }]);
    expect(report.warnings.join()).toContain("training rows of items with at most two labelled events");
    expect(report.warnings.join()).toContain("Make it of events before the sample's");
  });

  it("of a user", async () => {
    const { predictors } = await checkWide(() => ({}), { events: 6000, users: 1500, share: mean });
    expect(predictors.suspects).toMatchObject([{ feature: "user.share", rare: "user" }]);
  });

  it("where nearly all have few, it stands out as it is", async () => {
    const { predictors } = await checkWide(() => ({}), { events: 4000, items: 3000, rate: mean });
    expect(predictors.suspects).toMatchObject([{ feature: "item.rate", rare: null }]);
  });

  it("and how many events there are does not", async () => {
    const { predictors } = await checkWide(() => ({}), { ...many, rate: ({ length }) => length });
    expect(predictors.suspects).toEqual([]);
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
    expect(of(0.93, 0.9, 0.86, 0.8, 0.7)).toBe(0);
    expect(of(0.97, 0.9, 0.86, 0.8)).toBe(1);
    expect(of(0.84, 0.5)).toBe(0);
    expect(of(0.99, 0.985, 0.6)).toBe(2);
    expect(of(0.95)).toBe(1);
  });
});
