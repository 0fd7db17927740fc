// Where labels' biases start: at the optimum of the loss over a bias alone, finite whatever the data.
import { describe, expect, it } from "vitest";
import { RateSum } from "../../runtime/learn/base-rates.ts";

type Task = ConstructorParameters<typeof RateSum>[0];

const task = (more: Partial<Task> = {}): Task => ({ label: "like", kind: "binary", weight: 1, where: null, ...more });
const logit = (p: number) => Math.log(p / (1 - p));
const missing = Number.NaN;

/** Rows of like, click, weight and offset. */
function start(of: Task, rows: readonly (readonly number[])[]): number {
  const column = (i: number, otherwise: number) => Float32Array.from(rows, (row) => row[i] ?? otherwise);
  const sum = new RateSum(of);
  sum.add({ labels: { like: column(0, 0), click: column(1, 1) }, weight: column(2, 1), offset: column(3, 0) });
  return sum.start();
}

describe("a label's bias starts", () => {
  it("at the logit of its base rate, smoothed by half a row of each kind", () => {
    expect(start(task(), [[1], [0], [0], [0]])).toBeCloseTo(logit(1.5 / 5), 12);
    const many = Array.from({ length: 10_000 }, (_, i) => [Number(i % 10 === 0)]);
    expect(start(task(), many)).toBeCloseTo(logit(0.1), 3);
  });

  it("as the rows weigh in the loss, whatever the weights' unit; without what is missing or weighs nothing", () => {
    const rows = [
      [1, 1, 3],
      [0, 1, 1],
      [0, 1, 2],
      [missing, 1, 9],
      [1, 1, 0],
    ];
    const wanted = logit((3 * 0.5 + 0.5) / 4);
    expect(start(task(), rows)).toBeCloseTo(wanted, 12);
    expect(
      start(
        task(),
        rows.map(([like, click, weight]) => [like, click, weight / 1024]),
      ),
    ).toBeCloseTo(wanted, 12);
  });

  it.each([{ where: "click" }, { through: "click" }])("of the rows where the other label is one, with %o", (more) => {
    const rows = [
      [1, 1],
      [0, 1],
      [0, 0],
      [0, 0],
      [1, missing],
      [missing, 1],
    ];
    expect(start(task(more), rows)).toBeCloseTo(logit(1.5 / 3), 12);
  });

  it("where the loss is least with what is added for drawn negatives", () => {
    const offsets = [0, 0, 1.5, 1.5, 2.25, 2.25, 2.25];
    const rows = offsets.map((offset, i) => [Number(i < 2), 1, 1 + (i % 3), offset]);
    const found = start(task(), rows);
    const loss = (b: number) =>
      // Half a row of each kind beside the data, at its mean weight, is what smooths.
      rows.reduce((sum, [like, , weight, offset]) => {
        const p = 1 / (1 + Math.exp(-b - offset));
        return sum - weight * (wantedLabel(like) * Math.log(p) + (1 - wantedLabel(like)) * Math.log(1 - p));
      }, 0);
    const total = rows.reduce((sum, [, , weight]) => sum + weight, 0);
    const rate = rows.reduce((sum, [like, , weight]) => sum + weight * like, 0) / total;
    const p = (7 * rate + 0.5) / 8;
    // Labels that average to the smoothed rate.
    const wantedLabel = (like: number) => like + (p - rate);
    for (const step of [-0.01, 0.01]) {
      expect(loss(found + step)).toBeGreaterThan(loss(found));
    }
    expect(loss(found + 1e-4)).toBeCloseTo(loss(found - 1e-4), 7);
  });

  it("finite where no row is a positive, none a negative, and none counts", () => {
    expect(start(task(), [[0], [0], [0]])).toBeCloseTo(logit(0.5 / 4), 12);
    expect(start(task(), [[1], [1], [1]])).toBeCloseTo(logit(3.5 / 4), 12);
    expect(start(task(), [[missing], [missing]])).toBe(0);
    expect(start(task(), [])).toBe(0);
  });

  it("of a regression at the weighted mean, and at 0 where nothing is known", () => {
    const regression = task({ kind: "regression" });
    expect(
      start(regression, [
        [4, 1, 1],
        [10, 1, 3],
        [missing, 1, 5],
      ]),
    ).toBeCloseTo(8.5, 12);
    expect(start(regression, [])).toBe(0);
  });
});
