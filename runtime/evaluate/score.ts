// Scores of every row of a data set, user by user: what `twin score` writes.

import { TwinError } from "../../contract/error.ts";
import { type Named, recordOf } from "../../contract/record.ts";
import type { Binding, SampleRequest, UserChunk } from "../data/index.ts";
import type { PrepareRequest, RankRequest } from "../request/index.ts";
import type { Prepared, Twin } from "../twin/index.ts";

/** What scoring needs of a `Twin`. */
export interface Ranker {
  readonly manifest: Twin["manifest"];
  prepare(request: PrepareRequest): Promise<Pick<Prepared, "rank">>;
}

/** Some rows of the event log, scored; columns of one length. */
export interface ScoredRows {
  readonly user: bigint | string;
  /** Number of each row in the event log, from 0. */
  readonly rows: Float64Array;
  /** Keys of the candidates. */
  readonly item: ArrayLike<unknown>;
  /** Epoch seconds, or steps. */
  readonly time: number;
  /** Behaviours before the request: of the history that the model's first search looks in. */
  readonly historyLength: number;
  /** Probabilities (values for a regression) by label, and their logits. */
  readonly scores: Named<Float32Array>;
  readonly logits: Named<Float32Array>;
  /** What the data says, NaN where it says nothing. */
  readonly labels: Readonly<Record<string, Float64Array>>;
  readonly weight: Float64Array | null;
  /** Behaviours looked up in the tables, and those not found. */
  readonly looked: number;
  readonly missed: number;
  readonly stale: boolean;
}

/**
 * Ranks each request of a stream with its own history. Memory holds one request and its results.
 * @param binding what the rows are of, for errors: without it, events of a log
 * @throws TwinError as `prepare` and `rank` do, with user and row named
 */
export async function* score(
  twin: Ranker,
  chunks: AsyncIterable<UserChunk> | Iterable<UserChunk>,
  binding: Pick<Binding, "events" | "lists"> | null = null,
): AsyncGenerator<ScoredRows> {
  for await (const { requests } of chunks) {
    for (const request of requests) {
      yield await scoreRequest(twin, request).catch((error: unknown) => placed(error, request, binding));
    }
  }
}

/** A sample as `prepare` and `rank` take it. */
export function asRequest(sample: SampleRequest): { readonly prepare: PrepareRequest; readonly rank: RankRequest } {
  const { user, time, untimed, history, context, candidates } = sample;
  // Their keys come out of the log as columns, and are looked at as every request's are.
  const prepare = untimed ? { user, history: withoutTimes(history) } : { user, time, history };
  return { prepare: prepare as PrepareRequest, rank: { context, candidates } as RankRequest };
}

const withoutTimes = (histories: SampleRequest["history"]) =>
  recordOf(Object.entries(histories).map(([name, { time, ...columns }]) => [name, columns] as const));

async function scoreRequest(twin: Ranker, sample: SampleRequest): Promise<ScoredRows> {
  const { prepare, rank } = asRequest(sample);
  const prepared = await twin.prepare(prepare);
  const ranking = await prepared.rank(rank);
  const found = ranking.tables.reduce((sum, table) => sum + table.found, 0);
  return {
    user: sample.userKey,
    rows: sample.rows,
    item: sample.candidates.item,
    time: sample.time,
    historyLength: sample.history[searched(twin)]?.time.length ?? 0,
    scores: ranking.scores,
    logits: ranking.logits,
    labels: sample.labels,
    weight: sample.weight,
    looked: found + ranking.misses,
    missed: ranking.misses,
    stale: ranking.stale,
  };
}

/** The history whose length says how long a row's history is. */
function searched({ manifest }: Ranker): string {
  return (manifest.searches[0]?.history ?? manifest.histories[0]?.name) || "";
}

/** Names the user and the row that an error of a request belongs to. */
function placed(
  error: unknown,
  { userKey, rows }: SampleRequest,
  binding: Pick<Binding, "events" | "lists"> | null,
): never {
  if (!(error instanceof TwinError)) {
    throw error;
  }
  const user = binding?.events?.user === null ? "" : `user ${userKey}, `;
  const row = `row ${rows[0]} of the ${(binding?.lists ?? null) === null ? "events" : "samples"}`;
  throw new TwinError(`${user}${row}: ${error.message}`, { cause: error });
}
