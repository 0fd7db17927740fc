// Scores of every row of an event log as Parquet: scored in batches, then given the keys of their events.
import { resolve } from "node:path";
import { TwinError } from "../../contract/error.ts";
import { type Binding, boundFiles, type CellType, openEvents, RowWriter, Source } from "../data/index.ts";
import type { Part } from "../learn/index.ts";
import type { BatchScoring } from "./batch-rows.ts";
import { scoreColumns } from "./score-columns.ts";

const parts: readonly Part[] = ["training", "validation", "test"];

/**
 * Writes `row`, `user`, `item`, `time`, and for each label `LABEL.score`, `LABEL.logit` and `LABEL.label`, by row number.
 * @returns the rows
 * @throws TwinError where there are none, or the file cannot be written; then there is none
 */
export async function writeScores(
  scoring: BatchScoring,
  binding: Binding,
  labels: readonly string[],
  path: string,
  options: { readonly signal?: AbortSignal; readonly onRows?: (count: number) => void } = {},
): Promise<number> {
  const source = await Source.open({ reads: boundFiles(binding), writes: [resolve(path)] });
  try {
    const columns = scoreColumns(labels).flatMap(({ score, logit, given }): [string, CellType][] => [
      [score, "float32"],
      [logit, "float32"],
      [given, "float64"],
    ]);
    const writer = await RowWriter.create(source, "twin_scores", [["row", "int64"], ...columns]);
    let rows = 0;
    for (const part of parts) {
      for await (const batch of scoring.score(part)) {
        if (options.signal?.aborted) {
          throw new TwinError(`stopped after ${rows} rows; ${path} was not written`);
        }
        for (let i = 0; i < batch.rows; i++) {
          const values = labels.flatMap((label) => [
            batch.probability[label][i],
            batch.logit[label][i],
            absent(batch.labels[label]?.[i]),
          ]);
          writer.add(BigInt(batch.row[i]), ...values);
        }
        rows += batch.rows;
        options.onRows?.(batch.rows);
      }
    }
    if (rows === 0) {
      throw new TwinError(
        `${binding.path}: ${binding.lists === null ? "the event log has" : "the samples have"} no rows to score`,
      );
    }
    const events = await openEvents(source, binding, null);
    await writer.save(
      path,
      `SELECT row, "#user" AS "user", "#item" AS "item", "#time" AS "time", twin_scores.* EXCLUDE (row) ` +
        `FROM twin_scores JOIN (SELECT "#row", "#user", "#item", "#time" FROM (${events.select})) ON "#row" = row ORDER BY row`,
    );
    return rows;
  } finally {
    source.close();
  }
}

const absent = (value: number | undefined): number | null =>
  value === undefined || Number.isNaN(value) ? null : value;
