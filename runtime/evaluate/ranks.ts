// The rank of what a user took among all items of the data, by the logit that is served: what a retrieval is judged by where
// the log holds nothing that was refused.

import { TwinError } from "../../contract/error.ts";
import { streams } from "../../contract/random.ts";
import { recordOf } from "../../contract/record.ts";
import type { Binding } from "../data/index.ts";
import { isSeen } from "../encode/seen.ts";
import { meter, type OnProgress } from "../host/progress.ts";
import type { Part } from "../learn/index.ts";
import { type Place, type RankMetrics, rankMetrics } from "../metrics/rank.ts";
import type { LocalTwin } from "../serve/index.ts";
import type { BatchScoring } from "./batch-rows.ts";
import { CandidateBlocks } from "./candidate-blocks.ts";
import { metInLists } from "./met-in-lists.ts";
import { type Met, metItems } from "./met-items.ts";
import { preparedItems, preparedSide } from "./prepared-side.ts";
import { rowsOf } from "./report.ts";
import type { Collected, Task } from "./rows.ts";
import { rowsWhere, taken } from "./segments.ts";

export interface RankOptions {
  /** Of recall@k and NDCG@k. */
  readonly ks: readonly number[];
  /** At most so many positives, the same ones each time; default: as many as take about a minute on two cores, at least 100. */
  readonly positives?: number;
  /** Items drawn evenly that each positive is ranked among; default: all. */
  readonly candidates?: number;
  /** Decides which positives are ranked, and which candidates are drawn. */
  readonly seed: number;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
}

export interface Ranks {
  /** Items of the data. */
  readonly items: number;
  /** Drawn for each positive; null: all items. */
  readonly candidates: number | null;
  readonly seed: number;
  /** Whether items that the user has met are candidates, as they are among the negatives. */
  readonly met: "exclude" | "allow";
  /** Rows of the part that are positive of some label, and those that were chosen. */
  readonly positives: number;
  readonly chosen: number;
  /** Chosen ones whose item is none of the data's items: they have no rank. */
  readonly withoutItem: number;
  readonly labels: readonly LabelRanks[];
}

export interface LabelRanks {
  readonly label: string;
  readonly all: RankMetrics;
  /** Of items that the user had not met at an earlier time, and of those that it had. */
  readonly first: RankMetrics;
  readonly repeats: RankMetrics;
}

/** Scores of an evaluation that nobody bounds: about a minute on two cores. Preparing a user costs as much as so many. */
const scores = 5_000_000;
const user = 500;
const least = 100;

/** One positive with its rank by label. */
interface RankedRow {
  readonly row: number;
  readonly repeat: boolean;
  /** Candidates, itself included. */
  readonly among: number;
  readonly places: Readonly<Record<string, Place>>;
}

/**
 * Ranks positives of a part. The user's side is prepared once for each, and its candidates are scored in blocks.
 * @param all rows of the part, scored in batches
 */
export async function ranksOf(
  { engine }: Pick<LocalTwin, "engine">,
  { dataset }: Pick<BatchScoring, "dataset">,
  binding: Binding,
  part: Part,
  all: Collected,
  tasks: readonly Task[],
  options: RankOptions,
): Promise<Ranks> {
  const { prepared } = all;
  if (prepared === null) {
    throw new Error("ranks are those of prepared rows");
  }
  const { ks, seed, candidates = null, signal } = options;
  const binary = tasks.filter(({ name, kind }) => kind === "binary" && Object.hasOwn(all.labels, name));
  const positive = binary.map((task) => positivesOf(all, task));
  const every = rowsWhere(all.rows, (i) => positive.some((has) => has[i] === 1));
  const generation = preparedItems(dataset);
  const each = Math.min(generation.items, (candidates ?? generation.items) + 1);
  const most = Math.max(least, Math.floor(scores / (each + user)));
  const chosen = someOf(every, all.row, options.positives ?? most, seed);
  const users = dataset.userOf(part);
  const userOf = (row: number): number => users[prepared.sample[row]];
  const met = dataset.spec.negatives?.met ?? "exclude";
  const { manifest } = engine.artefacts;
  const metOf = binding.lists === null ? userOf : (row: number): number => all.row[row];
  const asked = new Set(Array.from(chosen, metOf));
  const log = await (binding.lists === null ? metItems : metInLists)(binding, manifest, asked);
  const blocks = new CandidateBlocks(engine, generation);
  const eligible = new Eligible(generation.items);
  const progress = meter("positives ranked", chosen.length, options.onProgress);
  const ranked: RankedRow[] = [];
  for (const row of chosen) {
    if (signal?.aborted) {
      throw new TwinError("the evaluation was stopped; nothing was written");
    }
    const item = prepared.item[row];
    if (item > 0) {
      const own = log.get(metOf(row));
      if (own === undefined) {
        throw new Error(`nothing was read of what row ${row} met`);
      }
      eligible.begin(own, all.time[row], met);
      const drawn = candidates === null ? null : eligible.drawn(item, candidates, seed, all.row[row]);
      const side = await preparedSide(engine, dataset, generation, part, prepared.sample[row]);
      const logits = drawn === null ? await blocks.everyItem(side) : await blocks.items(side, drawn);
      const at = drawn === null ? item - 1 : 0;
      const counts = (i: number): boolean => drawn !== null || eligible.has(i + 1);
      const places = binary.map(({ name }) => [name, placeOf(logits[name], at, counts)] as const);
      ranked.push({
        row,
        repeat: metBefore(own, item, all.time[row]),
        among: drawn?.length ?? eligible.count + Number(!eligible.has(item)),
        places: recordOf(places),
      });
    }
    progress.add(1);
  }
  progress.done();
  return {
    items: generation.items,
    candidates,
    seed,
    met,
    positives: every.length,
    chosen: chosen.length,
    withoutItem: chosen.length - ranked.length,
    labels: binary.map(({ name }, t) => {
      const own = ranked.filter(({ row }) => positive[t][row] === 1);
      const metrics = (some: readonly RankedRow[]): RankMetrics =>
        rankMetrics(
          some.map(({ places }) => places[name]),
          some.map(({ among }) => among),
          ks,
        );
      return {
        label: name,
        all: metrics(own),
        first: metrics(own.filter(({ repeat }) => !repeat)),
        repeats: metrics(own.filter(({ repeat }) => repeat)),
      };
    }),
  };
}

/** 1 for the rows of the log that are positive where the task counts. */
function positivesOf(all: Collected, task: Task): Uint8Array {
  const label = all.labels[task.name];
  const has = new Uint8Array(all.rows);
  for (const row of rowsOf(all, task)) {
    if (label[row] === 1 && all.row[row] >= 0) {
      has[row] = 1;
    }
  }
  return has;
}

/** At most so many of the rows, those of the smallest numbers that are drawn for each by its place in the log; in their order. */
function someOf(rows: Uint32Array, place: Float64Array, most: number, seed: number): Uint32Array {
  if (rows.length <= most) {
    return rows;
  }
  const drawn = Float64Array.from(rows, (row) => streams.rankedPositives(seed, place[row])());
  const order = Uint32Array.from(rows, (_, i) => i).sort((a, b) => drawn[a] - drawn[b] || a - b);
  return taken(rows, order.subarray(0, most)).sort();
}

const metBefore = ({ time, item }: Met, wanted: number, now: number): boolean => {
  for (let i = 0; i < time.length && isSeen(time[i], now); i++) {
    if (item[i] === wanted) {
      return true;
    }
  }
  return false;
};

function placeOf(logits: Float32Array, at: number, counts: (i: number) => boolean): Place {
  const own = logits[at];
  let [above, equal] = [0, 0];
  for (let i = 0; i < logits.length; i++) {
    if (logits[i] < own || i === at || !counts(i)) {
      continue;
    }
    if (logits[i] > own) {
      above++;
    } else {
      equal++;
    }
  }
  return { above, equal };
}

/** Which items are candidates beside a positive: what could have been drawn as its negative. */
export class Eligible {
  readonly #items: number;
  /** Number of the positive for which an item was last put aside, and for which it was last drawn. */
  readonly #aside: Uint32Array;
  readonly #taken: Uint32Array;
  #now = 0;
  /** Items that can be candidates. */
  count = 0;

  constructor(items: number) {
    this.#items = items;
    this.#aside = new Uint32Array(items + 1);
    this.#taken = new Uint32Array(items + 1);
  }

  /** Puts aside what the user took at that instant, and what it met before unless that is allowed. */
  begin({ time, item }: Met, now: number, met: "exclude" | "allow"): void {
    this.#now++;
    this.count = this.#items;
    for (let i = 0; i < time.length && time[i] <= now; i++) {
      if (item[i] === 0 || (met === "allow" && time[i] < now) || this.#aside[item[i]] === this.#now) {
        continue;
      }
      this.#aside[item[i]] = this.#now;
      this.count--;
    }
  }

  has(item: number): boolean {
    return this.#aside[item] !== this.#now;
  }

  /** The positive, and at most so many others, each with the same chance and none twice. */
  drawn(positive: number, most: number, seed: number, row: number): Int32Array {
    const next = streams.rankedCandidates(seed, row);
    const free = (item: number): boolean => item !== positive && this.has(item);
    const others = this.count - Number(this.has(positive));
    if (2 * most > others) {
      const all = Int32Array.from({ length: this.#items }, (_, i) => i + 1).filter(free);
      const wanted = Math.min(most, all.length);
      for (let i = 0; i < wanted; i++) {
        const other = i + Math.floor(next() * (all.length - i));
        [all[i], all[other]] = [all[other], all[i]];
      }
      const found = new Int32Array(wanted + 1);
      found[0] = positive;
      found.set(all.subarray(0, wanted), 1);
      return found;
    }
    const found = new Int32Array(most + 1);
    found[0] = positive;
    for (let filled = 1; filled <= most; ) {
      const item = 1 + Math.floor(next() * this.#items);
      if (!free(item) || this.#taken[item] === this.#now) {
        continue;
      }
      this.#taken[item] = this.#now;
      found[filled++] = item;
    }
    return found;
  }
}
