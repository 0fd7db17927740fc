// Scoring in batches: the same rows, and the same scores as requests get from a full float32 table.
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Binding, readHistories } from "../../../runtime/data/index.ts";
import { type BatchScoring, openBatchScoring } from "../../../runtime/evaluate/batch-rows.ts";
import { evaluate } from "../../../runtime/evaluate/evaluate.ts";
import type { BinaryFigures } from "../../../runtime/evaluate/report.ts";
import { score } from "../../../runtime/evaluate/score.ts";
import { writeScores } from "../../../runtime/evaluate/write-scores.ts";
import { LocalTwin } from "../../../runtime/serve/twin.ts";
import { cleanUp } from "../../kit/built-twin.ts";
import { ask } from "../../kit/database.ts";
import { type Evaluated, evaluated } from "../../kit/evaluated.ts";

let world: Evaluated;
let twin: LocalTwin;
let scoring: BatchScoring;

beforeAll(async () => {
  world = await evaluated();
  twin = await LocalTwin.open(world.dir, { threads: 1 });
  scoring = await openBatchScoring(twin.engine.artefacts, world.binding, { threads: 1 });
});
afterAll(async () => {
  await scoring.close();
  await twin.close();
  cleanUp();
});

describe("evaluation in batches", () => {
  it("has the rows, facts and figures of requests", async () => {
    const [model, serving] = [
      await evaluate(twin, world.binding, { scoring, historyEdges: [21] }),
      await evaluate(twin, world.binding, { historyEdges: [21] }),
    ];
    expect([model.scoredBy, serving.scoredBy]).toEqual(["model", "serving"]);
    expect([model.rows, model.users]).toEqual([serving.rows, serving.users]);
    const [ours, theirs] = [model, serving].map(({ labels }) => labels[0] as BinaryFigures);
    expect(ours.logloss).toBeCloseTo(theirs.logloss, 5);
    expect(ours.auc).toBeCloseTo(theirs.auc, 2);
    expect(ours.requests!.requests).toBe(theirs.requests!.requests);
    const counts = ({ segments }: BinaryFigures) => segments.map(({ by, name, rows }) => [by, name, rows]);
    expect(counts(ours)).toEqual(counts(theirs));
    expect(counts(ours).some(([by, name]) => by === "items" && name === "new")).toBe(true);
  });
  it("by a request column groups as it says", async () => {
    const report = await evaluate(twin, world.binding, { scoring, request: "user", ks: [1] });
    expect((report.labels[0] as BinaryFigures).requests!.requests).toBe(6);
  });
  it("of some users are theirs alone, the same each time", async () => {
    const few = () => evaluate(twin, world.binding, { scoring, users: 2 });
    const report = await few();
    expect(report.users).toBe(2);
    expect(report.rows).toBe(world.test.length / 3);
    expect(await few()).toEqual(report);
  });
});

it("writes every row's scores, those without a label as well, as requests get them", async () => {
  const { manifest } = twin;
  // Only clicks are labels: where there was none, nothing is said.
  const unlabelled: Binding = {
    ...world.binding,
    columns: {
      "predict.click": { kind: "sql", sql: "CASE WHEN click = 1 THEN 1 END" },
      "predict.watch": { kind: "sql", sql: "CAST(NULL AS DOUBLE)" },
    },
  };
  const path = join(world.folder, "scores.parquet");
  const all = await openBatchScoring(twin.engine.artefacts, unlabelled, { threads: 1, samples: "all" });
  try {
    expect(all.rows).toBe(world.events.length);
    expect(await writeScores(all, unlabelled, ["click", "watch"], path)).toBe(world.events.length);
  } finally {
    await all.close();
  }
  const rows = await ask(`SELECT * FROM '${path}'`);
  const served = new Map<number, { click: number; logit: number; watch: number }>();
  for await (const part of score(twin, readHistories(world.binding, manifest))) {
    part.rows.forEach((row, i) => {
      served.set(row, { click: part.scores.click[i], logit: part.logits.click[i], watch: part.scores.watch[i] });
    });
  }
  expect(rows.map(({ row }) => Number(row))).toEqual(world.events.map((_, row) => row));
  for (const { row, user, item, time, ...values } of rows) {
    const event = world.events[Number(row)];
    expect([values["click.label"], values["watch.label"]]).toEqual([event.click === 1 ? 1 : null, null]);
    expect([Number(user), Number(item), time]).toEqual([event.user, event.video, event.time]);
    const expected = served.get(Number(row))!;
    const close = (found: unknown, value: number) =>
      expect(Math.abs(Number(found) - value)).toBeLessThanOrEqual(1e-5 * Math.max(1, Math.abs(value)));
    close(values["click.score"], expected.click);
    close(values["click.logit"], expected.logit);
    close(values["watch.score"], expected.watch);
  }
});
