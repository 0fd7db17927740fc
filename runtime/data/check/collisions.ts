// How often a hashed feature's value shares its row (of two hashes: both rows) with another value, weighted by how often each occurs.

import { together } from "../../../contract/encoder-spec.ts";
import { type Hasher, hasher } from "../../../contract/hash.ts";
import { integerBucket } from "../../../contract/hash-integer.ts";
import type { FeatureSpec } from "../../../contract/manifest.ts";
import { type DataColumn, type DataValue, numbersOf } from "../../encode/data-column.ts";
import type { Encoded } from "../../encode/encoded.ts";
import type { DataModel } from "../data-model.ts";
import type { Source } from "../database/source.ts";
import type { DataReport } from "../report-schema.ts";
import { RowPairs } from "./row-pairs.ts";

/** Rows of a table that are looked at; of a larger one these, which a hash fills like any other. */
const mostRows = 1 << 22;
/** A second remainder of a value's hash tells apart the values of one row; a prime, so that it says something else than the row. */
const marks = 67_108_859;

export type Collisions = NonNullable<DataReport["collisions"]>[number];

/** What stands in the rows of one table, whichever features read it. */
interface Table {
  /** 1 + the mark of the first value that came to a row; 0: none came. */
  readonly first: Uint32Array;
  /** Whether another came. */
  readonly shared: Uint8Array;
}

type Feature = { readonly buckets: number } & (
  | { readonly pairs: RowPairs }
  | { readonly pairs: null; readonly table: Table; readonly times: Float64Array }
);

/** The buckets of a feature whose values are hashed; null of any other. */
function bucketsOf({ encoder }: FeatureSpec): number | null {
  const rows = encoder.kind === "tags" ? encoder.of : encoder;
  return rows.kind === "hashed" ? rows.buckets : null;
}

async function eventsByItem(source: Source, from: string, items: number): Promise<Float64Array> {
  const events = new Float64Array(items);
  const sql = `SELECT "#ordinal" AS ordinal, count(*)::DOUBLE AS n FROM ${from} WHERE "#ordinal" > 0 GROUP BY 1`;
  for await (const chunk of source.stream(sql, 65_536)) {
    const [ordinal, n] = [numbersOf(chunk.columns.ordinal), numbersOf(chunk.columns.n)];
    for (let i = 0; i < chunk.rows; i++) {
      events[ordinal[i] - 1] = n[i];
    }
  }
  return events;
}

/** Counts values as they are encoded. Memory is bounded: 13 bytes for each row that is looked at, and a million pairs. */
export class HashedRows {
  readonly #hasher: Hasher;
  /** Events of each item, from the first on. */
  readonly #events: Float64Array;
  /** By item feature: items that came. */
  readonly #items = new Map<string, number>();
  readonly #tables = new Map<string, Table>();
  readonly #features = new Map<string, Feature>();
  readonly #pairs = new Map<string, RowPairs>();

  private constructor(hasher: Hasher, events: Float64Array) {
    this.#hasher = hasher;
    this.#events = events;
  }

  /** @param from a table, or a select in brackets, with the columns of the events' query @param items without the unknown one */
  static async open(source: Source, from: string, { features }: DataModel, items: number): Promise<HashedRows> {
    const some = features.some((feature) => feature.group === "item" && bucketsOf(feature) !== null);
    return new HashedRows(await hasher(), some ? await eventsByItem(source, from, items) : new Float64Array());
  }

  /** @param values as they were encoded, after their derivation; those of items in the order of the ordinals */
  add(feature: FeatureSpec, values: DataColumn, encoded: Encoded): void {
    const buckets = bucketsOf(feature);
    if (buckets === null) {
      return;
    }
    const first = this.#items.get(feature.name) ?? 0;
    this.#items.set(feature.name, first + values.length);
    const weights = feature.group === "item" ? this.#events.subarray(first, first + values.length) : null;
    const { encoder } = feature;
    const known = this.#of(feature, buckets);
    if (known.pairs !== null) {
      for (let i = 0; i < values.length; i++) {
        const [one, other] = [encoded[2 * i], encoded[2 * i + 1]];
        if (one > 0) {
          known.pairs.add(feature.name, [one, other], this.#mark(values[i]), weights?.[i] ?? 1);
        }
      }
      return;
    }
    const { table, times } = known;
    const put = (value: DataValue, row: number, weight: number): void => {
      if (row < 1 || row > times.length) {
        return;
      }
      const mark = 1 + this.#mark(value);
      const first = table.first[row - 1];
      if (first === 0) {
        table.first[row - 1] = mark;
      } else if (first !== mark) {
        table.shared[row - 1] = 1;
      }
      times[row - 1] += weight;
    };
    for (let i = 0; i < values.length; i++) {
      const weight = weights?.[i] ?? 1;
      if (encoder.kind !== "tags") {
        put(values[i], encoded[i], weight);
        continue;
      }
      let at = i * encoder.max;
      for (const tag of tagsOf(values[i]).slice(0, encoder.max)) {
        put(tag, encoded[at++], weight);
      }
    }
  }

  /** By feature, in the order in which they came. */
  found(): Collisions[] {
    return [...this.#features].map(([feature, known]) => {
      const { buckets } = known;
      if (known.pairs !== null) {
        return { feature, buckets, ...known.pairs.found(feature) };
      }
      const { table, times } = known;
      let [occurrences, shared] = [0, 0];
      times.forEach((count, row) => {
        occurrences += count;
        shared += table.shared[row] === 1 ? count : 0;
      });
      return { feature, buckets, occurrences, shared };
    });
  }

  #of(feature: FeatureSpec, buckets: number): Feature {
    const known = this.#features.get(feature.name);
    if (known !== undefined) {
      return known;
    }
    const made = this.#made(feature, buckets);
    this.#features.set(feature.name, made);
    return made;
  }

  #made(feature: FeatureSpec, buckets: number): Feature {
    const name = feature.embedding ?? feature.name;
    if (together(feature.encoder) > 1) {
      const pairs = this.#pairs.get(name) ?? new RowPairs();
      this.#pairs.set(name, pairs);
      return { buckets, pairs };
    }
    const rows = Math.min(buckets, mostRows);
    const table = this.#tables.get(name) ?? { first: new Uint32Array(rows), shared: new Uint8Array(rows) };
    this.#tables.set(name, table);
    return { buckets, pairs: null, table, times: new Float64Array(rows) };
  }

  #mark(value: DataValue): number {
    return typeof value === "number" && Number.isInteger(value)
      ? integerBucket(value, marks)
      : this.#hasher.bucket(String(value), marks);
  }
}

/** The tags of a list that are encoded: those that are not missing. */
function tagsOf(list: DataValue): DataValue[] {
  return typeof list === "object" && list !== null
    ? Array.from(list).filter((tag) => tag !== null && !Number.isNaN(tag))
    : [];
}
