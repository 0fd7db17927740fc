// Scores a part of a data set in batches: the search and the forward pass that training uses, with all of their parameters.
import { calibrated } from "../../contract/calibration.ts";
import { emptyRecord, recordOf } from "../../contract/record.ts";
import { probabilityOf } from "../metrics/logloss.ts";
import { floatsOf, type Tensor } from "../session/session.ts";
import type { Assembled } from "./assemble.ts";
import { Buffers } from "./buffers.ts";
import type { Part } from "./dataset.ts";
import type { Feeder } from "./feeder.ts";
import { feedsOf } from "./feeds.ts";
import { Frames } from "./frames.ts";
import { resultsOf, type TrainGraphs } from "./graphs.ts";
import type { TrainPlan } from "./plan.ts";
import { Searcher } from "./search.ts";
import type { Parameters } from "./state.ts";

/** What a search kept, beside the scores that it should have ranked by. */
export interface SearchedRows {
  /** Positions, newest behaviour 0: [rows, keep] or [heads, rows, keep]; best first where the oracle was asked, too. */
  readonly kept: Int32Array;
  /** Lists a row in `kept`. */
  readonly lists: number;
  readonly keep: number;
  /** The attention's scores over the whole history [heads, rows, history]; null where not asked for, or no metric. */
  readonly scores: { readonly heads: number; readonly history: number; readonly values: Float32Array } | null;
}

/** Scored samples, side by side. */
export interface ScoredBatch {
  readonly rows: number;
  /** Numbers within the part. */
  readonly samples: Uint32Array;
  readonly user: Uint32Array;
  readonly time: Float64Array;
  /** In the event log; −1 for a sampled negative. */
  readonly row: Float64Array;
  /** Ordinal of the candidate's item; 0: not among the items. */
  readonly item: Int32Array;
  /** Behaviours, by history. */
  readonly historyLength: Readonly<Record<string, Int32Array>>;
  /** By label; NaN is missing. */
  readonly labels: Readonly<Record<string, Float32Array>>;
  readonly weight: Float32Array;
  readonly offset: Float32Array;
  readonly probability: Readonly<Record<string, Float32Array>>;
  readonly logit: Readonly<Record<string, Float32Array>>;
  readonly searches: Readonly<Record<string, SearchedRows>>;
}

export class Scorer {
  readonly #plan: TrainPlan;
  readonly #state: Parameters;
  readonly #graphs: TrainGraphs;
  readonly #frames: Frames;
  readonly #searcher: Searcher;

  constructor(plan: TrainPlan, state: Parameters, graphs: TrainGraphs) {
    this.#plan = plan;
    this.#state = state;
    this.#graphs = graphs;
    this.#frames = new Frames(plan, new Buffers());
    this.#searcher = new Searcher(plan, state, graphs);
  }

  async score(batch: Assembled, oracle: boolean): Promise<ScoredBatch> {
    const searches = await this.#search(batch, oracle);
    const kept = recordOf(Object.entries(searches).map(([name, search]) => [name, search.kept]));
    const graph = this.#graphs.graph("score");
    const [plan, state] = [this.#plan, this.#state];
    const look = this.#frames.kept(batch, kept);
    const outputs = await this.#graphs.run("score", feedsOf(graph, { plan, state, batch, look }));
    const byLabel = (kind: "probability" | "logit"): Record<string, Float32Array> => {
      const found: Record<string, Float32Array> = emptyRecord();
      for (const { result, tensor } of resultsOf(graph, outputs, kind)) {
        found[result.label] = floatsOf(tensor, `the ${kind} of ${result.label}`);
      }
      return found;
    };
    const logit = byLabel("logit");
    const { rows, samples, user, time, row, labels, weight, offset, histories } = batch;
    const lengths = Object.entries(histories).map(([name, { lengths }]) => [name, lengths] as const);
    return {
      rows,
      samples,
      user,
      time,
      row,
      item: batch.candidate.map((place) => batch.items[place]),
      historyLength: recordOf(lengths),
      labels,
      weight,
      offset,
      probability: this.#corrected(byLabel("probability"), logit),
      logit,
      searches,
    };
  }

  /** Training's graphs know no calibration. */
  #corrected(probability: Record<string, Float32Array>, logit: Readonly<Record<string, Float32Array>>) {
    for (const { label, calibrate } of this.#plan.spec.tasks) {
      const values = this.#state.fitted(label);
      if (calibrate !== undefined && values !== null) {
        probability[label] = logit[label].map((z) => probabilityOf(calibrated(calibrate.kind, values, z)));
      }
    }
    return probability;
  }

  /** The oracle's scores stand beside the whole histories; without them rows of like length are searched together. */
  async #search(batch: Assembled, oracle: boolean): Promise<Record<string, SearchedRows>> {
    const kept = await this.#searcher.search(batch, oracle);
    const scores = new Map<string, Tensor>();
    if (oracle && this.#graphs.has("oracle")) {
      const graph = this.#graphs.graph("oracle");
      const scene = { plan: this.#plan, state: this.#state, batch, look: this.#frames.whole(batch) };
      const found = await this.#graphs.run("oracle", feedsOf(graph, scene));
      for (const { result, tensor } of resultsOf(graph, found, "scores")) {
        scores.set(result.search, tensor);
      }
    }
    return recordOf(
      this.#searcher.lists.map(({ search: name, lists, keep }) => {
        const positions = kept[name];
        const all = scores.get(name);
        const wanted =
          all === undefined
            ? null
            : { heads: all.shape[0], history: all.shape[2], values: floatsOf(all, `the scores of ${name}`) };
        return [name, { kept: positions, lists, keep, scores: wanted }];
      }),
    );
  }
}

export interface ScorePartOptions {
  /** Samples a batch; default: as in training. */
  readonly batch?: number;
  /** The oracle's scores as well, for hit rates. */
  readonly oracle?: boolean;
  /** Only these samples of the part; default all, in order. */
  readonly samples?: Uint32Array;
  readonly signal?: AbortSignal;
}

/** Scores a part, batch by batch, in the order of its samples; the next batch is assembled meanwhile. */
export async function* scorePart(
  scorer: Scorer,
  feeder: Feeder,
  part: Part,
  { batch = 512, oracle = false, samples, signal }: ScorePartOptions = {},
): AsyncGenerator<ScoredBatch> {
  const count = samples?.length ?? feeder.count(part);
  const ask = (from: number): Promise<Assembled> | null => {
    if (from >= count) {
      return null;
    }
    const to = Math.min(count, from + batch);
    const wanted = samples?.slice(from, to) ?? Uint32Array.from({ length: to - from }, (_, i) => from + i);
    const asked = feeder.samples(part, wanted);
    // A failure is told when its turn comes, also where an earlier batch failed before.
    asked.catch(() => undefined);
    return asked;
  };
  let next = ask(0);
  for (let from = 0; next !== null; from += batch) {
    signal?.throwIfAborted();
    const current = await next;
    next = ask(from + batch);
    yield await scorer.score(current, oracle);
  }
}
