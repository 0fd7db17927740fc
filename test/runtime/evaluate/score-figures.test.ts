// The order by a model's score: of one label it is that label's own, of several it is that of their weighed logarithms.
import { expect, it } from "vitest";
import { figuresOf } from "../../../runtime/evaluate/report.ts";
import { collect, type Task } from "../../../runtime/evaluate/rows.ts";
import { scoreFigures, scoreText } from "../../../runtime/evaluate/score-figures.ts";
import { numbers } from "../../kit/rank-model.ts";

const click: Task = { name: "click", kind: "binary", where: null, calibration: null };
const like: Task = {
  name: "like",
  kind: "binary",
  where: "click",
  calibration: { kind: "platt", values: Float32Array.of(2, -1) },
};
const stay: Task = { name: "stay", kind: "regression", where: null, calibration: null };
const tasks = [click, like, stay];
const score = (...of: readonly { label: string; weight: number }[]) => ({ score: { output: "score", of: [...of] } });

function rowsOf(count: number, drawn = false) {
  const next = numbers(11);
  const column = (of: () => number) => Float64Array.from({ length: count }, of);
  const logits = { click: column(() => 4 * next() - 2), like: column(() => 4 * next() - 2), stay: column(next) };
  const label = (odds: (i: number) => number) =>
    Float64Array.from({ length: count }, (_, i) => Number(next() < 1 / (1 + Math.exp(-odds(i)))));
  const user = Array.from({ length: count }, () => Math.floor(12 * next()));
  return collect(
    [
      {
        user,
        row: Float64Array.from({ length: count }, (_, i) => (drawn && i % 5 === 0 ? -1 : i)),
        time: column(() => Math.floor(9 * next())),
        request: null,
        historyLength: new Int32Array(count),
        newItem: null,
        labels: {
          click: label((i) => logits.click[i]),
          like: label((i) => 2 * logits.like[i] - 1),
          stay: column(next),
        },
        predictions: logits,
        weight: null,
        prepared: null,
      },
    ],
    tasks,
    "events",
  );
}

it("of one label is as that label's own order", async () => {
  const rows = await rowsOf(500);
  const own = figuresOf(rows, tasks, { ks: [1, 5], historyEdges: null })[0];
  const found = scoreFigures(rows, tasks, score({ label: "click", weight: 3 }), [1, 5])!;
  expect(own).toMatchObject({ ...found.labels[0], kind: "binary" });
  expect(found.labels.map(({ label }) => label)).toEqual(["click", "like"]);
});

it("of several goes by the weighed logarithms of the probabilities that are given out", async () => {
  const rows = await rowsOf(300);
  const found = scoreFigures(rows, tasks, score({ label: "click", weight: 1 }, { label: "like", weight: 0.5 }), [3])!;
  const p = (z: number) => 1 / (1 + Math.exp(-z));
  const scores = Array.from(rows.predictions.click, (z, i) =>
    Math.log(p(z) * Math.sqrt(p(2 * rows.predictions.like[i] - 1))),
  );
  const among = rows.labels.click;
  const counted = scores.flatMap((_, i) => (among[i] === 1 ? [i] : []));
  let [right, pairs] = [0, 0];
  for (const i of counted) {
    for (const j of counted) {
      if (rows.labels.like[i] === 1 && rows.labels.like[j] === 0) {
        pairs++;
        right += Number(scores[i] > scores[j]);
      }
    }
  }
  expect(found.labels[1].auc).toBeCloseTo(right / pairs, 12);
  expect(found.labels[1].rows).toBe(counted.length);
  const text = scoreText(found);
  expect(text[0]).toBe("ordered by the model's score (click 1, like 0.5)");
  expect(text[1]).toMatch(/^label +rows +AUC +GAUC +NDCG@3$/);
  expect(text[3]).toContain((right / pairs).toFixed(4));
});

it("is not said where there is none, nor among drawn negatives", async () => {
  expect(scoreFigures(await rowsOf(50), tasks, {}, [3])).toBeNull();
  expect(scoreFigures(await rowsOf(50, true), tasks, score({ label: "click", weight: 1 }), [3])).toBeNull();
});
