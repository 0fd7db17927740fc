// The second phase of preparing: the events lie in the database by user, newest first; sorted on the disk where memory ends.
import { TwinError } from "../../../contract/error.ts";
import type { OnProgress } from "../../host/progress.ts";
import { runTold } from "../database/run-told.ts";
import { quoted, type Source } from "../database/source.ts";
import type { DataQuery } from "./select.ts";

export const eventTable = "twin_events";

/** @throws TwinError naming file, column and row of what cannot be read */
export async function sortEvents(
  source: Source,
  query: Pick<DataQuery, "columns" | "events">,
  onProgress: OnProgress | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { rows, dropped } = query.columns.events.relation;
  const total = dropped === undefined ? (rows ?? 0) : 0;
  const sql = `CREATE OR REPLACE TABLE ${quoted(eventTable)} AS ${query.events} ORDER BY "#user", "#time" DESC, "#row" DESC`;
  const told = { task: "events sorted", total, onProgress, signal, stopped: "preparing the data was stopped" };
  try {
    await runTold(source, sql, told, async () => {
      const [{ n }] = await source.all(`SELECT count(*)::DOUBLE AS n FROM ${quoted(eventTable)}`);
      return Number(n);
    });
  } catch (cause) {
    throw cause instanceof TwinError ? cause : await query.columns.explain(cause);
  }
}
