// Importance by shuffling: of scores whose makeup is known, what is lost is what the shuffled scores say; of a build, by the
// command's own path.
import { afterAll, describe, expect, it } from "vitest";
import type { FeatureSpec } from "../../../contract/manifest.ts";
import { random } from "../../../contract/random.ts";
import { type BatchScoring, type ExchangedSamples, openBatchScoring } from "../../../runtime/evaluate/batch-rows.ts";
import { evaluate } from "../../../runtime/evaluate/evaluate.ts";
import { type ImportanceOptions, importanceOf, type Loss } from "../../../runtime/evaluate/importance.ts";
import { importanceText } from "../../../runtime/evaluate/importance-text.ts";
import type { Collected, Task } from "../../../runtime/evaluate/rows.ts";
import type { ScoredBatch } from "../../../runtime/learn/score.ts";
import { auc, gauc, userAucs } from "../../../runtime/metrics/auc.ts";
import { logloss } from "../../../runtime/metrics/logloss.ts";
import { LocalTwin } from "../../../runtime/serve/twin.ts";
import { cleanUp } from "../../kit/built-twin.ts";
import { evaluated } from "../../kit/evaluated.ts";

afterAll(cleanUp);

const [rows, users] = [600, 30];
const { next, below } = random(8);
/** By what is exchanged, its part of each sample's logit. */
const parts: Readonly<Record<string, Float64Array>> = Object.fromEntries(
  ["item.a", "item.b", "user.c", "watched.met", "behaviours"].map((name) => [
    name,
    Float64Array.from({ length: rows }, () => (name === "user.c" ? 0 : 2 * next() - 1)),
  ]),
);
const logitOf = (whose: (part: string) => number) =>
  Object.entries(parts).reduce((sum, [name, values]) => sum + values[whose(name)], 0);
const base = Float32Array.from({ length: rows }, (_, i) => logitOf(() => i));
const label = Float32Array.from(base, (z) => (next() < 1 / (1 + Math.exp(-3 * z)) ? 1 : 0));
const offset = Float32Array.from({ length: rows }, () => (next() < 0.5 ? 0 : 0.7));

const all: Collected = {
  rows,
  users,
  requests: rows,
  user: Uint32Array.from({ length: rows }, () => below(users)),
  row: Float64Array.from({ length: rows }, (_, i) => i),
  time: new Float64Array(rows),
  request: Uint32Array.from({ length: rows }, (_, i) => i),
  historyLength: new Int32Array(rows),
  newItem: null,
  // Some rows do not count.
  labels: { click: label.map((y, i) => (i % 9 === 0 ? Number.NaN : y)), rating: base.map((z) => 2 * z) },
  predictions: { click: base, rating: base },
  weight: null,
  // Samples are numbered otherwise than rows.
  prepared: { sample: Uint32Array.from({ length: rows }, (_, i) => rows - 1 - i), item: new Int32Array(rows), offset },
};
const tasks: Task[] = [
  { name: "click", kind: "binary", where: null, calibration: null },
  { name: "rating", kind: "regression", where: null, calibration: null },
];
const feature = (name: string, group: FeatureSpec["group"]) => ({ name, group }) as unknown as FeatureSpec;
const manifest = {
  features: [
    feature("item.a", "item"),
    feature("item.b", "item"),
    feature("item.unread", "item"),
    feature("user.c", "user"),
    feature("watched.met", "stats"),
    feature("watched.ago", "cross"),
  ],
  histories: [{ name: "watched", cross: ["watched.ago"], stats: ["watched.met"] }],
} as unknown as Parameters<typeof importanceOf>[4];

/** Scores as they were made, each part the sample's own or the donor's. */
function madeUp() {
  const asked: ExchangedSamples[] = [];
  const scoring = {
    plan: {
      itemFeatures: ["item.a", "item.b"],
      singleFeatures: ["user.c", "watched.met"],
      histories: [{ name: "watched", cross: ["watched.ago"] }],
    },
    async *exchanged(_: string, wanted: ExchangedSamples) {
      asked.push(wanted);
      const logits = scores(wanted);
      for (let from = 0; from < logits.length; from += 70) {
        const some = logits.slice(from, from + 70);
        yield { rows: some.length, logit: { click: some, rating: some } } as unknown as ScoredBatch;
      }
    },
  } as unknown as BatchScoring;
  return { scoring, asked };
}

function scores({ samples, donors, exchange }: ExchangedSamples): Float32Array {
  const taken = new Set(
    exchange.kind === "history"
      ? ["behaviours", ...exchange.stats]
      : exchange.kind === "cross"
        ? []
        : [...exchange.features],
  );
  return Float32Array.from(samples, (sample, i) =>
    logitOf((part) => rows - 1 - (taken.has(part) ? donors[i] : sample)),
  );
}

const find = (losses: readonly Loss[], of: Loss["of"], name: string) =>
  losses.find((one) => one.of === of && one.name === name)!;

async function measured(options: Partial<ImportanceOptions> = {}) {
  const { scoring, asked } = madeUp();
  const found = await importanceOf(scoring, "test", all, tasks, manifest, { seed: 4, repeats: 2, ...options });
  return { ...found, asked };
}

describe("importance", () => {
  it("is what the measures lose in the shuffled scores, with the offset of the draws, on the rows that count", async () => {
    const { losses, labels, asked } = await measured();
    const counts = Array.from(label.keys()).filter((i) => i % 9 !== 0);
    const of = (values: (i: number) => number) => {
      const score = Float64Array.from(counts, (i) => values(i) + offset[i]);
      const y = Uint8Array.from(counts, (i) => label[i]);
      const user = Uint32Array.from(counts, (i) => all.user[i]);
      const ranked = { label: y, score };
      return [auc(ranked), gauc(userAucs(ranked, user, users)).gauc, -logloss(score, y)];
    };
    const before = of((i) => base[i]);
    expect(labels[0].measures.auc).toBeCloseTo(before[0], 12);
    const shuffles = asked.filter(({ exchange }) => exchange.kind === "item" && exchange.features.join() === "item.a");
    expect(shuffles).toHaveLength(2);
    const after = shuffles.map((one) => of((i) => scores(one)[i]));
    const { click, rating } = find(losses, "feature", "item.a").labels;
    [click.auc, click.gauc, click.logloss].forEach(({ fall, low, high }, m) => {
      expect(fall).toBeCloseTo(before[m] - (after[0][m] + after[1][m]) / 2, 9);
      expect(low).toBeLessThan(fall);
      expect(high).toBeGreaterThan(fall);
      expect(low).toBeGreaterThan(0);
    });
    const error = (values: Float32Array) => values.reduce((sum, z, i) => sum + (z - 2 * base[i]) ** 2, 0) / rows;
    const errors = shuffles.map((one) => error(scores(one)));
    expect(rating["mean squared error"].fall).toBeCloseTo((errors[0] + errors[1]) / 2 - error(base), 5);
  });

  it("is 0 of what tells nothing, and more of more: a group, a history with what was counted of it", async () => {
    const { losses } = await measured();
    const fall = (of: Loss["of"], name: string) => find(losses, of, name).labels.click.auc;
    expect(fall("feature", "user.c")).toEqual({ fall: 0, low: 0, high: 0 });
    expect(fall("feature", "watched.ago")).toEqual({ fall: 0, low: 0, high: 0 });
    expect(fall("group", "item").fall).toBeGreaterThan(fall("feature", "item.b").fall);
    expect(fall("history", "watched").fall).toBeGreaterThan(fall("feature", "watched.met").fall);
    expect(fall("group", "watched.stats")).toEqual(fall("feature", "watched.met"));
    expect(losses.map(({ name }) => name)).not.toContain("item.unread");
    const [above, features] = [
      losses.filter(({ of }) => of !== "feature"),
      losses.filter(({ of }) => of === "feature"),
    ];
    expect(losses).toEqual([...above, ...features]);
    for (const some of [above, features]) {
      const falls = some.map(({ labels }) => labels.click.auc.fall);
      expect(falls).toEqual([...falls].sort((a, b) => b - a));
    }
  });

  it("shuffles all rows by one order a repeat, and takes whole users where it takes some", async () => {
    const { asked, rows: taken, users: of } = await measured({ rows: 100 });
    const [first, ...others] = asked;
    expect(first.samples.length).toBe(taken);
    expect([...first.donors].sort()).toEqual([...first.samples].sort());
    expect(new Set([first, ...others].map(({ donors }) => donors.join())).size).toBe(2);
    expect(taken).toBeGreaterThanOrEqual(100);
    expect(taken).toBeLessThan(160);
    const chosen = new Set(Array.from(first.samples, (sample) => all.user[rows - 1 - sample]));
    expect(chosen.size).toBe(of);
    expect(all.user.filter((user) => chosen.has(user)).length).toBe(taken);
    expect((await measured({ rows: 100 })).losses).toEqual((await measured({ rows: 100 })).losses);
    expect((await measured({ rows: 100, seed: 5 })).asked[0].samples).not.toEqual(first.samples);
  });

  it("is told in a table for each label that 80 columns hold", async () => {
    const { asked: _, ...found } = await measured();
    const text = importanceText(found);
    expect(text[0]).toBe("importance: what is lost where values are shuffled, on 600 rows of 30 users");
    expect(text.filter((line) => line.length > 80)).toEqual([]);
    const table = text.join("\n");
    expect(table).toMatch(/^lost without +AUC +GAUC +logloss$/m);
    expect(table).toMatch(/^history watched +0\.\d{4} +0\.\d{4}…0\.\d{4} +0\.\d{4} +0\.\d{4}…0\.\d{4} +0\.\d{4}$/m);
    expect(table).toMatch(/^rating: mean squared error \d/m);
    expect(table).toMatch(/^ watched\.ago\* +0\.0000/m);
  });
});

it("of a build comes with its evaluation, the same each time", async () => {
  const { dir, binding } = await evaluated();
  const twin = await LocalTwin.open(dir, { threads: 1 });
  const scoring = await openBatchScoring(twin.engine.artefacts, binding, { threads: 1 });
  try {
    const wish = { scoring, importance: { repeats: 2 } };
    const { importance, rows: evaluatedRows } = await evaluate(twin, binding, wish);
    expect(importance).toMatchObject({ rows: evaluatedRows, repeats: 2, users: 6 });
    expect((await evaluate(twin, binding, wish)).importance).toEqual(importance);
    expect((await evaluate(twin, binding, { scoring })).importance).toBeUndefined();
    const names = importance!.losses.map(({ of, name }) => `${of} ${name}`);
    const { manifest } = twin;
    for (const { name } of manifest.histories) {
      expect(names).toContain(`history ${name}`);
    }
    // What the model is made of: each does something to scores of start values.
    for (const { labels } of importance!.losses.filter(({ of }) => of === "history")) {
      expect(Object.values(labels)[0].auc.fall).not.toBe(0);
    }
  } finally {
    await scoring.close();
    await twin.close();
  }
});
