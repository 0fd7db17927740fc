// What the validation part says where negatives are drawn: logits with the offset that the loss adds, and how many were drawn.
import { expect, it } from "vitest";
import { evaluationLine } from "../../cli/train-text.ts";
import type { Feeder } from "../../runtime/learn/feeder.ts";
import type { ScoredBatch, Scorer } from "../../runtime/learn/score.ts";
import { validate } from "../../runtime/learn/validate.ts";

interface Row {
  readonly user: number;
  /** −1: a drawn negative. */
  readonly row: number;
  readonly logit: number;
  readonly offset: number;
  readonly label: number;
}

/** The figures of rows that a scorer gives in batches of two. */
async function figures(rows: readonly Row[]) {
  const samples = async (_: string, wanted: Uint32Array) => ({ samples: wanted });
  const feeder = { users: 3, count: () => rows.length, samples } as unknown as Feeder;
  const scorer = {
    score: async ({ samples: wanted }: { samples: Uint32Array }): Promise<Partial<ScoredBatch>> => {
      const some = [...wanted].map((sample) => rows[sample]);
      const column = (of: (row: Row) => number) => Float32Array.from(some, of);
      return {
        rows: some.length,
        samples: wanted,
        user: Uint32Array.from(some, ({ user }) => user),
        row: Float64Array.from(some, ({ row }) => row),
        labels: { buy: column(({ label }) => label) },
        logit: { buy: column(({ logit }) => logit) },
        offset: column(({ offset }) => offset),
        weight: column(() => 1),
      };
    },
  } as unknown as Scorer;
  const [task] = await validate(scorer, feeder, {
    tasks: [{ label: "buy", kind: "binary", weight: 1, where: null }],
    batch: 2,
  });
  return task;
}

const sigmoid = (z: number): number => 1 / (1 + Math.exp(-z));

it("adds the offset of the draws to every logit", async () => {
  // Served, the positive of user 0 loses to its negative; with the rates at which they are drawn it wins.
  const rows: Row[] = [
    { user: 0, row: 4, logit: -2, offset: 1.5, label: 1 },
    { user: 0, row: -1, logit: -1, offset: 0.25, label: 0 },
    { user: 1, row: 7, logit: 0.5, offset: -0.5, label: 1 },
    { user: 1, row: -1, logit: -3, offset: 2, label: 0 },
    { user: 1, row: -1, logit: 1, offset: -0.5, label: 0 },
  ];
  const found = await figures(rows);
  const judged = rows.map(({ logit, offset }) => logit + offset);
  expect(judged).toEqual([-0.5, -0.75, 0, -1, 0.5]);
  const loss = rows.map(({ label }, i) => -Math.log(label === 1 ? sigmoid(judged[i]) : 1 - sigmoid(judged[i])));
  expect(found.logloss).toBeCloseTo(loss.reduce((sum, one) => sum + one, 0) / 5, 7);
  // Of six pairs (0 and 2 against 1, 3, 4) four are in order; user 0 has its one pair right, user 1 one of two.
  expect(found.auc).toBeCloseTo(4 / 6, 12);
  expect(found.gauc).toBeCloseTo((2 * 1 + 3 * 0.5) / 5, 12);
  expect(found).toMatchObject({ rows: 5, drawn: 3 });
  expect(evaluationLine({ step: 3, tasks: [found], improved: false, warning: null })).toBe(
    `step 3: validation buy logloss ${found.logloss.toFixed(4)}; among the drawn negatives auc 0.6667, gauc 0.7000`,
  );
});

it("is what it was where none are drawn", async () => {
  const found = await figures([
    { user: 0, row: 1, logit: 0.25, offset: 0, label: 1 },
    { user: 0, row: 2, logit: -1, offset: 0, label: 0 },
  ]);
  expect(found).toMatchObject({ rows: 2, drawn: 0, auc: 1, gauc: 1 });
  expect(evaluationLine({ step: 3, tasks: [found], improved: true, warning: null })).toBe(
    `step 3: validation buy auc 1.0000, gauc 1.0000, logloss ${found.logloss.toFixed(4)} (the best so far)`,
  );
});
