// Statistics of the user's behaviours beside a request's candidates, by the routine that counted them for training.

import { isStat } from "../../contract/encoder-spec.ts";
import type { FeatureSpec, Manifest } from "../../contract/manifest.ts";
import type { GraphInputs } from "../../contract/ports.ts";
import { recordOf } from "../../contract/record.ts";
import { missing } from "../encode/column.ts";
import { asGiven } from "../encode/columns.ts";
import type { Encoded } from "../encode/encoded.ts";
import { type Tensor, tensorOf } from "../session/session.ts";
import type { OfColumn, Past } from "../stats/past.ts";
import { PastStats } from "../stats/past-stats.ts";
import type { RequestArtefacts } from "./artefacts.ts";
import type { Candidates } from "./candidates.ts";
import type { HistorySide } from "./history.ts";

/** The statistics of one history that some graph takes. */
export interface HistoryStats {
  readonly history: string;
  readonly stats: readonly FeatureSpec[];
  /** Item features that they are over. */
  readonly on: readonly FeatureSpec[];
  /** Cross features that they are of. */
  readonly of: readonly FeatureSpec[];
}

/** By history that has some. */
export function statsTaken({ features, histories }: Manifest, inputs: GraphInputs): HistoryStats[] {
  const taken = new Set(
    [...inputs.values()].flatMap((ports) =>
      ports.flatMap(({ source }) => ("feature" in source && isStat(source.feature.encoder) ? [source.feature] : [])),
    ),
  );
  const named = (names: readonly (string | undefined)[]) => features.filter(({ name }) => names.includes(name));
  return histories.flatMap(({ name, stats = [] }) => {
    const own = [...taken].filter((feature) => stats.includes(feature.name));
    const encoders = own.map(({ encoder }) => encoder).filter(isStat);
    const on = named(encoders.map((encoder) => encoder.on));
    const of = named(encoders.map((encoder) => ("of" in encoder ? encoder.of : undefined)));
    return own.length === 0 ? [] : [{ history: name, stats: own, on, of }];
  });
}

/** A chunk's statistics, of the candidates that were asked for last. */
interface Counted {
  readonly candidates: Candidates;
  readonly start: number;
  readonly end: number;
  readonly columns: Readonly<Record<string, Encoded>>;
}

/** One user's: their behaviours are gone through once, and a candidate is answered from what was counted. */
export class SideStats {
  readonly #counters: readonly { readonly taken: HistoryStats; readonly counter: PastStats }[];
  #counted: Counted | null = null;

  /** The features of the behaviours' items that statistics are over must be fetched. @param time of the request */
  constructor(
    { statsTaken: all, manifest }: Pick<RequestArtefacts, "statsTaken" | "manifest">,
    histories: ReadonlyMap<string, HistorySide>,
    time: number,
  ) {
    this.#counters = all.flatMap((taken) => {
      const history = histories.get(taken.history);
      if (history === undefined) {
        return [];
      }
      const counter = new PastStats(taken.stats, manifest.features);
      counter.begin(pastOf(history, taken));
      counter.move({ from: 0, to: history.count, now: time });
      return [{ taken, counter }];
    });
  }

  /** A statistic of candidates start … end−1. */
  column(feature: FeatureSpec, candidates: Candidates, start: number, end: number): Tensor {
    const last = this.#counted;
    if (last === null || last.candidates !== candidates || last.start !== start || last.end !== end) {
      this.#counted = { candidates, start, end, columns: this.#count(candidates, start, end) };
    }
    return tensorOf(this.#counted!.columns[feature.name], [end - start]);
  }

  #count(candidates: Candidates, start: number, end: number): Record<string, Encoded> {
    return Object.assign(
      {},
      ...this.#counters.map(({ taken: { stats, on }, counter }) => {
        const items = recordOf(on.map((feature) => [feature.name, candidates.items.encoded(feature)] as const));
        const rows = end - start;
        const columns = recordOf(stats.map((stat) => [stat.name, missing(stat, rows)] as const));
        for (let row = 0; row < rows; row++) {
          counter.put(items, start + row, columns, row);
        }
        return columns;
      }),
    );
  }
}

/** 0, 1, 2 …: the same array for every user, which nobody writes to. */
let counting: Int32Array = new Int32Array(0);

function places(count: number): Int32Array {
  if (counting.length < count) {
    counting = asGiven(2 * count);
  }
  return counting.subarray(0, count);
}

/** A history's behaviours as statistics see them: places are positions, newest first. */
function pastOf(history: HistorySide, { on, of }: HistoryStats): Past {
  const { count } = history;
  return {
    item: places(count),
    time: history.usedTimes(),
    items: recordOf(on.map((feature) => [feature.name, history.items.encoded(feature)] as const)),
    of: recordOf(
      of.map((feature): [string, OfColumn] => {
        const { data } = history.cross(feature);
        if (!(data instanceof Float32Array || data instanceof Int32Array)) {
          throw new Error(`${feature.name} is no column of encoded values`);
        }
        // What was not known before the request is missing in the column already.
        return [feature.name, { values: data, known: null, delay: 0 }];
      }),
    ),
  };
}
