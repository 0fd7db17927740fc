// Rows scored as requests are: each sample ranked with its own history, tables and all. Exact, and slower than batches.

import { recordOf } from "../../contract/record.ts";
import type { Binding, UserChunk } from "../data/index.ts";
import { type Engine, prepareSide, rankCandidates } from "../request/index.ts";
import type { EventFacts } from "./event-facts.ts";
import { holdingRows } from "./held-rows.ts";
import type { EvaluationRows } from "./rows.ts";
import { type Ranker, score } from "./score.ts";

/** @param facts what the event log says of each row */
export async function* requestRows(
  engine: Engine,
  chunks: AsyncIterable<UserChunk> | Iterable<UserChunk>,
  facts: EventFacts,
  binding: Binding,
): AsyncGenerator<EvaluationRows> {
  const { manifest } = engine.artefacts;
  const { request, newItem } = facts;
  const held = holdingRows(engine);
  const ranker: Ranker = {
    manifest,
    async prepare(given) {
      const side = await prepareSide(held, given);
      return { rank: (candidates) => rankCandidates(held, side, candidates) };
    },
  };
  const regressions = new Set(manifest.labels.filter(({ kind }) => kind === "regression").map(({ name }) => name));
  // Rows whose request the data does not name are requests of their own, counted downwards.
  let alone = -1;
  let number = 0;
  for await (const part of score(ranker, chunks, binding)) {
    const rows = part.rows.length;
    const fill = <T>(value: T): T[] => new Array<T>(rows).fill(value);
    number++;
    yield {
      user: fill(part.user),
      row: part.rows,
      time: fill(part.time),
      request:
        request === null ? fill(number) : Array.from(part.rows, (row) => (request[row] > 0 ? request[row] : alone--)),
      historyLength: fill(part.historyLength),
      newItem: newItem === null ? null : Array.from(part.rows, (row) => newItem[row]),
      labels: part.labels,
      predictions: recordOf(
        Object.keys(part.scores).map(
          (name) => [name, regressions.has(name) ? part.scores[name] : part.logits[name]] as const,
        ),
      ),
      weight: part.weight,
      prepared: null,
    };
  }
}
