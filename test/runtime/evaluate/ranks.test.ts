// Ranks among all items: against requests that rank every item, one after the other, with what the user met counted in the log.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readHistories } from "../../../runtime/data/index.ts";
import { type BatchScoring, openBatchScoring } from "../../../runtime/evaluate/batch-rows.ts";
import { CandidateBlocks } from "../../../runtime/evaluate/candidate-blocks.ts";
import { evaluate } from "../../../runtime/evaluate/evaluate.ts";
import { preparedItems, preparedSide } from "../../../runtime/evaluate/prepared-side.ts";
import { Eligible } from "../../../runtime/evaluate/ranks.ts";
import { evaluationText } from "../../../runtime/evaluate/report-text.ts";
import { asRequest } from "../../../runtime/evaluate/score.ts";
import { LocalTwin } from "../../../runtime/serve/twin.ts";
import { built, cleanUp } from "../../kit/built-twin.ts";
import { videoModel } from "../../kit/data-files.ts";
import { type Evaluated, evaluated } from "../../kit/evaluated.ts";

let world: Evaluated;
let twin: LocalTwin;
let scoring: BatchScoring;
const videos = Array.from({ length: 50 }, (_, video) => video);
/** Of each click of the test part: its row, and the logit of every video as a request gives it. */
const clicks: { readonly row: number; readonly logits: Float32Array }[] = [];

beforeAll(async () => {
  world = await evaluated();
  twin = await LocalTwin.open(world.dir, { threads: 1 });
  scoring = await openBatchScoring(twin.engine.artefacts, world.binding, { threads: 1 });
  for await (const { requests } of readHistories(world.binding, twin.manifest, { part: "test" })) {
    for (const sample of requests) {
      const { prepare, rank } = asRequest(sample);
      const prepared = await twin.prepare(prepare);
      const candidates = { item: videos, recall: videos.map(() => null) };
      const { logits } = await prepared.rank({ context: rank.context, candidates } as Parameters<
        typeof prepared.rank
      >[0]);
      for (const row of sample.rows) {
        if (world.events[row].click === 1) {
          clicks.push({ row, logits: logits.click });
        }
      }
    }
  }
});
afterAll(async () => {
  await scoring.close();
  await twin.close();
  cleanUp();
});

/** Rank from 1 among the videos that may be candidates, ties in the middle. */
function rankOf(
  { row, logits }: (typeof clicks)[number],
  out: (event: Evaluated["events"][number]) => boolean,
): number {
  const { video, user } = world.events[row];
  const gone = new Set(world.events.filter((event) => event.user === user && out(event)).map((event) => event.video));
  const others = videos.filter((one) => one !== video && !gone.has(one));
  const above = others.filter((one) => logits[one] > logits[video]).length;
  return 1 + above + others.filter((one) => logits[one] === logits[video]).length / 2;
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const isRepeat = (row: number): boolean => {
  const { user, video, time } = world.events[row];
  return world.events.some((event) => event.user === user && event.video === video && event.time < time);
};

describe("ranks among all items", () => {
  it("are those of requests that rank every item, but what the user had met", async () => {
    const report = await evaluate(twin, world.binding, { scoring, ks: [1, 5, 20], positives: 1000 });
    const [click] = report.ranks!.labels;
    expect(report.ranks).toMatchObject({ items: 50, candidates: null, met: "exclude", withoutItem: 0 });
    expect([report.ranks!.positives, report.ranks!.chosen]).toEqual([clicks.length, clicks.length]);
    const ranks = clicks.map((one) => rankOf(one, ({ time }) => time <= world.events[one.row].time));
    expect(click.all.positives).toBe(clicks.length);
    expect(click.all.rank).toBeCloseTo(mean(ranks), 10);
    expect(click.all.mrr).toBeCloseTo(mean(ranks.map((rank) => 1 / rank)), 10);
    for (const { k, recall, ndcg } of click.all.top) {
      expect(recall).toBeCloseTo(mean(ranks.map((rank) => Number(rank <= k))), 10);
      expect(ndcg).toBeCloseTo(mean(ranks.map((rank) => (rank <= k ? 1 / Math.log2(1 + rank) : 0))), 10);
    }
    // Repeats and first visits are told apart, and together they are all.
    const [first, again] = [false, true].map((wanted) => ranks.filter((_, i) => isRepeat(clicks[i].row) === wanted));
    expect(Math.min(first.length, again.length)).toBeGreaterThan(0);
    expect([click.first.positives, click.repeats.positives]).toEqual([first.length, again.length]);
    expect(click.first.rank).toBeCloseTo(mean(first), 10);
    expect(click.repeats.rank).toBeCloseTo(mean(again), 10);
    const among = clicks.map(({ row }) => {
      const { user, time, video } = world.events[row];
      const met = world.events.filter((event) => event.user === user && event.time <= time);
      return 51 - new Set([...met.map((event) => event.video), video]).size;
    });
    expect(click.all.among).toBeCloseTo(mean(among), 10);
  });

  it("leave out only what else was taken at that instant where what was met may be drawn", async () => {
    const binding = { ...world.binding, negatives: { perPositive: 2, by: "uniform", met: "allow" } as const };
    const spec = {
      ...scoring.dataset.spec,
      negatives: { perPositive: 2, by: "uniform", met: "allow", seed: 1, sampled: 0 },
    };
    const { dataset: own } = scoring;
    const dataset = { spec, items: own.items, userOf: own.userOf.bind(own), batch: own.batch.bind(own) };
    const allowed = { ...scoring, dataset, score: scoring.score.bind(scoring) } as unknown as BatchScoring;
    const { ranks } = await evaluate(twin, binding, { scoring: allowed });
    const expected = clicks.map((one) => rankOf(one, ({ time }) => time === world.events[one.row].time));
    expect(ranks).toMatchObject({ met: "allow" });
    expect(ranks!.labels[0].all.rank).toBeCloseTo(mean(expected), 10);
    expect(ranks!.labels[0].all.among).toBe(48);
  });

  it("are taken of some positives, the same each time, and others by another seed", async () => {
    const some = async (seed: number) => (await evaluate(twin, world.binding, { scoring, positives: 7, seed })).ranks!;
    const [a, b, c] = [await some(1), await some(1), await some(2)];
    expect([a.positives, a.chosen, a.labels[0].all.positives]).toEqual([clicks.length, 7, 7]);
    expect(b).toEqual(a);
    expect(c.labels).not.toEqual(a.labels);
  });

  it("among drawn items are better than among all, and that is said", async () => {
    const wide = await evaluate(twin, world.binding, { scoring, positives: 1000 });
    const few = await evaluate(twin, world.binding, { scoring, candidates: 5 });
    expect(few.ranks).toMatchObject({ candidates: 5, chosen: clicks.length });
    expect(few.ranks!.labels[0].all.among).toBe(6);
    const [drawn, all] = [few, wide].map(({ ranks }) => ranks!.labels[0].all);
    // A positive's rank among five of n others is 1 + 5/n · (rank − 1) on average.
    expect(drawn.mrr).toBeGreaterThan(all.mrr);
    const hoped = 1 + (5 / (all.among - 1)) * (all.rank - 1);
    expect(Math.abs(drawn.rank - hoped)).toBeLessThan(0.8);
    expect(evaluationText(few)).toMatch(/among 5 of 50 items, drawn evenly[\s\S]*Krichene & Rendle, KDD 2020/);
    expect(evaluationText(wide)).not.toContain("Krichene");
    // As many as there are: the same as all.
    const most = await evaluate(twin, world.binding, { scoring, candidates: 500 });
    expect(most.ranks!.labels).toEqual(wide.ranks!.labels);
  });

  it("are not there where nothing is drawn and nobody asks, and all else is as it was", async () => {
    const plain = await evaluate(twin, world.binding, { scoring });
    const asked = await evaluate(twin, world.binding, { scoring, positives: 3 });
    expect(plain.ranks).toBeNull();
    expect({ ...asked, ranks: null }).toEqual(plain);
  });
});

it("scores are those of requests where the history is shorter than what the search keeps, too", async () => {
  const { dataset } = scoring;
  const generation = preparedItems(dataset);
  const blocks = new CandidateBlocks(twin.engine, generation);
  const lengths = new Set<number>();
  const every = Uint32Array.from({ length: dataset.count("training") }, (_, sample) => sample);
  const { row } = dataset.batch("training", every, {});
  for await (const { requests } of readHistories(world.binding, twin.manifest, { part: "training", users: 2 })) {
    for (const sample of requests) {
      const count = sample.history.watched.time.length;
      if (count > 7) {
        continue;
      }
      lengths.add(count);
      const { prepare, rank } = asRequest(sample);
      const prepared = await twin.prepare(prepare);
      const candidates = { item: videos, recall: videos.map(() => null) };
      const { logits } = await prepared.rank({ context: rank.context, candidates } as Parameters<
        typeof prepared.rank
      >[0]);
      const side = await preparedSide(twin.engine, dataset, generation, "training", row.indexOf(sample.rows[0]));
      const found = await blocks.everyItem(side);
      logits.click.forEach((logit, video) => {
        expect(Math.abs(found.click[video] - logit)).toBeLessThan(1e-5 * Math.max(1, Math.abs(logit)));
      });
      const some = await blocks.items(side, Int32Array.of(3, 1, 50));
      for (const [i, video] of [2, 0, 49].entries()) {
        expect(some.click[i]).toBeCloseTo(logits.click[video], 5);
      }
    }
  }
  // Four are kept.
  expect([...lengths].sort()).toEqual([0, 3, 6]);
});

it("scores are the same in small blocks, and of items that are not held", async () => {
  const generation = preparedItems(scoring.dataset);
  const [whole, small] = [
    new CandidateBlocks(twin.engine, generation),
    new CandidateBlocks(twin.engine, generation, { block: 7, held: 15 }),
  ];
  for (const sample of [0, 5, 9]) {
    const side = await preparedSide(twin.engine, scoring.dataset, generation, "test", sample);
    const [a, b] = [await whole.everyItem(side), await small.everyItem(side)];
    expect(a.click).toHaveLength(50);
    const some = Int32Array.from({ length: 20 }, (_, i) => 50 - 2 * i);
    const c = await small.items(side, some);
    a.click.forEach((logit, i) => {
      expect(Math.abs(b.click[i] - logit)).toBeLessThan(1e-6);
    });
    some.forEach((item, i) => {
      expect(Math.abs(c.click[i] - a.click[item - 1])).toBeLessThan(1e-6);
    });
  }
});

it.each(["round_robin", "per_head", "max"])(
  "scores are those of the batches that training runs, with heads: %s",
  async (heads) => {
    const model = videoModel({ max: 40 })
      .replace(/candidate \{[^}]*\}/, "")
      .replace(", candidate]", "]")
      .replace("keep: 4", `keep: 4\n  heads: ${heads}`);
    const other = await LocalTwin.open(built(model), { threads: 1 });
    const batches = await openBatchScoring(other.engine.artefacts, world.binding, { threads: 1 });
    try {
      const generation = preparedItems(batches.dataset);
      const blocks = new CandidateBlocks(other.engine, generation);
      let [short, long] = [0, 0];
      for await (const { rows, samples, item, logit, historyLength } of batches.score("training", { users: 2 })) {
        for (let i = 0; i < rows; i += 2) {
          const side = await preparedSide(other.engine, batches.dataset, generation, "training", samples[i]);
          const { click } = await blocks.items(side, Int32Array.of(item[i]));
          expect(Math.abs(click[0] - logit.click[i])).toBeLessThan(1e-5 * Math.max(1, Math.abs(logit.click[i])));
          if (historyLength.watched[i] <= 4) {
            short++;
          } else {
            long++;
          }
        }
      }
      expect(Math.min(short, long)).toBeGreaterThan(1);
    } finally {
      await batches.close();
      await other.close();
    }
  },
);

describe("candidates of a positive", () => {
  const met = { time: Float64Array.of(1, 2, 2, 3), item: Int32Array.of(4, 2, 0, 5) };
  it("are what could have been drawn as its negatives", () => {
    const eligible = new Eligible(6);
    const has = () => [1, 2, 3, 4, 5, 6].filter((item) => eligible.has(item));
    eligible.begin(met, 2, "exclude");
    expect([has(), eligible.count]).toEqual([[1, 3, 5, 6], 4]);
    eligible.begin(met, 2, "allow");
    expect([has(), eligible.count]).toEqual([[1, 3, 4, 5, 6], 5]);
  });
  it.each([3, 30])("are drawn evenly, none twice, the positive first: %i of 60", (most) => {
    const items = 60;
    const eligible = new Eligible(items);
    eligible.begin(met, 2, "exclude");
    const counts = new Float64Array(items + 1);
    const rounds = 4000;
    for (let row = 0; row < rounds; row++) {
      const drawn = eligible.drawn(2, most, 1, row);
      expect(drawn[0]).toBe(2);
      expect(new Set(drawn).size).toBe(most + 1);
      for (const item of drawn.subarray(1)) {
        counts[item]++;
      }
      eligible.begin(met, 2, "exclude");
    }
    expect([counts[0], counts[2], counts[4]]).toEqual([0, 0, 0]);
    const share = most / (items - 2);
    // Four and a half standard errors of a binomial count: 58 items, a fixed seed.
    for (let item = 1; item <= items; item++) {
      if (item === 2 || item === 4) {
        continue;
      }
      const error = 4.5 * Math.sqrt((share * (1 - share)) / rounds);
      expect(Math.abs(counts[item] / rounds - share), `item ${item}`).toBeLessThan(error);
    }
    expect(eligible.drawn(2, most, 1, 7)).not.toEqual(eligible.drawn(2, most, 2, 7));
  });
});
