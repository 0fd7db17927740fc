// How well each feature alone predicts each label, out of fold: what does so far above all others knows the label.
import { encodedWidth } from "../encode/column.ts";
import type { FeatureSpec } from "../manifest.ts";
import type { Encoded } from "./prepare/encode-rows.ts";
import type { DataReport } from "./report-schema.ts";
import type { SampleColumns } from "./sample-columns.ts";
import { quoted, type Source } from "./source.ts";

/** Training rows that are looked at: those of the smallest hashes of their numbers. */
export const mostRows = 100_000;
/** Buckets of a number, equally full. */
const buckets = 64;
/** A rate is drawn towards the mean as by so many rows. */
const prior = 4;
/** AUC from which on a feature can be suspected. */
const least = 0.85;

export type SinglePredictions = NonNullable<DataReport["predictors"]>;

interface Label {
  readonly name: string;
  readonly values: Float64Array;
}

/** A bounded sample of the training part, to which the encoded features come as they are read. */
export class SampledRows {
  readonly #index: ReadonlyMap<number, number>;
  readonly #ordinals: Int32Array;
  readonly #labels: readonly Label[];
  readonly #columns = new Map<string, { readonly feature: FeatureSpec; readonly values: Float64Array }>();
  /** Rows of the sample by the ordinal of their item. */
  readonly #byOrdinal = new Map<number, number[]>();

  static async draw(source: Source, from: string, columns: SampleColumns, samples: number): Promise<SampledRows> {
    const labels = columns.labels.map(({ name }) => quoted(name));
    const some = labels.map((label) => `NOT isnan(${label})`).join(" OR ") || "false";
    const share = Math.min(1, mostRows / Math.max(1, samples));
    const chosen = `(CAST('0x' || substr(md5(CAST("#row"::BIGINT AS VARCHAR)), 1, 8) AS UBIGINT) / 4294967296.0) < ${share}`;
    const rows = await source.all(
      `SELECT "#row"::DOUBLE AS r, "#ordinal"::DOUBLE AS o${labels.map((label, l) => `, (${label})::DOUBLE AS l${l}`).join("")} FROM ${from} WHERE "#part" = 0 AND (${some})${share < 1 ? ` AND ${chosen}` : ""} ORDER BY "#row"`,
    );
    return new SampledRows(
      rows.map(({ r }) => Number(r)),
      Int32Array.from(rows, ({ o }) => Number(o)),
      columns.labels.map(({ name }, l) => ({
        name: name.replace(/^predict\./, ""),
        values: Float64Array.from(rows, (row) => Number(row[`l${l}`])),
      })),
    );
  }

  constructor(rows: readonly number[], ordinals: Int32Array, labels: readonly Label[]) {
    this.#index = new Map(rows.map((row, i) => [row, i]));
    this.#ordinals = ordinals;
    this.#labels = labels;
    for (let i = 0; i < ordinals.length; i++) {
      const found = this.#byOrdinal.get(ordinals[i]);
      if (found === undefined) this.#byOrdinal.set(ordinals[i], [i]);
      else found.push(i);
    }
  }

  /** Encoded values of a chunk of events. @param rows their numbers in the log */
  addEvents(feature: FeatureSpec, rows: ArrayLike<number>, encoded: Encoded): void {
    const values = this.#of(feature);
    const width = encodedWidth(feature);
    for (let row = 0; row < rows.length; row++) {
      const at = this.#index.get(rows[row]);
      if (at !== undefined) values[at] = oneOf(encoded, row, width);
    }
  }

  /** Encoded values of the items with the ordinals `first` … */
  addItems(feature: FeatureSpec, first: number, encoded: Encoded): void {
    const values = this.#of(feature);
    const width = encodedWidth(feature);
    for (let i = 0; i < encoded.length / width; i++)
      for (const at of this.#byOrdinal.get(first + i) ?? []) values[at] = oneOf(encoded, i, width);
  }

  #of(feature: FeatureSpec): Float64Array {
    let found = this.#columns.get(feature.name);
    if (found === undefined) {
      found = { feature, values: new Float64Array(this.#ordinals.length) };
      this.#columns.set(feature.name, found);
    }
    return found.values;
  }

  /** AUC of each feature alone, best first, and which of them stand out. */
  predictions(): SinglePredictions {
    return this.#labels.flatMap(({ name, values }) => {
      const target = binary(values);
      if (target === null) return [];
      const found = [...this.#columns.values()]
        .map(({ feature, values: column }) => ({ feature: feature.name, auc: outOfFold(feature, column, target) }))
        .sort((a, b) => b.auc - a.auc || (a.feature < b.feature ? -1 : 1));
      return [{ label: name, rows: target.rows.length, features: found, suspects: suspects(found) }];
    });
  }
}

/**
 * A feature is suspected that errs half as often as the best one below it that is not suspected, from an AUC of 0.85 on:
 * two leaks do not hide one another, and features that are all good are left alone.
 */
export function suspects(found: readonly { readonly feature: string; readonly auc: number }[]): string[] {
  const sorted = [...found].sort((a, b) => b.auc - a.auc);
  let last = 0;
  for (let i = 0; i < sorted.length && sorted[i].auc >= least; i++) {
    const next = Math.max(0.5, sorted[i + 1]?.auc ?? 0.5);
    if (1 - sorted[i].auc <= (1 - next) / 2) last = i + 1;
  }
  return sorted.slice(0, last).map(({ feature }) => feature);
}

/** Several elements (tags, vectors) as one number that tells them apart. */
function oneOf(encoded: Encoded, row: number, width: number): number {
  if (width === 1) return encoded[row];
  let hash = 0;
  for (let j = 0; j < width; j++) hash = (Math.imul(hash, 31) + Math.round(encoded[row * width + j] * 4096)) | 0;
  return hash;
}

interface Target {
  /** Rows of the sample that have the label. */
  readonly rows: Int32Array;
  /** 1 or 0 by row of the sample; a number counts as 1 above its mean. */
  readonly one: Uint8Array;
}

function binary(values: Float64Array): Target | null {
  const rows = Int32Array.from(values.keys()).filter((row) => Number.isFinite(values[row]));
  if (rows.length < 200) return null;
  const mean = rows.reduce((sum, row) => sum + values[row], 0) / rows.length;
  const one = Uint8Array.from(values, (value) => Number(value > mean));
  const ones = rows.reduce((sum, row) => sum + one[row], 0);
  return Math.min(ones, rows.length - ones) < 20 ? null : { rows, one };
}

/** Mean AUC of the two halves, each predicted by the other half's rates. */
function outOfFold(feature: FeatureSpec, column: Float64Array, target: Target): number {
  const { kind } = feature.encoder;
  const halves = [0, 1].map((half) => target.rows.filter((_, i) => fold(i) === half));
  const aucs = halves.map((held, half) => {
    const learned = halves[1 - half];
    const bucket = kind === "number" ? edgesOf(column, learned) : (value: number): number => value;
    return auc(held, target.one, rates(column, learned, target.one, bucket), column, bucket);
  });
  return (aucs[0] + aucs[1]) / 2;
}

/** Halves drawn by a hash of the place, so that a log in any order is cut evenly. */
const fold = (i: number): number => (Math.imul(i + 1, 0x9e3779b1) >>> 15) & 1;

function edgesOf(column: Float64Array, rows: Int32Array): (value: number) => number {
  const sorted = Float64Array.from(rows, (row) => column[row]).sort();
  const edges = [
    ...new Set(Array.from({ length: buckets }, (_, i) => sorted[Math.floor((i * sorted.length) / buckets)])),
  ];
  return (value) => {
    let low = 0;
    let high = edges.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (edges[middle] <= value) low = middle + 1;
      else high = middle;
    }
    // A value that many share, such as the zero of a missing number, is a bucket of its own.
    return low > 0 && edges[low - 1] === value ? 2 * low : 2 * low + 1;
  };
}

function rates(column: Float64Array, rows: Int32Array, one: Uint8Array, bucket: (value: number) => number) {
  const counts = new Map<number, { n: number; ones: number }>();
  let ones = 0;
  for (const row of rows) {
    const key = bucket(column[row]);
    const found = counts.get(key) ?? { n: 0, ones: 0 };
    counts.set(key, found);
    found.n++;
    found.ones += one[row];
    ones += one[row];
  }
  const mean = ones / rows.length;
  return (key: number): number => {
    const { n, ones: of } = counts.get(key) ?? { n: 0, ones: 0 };
    return (of + prior * mean) / (n + prior);
  };
}

/** Ties count half. */
function auc(
  rows: Int32Array,
  one: Uint8Array,
  rate: (key: number) => number,
  column: Float64Array,
  bucket: (value: number) => number,
): number {
  const scored = Array.from(rows, (row) => ({ score: rate(bucket(column[row])), one: one[row] }));
  scored.sort((a, b) => a.score - b.score);
  let above = 0;
  let zeros = 0;
  let ones = 0;
  for (let start = 0; start < scored.length; ) {
    let end = start;
    let here = 0;
    while (end < scored.length && scored[end].score === scored[start].score) here += scored[end++].one;
    above += here * (zeros + (end - start - here) / 2);
    ones += here;
    zeros += end - start - here;
    start = end;
  }
  return ones === 0 || zeros === 0 ? 0.5 : above / (ones * zeros);
}
