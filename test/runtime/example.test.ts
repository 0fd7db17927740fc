// The example data: the same from the same seed, what it says of itself is true, and only a long history tells.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { Manifest } from "../../contract/manifest.ts";
import { logistic, random } from "../../contract/random.ts";
import { readBinding } from "../../runtime/data/binding.ts";
import { readHistories } from "../../runtime/data/samples.ts";
import { bestAucOfPart } from "../../runtime/example/best-auc-of-part.ts";
import { generate } from "../../runtime/example/generate.ts";
import { BestAuc } from "../../runtime/planted/best-auc.ts";
import { cleanUp, temporary } from "../kit/built-twin.ts";
import { ask } from "../kit/database.ts";

afterAll(cleanUp);
const size = { users: 12, items: 300, behaviours: 400, categories: 24, cover: 4 };

const rows = (dir: string, sql: string) => ask(sql.replaceAll("DIR", dir));

/** Area under the curve by all pairs. */
function auc(scores: readonly number[], labels: readonly boolean[]): number {
  let ordered = 0;
  let pairs = 0;
  for (let i = 0; i < scores.length; i++) {
    for (let j = 0; j < scores.length; j++) {
      if (!labels[i] || labels[j]) {
        continue;
      }
      pairs++;
      ordered += scores[i] > scores[j] ? 1 : scores[i] === scores[j] ? 0.5 : 0;
    }
  }
  return ordered / pairs;
}

describe("numbers of a seed", () => {
  it("are spread evenly", () => {
    const draw = random(1);
    const numbers = Array.from({ length: 1000 }, () => draw.next());
    expect(numbers.every((x) => x >= 0 && x < 1)).toBe(true);
    const mean = numbers.reduce((sum, x) => sum + x, 0) / 1000;
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.05);
  });

  it("pass through a logistic function of + − × ÷", () => {
    for (let x = -12; x <= 12; x += 0.37) {
      expect(logistic(x)).toBeCloseTo(1 / (1 + Math.exp(-x)), 9);
    }
  });

  it("give the best AUC that pairs give", () => {
    const draw = random(5);
    const best = new BestAuc();
    const scores = Array.from({ length: 400 }, () => draw.next());
    const labels = scores.map((score) => draw.next() < score);
    for (let i = 0; i < scores.length; i++) {
      best.add(scores[i], labels[i]);
    }
    expect(best.value()).toBeCloseTo(auc(scores, labels), 4);
    expect(new BestAuc().value()).toBeNaN();
  });
});

describe("example data", () => {
  const dir = temporary();
  const made = generate({ dir, ...size, seed: 7 });

  it("is the same from the same seed, and another from another", async () => {
    await made;
    const [again, other] = [temporary(), temporary()];
    await generate({ dir: again, ...size, seed: 7 });
    await generate({ dir: other, ...size, seed: 8 });
    const digest = async (of: string) => {
      const files = ["items", "users", "events"].map(
        (name) => `SELECT md5(string_agg(CAST(t AS VARCHAR), '|')) AS h FROM 'DIR/${name}.parquet' t`,
      );
      return (await rows(of, files.join(" UNION ALL "))).map((row) => row.h);
    };
    const expected = await digest(dir);
    expect(await digest(again)).toEqual(expected);
    expect((await digest(other))[2]).not.toBe(expected[2]);
  });

  it("says the best AUC, and clicks come by their true probability", async () => {
    const { bestAuc, events } = await made;
    expect(events).toBe(size.users * size.behaviours);
    const log = await rows(dir, "SELECT truth, click FROM 'DIR/events.parquet'");
    const scores = log.map((row) => row.truth as number);
    expect(bestAuc).toBeCloseTo(
      auc(
        scores,
        log.map((row) => row.click as boolean),
      ),
      4,
    );
    expect(readFileSync(join(dir, "README.md"), "utf8")).toContain(bestAuc.toFixed(4));
    const [high] = await rows(
      dir,
      "SELECT avg(truth) AS t, avg(CAST(click AS INTEGER)) AS c FROM 'DIR/events.parquet' WHERE truth > 0.6",
    );
    expect(Math.abs((high.t as number) - (high.c as number))).toBeLessThan(0.05);
  });

  it("has a best AUC of each part, over the part's rows alone", async () => {
    const binding = readBinding((await made).data);
    // The binding's split is by share of the clock: training, validation and test follow each other.
    const log = await rows(dir, "SELECT truth, click FROM 'DIR/events.parquet' ORDER BY time");
    const of = (from: number, to: number) => {
      const some = log.slice(from * log.length, to * log.length);
      const scores = some.map((row) => row.truth as number);
      const labels = some.map((row) => row.click as boolean);
      return auc(scores, labels);
    };
    expect(await bestAucOfPart(binding, "training")).toBeCloseTo(of(0, 0.8), 2);
    expect(await bestAucOfPart(binding, "test")).toBeCloseTo(of(0.9, 1), 2);
    expect(Math.abs(of(0.9, 1) - of(0, 0.8))).toBeGreaterThan(0.005);
  });

  it("has keys that are unique, sparse and beyond 2^53, and one time for each event of a user", async () => {
    await made;
    const [keys] = await rows(
      dir,
      "SELECT count(DISTINCT video_id) AS n, min(video_id) AS least FROM 'DIR/items.parquet'",
    );
    expect(Number(keys.n)).toBe(size.items);
    expect(keys.least as bigint).toBeGreaterThan(2n ** 53n);
    const [times] = await rows(
      dir,
      "SELECT max(n) AS n FROM (SELECT count(*) AS n FROM 'DIR/events.parquet' GROUP BY user_id, time)",
    );
    expect(Number(times.n)).toBe(1);
  });

  it("is told by what the user did long ago, hardly by the newest 10 behaviours", async () => {
    await made;
    const manifest = {
      model: "example",
      features: [
        {
          name: "watched.progress",
          group: "cross",
          column: "progress",
          formerly: null,
          key: false,
          encoder: { kind: "bucketed", edges: [0.5] },
          dtype: "int32",
          shape: [],
          embedding: null,
          vocabulary: null,
        },
      ],
      histories: [{ name: "watched", max: 10_000, minimum: 1, cross: ["watched.progress"] }],
      labels: [{ name: "click", kind: "binary", output: "click", logit: "click.logit" }],
      extensions: {},
    } as unknown as Manifest;
    const categories = new Map(
      (await rows(dir, "SELECT video_id, category FROM 'DIR/items.parquet'")).map((row) => [
        row.video_id,
        row.category,
      ]),
    );
    const binding = { ...readBinding(join(dir, "data.yaml")), columns: {} };
    const labels: boolean[] = [];
    const long: number[] = [];
    const short: number[] = [];
    for await (const user of readHistories(binding, manifest, { users: 4, part: "test" })) {
      for (const request of user.requests) {
        const { item, progress } = request.history.watched as unknown as {
          item: BigInt64Array;
          progress: Float32Array;
        };
        const category = categories.get((request.candidates.item as BigInt64Array)[0]);
        // Mean progress of the behaviours of the candidate's category.
        const rate = (most: number): number => {
          let [sum, n] = [0.4, 1];
          for (let i = 0; i < item.length && i < most; i++) {
            if (categories.get(item[i]) !== category) {
              continue;
            }
            sum += progress[i];
            n++;
          }
          return sum / n;
        };
        labels.push(request.labels.click[0] === 1);
        long.push(rate(Number.POSITIVE_INFINITY));
        short.push(rate(10));
      }
    }
    expect(labels.length).toBeGreaterThan(100);
    expect(auc(long, labels)).toBeGreaterThan(0.75);
    expect(auc(short, labels)).toBeLessThan(auc(long, labels) - 0.1);
  });

  it("labels only the last events of each user where told, and refuses impossible sizes", async () => {
    const few = temporary();
    await generate({ dir: few, ...size, users: 3, samplesPerUser: 5 });
    const [count] = await rows(few, "SELECT count(click) AS n, count(*) AS all FROM 'DIR/events.parquet'");
    expect([Number(count.n), Number(count.all)]).toEqual([15, 1200]);
    await expect(generate({ dir: few, items: 3, categories: 4 })).rejects.toThrow(
      "3 items cannot fill 4 categories; give more items",
    );
    await expect(generate({ dir: few, users: -1 })).rejects.toThrow("users is -1; a whole number of at least 0 is due");
  });
});
