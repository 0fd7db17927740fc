// The hit rate at every k up to the model's, and by the length of the history.
import { Growing } from "../metrics/growing.ts";
import { rangeNames, rangeOf, terciles } from "../metrics/ranges.ts";
import type { Engine } from "../request/index.ts";
import {
  type ComparedList,
  compareLists,
  type ListVisitor,
  type RankedRequest,
  searchesWithOracle,
} from "./compared-lists.ts";
import { type HitRate, noLists } from "./rates.ts";

export interface HitsOf {
  readonly wanted: number;
  readonly hits: number;
}

export interface HitRateCurve extends HitRate {
  /** The model's k. */
  readonly keep: number;
  /** The first k of what was kept against the first k of what the oracle keeps: what a search with this k would hit. */
  readonly byK: readonly (HitsOf & { readonly k: number })[];
  /** Of lists with 2k behaviours at least, where it takes something to find them: the search beside others that keep k. */
  readonly long: LongLists;
  /** By behaviours of the request. */
  readonly byHistory: readonly (HitsOf & { readonly name: string; readonly lists: number })[];
}

export interface LongLists extends HitsOf {
  readonly lists: number;
  /** Hits that k behaviours by chance have, expected: k² / behaviours of each list. */
  readonly random: number;
  /** Hits of the newest k. */
  readonly newest: number;
  /** Sums over the lists: shares of the attention over the whole history that lie on what was kept, and on what the oracle keeps. */
  readonly mass: number;
  readonly oracleMass: number;
}

/** 1, 2, 5, 10, … below k, and k. */
export function ksUpTo(keep: number): number[] {
  const ks: number[] = [];
  for (let ten = 1; ten < keep; ten *= 10) {
    ks.push(...[ten, 2 * ten, 5 * ten].filter((k) => k < keep));
  }
  return [...ks, keep];
}

/**
 * @param engines with one kind of tables each; they share artefacts and sessions
 * @param edges ascending ends of the ranges of history length; null: terciles of the lists
 * @returns for each engine the curves of its searches
 */
export async function hitRateCurves(
  engines: readonly Engine[],
  requests: AsyncIterable<RankedRequest> | Iterable<RankedRequest>,
  edges: readonly number[] | null = null,
): Promise<HitRateCurve[][]> {
  const searched = engines.map((engine) => {
    const tallies = searchesWithOracle(engine).map(({ name, keep }) => new Tally(name, keep));
    const visitor: ListVisitor = {
      lookup: ({ search, looked, found }) => tallies[search].lookup(looked, found),
      list: (list) => tallies[list.search].add(list),
    };
    return { engine, tallies, visitor };
  });
  await compareLists(searched, requests);
  return searched.map(({ tallies }) => tallies.map((tally) => tally.curve(edges)));
}

class Tally {
  readonly #keep: number;
  readonly #total: ReturnType<typeof noLists>;
  readonly #ks: readonly number[];
  readonly #byK: { wanted: number; hits: number }[];
  readonly #long = { lists: 0, wanted: 0, hits: 0, random: 0, newest: 0, mass: 0, oracleMass: 0 };
  readonly #counts = new Growing(Int32Array);
  readonly #wanted = new Growing(Int32Array);
  readonly #hits = new Growing(Int32Array);

  constructor(name: string, keep: number) {
    this.#keep = keep;
    this.#total = noLists(name);
    this.#ks = ksUpTo(keep);
    this.#byK = this.#ks.map(() => ({ wanted: 0, hits: 0 }));
  }

  lookup(looked: number, found: number): void {
    this.#total.looked += looked;
    this.#total.found += found;
  }

  add(list: ComparedList): void {
    const { count, kept, oracle, hits, tied } = list;
    const total = this.#total;
    if (count >= 2 * this.#keep) {
      this.#addLong(list);
    }
    total.lists++;
    total.wanted += oracle.length;
    total.hits += hits;
    total.different += Number(hits < oracle.length);
    total.tied += Number(tied);
    this.#counts.push(count);
    this.#wanted.push(oracle.length);
    this.#hits.push(hits);
    this.#ks.forEach((k, i) => {
      this.#byK[i].wanted += Math.min(k, oracle.length);
      this.#byK[i].hits += hitsWithin(kept, oracle, k);
    });
  }

  #addLong({ count, oracle, hits, mass, oracleMass }: ComparedList): void {
    const long = this.#long;
    long.lists++;
    long.wanted += oracle.length;
    long.hits += hits;
    long.random += (this.#keep * oracle.length) / count;
    // Places count from the newest.
    long.newest += oracle.reduce((sum, place) => sum + Number(place < this.#keep), 0);
    long.mass += mass;
    long.oracleMass += oracleMass;
  }

  curve(edges: readonly number[] | null): HitRateCurve {
    const [counts, wanted, hits] = [this.#counts.finish(), this.#wanted.finish(), this.#hits.finish()];
    const ends = edges ?? terciles(counts);
    const ranges = rangeNames(ends).map((name) => ({ name, lists: 0, wanted: 0, hits: 0 }));
    for (let i = 0; i < counts.length; i++) {
      const range = ranges[rangeOf(ends, counts[i])];
      range.lists++;
      range.wanted += wanted[i];
      range.hits += hits[i];
    }
    return {
      ...this.#total,
      keep: this.#keep,
      byK: this.#ks.map((k, i) => ({ k, ...this.#byK[i] })),
      long: { ...this.#long },
      byHistory: ranges.filter(({ lists }) => lists > 0),
    };
  }
}

/** Behaviours that are among the first k of both. */
export function hitsWithin(kept: Int32Array, oracle: Int32Array, k: number): number {
  const searched = new Set(kept.subarray(0, k));
  let hits = 0;
  for (const place of oracle.subarray(0, k)) {
    hits += Number(searched.has(place));
  }
  return hits;
}
