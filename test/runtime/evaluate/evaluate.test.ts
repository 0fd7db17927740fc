// Evaluation over the request path: the rows of one part, their facts, the figures, another system beside ours.
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseBinding, readHistories } from "../../../runtime/data/index.ts";
import { type EvaluationReport, evaluate } from "../../../runtime/evaluate/evaluate.ts";
import { eventFacts } from "../../../runtime/evaluate/event-facts.ts";
import type { BinaryFigures, RegressionFigures } from "../../../runtime/evaluate/report.ts";
import { evaluationText } from "../../../runtime/evaluate/report-text.ts";
import { score } from "../../../runtime/evaluate/score.ts";
import { auc } from "../../../runtime/metrics/auc.ts";
import { LocalTwin } from "../../../runtime/serve/twin.ts";
import { cleanUp } from "../../kit/built-twin.ts";
import { writeFiles } from "../../kit/data-files.ts";
import { type Evaluated, evaluated } from "../../kit/evaluated.ts";

let world: Evaluated;
let twin: LocalTwin;
/** Ours by row of the event log. */
const logits = new Map<number, number>();
const probabilities = new Map<number, number>();
const values = new Map<number, number>();

beforeAll(async () => {
  world = await evaluated();
  twin = await LocalTwin.open(world.dir, { threads: 1 });
  for await (const part of score(twin, readHistories(world.binding, twin.manifest, { part: "test" }))) {
    part.rows.forEach((row, i) => {
      logits.set(row, part.logits.click[i]);
      probabilities.set(row, part.scores.click[i]);
      values.set(row, part.scores.watch[i]);
    });
  }
});
afterAll(async () => {
  await twin.close();
  cleanUp();
});

const click = (report: EvaluationReport) => report.labels[0] as BinaryFigures;
/** AUC of some rows of the log, by our logits. */
const aucOf = (rows: readonly number[]) =>
  auc({
    label: Uint8Array.from(rows, (row) => world.events[row].click),
    score: Float64Array.from(rows, (row) => logits.get(row)!),
  });

describe("figures", () => {
  it("are those of the test part's rows, each with its own history", async () => {
    const report = await evaluate(twin, world.binding);
    expect(report).toMatchObject({ part: "test", rows: world.test.length, users: 6, comparison: null, hitRate: null });
    expect(click(report)).toMatchObject({ label: "click", rows: world.test.length, missing: 0, weighted: null });
    expect(click(report).positives).toBe(world.test.filter((row) => world.events[row].click === 1).length);
    expect(click(report).auc).toBeCloseTo(aucOf(world.test), 12);
    const errors = world.test.map((row) => values.get(row)! - world.events[row].watch);
    const watch = report.labels[1] as RegressionFigures;
    expect(watch.errors.rmse).toBeCloseTo(Math.sqrt(errors.reduce((sum, e) => sum + e * e, 0) / errors.length), 3);
    expect(report.notes).toEqual([expect.stringContaining("start values")]);
    expect(evaluationText(report)).toContain("items new");
  });
  it("of segments are those of their rows", async () => {
    const report = await evaluate(twin, world.binding, { historyEdges: [21, 24] });
    const met = new Set(world.events.filter((_, row) => !world.test.includes(row)).map(({ video }) => video));
    const fresh = world.test.filter((row) => !met.has(world.events[row].video));
    const segment = (by: string, name: string) =>
      click(report).segments.find((one) => one.by === by && one.name === name);
    expect(fresh.length).toBeGreaterThan(3);
    expect(segment("items", "new")!.rows).toBe(fresh.length);
    expect(segment("items", "new")!.auc).toBeCloseTo(aucOf(fresh), 12);
    // What each row has behind it is counted in the log.
    const length = (row: number) => {
      const { user, time } = world.events[row];
      return world.events.filter((one) => one.user === user && one.time < time).length;
    };
    for (const [name, low, high] of [
      ["≤ 21", 0, 21],
      ["22–24", 22, 24],
      ["> 24", 25, 99],
    ] as const) {
      const rows = world.test.filter((row) => length(row) >= low && length(row) <= high);
      expect(rows.length).toBeGreaterThan(0);
      expect(segment("history", name)!.rows).toBe(rows.length);
      expect(segment("history", name)!.auc).toBeCloseTo(aucOf(rows), 12);
    }
  });
  it("by request take what was shown at one time, or what a column says", async () => {
    const byTime = click(await evaluate(twin, world.binding, { ks: [1, 3] })).requests!;
    const byColumn = click(await evaluate(twin, world.binding, { ks: [1, 3], request: "request" })).requests!;
    // Requests are numbered otherwise, and sums of another order may differ in their last digit.
    const rounded = ({ top, ...counts }: typeof byTime) => ({
      ...counts,
      top: top.map(({ k, ndcg, recall }) => [k, ndcg.toFixed(12), recall.toFixed(12)]),
    });
    expect(rounded(byColumn)).toEqual(rounded(byTime));
    expect(byTime.requests + byTime.without).toBe(world.test.length / 3);
    expect(byTime.top[1].recall).toBe(1);
    // By the user instead, a request has many rows.
    const byUser = click(await evaluate(twin, world.binding, { ks: [1], request: "user" })).requests!;
    expect(byUser.requests).toBe(6);
    await expect(evaluate(twin, world.binding, { request: "reqest" })).rejects.toThrow(
      /--request-column: .*events\.csv has no column `reqest`; did you mean `request`\?/,
    );
  });
  it("of some users are the same each time", async () => {
    const [a, b] = [
      await evaluate(twin, world.binding, { users: 2 }),
      await evaluate(twin, world.binding, { users: 2 }),
    ];
    expect(a.users).toBe(2);
    expect(a).toEqual(b);
  });
  it("need rows with labels, and a part that exists", async () => {
    const path = join(world.folder, "data.yaml");
    const head = "events: {file: events.csv, user: user, item: video, time: time}\n";
    const columns = "columns: {predict.click: click}\n";
    const empty = parseBinding(`${head}${columns}split: {by: time, train: ..2030-01-01, test: rest}`, path);
    await expect(evaluate(twin, empty)).rejects.toThrow("the test part has no row with a label");
    const unsplit = parseBinding(`${head}${columns}`, path);
    await expect(evaluate(twin, unsplit, { part: "test" })).rejects.toThrow("there is no test part");
    const all = await evaluate(twin, unsplit, { users: 1 });
    expect(all.part).toBe("all");
    expect(all.notes[0]).toContain("trained on among them");
    expect(click(all).segments.some(({ by }) => by === "items")).toBe(false);
    expect(await eventFacts(unsplit, "training", null)).toEqual({ newItem: null, request: null });
    const rated = parseBinding(`${head}columns: {predict.click: watch}`, path);
    await expect(evaluate(twin, rated)).rejects.toThrow(
      /row \d+ of the events: label click is \d+; a binary label is 0 or 1/,
    );
  });
});

describe("another system's scores", () => {
  const file = (name: string, header: string, lines: (row: number) => string, rows = world.test): string => {
    writeFiles(world.folder, { [name]: `${header}\n${rows.map(lines).join("\n")}\n` });
    return join(world.folder, name);
  };
  const against = async (predictions: string) => (await evaluate(twin, world.binding, { predictions })).comparison!;

  it("that are ours differ in nothing, by row, by keys, as logits", async () => {
    const key = (row: number) => `${world.events[row].user},${world.events[row].video},${world.events[row].time}`;
    const files = [
      file("row.csv", "row,click,watch", (row) => `${row},${probabilities.get(row)},${values.get(row)}`),
      file("keys.csv", "user,video,time,click", (row) => `${key(row)},${probabilities.get(row)}`),
      file("logits.csv", "user,item,time,click.logit", (row) => `${key(row)},${logits.get(row)}`),
    ];
    const unique = new Set(world.test.map(key)).size === world.test.length;
    expect(unique).toBe(true);
    for (const path of files) {
      const found = await against(path);
      expect(found).toMatchObject({ unused: 0, sampled: 0 });
      const [first] = found.labels;
      expect(first).toMatchObject({ kind: "binary", label: "click", rows: world.test.length });
      if (first.kind !== "binary") {
        continue;
      }
      expect(first.auc.difference).toBeCloseTo(0, 6);
      expect(first.gauc.ours).toBeCloseTo(first.gauc.theirs, 6);
      expect(first.logloss.difference).toBeCloseTo(0, 6);
    }
    expect((await against(files[0])).labels[1]).toMatchObject({ kind: "regression", label: "watch" });
  });
  it("that know the answer are better, and it is said how much", async () => {
    const path = file("oracle.csv", "row,click", (row) => `${row},${world.events[row].click === 1 ? 0.9 : 0.1}`);
    const report = await evaluate(twin, world.binding, { predictions: path });
    const [found] = report.comparison!.labels;
    if (found.kind !== "binary") {
      throw new Error("a binary label is due");
    }
    expect(found.auc.theirs).toBe(1);
    expect(found.auc.difference).toBeCloseTo(aucOf(world.test) - 1, 12);
    expect(found.auc.high).toBeLessThan(0);
    expect(found.auc.p).toBeLessThan(1e-4);
    expect(found.logloss.theirs).toBeCloseTo(-Math.log(0.9), 9);
    expect(evaluationText(report)).toMatch(/AUC, users as units\s+0\.\d{4}\s+1\.0000/);
  });
  it("may have more rows, but must have all of ours, once, as probabilities", async () => {
    const line = (row: number) => `${row},0.5`;
    const all = [...world.test, 0, 1];
    expect((await against(file("more.csv", "row,click", line, all))).unused).toBe(2);
    const less = world.test.slice(2);
    await expect(against(file("less.csv", "row,click", line, less))).rejects.toThrow(
      `less.csv has no score of click for 2 of ${world.test.length} rows: `,
    );
    const twice = [...world.test, world.test[0]];
    await expect(against(file("twice.csv", "row,click", line, twice))).rejects.toThrow(
      `row ${world.test[0]} of the events stands in it twice`,
    );
    await expect(against(file("odd.csv", "row,click", (row) => `${row},3.5`))).rejects.toThrow(
      /column `click`: 3\.5 \(row \d+ of the events\) is no probability; logits belong in a column `click\.logit`/,
    );
    await expect(against(file("none.csv", "row,score", line))).rejects.toThrow(
      "has no scores of a label of the model: name a column `click.score` or `click.logit`",
    );
    await expect(against(file("keyless.csv", "id,click", line))).rejects.toThrow("give it a column `row`");
  });
});
