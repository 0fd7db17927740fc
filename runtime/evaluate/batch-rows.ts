// Rows scored in batches by the graphs of training: the model itself, with fresh keys for every behaviour and no tables.
import { rmSync } from "node:fs";
import { join } from "node:path";
import type { Manifest } from "../../contract/manifest.ts";
import { vectorsOf } from "../../contract/vectors-of.ts";
import type { TensorFile } from "../bytes/tensor-file.ts";
import {
  type Binding,
  expectSameVectors,
  openDataset,
  parts,
  prepareDataset,
  type StoredDataset,
} from "../data/index.ts";
import type { OnProgress } from "../host/progress.ts";
import { temporaryFolder } from "../host/temporary-folder.ts";
import {
  type Assembled,
  type Exchange,
  exchanged,
  type Part,
  type ScoredBatch,
  Scorer,
  scorePart,
  type TrainPlan,
  TrainState,
  trainPlan,
} from "../learn/index.ts";
import { type Artefacts, openWeights } from "../serve/index.ts";
import { folderGraphs, openEarlierRun, readVocabularies, threadFeeder } from "../train/index.ts";
import type { EventFacts } from "./event-facts.ts";
import type { EvaluationRows } from "./rows.ts";
import { rowsWhere } from "./segments.ts";
import { ordinalsOfSome } from "./some-users.ts";

export interface BatchOptions {
  /** Folder of the prepared data, made where it is not there; default: a temporary one. */
  readonly cache?: string;
  /** At most so many users of the part: those that requests are read of, the first by a hash of their key. */
  readonly users?: number;
  /** Of a session; default 2. */
  readonly threads?: number;
  /** Execution providers in order of preference; default `["cpu"]`. */
  readonly providers?: readonly string[];
  readonly signal?: AbortSignal;
  /** Rows without a label as well. */
  readonly samples?: "all";
  readonly onProgress?: OnProgress;
  readonly note?: (message: string) => void;
}

/** Prepared data and graphs, opened for scoring. */
export interface BatchScoring {
  readonly dataset: StoredDataset;
  readonly plan: TrainPlan;
  /** Of all parts. */
  readonly rows: number;
  /** The rows of a part, in the order of the prepared data: by user, newest first. */
  score(part: Part, options?: Pick<BatchOptions, "users" | "signal">): AsyncGenerator<ScoredBatch>;
  /** Samples of a part with some values of others, in their order. */
  exchanged(part: Part, wanted: ExchangedSamples, signal?: AbortSignal): AsyncGenerator<ScoredBatch>;
  close(): Promise<void>;
}

export interface ExchangedSamples {
  readonly samples: Uint32Array;
  /** As many: the i-th gives to the i-th. */
  readonly donors: Uint32Array;
  readonly exchange: Exchange;
  /** Of the order within histories. */
  readonly seed: number;
}

/** Prepares the data (or finds it prepared) and opens the graphs of a build. */
export const openBatchScoring = (
  artefacts: Artefacts,
  binding: Binding,
  options: BatchOptions = {},
): Promise<BatchScoring> =>
  openScoring(artefacts.dir, artefacts.manifest, () => openWeights(artefacts), binding, options);

/** The same with the graphs of training and the weights of a run. */
export async function openRunScoring(dir: string, binding: Binding, options: BatchOptions = {}): Promise<BatchScoring> {
  const { manifest, weights } = await openEarlierRun(dir);
  return openScoring(dir, manifest, async () => weights, binding, options);
}

async function openScoring(
  dir: string,
  manifest: Manifest,
  open: () => Promise<TensorFile>,
  binding: Binding,
  options: BatchOptions,
): Promise<BatchScoring> {
  const { signal, onProgress, note, samples, threads = 2 } = options;
  const closing: (() => unknown)[] = [];
  let folder = options.cache;
  if (folder === undefined) {
    const own = temporaryFolder("evaluate");
    folder = join(own, "data");
    closing.push(() => rmSync(own, { recursive: true, force: true }));
  }
  const close = async (): Promise<void> => {
    for (const one of closing.reverse()) {
      await one();
    }
  };
  try {
    await expectSameVectors(binding, manifest.features, vectorsOf(manifest), dir);
    const vocabularies = readVocabularies(join(dir, "vocabularies"));
    await prepareDataset(binding, manifest, folder, {
      vocabularies,
      owner: samples === "all" ? "score" : "evaluate",
      ...(samples && { samples }),
      ...(signal && { signal }),
      ...(onProgress && { onProgress }),
      ...(note && { note }),
    });
    const dataset = await openDataset(folder);
    closing.push(() => dataset.close());
    const plan = trainPlan(manifest);
    const weights = await open();
    const state = new TrainState(plan.spec, (name) => weights.read(name), { learning: false });
    weights.close();
    const graphs = folderGraphs(dir, plan.spec, threads, {
      providers: options.providers ?? ["cpu"],
      warn: (message) => options.note?.(message),
    });
    closing.push(() => graphs.close());
    const feeder = await threadFeeder({ place: { folder, module: null }, plan, seed: 1 });
    closing.push(() => feeder.close());
    const scorer = new Scorer(plan, state, graphs);
    return {
      dataset,
      plan,
      async *exchanged(part, { samples: own, donors, exchange, seed }, stop) {
        const ask = (from: number): Promise<Assembled[]> | null => {
          if (from >= own.length) {
            return null;
          }
          const both = [own, donors].map((all) => feeder.samples(part, all.slice(from, from + plan.spec.batch)));
          const asked = Promise.all(both);
          // A failure is told when its turn comes.
          asked.catch(() => undefined);
          return asked;
        };
        let next = ask(0);
        for (let from = 0; next !== null; from += plan.spec.batch) {
          stop?.throwIfAborted();
          const [mine, theirs] = await next;
          next = ask(from + plan.spec.batch);
          yield await scorer.score(exchanged(mine, theirs, exchange, plan, seed), false);
        }
      },
      rows: parts.reduce((sum, part) => sum + dataset.count(part), 0),
      close,
      async *score(part, { users, signal: stop } = {}) {
        const chosen = users === undefined ? null : await ordinalsOfSome(binding, manifest, part, users, samples);
        const user = chosen && dataset.userOf(part);
        yield* scorePart(scorer, feeder, part, {
          ...(stop && { signal: stop }),
          ...(user && { samples: rowsWhere(user.length, (sample) => chosen.has(user[sample])) }),
        });
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Scored batches as rows to evaluate. @param history whose length says how long a row's history is */
export async function* batchRows(
  scoring: BatchScoring,
  part: Part,
  history: string,
  facts: Pick<EventFacts, "request">,
  options: Pick<BatchOptions, "users" | "signal"> = {},
): AsyncGenerator<EvaluationRows> {
  const { occurrences } = scoring.dataset.items;
  // Rows whose request the data does not name are requests of their own, counted downwards.
  let alone = -1;
  const { request: named } = facts;
  const requestOf = (row: number): number => {
    const request = row < 0 || named === null ? 0 : named[row];
    return request > 0 ? request : alone--;
  };
  for await (const batch of scoring.score(part, options)) {
    yield {
      user: batch.user,
      row: batch.row,
      time: batch.time,
      request: named === null ? null : Float64Array.from(batch.row, requestOf),
      historyLength: batch.historyLength[history] ?? new Int32Array(batch.rows),
      newItem: part === "training" ? null : Uint8Array.from(batch.item, (item) => Number(occurrences[item] === 0)),
      labels: batch.labels,
      predictions: batch.logit,
      weight: batch.weight,
      prepared: { sample: batch.samples, item: batch.item, offset: batch.offset },
    };
  }
}
