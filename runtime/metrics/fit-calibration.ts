// Calibrations fitted to labelled rows: Platt's line by Newton's method, or an isotonic curve by pooling adjacent violators.
import { type CalibrationKind, knots } from "../../contract/calibration.ts";
import { probabilityOf } from "./logloss.ts";
import { ascending } from "./order.ts";

/** Rows of one binary label; columns of one length. */
export interface CalibrationRows {
  /** Without the offset. */
  readonly logit: Float32Array;
  /** What the loss adds to the log-odds, as it does to calibrated ones: so the fit is of what is served, also of drawn rows. */
  readonly offset: Float32Array;
  /** 0 or 1 */
  readonly label: Float32Array;
  readonly weight: Float32Array;
}

/** Why there is no fit: too few rows of a class, or an order that is not the labels'. */
export class NoCalibration extends Error {}

/** Rows of each class that a fit needs. */
const fewest = 20;

/** Values of a calibration, as `contract/calibration.ts` reads them. @throws NoCalibration */
export function fitCalibration(kind: CalibrationKind, all: CalibrationRows): Float32Array {
  const rows = weighing(all);
  const ones = rows.label.reduce((sum, one) => sum + one, 0);
  const zeros = rows.label.length - ones;
  if (ones < fewest || zeros < fewest) {
    throw new NoCalibration(
      `the validation part has ${ones} rows with a 1 and ${zeros} with a 0, and ${fewest} of each are due`,
    );
  }
  return kind === "platt" ? platt(rows, ones, zeros) : isotonic(rows);
}

/** Rows that weigh anything, 1 in the mean. */
function weighing({ logit, offset, label, weight }: CalibrationRows): CalibrationRows {
  const own = Uint32Array.from(weight.keys()).filter((i) => weight[i] > 0);
  const of = (column: Float32Array): Float32Array => Float32Array.from(own, (i) => column[i]);
  const mean = own.reduce((sum, i) => sum + weight[i], 0) / own.length;
  return { logit: of(logit), offset: of(offset), label: of(label), weight: of(weight).map((one) => one / mean) };
}

/** a and b of the greatest likelihood, targets drawn in as if each class had been seen once more (Platt 1999, section 2.2). */
function platt({ logit, offset, label, weight }: CalibrationRows, ones: number, zeros: number): Float32Array {
  const targets = [1 / (zeros + 2), (ones + 1) / (ones + 2)];
  const loss = (a: number, b: number): number => {
    let sum = 0;
    for (let i = 0; i < logit.length; i++) {
      const c = a * logit[i] + b + offset[i];
      sum += weight[i] * (Math.max(c, 0) + Math.log1p(Math.exp(-Math.abs(c))) - targets[label[i]] * c);
    }
    return sum;
  };
  let [a, b] = [1, 0];
  let now = loss(a, b);
  for (let step = 0; step < 100; step++) {
    let [ga, gb, haa, hab, hbb] = [0, 0, 0, 0, 0];
    for (let i = 0; i < logit.length; i++) {
      const z = logit[i];
      const p = probabilityOf(a * z + b + offset[i]);
      const [g, h] = [weight[i] * (p - targets[label[i]]), weight[i] * Math.max(p * (1 - p), 1e-12)];
      ga += g * z;
      gb += g;
      haa += h * z * z;
      hab += h * z;
      hbb += h;
    }
    const damped = haa + 1e-9 * (haa + hbb);
    const scale = damped * hbb - hab * hab;
    const [da, db] = [(hbb * ga - hab * gb) / scale, (damped * gb - hab * ga) / scale];
    let share = 1;
    let next = loss(a - da, b - db);
    while (!(next <= now) && share > 1e-6) {
      share /= 2;
      next = loss(a - share * da, b - share * db);
    }
    if (!(next < now)) {
      break;
    }
    [a, b] = [a - share * da, b - share * db];
    const gained = now - next;
    now = next;
    if (gained <= 1e-12 * Math.abs(now)) {
      break;
    }
  }
  if (!(a > 0 && Number.isFinite(b))) {
    throw new NoCalibration(
      `the validation part's labels do not rise with the logit (the line that fits them best has slope ${a.toPrecision(3)})`,
    );
  }
  return Float32Array.of(a, b);
}

/** Rows of a bin, at least, where there are so many. */
const binRows = 50;

interface Block {
  /** Places in the order of logits. */
  readonly from: number;
  readonly to: number;
  /** Log-odds that fit its rows best. */
  readonly odds: number;
  /** Rows of the base rate that each of its bins was given. */
  readonly bins: number;
}

/**
 * The curve that rises and fits best, of bins of equally many rows: blocks that would fall are pooled with those before
 * (Ayer et al. 1955), each has its knot at the mean of its logits (Oron & Flournoy 2017), and no row's weight is alone: each
 * bin is given one row that is as the whole.
 */
function isotonic(rows: CalibrationRows): Float32Array {
  const { logit, weight } = rows;
  const order = ascending(logit);
  const whole = bestOdds(rows, order, { from: 0, to: order.length, bins: 0 }, 0);
  const blocks: Block[] = [];
  for (const { from, to } of binsOf(logit, order)) {
    let block: Block = fitted(rows, order, { from, to, bins: 1 }, whole);
    for (let last = blocks.at(-1); last !== undefined && last.odds >= block.odds; last = blocks.at(-1)) {
      blocks.pop();
      block = fitted(rows, order, { from: last.from, to: block.to, bins: last.bins + block.bins }, whole);
    }
    blocks.push(block);
  }
  const values = new Float32Array(2 * knots);
  blocks.forEach(({ from, to, odds }, k) => {
    let [sum, weights] = [0, 0];
    for (let i = from; i < to; i++) {
      sum += weight[order[i]] * logit[order[i]];
      weights += weight[order[i]];
    }
    values[k] = sum / weights;
    values[knots + k] = odds;
  });
  // Knots that are left over give what the last one does; blocks whose means float32 cannot tell apart keep their order.
  for (let k = 1; k < knots; k++) {
    if (k >= blocks.length) {
      values[k] = values[k - 1] + 1;
      values[knots + k] = values[knots + k - 1];
    } else if (!(values[k] > values[k - 1])) {
      throw new NoCalibration(`the validation part's logits all lie about ${values[k]}`);
    }
  }
  if (blocks.length < 2) {
    throw new NoCalibration("the validation part's labels do not rise with the logit");
  }
  return values;
}

/** Ranges of places with about equally many rows; equal logits are never parted. */
function binsOf(logit: Float32Array, order: Uint32Array): { readonly from: number; readonly to: number }[] {
  const count = Math.max(2, Math.min(knots, Math.floor(order.length / binRows)));
  const bins: { from: number; to: number }[] = [];
  let from = 0;
  for (let bin = 1; bin <= count; bin++) {
    let to = Math.round((bin * order.length) / count);
    while (to < order.length && to > 0 && logit[order[to]] === logit[order[to - 1]]) {
      to++;
    }
    if (to > from) {
      bins.push({ from, to });
      from = to;
    }
  }
  return bins;
}

type Range = Pick<Block, "from" | "to" | "bins">;

const fitted = (rows: CalibrationRows, order: Uint32Array, range: Range, whole: number): Block => ({
  ...range,
  odds: bestOdds(rows, order, range, whole),
});

/** The c with Σ w σ(c + offset) + bins σ(c − whole) = Σ w y + bins / 2: by halving, since the left side only rises. */
function bestOdds(
  { offset, label, weight }: CalibrationRows,
  order: Uint32Array,
  { from, to, bins }: Range,
  whole: number,
): number {
  let due = bins / 2;
  for (let i = from; i < to; i++) {
    due += weight[order[i]] * label[order[i]];
  }
  const excess = (c: number): number => {
    let sum = bins * probabilityOf(c - whole);
    for (let i = from; i < to; i++) {
      sum += weight[order[i]] * probabilityOf(c + offset[order[i]]);
    }
    return sum - due;
  };
  let [low, high] = [-60, 60];
  for (let step = 0; step < 50; step++) {
    const middle = (low + high) / 2;
    if (excess(middle) < 0) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return (low + high) / 2;
}
