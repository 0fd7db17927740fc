// `--users N`: the same users whichever way rows are scored, chosen among those with rows to evaluate.
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Binding, parseBinding, readHistories } from "../../../runtime/data/index.ts";
import { type BatchScoring, openBatchScoring } from "../../../runtime/evaluate/batch-rows.ts";
import { evaluate } from "../../../runtime/evaluate/evaluate.ts";
import { LocalTwin } from "../../../runtime/serve/twin.ts";
import { cleanUp } from "../../kit/built-twin.ts";
import { type Evaluated, evaluated } from "../../kit/evaluated.ts";

let world: Evaluated;
let twin: LocalTwin;

beforeAll(async () => {
  world = await evaluated();
  twin = await LocalTwin.open(world.dir, { threads: 1 });
});
afterAll(async () => {
  await twin.close();
  cleanUp();
});

const head =
  "events: {file: events.csv, user: user, item: video, time: time}\nitems: {file: items.jsonl, key: video}\n";
const bound = (rest: string): Binding =>
  parseBinding(
    `${head}columns: {predict.click: click, predict.watch: watch}\n${rest}`,
    join(world.folder, "data.yaml"),
  );

/** Numbers of the rows of the test part that both ways score, in ascending order. */
async function rowsOf(scoring: BatchScoring, binding: Binding, users: number): Promise<[number[], number[]]> {
  const model: number[] = [];
  for await (const { row } of scoring.score("test", { users })) {
    model.push(...row);
  }
  const serving: number[] = [];
  const read = { part: "test", samples: "labelled", users } as const;
  for await (const { requests } of readHistories(binding, twin.manifest, read)) {
    for (const { rows } of requests) {
      serving.push(...rows);
    }
  }
  const ascending = (rows: number[]) => rows.sort((a, b) => a - b);
  return [ascending(model), ascending(serving)];
}

async function withScoring(binding: Binding, use: (scoring: BatchScoring) => Promise<void>): Promise<void> {
  const scoring = await openBatchScoring(twin.engine.artefacts, binding, { threads: 1 });
  try {
    await use(scoring);
  } finally {
    await scoring.close();
  }
}

describe("some users", () => {
  it("are the same by the model and as served, each number of them more than the last", async () => {
    await withScoring(world.binding, async (scoring) => {
      let before: number[] = [];
      for (let users = 1; users <= 7; users++) {
        const [model, serving] = await rowsOf(scoring, world.binding, users);
        expect(model).toEqual(serving);
        expect(new Set(model.map((row) => world.events[row].user)).size).toBe(Math.min(users, 6));
        expect(model).toEqual(expect.arrayContaining(before));
        before = model;
      }
      const [model, serving] = [
        await evaluate(twin, world.binding, { scoring, users: 3 }),
        await evaluate(twin, world.binding, { users: 3 }),
      ];
      expect([model.rows, model.users]).toEqual([serving.rows, serving.users]);
      expect(model.users).toBe(3);
    });
  });
  it("are chosen among those with rows in the part, also where whole users are held out", async () => {
    const held = bound("split: {holdout: users, train: 40%, test: rest}");
    await withScoring(held, async (scoring) => {
      const [all] = await rowsOf(scoring, held, 6);
      const present = new Set(all.map((row) => world.events[row].user)).size;
      expect(present).toBeGreaterThan(1);
      expect(present).toBeLessThan(6);
      const [model, serving] = await rowsOf(scoring, held, present - 1);
      expect(model).toEqual(serving);
      expect(new Set(model.map((row) => world.events[row].user)).size).toBe(present - 1);
    });
    // A hit rate's requests are those of users with rows in the part, too.
    expect((await evaluate(twin, held, { hitRequests: 1 })).hitRate!.requests).toBe(1);
  });
  it("have a label where only labelled rows count", async () => {
    // Users 1 to 4 have none.
    const some = {
      ...world.binding,
      columns: {
        "predict.click": { kind: "sql", sql: "CASE WHEN user > 4 THEN click END" },
        "predict.watch": { kind: "sql", sql: "CASE WHEN user > 4 THEN watch END" },
      },
    } satisfies Binding;
    await withScoring(some, async (scoring) => {
      const [model, serving] = await rowsOf(scoring, some, 2);
      expect(model).toEqual(serving);
      expect(new Set(model.map((row) => world.events[row].user))).toEqual(new Set([5, 6]));
    });
  });
});
