// Evaluation where negatives are drawn: figures with the offset of the draws, the rows as a file, another system on the same rows.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { random } from "../../../contract/random.ts";
import { type Binding, parseBinding } from "../../../runtime/data/binding.ts";
import { type BatchScoring, openBatchScoring } from "../../../runtime/evaluate/batch-rows.ts";
import { type EvaluateOptions, evaluate } from "../../../runtime/evaluate/evaluate.ts";
import type { BinaryFigures } from "../../../runtime/evaluate/report.ts";
import { evaluationText } from "../../../runtime/evaluate/report-text.ts";
import { LocalTwin } from "../../../runtime/serve/twin.ts";
import { built, cleanUp, temporary } from "../../kit/built-twin.ts";
import { shopModel, writeFiles } from "../../kit/data-files.ts";
import { Database } from "../../kit/database.ts";
import { t0 } from "../../kit/prepared.ts";

let folder: string;
let binding: Binding;
let twin: LocalTwin;
let scoring: BatchScoring;
/** Rows of the log: item 99 of the last one has no row in the items file. */
const events: { readonly user: string; readonly sku: number; readonly at: number }[] = [];
const items = 40;

interface Row {
  readonly sample: number;
  readonly row: number | null;
  readonly user: string;
  readonly item: number;
  readonly time: number;
  readonly drawn: boolean;
  readonly offset: number;
  readonly score: number;
  readonly logit: number;
  readonly label: number;
}
let rows: Row[];

beforeAll(async () => {
  const { below } = random(4);
  // A third of the purchases are of what the user bought before.
  for (let user = 0; user < 12; user++) {
    for (let at = 0; at < 12; at++) {
      const again = at > 2 && at % 3 === 0;
      const sku = again ? events[events.length - 1 - below(at)].sku : below(items / 2) * (1 + below(2));
      events.push({ user: `u${user}`, sku, at });
    }
  }
  events.push({ user: "u9", sku: 99, at: 12 });
  folder = temporary();
  writeFiles(folder, {
    "events.csv": `user,sku,time,recall\n${events.map(({ user, sku, at }) => [user, sku, t0 + at, 7].join()).join("\n")}\n`,
    "items.csv": `sku\n${Array.from({ length: items }, (_, i) => i).join("\n")}\n`,
  });
  binding = parseBinding(
    `events: {file: events.csv, user: user, item: sku, time: time}
items: {file: items.csv, key: sku}
columns: {predict.buy: "true"}
split: {by: time, train: ..${t0 + 7}, test: rest}
negatives: {per_positive: 4, by: popularity, met: allow}
`,
    join(folder, "data.yaml"),
  );
  twin = await LocalTwin.open(built(shopModel()), { threads: 1 });
  scoring = await openBatchScoring(twin.engine.artefacts, binding, { threads: 1 });
  rows = await written("rows.parquet");
});
afterAll(async () => {
  await scoring.close();
  await twin.close();
  cleanUp();
});

const run = (options: EvaluateOptions = {}) => evaluate(twin, binding, { scoring, ...options });
const sigmoid = (z: number): number => 1 / (1 + Math.exp(-z));
const figuresOf = (report: Awaited<ReturnType<typeof run>>) => report.labels[0] as BinaryFigures;

/** The rows of an evaluation as it writes them. */
async function written(name: string): Promise<Row[]> {
  const path = join(folder, name);
  await run({ rowFile: path, positives: 1 });
  const database = await Database.open();
  const found = await database.all(`SELECT * FROM '${path}'`);
  database.close();
  return found.map((one) => ({
    sample: Number(one.sample),
    row: one.row === null ? null : Number(one.row),
    user: String(one.user),
    item: Number(one.item),
    time: Number(one.time),
    drawn: Boolean(one.drawn),
    offset: Number(one.offset),
    score: Number(one["buy.score"]),
    logit: Number(one["buy.logit"]),
    label: Number(one["buy.label"]),
  }));
}

describe("the rows as a file", () => {
  it("are all that is evaluated, each with its keys, its offset and its scores", () => {
    const test = events.flatMap(({ at }, row) => (at > 7 ? [row] : []));
    expect(rows.map(({ sample }) => sample)).toEqual(rows.map((_, i) => i));
    expect(rows.flatMap(({ row }) => (row === null ? [] : [row])).sort((a, b) => a - b)).toEqual(test);
    // The rates by hand: how often an item is bought in the training part, plus one, of all such counts.
    const counts = new Float64Array(items);
    for (const { sku, at } of events) {
      if (at <= 7) {
        counts[sku]++;
      }
    }
    const total = counts.reduce((sum, count) => sum + count + 1, 0);
    let positive: Row | null = null;
    for (const one of rows) {
      expect(one.drawn).toBe(one.row === null);
      expect(one.label).toBe(one.drawn ? 0 : 1);
      expect(one.score).toBeCloseTo(sigmoid(one.logit), 6);
      const times = one.item < items ? counts[one.item] : 0;
      expect(one.offset).toBeCloseTo(-Math.log((4 * (times + 1)) / total), 5);
      if (!one.drawn) {
        const { user, sku, at } = events[one.row!];
        expect([one.user, one.item, one.time]).toEqual([user, sku, t0 + at]);
        positive = one;
      } else {
        // Drawn for the positive before it, and never what was taken.
        expect([one.user, one.time]).toEqual([positive!.user, positive!.time]);
        expect(one.item).not.toBe(positive!.item);
        expect(one.item).toBeLessThan(items);
      }
    }
    expect(rows.filter(({ drawn }) => drawn).length).toBeGreaterThan(3 * test.length);
  });
  it("are CSV where the file's name says so", async () => {
    // Shortest decimals that are read as the same float32.
    const rounded = (all: readonly Row[]) =>
      all.map((one) => ({
        ...one,
        offset: Math.fround(one.offset),
        score: Math.fround(one.score),
        logit: Math.fround(one.logit),
      }));
    expect(rounded(await written("rows.csv"))).toEqual(rounded(rows));
    expect(readFileSync(join(folder, "rows.csv"), "utf8").split("\n")[0]).toBe(
      "sample,row,user,item,time,drawn,offset,buy.score,buy.logit,buy.label",
    );
  });
});

describe("figures of drawn rows", () => {
  it("are of logits with the offset, and say how many are drawn", async () => {
    const report = await run();
    const figures = figuresOf(report);
    const judged = rows.map(({ logit, offset }) => logit + offset);
    const pairs = rows.flatMap((a, i) =>
      rows.flatMap((b, j) =>
        a.label > b.label ? [judged[i] > judged[j] ? 1 : judged[i] === judged[j] ? 0.5 : 0] : [],
      ),
    );
    const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(figures.auc).toBeCloseTo(mean(pairs), 5);
    const loss = rows.map(({ label }, i) => -Math.log(label === 1 ? sigmoid(judged[i]) : 1 - sigmoid(judged[i])));
    expect(figures.logloss).toBeCloseTo(mean(loss), 5);
    const positives = rows.filter(({ label }) => label === 1).length;
    expect(figures.calibration.ratio).toBeCloseTo(judged.map(sigmoid).reduce((a, b) => a + b, 0) / positives, 5);
    // Without the offset it would be far off.
    const bare = rows.map(({ label, logit }) => -Math.log(label === 1 ? sigmoid(logit) : 1 - sigmoid(logit)));
    expect(Math.abs(mean(bare) - figures.logloss)).toBeGreaterThan(0.05);
    expect(figures).toMatchObject({ rows: rows.length, positives, drawn: rows.length - positives, requests: null });
    expect(report.notes).toContain(
      `${rows.length - positives} rows are drawn negatives: every figure of them is of logits with the offset of the draws`,
    );
  });
  it("come after the ranks among all items, which come first, repeats and first visits apart", async () => {
    const report = await run();
    const positives = rows.filter(({ drawn }) => !drawn);
    expect(report.ranks).toMatchObject({ items, met: "allow", candidates: null, withoutItem: 1 });
    expect(report.ranks!.positives).toBe(positives.length);
    const [{ all, first, repeats }] = report.ranks!.labels;
    const again = positives.filter(({ item, user, time }) =>
      events.some((one) => one.user === user && one.sku === item && t0 + one.at < time),
    );
    expect(repeats.positives).toBe(again.length);
    expect([all.positives, first.positives]).toEqual([positives.length - 1, positives.length - 1 - again.length]);
    const text = evaluationText(report);
    const places = ["rank of what was taken among all 40 items", "repeats", "buy among the drawn negatives", "AUC"];
    const at = places.map((part) => text.indexOf(part));
    expect(Math.min(...at)).toBeGreaterThan(0);
    expect([...at].sort((a, b) => a - b)).toEqual(at);
    expect(text).toContain("1 of them have an item without a row, and no rank");
  });
  it("as requests are served are not there, and it is said where they are", async () => {
    const source = await evaluate(twin, binding, {}).catch((error: Error) => error);
    // Without tables requests have no item features; with them the note says where ranks are.
    if (source instanceof Error) {
      throw source;
    }
    expect(source.ranks).toBeNull();
    expect(source.notes.join()).toContain("leave out --serving");
  });
});

describe("another system on the same rows", () => {
  const file = (name: string, header: string, line: (row: Row) => string, some = rows): string => {
    writeFiles(folder, { [name]: `${header}\n${some.map(line).join("\n")}\n` });
    return join(folder, name);
  };
  const against = async (predictions: string) => (await run({ predictions, positives: 1 })).comparison!;
  const binary = async (path: string) => {
    const { labels } = await against(path);
    if (labels[0].kind !== "binary") {
      throw new Error("a binary label is due");
    }
    return labels[0];
  };

  it("that is ours differs in nothing: as written, as a probability, as logits of the drawn sample", async () => {
    const same = [
      join(folder, "rows.parquet"),
      file("served.csv", "sample,buy", ({ sample, score }) => `${sample},${score}`),
      file(
        "drawn.csv",
        "sample,item,buy.sampled.logit",
        ({ sample, item, logit, offset }) => `${sample},${item},${logit + offset}`,
      ),
      file("p.csv", "sample,buy.sampled", ({ sample, logit, offset }) => `${sample},${sigmoid(logit + offset)}`),
    ];
    for (const path of same) {
      const comparison = await against(path);
      const negatives = rows.filter(({ drawn }) => drawn).length;
      expect(comparison).toMatchObject({ unused: 0, sampled: 0, drawn: negatives });
      const found = await binary(path);
      expect(found.rows).toBe(rows.length);
      expect(found.auc.difference).toBeCloseTo(0, 5);
      expect(found.gauc.difference).toBeCloseTo(0, 5);
      expect(found.logloss.difference).toBeCloseTo(0, 5);
    }
  });
  it("that knows the rates alone is judged with them, and one that was trained on the sample without", async () => {
    const blind = await binary(file("blind.csv", "sample,buy.logit", ({ sample }) => `${sample},0`));
    const loss = rows.map(({ label, offset }) => -Math.log(label === 1 ? sigmoid(offset) : 1 - sigmoid(offset)));
    expect(blind.logloss.theirs).toBeCloseTo(loss.reduce((a, b) => a + b, 0) / rows.length, 5);
    const flat = await binary(file("flat.csv", "sample,buy.sampled", ({ sample }) => `${sample},0.2`));
    expect(flat.auc.theirs).toBe(0.5);
  });
  it("must be of these draws, have them all, once, or be told that drawn ones are left out", async () => {
    const half = (one: Row) => `${one.sample},0.5`;
    await expect(against(file("less.csv", "sample,buy", half, rows.slice(3)))).rejects.toThrow(
      `has no score of buy for 3 of ${rows.length} rows: samples 0, 1, 2. Both systems must score the same rows; \`twin evaluate --rows FILE\``,
    );
    await expect(against(file("twice.csv", "sample,buy", half, [...rows, rows[4]]))).rejects.toThrow(
      "sample 4 stands in it twice; keep one",
    );
    const other = (one: Row) => `${one.sample},${one.sample === 6 ? (one.item + 1) % items : one.item},0.5`;
    await expect(against(file("other.csv", "sample,item,buy", other))).rejects.toThrow(
      /sample 6 has another item than sample 6 of this evaluation: .*Write the rows again/,
    );
    await expect(against(file("odd.csv", "sample,buy", ({ sample }) => `${sample},2`))).rejects.toThrow(
      "2 (sample 0) is no probability",
    );
    const real = rows.filter(({ drawn }) => !drawn);
    const byRow = file("row.csv", "row,buy", ({ row }) => `${row},0.5`, real);
    const comparison = await against(byRow);
    expect(comparison).toMatchObject({ sampled: rows.length - real.length, drawn: 0 });
    const text = evaluationText(await run({ predictions: byRow, positives: 1 }));
    expect(text).toContain("are not compared, as the file has no column `sample`: `--rows FILE` writes them all");
  });
});

it("joins text keys as they are written: 1e3 is no 1000", async () => {
  const place = temporary();
  const keys = ["7.10", "1e3", "1000", "12"];
  const lines = Array.from({ length: 40 }, (_, i) =>
    [`0${i % 4}`, keys[(i * 3 + Math.floor(i / 4)) % 4], t0 + i, 7].join(),
  );
  writeFiles(place, {
    "events.csv": `user,sku,time,recall\n${lines.join("\n")}\n`,
    "items.csv": `sku\n${keys.join("\n")}\n`,
  });
  const database = await Database.open();
  for (const [name, texts] of [
    ["events", "'user': 'VARCHAR', 'sku': 'VARCHAR'"],
    ["items", "'sku': 'VARCHAR'"],
  ]) {
    const from = `read_csv('${join(place, name)}.csv', types = {${texts}})`;
    await database.all(`COPY (SELECT * FROM ${from}) TO '${join(place, name)}.parquet' (FORMAT parquet)`);
  }
  database.close();
  const yaml = `events: {file: events.parquet, user: user, item: sku, time: time}
items: {file: items.parquet, key: sku}
columns: {predict.buy: "true"}
negatives: {per_positive: 2, met: allow}
`;
  const own = parseBinding(yaml, join(place, "data.yaml"));
  const shop = await LocalTwin.open(built(shopModel("hashed(buckets: 50, dim: 4, key: true)")), {
    threads: 1,
  });
  const opened = await openBatchScoring(shop.engine.artefacts, own, { threads: 1 });
  try {
    const rowFile = join(place, "rows.csv");
    const against = async (predictions: string) =>
      (await evaluate(shop, own, { scoring: opened, predictions, positives: 1 })).comparison!;
    const { ranks } = await evaluate(shop, own, { scoring: opened, rowFile, positives: 40 });
    expect(ranks).toMatchObject({ items: 4, chosen: 40, withoutItem: 0 });
    expect(readFileSync(rowFile, "utf8")).toMatch(/^\d+,\d+,00,7\.10,/m);
    expect((await against(rowFile)).labels[0].rows).toBeGreaterThan(40);
    const byKeys = lines.map((line) => `${line.split(",").slice(0, 3).join()},0.5`);
    writeFiles(place, { "keys.csv": `user,sku,time,buy\n${byKeys.join("\n")}\n` });
    expect(await against(join(place, "keys.csv"))).toMatchObject({ unused: 0, drawn: 0, labels: [{ rows: 40 }] });
  } finally {
    await opened.close();
    await shop.close();
  }
});
