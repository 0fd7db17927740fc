// How sure the difference of two AUCs on the same rows is: DeLong's variance, and the same with users as the units.
import type { Ranked } from "./auc.ts";
import { ascending, type Column } from "./order.ts";

export interface Difference {
  /** Ours, theirs, and ours − theirs. */
  readonly ours: number;
  readonly theirs: number;
  readonly difference: number;
  /** 95 % confidence interval of the difference. */
  readonly low: number;
  readonly high: number;
}

export interface AucDifference extends Difference {
  readonly error: number;
  /** Two-sided, of "they are equal". */
  readonly p: number;
}

/**
 * Of each row the share of the other class that it beats, ties half: positives V10 (negatives below), negatives V01
 * (positives above). Midranks give all of them in one sort (Sun & Xu, IEEE SPL 2014).
 */
export function placements({ label, score }: Ranked): Float64Array {
  const order = ascending(score);
  const shares = new Float64Array(order.length);
  let [positives, negatives] = [0, 0];
  for (const one of label) {
    positives += one;
  }
  negatives = label.length - positives;
  let [below, beaten] = [0, 0];
  for (let from = 0; from < order.length; ) {
    let [to, positive] = [from, 0];
    for (; to < order.length && score[order[to]] === score[order[from]]; to++) {
      positive += label[order[to]];
    }
    const negative = to - from - positive;
    for (let i = from; i < to; i++) {
      const row = order[i];
      shares[row] =
        label[row] === 1 ? (below + negative / 2) / negatives : (positives - beaten - positive / 2) / positives;
    }
    below += negative;
    beaten += positive;
    from = to;
  }
  return shares;
}

/**
 * The difference of the AUCs of two systems on the same rows, with DeLong's variance (DeLong, DeLong & Clarke-Pearson,
 * Biometrics 1988): rows are taken as independent.
 */
export function aucDifference(label: Uint8Array, ours: Column, theirs: Column): AucDifference {
  const { a, b, gaps, positives, negatives } = compared(label, ours, theirs);
  let [ofPositives, ofNegatives] = [0, 0];
  for (let i = 0; i < label.length; i++) {
    const square = (gaps[i] - (a - b)) ** 2;
    if (label[i] === 1) {
      ofPositives += square;
    } else {
      ofNegatives += square;
    }
  }
  const variance = ofPositives / (positives - 1) / positives + ofNegatives / (negatives - 1) / negatives;
  return interval(a, b, variance);
}

/**
 * The same with users as the independent units, because rows of one user are alike (Obuchowski, Biometrics 1997): the
 * interval to believe where users have many rows.
 */
export function aucDifferenceByUser(
  label: Uint8Array,
  ours: Column,
  theirs: Column,
  user: Uint32Array,
  users: number,
): AucDifference {
  const { a, b, gaps, positives, negatives } = compared(label, ours, theirs);
  const ofPositives = new Float64Array(users);
  const ofNegatives = new Float64Array(users);
  const has = new Uint8Array(users);
  for (let i = 0; i < label.length; i++) {
    const u = user[i];
    has[u] |= label[i] === 1 ? 1 : 2;
    (label[i] === 1 ? ofPositives : ofNegatives)[u] += gaps[i] - (a - b);
  }
  let [withPositive, withNegative, all] = [0, 0, 0];
  let [s10, s01, s11] = [0, 0, 0];
  for (let u = 0; u < users; u++) {
    if (has[u] === 0) {
      continue;
    }
    all++;
    withPositive += has[u] & 1;
    withNegative += has[u] >> 1;
    s10 += ofPositives[u] ** 2;
    s01 += ofNegatives[u] ** 2;
    s11 += ofPositives[u] * ofNegatives[u];
  }
  const ratio = (count: number): number => count / (count - 1);
  const variance =
    (ratio(withPositive) * s10) / positives ** 2 +
    (ratio(withNegative) * s01) / negatives ** 2 +
    (2 * ratio(all) * s11) / (positives * negatives);
  return interval(a, b, Math.max(0, variance));
}

/** Both AUCs, and of each row how much more of the other class ours beats. */
function compared(label: Uint8Array, ours: Column, theirs: Column) {
  const [x, y] = [placements({ label, score: ours }), placements({ label, score: theirs })];
  let [a, b, positives] = [0, 0, 0];
  const gaps = new Float64Array(label.length);
  for (let i = 0; i < label.length; i++) {
    gaps[i] = x[i] - y[i];
    if (label[i] === 0) {
      continue;
    }
    a += x[i];
    b += y[i];
    positives++;
  }
  return { a: a / positives, b: b / positives, gaps, positives, negatives: label.length - positives };
}

function interval(ours: number, theirs: number, variance: number): AucDifference {
  const difference = ours - theirs;
  const error = Math.sqrt(variance);
  const p = error > 0 ? 2 * upperTail(Math.abs(difference) / error) : difference === 0 ? 1 : 0;
  return { ours, theirs, difference, low: difference - Z * error, high: difference + Z * error, error, p };
}

/** The normal distribution's 97.5 % point. */
export const Z = 1.959963984540054;

/** P(N > z) for z ≥ 0: a continued fraction beyond 3 (Laplace), the series of the integral below (relative error < 1e-12). */
export function upperTail(z: number): number {
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
  if (z > 3) {
    let fraction = z;
    for (let i = 200; i >= 1; i--) {
      fraction = z + i / fraction;
    }
    return density / fraction;
  }
  let [term, sum] = [z, z];
  for (let i = 1; Math.abs(term) > 1e-17 * Math.abs(sum); i++) {
    term *= (z * z) / (2 * i + 1);
    sum += term;
  }
  return 0.5 - density * sum;
}
