// Statistics of a user's behaviours beside candidates: one routine for prepared data, logs in memory and requests. Behaviours
// come one by one, from the oldest; what is beyond `max` goes; a candidate is answered from what was counted.
import { isStat, type StatEncoder } from "../../contract/encoder-spec.ts";
import type { FeatureSpec } from "../../contract/manifest.ts";
import { edgesUpTo } from "../encode/buckets.ts";
import { type Encoded, encodedRows } from "../encode/encoded.ts";
import { isSeen } from "../encode/seen.ts";
import type { Terms } from "./decayed-sums.ts";
import { equalValues } from "./equal-values.ts";
import { LaterKnown } from "./later-known.ts";
import { type Past, putTerm, putTerms, type Window } from "./past.ts";
import { Tally, type Total } from "./tally.ts";

/** A statistic with what it counts by. */
interface Stat {
  readonly name: string;
  readonly encoder: StatEncoder;
  readonly tally: Tally;
  readonly edges: Float64Array;
  /** Of rates. */
  readonly source: Source | null;
}

/** A cross feature that rates are of. */
interface Source {
  readonly of: string;
  /** What each place adds, as it is counted now. */
  terms: Terms;
  readonly later: LaterKnown;
  /** Of all behaviours that count. */
  own: Total;
}

const nothing: Past = { item: new Int32Array(0), time: null, items: {}, of: {} };

export class PastStats {
  readonly #stats: readonly Stat[];
  /** By item feature; null: over all behaviours. */
  readonly #tallies: ReadonlyMap<string | null, Tally>;
  readonly #sources: readonly Source[];
  #past: Past = nothing;
  #window: Window = { from: 0, to: 0, now: Number.NEGATIVE_INFINITY };

  /** @param stats of one history @param features all of the model's, of which the statistics name some */
  constructor(stats: readonly FeatureSpec[], features: readonly FeatureSpec[]) {
    const tallies = new Map<string | null, Tally>([[null, new Tally(null)]]);
    const sources = new Map<string, Source>();
    this.#stats = stats.map(({ name, encoder }): Stat => {
      if (!isStat(encoder)) {
        throw new Error(`${name} is no statistic`);
      }
      const on = encoder.on ?? null;
      const tally = tallies.get(on) ?? new Tally(equalValues(featureOf(features, on ?? "").encoder));
      tallies.set(on, tally);
      let source: Source | null = null;
      if (encoder.kind === "rate" || encoder.kind === "recent") {
        const { of } = encoder;
        source = sources.get(of) ?? sourceOf(of);
        sources.set(of, source);
        // What a rate is smoothed to is over all behaviours.
        tally.keep(of);
        tallies.get(null)!.keep(of);
      }
      if (encoder.kind === "recent") {
        tally.keepDecayed(encoder);
      }
      const edges = Float64Array.from(encoder.kind === "since" ? encoder.edges : []);
      return { name, encoder, tally, edges, source };
    });
    this.#tallies = tallies;
    this.#sources = [...sources.values()];
  }

  /** Another user, or another list of behaviours; none of them counts before `move`. */
  begin(past: Past): void {
    this.#past = past;
    const places = past.item.length;
    for (const one of this.#sources) {
      if (one.terms.weight.length < places) {
        one.terms = { weight: new Float64Array(places), sum: new Float64Array(places) };
      }
    }
    this.#reset(0);
  }

  /** Lets the behaviours of a window count, and no others: quick where it begins no later and ends no later than the one before. */
  move(window: Window): void {
    const { from, to, now } = window;
    const before = this.#window;
    if (from > before.from || to > before.to || to <= before.from || now < before.now) {
      this.#reset(to);
    }
    const { from: begun, to: end } = this.#window;
    this.#learn(now);
    this.#enter(from, begun, now);
    this.#leave(to, end);
    this.#window = window;
    const all = this.#tallies.get(null)!;
    all.match(null, 0);
    for (const one of this.#sources) {
      one.own = all.total(one.of);
    }
  }

  /**
   * A candidate's statistics, as the graphs take them.
   * @param items by item feature, the values that the candidate's are among @param item its place in them
   * @param into by statistic, where they are put @param row which value of it
   */
  put(
    items: Readonly<Record<string, Encoded>>,
    item: number,
    into: Readonly<Record<string, Encoded>>,
    row: number,
  ): void {
    for (const [on, tally] of this.#tallies) {
      tally.match(on === null ? null : encodedRows(items[on], on), item);
    }
    for (const stat of this.#stats) {
      into[stat.name][row] = this.#value(stat);
    }
  }

  #value({ encoder, tally, edges, source }: Stat): number {
    const { count, newest } = tally;
    switch (encoder.kind) {
      case "met":
        return Math.log1p(count);
      case "rate":
        return smoothed(encoder, tally.total(encoder.of), source!.own);
      case "recent": {
        const { from, now } = this.#window;
        return smoothed(encoder, tally.decayed(encoder, encoder.unit === "places" ? from : now), source!.own);
      }
      case "last":
        return count === 0 ? 0 : this.#known(encoder.of, newest);
      case "since":
        return count === 0 ? 0 : 1 + edgesUpTo(edges, this.#passed(encoder.unit, newest));
    }
  }

  #known(of: string, place: number): number {
    const { values, known, delay } = this.#past.of[of];
    return known === null || isSeen(known[place], this.#window.now, delay) ? values[place] : 0;
  }

  #passed(unit: "seconds" | "places", place: number): number {
    const { from, now } = this.#window;
    return unit === "places" ? 1 + place - from : now - (this.#past.time?.[place] ?? Number.NaN);
  }

  /** Places `to` − 1 … `from` come; what is not known of them by now waits. */
  #enter(from: number, to: number, now: number): void {
    const { item, items, time, of: columns } = this.#past;
    for (const [on, tally] of this.#tallies) {
      tally.enter(on === null ? null : encodedRows(items[on], on), item, from, to);
    }
    for (const { of, terms, later } of this.#sources) {
      const { values, known, delay } = columns[of];
      if (known === null) {
        putTerms(terms, from, to, values);
      }
      for (let place = to - 1; known !== null && place >= from; place--) {
        const seen = isSeen(known[place], now, delay);
        putTerm(terms, place, values, seen);
        if (!seen) {
          later.wait(place, known[place]);
        }
      }
      for (const tally of this.#tallies.values()) {
        tally.add(of, terms, time, from, to, 1);
      }
    }
  }

  /** Places `to` − 1 … `from` go. */
  #leave(from: number, to: number): void {
    for (const tally of this.#tallies.values()) {
      for (const { of, terms } of this.#sources) {
        tally.add(of, terms, this.#past.time, from, to, -1);
      }
      tally.leave(from, to);
    }
    for (const { later } of this.#sources) {
      for (let place = from; place < to; place++) {
        later.forget(place);
      }
    }
  }

  /** Values that became known since, of behaviours that count already. */
  #learn(now: number): void {
    const { time, of: columns } = this.#past;
    for (const { of, terms, later } of this.#sources) {
      if (later.empty) {
        continue;
      }
      const { values, delay } = columns[of];
      for (const place of later.until((known) => isSeen(known, now, delay))) {
        for (const sign of [-1, 1] as const) {
          if (sign > 0) {
            putTerm(terms, place, values, true);
          }
          for (const tally of this.#tallies.values()) {
            tally.add(of, terms, time, place, place + 1, sign);
          }
        }
      }
    }
  }

  #reset(to: number): void {
    for (const tally of this.#tallies.values()) {
      tally.clear();
    }
    for (const { later } of this.#sources) {
      later.clear();
    }
    this.#window = { from: to, to, now: Number.NEGATIVE_INFINITY };
  }
}

const nobody: Total = { weight: 0, sum: 0 };

/** What a statistic is where no behaviour counts. */
export function emptyStat(encoder: StatEncoder): number {
  const rate = encoder.kind === "rate" || encoder.kind === "recent";
  return rate ? Math.fround(smoothed(encoder, nobody, nobody)) : 0;
}

const sourceOf = (of: string): Source => ({
  of,
  terms: { weight: new Float64Array(0), sum: new Float64Array(0) },
  later: new LaterKnown(),
  own: nobody,
});

/** Logit of (Σc + k·p) / (n + k), p the rate over all behaviours, itself smoothed to the base rate. */
function smoothed(
  { k, base = 0.5 }: { readonly k: number; readonly base?: number | undefined },
  { weight, sum }: Total,
  own: Total,
): number {
  const p = (own.sum + k * base) / (own.weight + k);
  return Math.log((sum + k * p) / (weight - sum + k * (1 - p)));
}

function featureOf(features: readonly FeatureSpec[], name: string): FeatureSpec {
  const found = features.find((one) => one.name === name);
  if (found === undefined) {
    throw new Error(`a statistic is over ${name}, which the model does not have`);
  }
  return found;
}
