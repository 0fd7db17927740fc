// Many systems on the same rows: differences against plain loops, p-values by what they promise, Holm by hand.
import { describe, expect, it } from "vitest";
import { random } from "../../contract/random.ts";
import { auc, gauc, userAucs } from "../../runtime/metrics/auc.ts";
import { comparePairs, holm, type ScoredRows } from "../../runtime/metrics/many-systems.ts";

/** Rows of users, and as many systems as there are signals: how much each knows of the labels. */
function world(seed: number, users: number, signals: readonly number[], runs: number) {
  const { next, normal, below } = random(seed);
  const user: number[] = [];
  for (let u = 0; u < users; u++) {
    for (let i = 2 + below(8); i > 0; i--) {
      user.push(u);
    }
  }
  const truth = user.map(() => normal());
  const label = Uint8Array.from(truth, (z) => Number(next() < 1 / (1 + Math.exp(-2 * z))));
  const rows: ScoredRows = { label, user: Uint32Array.from(user), users };
  const systems = signals.map((signal) =>
    Array.from({ length: runs }, () => Float64Array.from(truth, (z) => signal * z + normal())),
  );
  return { rows, systems };
}

describe("pairs of systems", () => {
  it("differ by the means of their runs", () => {
    const { rows, systems } = world(1, 60, [1, 0.5, 0], 3);
    const { label, user, users } = rows;
    const found = comparePairs(rows, systems, 1, 50);
    const mean = (s: number, of: (score: Float64Array) => number) =>
      systems[s].reduce((sum, score) => sum + of(score), 0) / systems[s].length;
    const within = (score: Float64Array) => gauc(userAucs({ label, score }, user, users)).gauc;
    expect(found.auc.map(({ first, second }) => [first, second])).toEqual([
      [0, 1],
      [0, 2],
      [1, 2],
    ]);
    for (const [i, { first, second }] of found.auc.entries()) {
      const area = (score: Float64Array) => auc({ label, score });
      expect(found.auc[i].difference).toBeCloseTo(mean(first, area) - mean(second, area), 12);
      expect(found.gauc[i].difference).toBeCloseTo(mean(first, within) - mean(second, within), 12);
    }
  });

  it("are told apart where one knows more, and the interval holds the difference", () => {
    const { rows, systems } = world(2, 300, [2, 0.2], 2);
    const {
      auc: [pair],
    } = comparePairs(rows, systems, 1, 300);
    expect(pair.adjusted).toBeLessThan(0.05);
    expect(pair.low).toBeGreaterThan(0);
    expect(pair.low).toBeLessThan(pair.difference);
    expect(pair.high).toBeGreaterThan(pair.difference);
  });

  it("of systems that know the same are hardly ever told apart", () => {
    const worlds = Array.from({ length: 60 }, (_, i) => world(100 + i, 40, [0.5, 0.5], 3));
    const wrong = worlds.filter(({ rows, systems }) => comparePairs(rows, systems, 1, 200).auc[0].p < 0.05);
    // 3 of 60 are due by chance, and a draw of runs and users is rather too careful than too bold.
    expect(wrong.length).toBeLessThanOrEqual(6);
  });

  it("that are one and the same have p = 1, and the same seed gives the same numbers", () => {
    const { rows, systems } = world(3, 30, [1], 1);
    const [{ p, difference }] = comparePairs(rows, [systems[0], systems[0]], 1, 100).auc;
    expect([p, difference]).toEqual([1, 0]);
    const two = world(4, 30, [1, 0.8], 2);
    expect(comparePairs(two.rows, two.systems, 7, 100)).toEqual(comparePairs(two.rows, two.systems, 7, 100));
  });

  it("draw runs as well as users: one lucky run of several makes no sure difference", () => {
    const { rows, systems } = world(5, 400, [0.5, 0.5], 2);
    const lucky = [systems[0][0], Float64Array.from(systems[0][1], (score, i) => score + 3 * rows.label[i])];
    const [pair] = comparePairs(rows, [lucky, systems[1]], 1, 400).auc;
    expect(pair.difference).toBeGreaterThan(0.1);
    expect(pair.p).toBeGreaterThan(0.05);
  });
});

it("figures without a value make no difference sure: rows of nobody, and users of one class", () => {
  const label = Uint8Array.from({ length: 40 }, (_, i) => i % 2);
  const rows: ScoredRows = { label, user: Uint32Array.from(label, (_, i) => i), users: 40 };
  const scores = [Float64Array.from(label), Float64Array.from(label, (one) => 1 - one)];
  const {
    auc: [apart],
    gauc: [none],
  } = comparePairs(
    rows,
    scores.map((score) => [score]),
    1,
    100,
  );
  expect([apart.difference, apart.adjusted < 0.05]).toEqual([1, true]);
  expect([none.p, none.adjusted]).toEqual([1, 1]);
  expect(none.difference).toBeNaN();
});

it("Holm's procedure multiplies the i-th smallest by what is left, and never falls", () => {
  expect(holm([0.01, 0.04, 0.03, 0.005])).toEqual([0.03, 0.06, 0.06, 0.02]);
  expect(holm([0.9, 0.8])).toEqual([1, 1]);
  expect(holm([])).toEqual([]);
});
