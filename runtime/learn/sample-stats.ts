// The statistics of samples that lie by user, newest first: one pass over each user's behaviours, from the oldest sample on.
import type { NumberArray } from "../../contract/alike.ts";
import { isStat, needsTimes } from "../../contract/encoder-spec.ts";
import { TwinError } from "../../contract/error.ts";
import type { FeatureSpec } from "../../contract/manifest.ts";
import { recordOf } from "../../contract/record.ts";
import { missing } from "../encode/column.ts";
import type { Encoded } from "../encode/encoded.ts";
import type { OfColumn, Past } from "../stats/past.ts";
import { PastStats } from "../stats/past-stats.ts";
import { type HistoryColumns, type NumberColumn, others, type SamplesOfBatch } from "./batch-history.ts";
import { pickRows } from "./pick-rows.ts";

/** Samples with their candidates' ordinals. */
export interface CountedSamples extends SamplesOfBatch {
  readonly candidate: Int32Array;
}

/** Statistics of one history: those that it names. */
export function statsOf(
  features: readonly FeatureSpec[],
  { stats = [] }: { readonly stats?: readonly string[] | undefined },
): FeatureSpec[] {
  return features.filter(({ name }) => stats.includes(name));
}

export class SampleStats {
  readonly #history: HistoryColumns;
  readonly #stats: readonly FeatureSpec[];
  readonly #items: Readonly<Record<string, Encoded>>;
  readonly #of: readonly HistoryColumns["cross"][number][];
  readonly #passing: PastStats;
  /** Of samples that exclude some behaviours: each is counted by itself. */
  readonly #single: PastStats;

  /** @param features all of the model's @param items encoded features of the items, by ordinal */
  constructor(
    history: HistoryColumns,
    stats: readonly FeatureSpec[],
    features: readonly FeatureSpec[],
    items: Readonly<Record<string, Encoded>>,
  ) {
    this.#history = history;
    this.#stats = stats;
    this.#items = items;
    const timed = stats.find(({ encoder }) => needsTimes(encoder));
    if (timed !== undefined && history.time === null) {
      throw new TwinError(
        `${timed.name} needs the time of each behaviour, and the data of history ${history.name} has an order only: bind its times, or count in places`,
      );
    }
    const of = new Set(stats.flatMap(({ encoder }) => (isStat(encoder) && "of" in encoder ? [encoder.of] : [])));
    this.#of = history.cross.filter(({ spec }) => of.has(spec.name));
    this.#passing = new PastStats(stats, features);
    this.#single = new PastStats(stats, features);
  }

  /** @returns by statistic, one value for each sample */
  of(samples: CountedSamples): Record<string, Encoded> {
    const rows = samples.candidate.length;
    const into = recordOf(this.#stats.map((stat) => [stat.name, missing(stat, rows)] as const));
    const ends = samples.end ?? this.#history.ends?.gather(samples.user);
    if (ends === undefined) {
      throw new Error(`nothing says where the behaviours of ${this.#history.name} end`);
    }
    for (let to = rows; to > 0; ) {
      let from = to - 1;
      while (from > 0 && samples.user[from - 1] === samples.user[from] && ends[from - 1] === ends[from]) {
        from--;
      }
      this.#run(samples, from, to, ends[from], into);
      to = from;
    }
    return into;
  }

  /** Samples `from` … `to` − 1, whose behaviours end at the same place. */
  #run(samples: CountedSamples, from: number, to: number, end: number, into: Record<string, Encoded>): void {
    const { max, same } = this.#history;
    const { start, time, candidate } = samples;
    let first = end;
    let last = 0;
    for (let row = from; row < to; row++) {
      first = Math.min(first, start[row]);
      last = Math.max(last, Math.min(end, start[row] + max));
    }
    const past = this.#past(first, Math.max(first, last), null);
    this.#passing.begin(past);
    for (let row = to - 1; row >= from; row--) {
      const code = samples.same === null || same === null ? -1 : samples.same[row];
      const begin = Math.min(start[row], end);
      const now = time[row];
      if (code < 0 || same === null) {
        this.#passing.move({ from: begin - first, to: Math.min(end, begin + max) - first, now });
        this.#passing.put(this.#items, candidate[row], into, row);
        continue;
      }
      const chosen = others(same, max, begin, end, code);
      const rest = this.#past(begin, chosen.length === 0 ? begin : chosen[chosen.length - 1] + 1, chosen);
      this.#single.begin(rest);
      this.#single.move({ from: 0, to: chosen.length, now });
      this.#single.put(this.#items, candidate[row], into, row);
    }
  }

  /** Behaviours `from` … `to` − 1 of the history, or some of them. */
  #past(from: number, to: number, chosen: Int32Array | null): Past {
    const { item, time } = this.#history;
    const part = (column: NumberColumn): NumberArray => {
      const range = column.range(from, to);
      return chosen === null
        ? range.slice()
        : pickRows(
            range,
            chosen.map((place) => place - from),
          );
    };
    return {
      item: held(part(item), Int32Array),
      time: time && held(part(time), Float64Array),
      items: this.#items,
      of: recordOf(
        this.#of.map(({ spec, column, known }): [string, OfColumn] => [
          spec.name,
          {
            values: this.#encoded(spec.name, column, part),
            known: known && held(part(known), Float64Array),
            delay: spec.known?.delay ?? 0,
          },
        ]),
      ),
    };
  }
  #encoded(name: string, column: NumberColumn | null, part: (column: NumberColumn) => NumberArray): Encoded {
    if (column === null) {
      throw new Error(`a statistic is of ${name}, which is computed and not stored`);
    }
    const values = part(column);
    return values instanceof Float32Array ? values : held(values, Int32Array);
  }
}

/** Numbers as the column holds them. @throws Error where it holds others: a fault of ours */
function held<T extends NumberArray>(values: NumberArray, kind: new (length: number) => T): T {
  if (values instanceof kind) {
    return values;
  }
  throw new Error(`a column of a history holds ${values.constructor.name}, and ${kind.name} is due`);
}
