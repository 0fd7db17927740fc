// How well each feature alone predicts a label, out of fold: what does so far above all others knows the label.

import { together } from "../../../contract/encoder-spec.ts";
import type { FeatureSpec } from "../../../contract/manifest.ts";
import { encodedWidth } from "../../encode/column.ts";
import type { Encoded } from "../../encode/encoded.ts";

/** Buckets of a number, equally full; of an element of a vector. */
const buckets = 64;
const fewBuckets = 16;
/** A rate is drawn towards the mean as by so many rows. */
const prior = 4;
/** AUC from which on a feature can be suspected. */
const least = 0.85;

/** Encoded values of a feature on rows of a sample, `encodedWidth` elements a row, by the place that a row has here. */
export class Column {
  readonly feature: FeatureSpec;
  /** Places of rows without a value. */
  readonly missing = new Set<number>();
  readonly #width: number;
  readonly #holds: ((row: number) => boolean) | null;
  /** By row; null: each row's place is its own number. */
  readonly #places: Map<number, number> | null;
  #values = new Float64Array(1024);

  /** @param holds whether a row's values are held; null: all are */
  constructor(feature: FeatureSpec, holds: ((row: number) => boolean) | null) {
    this.feature = feature;
    this.#width = encodedWidth(feature);
    this.#holds = holds;
    this.#places = holds === null ? null : new Map();
  }

  /** @param raw the value before it was encoded @param encoded values among which this row's are number `at` */
  put(row: number, raw: unknown, encoded: Encoded, at: number): void {
    if (this.#holds !== null && !this.#holds(row)) {
      return;
    }
    if (this.#places !== null && !this.#places.has(row)) {
      this.#places.set(row, this.#places.size);
    }
    const place = this.place(row);
    if (raw === null || raw === undefined || Number.isNaN(raw)) {
      this.missing.add(place);
    }
    const end = (place + 1) * this.#width;
    if (end > this.#values.length) {
      const longer = new Float64Array(Math.max(2 * this.#values.length, end));
      longer.set(this.#values);
      this.#values = longer;
    }
    for (let j = 0; j < this.#width; j++) {
      this.#values[place * this.#width + j] = encoded[at * this.#width + j];
    }
  }

  /** Whether every row is held, in the place of its own number. */
  get whole(): boolean {
    return this.#places === null;
  }

  /** −1: not held. */
  place(row: number): number {
    return this.#places === null ? row : (this.#places.get(row) ?? -1);
  }

  value(place: number, element = 0): number {
    return this.#values[place * this.#width + element];
  }
}

/** A label on rows of a sample, or on the places that they have in a column. */
export interface Target {
  readonly rows: readonly number[];
  /** 1 or 0, and which half the row is in, by place in `rows`. */
  readonly one: Uint8Array;
  readonly half: Uint8Array;
}

export interface Predictor {
  readonly feature: string;
  readonly auc: number;
  /** That of whether it is missing, where it is here and there. */
  readonly missing?: number;
}

/** Best first. Empty where rows, ones or zeros are too few to say anything. */
export function predictors(columns: Iterable<Column>, target: Target): Predictor[] {
  if (!tells(target)) {
    return [];
  }
  return [...columns]
    .map((column) => ({ column, held: heldOf(column, target) }))
    .filter(({ held }) => tells(held))
    .map(({ column, held }) => predictor(column, held))
    .sort((a, b) => b.auc - a.auc || (a.feature < b.feature ? -1 : 1));
}

function tells({ rows, one }: Target): boolean {
  const ones = one.reduce((sum, each) => sum + each, 0);
  return rows.length >= 200 && Math.min(ones, rows.length - ones) >= 20;
}

/**
 * A feature is suspected that errs half as often as the best one below it that is not suspected, from an AUC of 0.85 on:
 * two leaks do not hide one another, and features that are all good are left alone.
 * @param sorted best first @returns how many of the first ones are suspected
 */
export function suspects(sorted: readonly Predictor[]): number {
  let last = 0;
  for (let i = 0; i < sorted.length && sorted[i].auc >= least; i++) {
    const next = Math.max(0.5, sorted[i + 1]?.auc ?? 0.5);
    if (1 - sorted[i].auc <= (1 - next) / 2) {
      last = i + 1;
    }
  }
  return last;
}

/** The same label on a column's places. */
function heldOf(column: Column, target: Target): Target {
  if (column.whole) {
    return target;
  }
  const held: number[] = [];
  for (let i = 0; i < target.rows.length; i++) {
    if (column.place(target.rows[i]) >= 0) {
      held.push(i);
    }
  }
  return {
    rows: held.map((i) => column.place(target.rows[i])),
    one: Uint8Array.from(held, (i) => target.one[i]),
    half: Uint8Array.from(held, (i) => target.half[i]),
  };
}

function predictor(column: Column, target: Target): Predictor {
  const { name, encoder } = column.feature;
  const gaps = target.rows.filter((row) => column.missing.has(row)).length;
  const auc =
    encoder.kind === "tags"
      ? ofTags(column, target)
      : encoder.kind === "pretrained"
        ? ofElements(column, target)
        : mean(
            ofCodes(encoder.kind === "number" ? numbers(column, target, 0, buckets) : values(column, target), target),
          );
  if (gaps === 0 || gaps === target.rows.length) {
    return { feature: name, auc };
  }
  const missing = mean(ofCodes(dense(target.rows.map((row) => Number(column.missing.has(row)))), target));
  return { feature: name, auc: Math.max(auc, missing), missing };
}

/** Values as whole numbers from 0, by place of the row. */
interface Codes {
  readonly codes: Int32Array;
  readonly size: number;
}

function dense(values: readonly number[]): Codes {
  const known = new Map<number, number>();
  const codes = Int32Array.from(values, (value) => {
    const found = known.get(value) ?? known.size;
    if (found === known.size) {
      known.set(value, found);
    }
    return found;
  });
  return { codes, size: known.size };
}

const values = (column: Column, { rows }: Target): Codes =>
  dense(rows.map((row) => (column.missing.has(row) ? -1 : wholeValue(column, row))));

/** Both rows of two hashes as one number; above 2^53 neighbours may be rounded into one. */
const wholeValue = (column: Column, row: number): number =>
  together(column.feature.encoder) === 1 ? column.value(row) : column.value(row) * 2 ** 31 + column.value(row, 1);

/** Equally full buckets of an element's values; what many rows share is a bucket of its own, and so is what is missing. */
function numbers(column: Column, { rows }: Target, element: number, count: number): Codes {
  const { missing } = column;
  const there = missing.size === 0 ? rows : rows.filter((row) => !missing.has(row));
  const sorted = Float64Array.from(there, (row) => column.value(row, element)).sort();
  const edges = Float64Array.from(
    new Set(Array.from({ length: count }, (_, i) => sorted[Math.floor((i * sorted.length) / count)])),
  );
  const codes = Int32Array.from(rows, (row) => {
    if (missing.has(row)) {
      return 0;
    }
    const value = column.value(row, element);
    let low = 0;
    let high = edges.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (edges[middle] <= value) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low > 0 && edges[low - 1] === value ? 2 * low : 2 * low + 1;
  });
  return { codes, size: 2 * edges.length + 2 };
}

/** What each half tells of a code. */
interface Tally {
  readonly n: Float64Array;
  readonly ones: Float64Array;
  /** Rate of ones by code, drawn towards the mean. */
  readonly rate: Float64Array;
  /** Rate of a code that nobody met. */
  readonly usual: number;
}

function tallies({ codes, size }: Codes, owner: ArrayLike<number> | null, { one, half }: Target): [Tally, Tally] {
  const of = (own: number): Tally => {
    const n = new Float64Array(size);
    const ones = new Float64Array(size);
    for (let i = 0; i < codes.length; i++) {
      const row = owner === null ? i : owner[i];
      if (half[row] !== own) {
        continue;
      }
      n[codes[i]]++;
      ones[codes[i]] += one[row];
    }
    let all = 0;
    let of = 0;
    for (let row = 0; row < half.length; row++) {
      if (half[row] !== own) {
        continue;
      }
      all++;
      of += one[row];
    }
    const usual = all === 0 ? 0.5 : of / all;
    return { n, ones, rate: n.map((count, code) => (ones[code] + prior * usual) / (count + prior)), usual };
  };
  return [of(0), of(1)];
}

/** AUC of each half, by the rates of the other. */
function ofCodes(codes: Codes, target: Target): [number, number] {
  const [first, second] = tallies(codes, null, target);
  return [tallyAuc(first, second.rate), tallyAuc(second, first.rate)];
}

const mean = ([first, second]: readonly [number, number]): number => (first + second) / 2;

/** Area under the ROC curve; ties count half. 0.5 where there are no ones, or no zeros. */
function tallyAuc({ n, ones }: Tally, score: Float64Array): number {
  const order = Array.from(n.keys())
    .filter((code) => n[code] > 0)
    .sort((a, b) => score[a] - score[b]);
  let above = 0;
  let zerosBefore = 0;
  let onesBefore = 0;
  for (let start = 0; start < order.length; ) {
    let end = start;
    let here = 0;
    let of = 0;
    for (; end < order.length && score[order[end]] === score[order[start]]; end++) {
      here += n[order[end]];
      of += ones[order[end]];
    }
    above += of * (zerosBefore + (here - of) / 2);
    onesBefore += of;
    zerosBefore += here - of;
    start = end;
  }
  return onesBefore === 0 || zerosBefore === 0 ? 0.5 : above / (onesBefore * zerosBefore);
}

/** By the log-odds of a row's tags, added up: one tag that tells is found among others that do not. */
function ofTags(column: Column, target: Target): number {
  const width = encodedWidth(column.feature);
  const tags: number[] = [];
  const owner: number[] = [];
  for (const [i, row] of target.rows.entries()) {
    const first = tags.length;
    if (column.missing.has(row)) {
      tags.push(-2);
    } else {
      for (let j = 0; j < width; j++) {
        const tag = column.value(row, j);
        if (tag >= 0 && tags.indexOf(tag, first) < 0) {
          tags.push(tag);
        }
      }
      if (tags.length === first) {
        tags.push(-1);
      }
    }
    while (owner.length < tags.length) {
      owner.push(i);
    }
  }
  const codes = dense(tags);
  const learned = tallies(codes, owner, target);
  const odds = (share: number): number => Math.log(share / (1 - share));
  const aucs = [0, 1].map((half) => {
    const { rate, usual } = learned[1 - half];
    const gain = rate.map((share) => odds(share) - odds(usual));
    const scores = new Float64Array(target.rows.length);
    for (let i = 0; i < owner.length; i++) {
      scores[owner[i]] += gain[codes.codes[i]];
    }
    const byScore = dense([...scores]);
    const score = new Float64Array(byScore.size);
    for (let i = 0; i < scores.length; i++) {
      score[byScore.codes[i]] = scores[i];
    }
    return tallyAuc(tallies(byScore, null, target)[half], score);
  });
  return (aucs[0] + aucs[1]) / 2;
}

/** By the element of a vector that tells most of the half that is learned from. */
function ofElements(column: Column, target: Target): number {
  const best = [0, 1].map(() => ({ learned: -1, told: 0.5 }));
  for (let element = 0; element < encodedWidth(column.feature); element++) {
    const both = tallies(numbers(column, target, element, fewBuckets), null, target);
    for (const half of [0, 1]) {
      const { rate } = both[1 - half];
      const learned = tallyAuc(both[1 - half], rate);
      if (learned > best[half].learned) {
        best[half] = { learned, told: tallyAuc(both[half], rate) };
      }
    }
  }
  return (best[0].told + best[1].told) / 2;
}
