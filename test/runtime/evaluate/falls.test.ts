// What measures lose, with intervals over users: held against the measures of rows written out as often as their users are drawn.
import { describe, expect, it } from "vitest";
import { random } from "../../../contract/random.ts";
import { auc, gauc, userAucs } from "../../../runtime/metrics/auc.ts";
import { binaryMeasures, fallOf, squaredMeasures, userDraws } from "../../../runtime/metrics/falls.ts";
import { logloss } from "../../../runtime/metrics/logloss.ts";

const users = 12;
const { next, below } = random(5);
const user = Uint32Array.from({ length: 120 }, () => below(users));
const label = Float64Array.from(user, () => Number(next() < 0.4));
const logit = Float64Array.from(label, (y) => Math.round(4 * (next() + 0.5 * y)) / 2);
const draws = userDraws(3, users, 30);

/** Rows as often as their user is drawn; each time as another user. */
function written(times: Uint16Array) {
  const rows: number[] = [];
  const of: number[] = [];
  let number = 0;
  for (let u = 0; u < users; u++) {
    for (let time = 0; time < times[u]; time++, number++) {
      for (let i = 0; i < user.length; i++) {
        if (user[i] === u) {
          rows.push(i);
          of.push(number);
        }
      }
    }
  }
  return {
    label: Uint8Array.from(rows, (i) => label[i]),
    score: Float64Array.from(rows, (i) => logit[i]),
    user: Uint32Array.from(of),
    users: number,
  };
}

describe("measures of drawn users", () => {
  it("are those of their rows written out", () => {
    const found = binaryMeasures({ label, user, users }, logit, logit, draws);
    const squares = squaredMeasures({ label, user, users }, logit, draws);
    const all = [new Uint16Array(users).fill(1), ...draws];
    all.forEach((times, i) => {
      const rows = written(times);
      const value = ({ all: whole, draws: drawn }: { all: number; draws: Float64Array }) =>
        i === 0 ? whole : drawn[i - 1];
      expect(value(found.auc)).toBeCloseTo(auc(rows), 12);
      expect(value(found.gauc)).toBeCloseTo(gauc(userAucs(rows, rows.user, rows.users)).gauc, 12);
      expect(value(found.logloss)).toBeCloseTo(logloss(rows.score, rows.label), 12);
      const errors = rows.score.map((score, j) => (score - rows.label[j]) ** 2);
      expect(value(squares)).toBeCloseTo(errors.reduce((sum, one) => sum + one, 0) / errors.length, 12);
    });
  });

  it("draw as many users as there are, with replacement, the same by the same seed", () => {
    for (const times of draws) {
      expect(times.reduce((sum, one) => sum + one, 0)).toBe(users);
    }
    expect(draws.some((times) => times.includes(0) && times.some((one) => one > 1))).toBe(true);
    expect(userDraws(3, users, 30)).toEqual(draws);
    expect(userDraws(4, users, 30)).not.toEqual(draws);
  });
});

describe("what is lost", () => {
  const of = (all: number, ...values: number[]) => ({ all, draws: Float64Array.from(values) });

  it("is the fall of a measure and the rise of a loss, on the average of the shuffles", () => {
    const others = [of(0.6, 0.5, 0.7), of(0.5, 0.5, 0.6)];
    const fall = fallOf(of(0.8, 0.8, 0.9), others, false);
    expect(fall.fall).toBeCloseTo(0.25, 12);
    // 0.3 and 0.25: the 2.5 % and 97.5 % between them.
    expect(fall.low).toBeCloseTo(0.25 + 0.025 * 0.05, 12);
    expect(fall.high).toBeCloseTo(0.25 + 0.975 * 0.05, 12);
    expect(fallOf(of(0.8, 0.8, 0.9), others, true).fall).toBeCloseTo(-0.25, 12);
  });

  it("leaves out samples of users in which there is none, and is none where all are", () => {
    const gap = fallOf(of(0.8, Number.NaN, 0.9), [of(0.6, Number.NaN, 0.6)], false);
    expect([gap.low, gap.high]).toEqual([0.9 - 0.6, 0.9 - 0.6]);
    const nothing = fallOf(of(Number.NaN, Number.NaN), [of(Number.NaN, Number.NaN)], false);
    expect(nothing).toEqual({ fall: Number.NaN, low: Number.NaN, high: Number.NaN });
  });
});
