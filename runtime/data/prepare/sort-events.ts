// The second phase of preparing: the events lie in the database by user, newest first; sorted on the disk where memory ends.
import { TwinError } from "../../../contract/error.ts";
import { meter, type OnProgress } from "../../host/progress.ts";
import { quoted, type Source } from "../database/source.ts";
import type { DataQuery } from "./select.ts";

export const eventTable = "twin_events";

/** @throws TwinError naming file, column and row of what cannot be read */
export async function sortEvents(
  source: Source,
  query: DataQuery,
  onProgress: OnProgress | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { rows, dropped } = query.columns.events.relation;
  const total = dropped === undefined ? (rows ?? 0) : 0;
  const progress = meter("events sorted", total, onProgress);
  let told = 0;
  const poll = setInterval(() => {
    const { percentage } = source.connection.progress;
    const done = Math.floor((Math.max(0, percentage) / 100) * total);
    if (done > told) {
      progress.add(done - told);
    }
    told = Math.max(told, done);
  }, 250);
  const stop = (): void => source.connection.interrupt();
  signal?.addEventListener("abort", stop);
  try {
    await source.all(
      `CREATE OR REPLACE TABLE ${quoted(eventTable)} AS ${query.events} ORDER BY "#user", "#time" DESC, "#row" DESC`,
    );
    const [{ n }] = await source.all(`SELECT count(*)::DOUBLE AS n FROM ${quoted(eventTable)}`);
    progress.add(Math.max(0, Number(n) - told));
    progress.done();
  } catch (cause) {
    if (signal?.aborted) {
      throw new TwinError("preparing the data was stopped", { cause });
    }
    throw await query.columns.explain(cause);
  } finally {
    clearInterval(poll);
    signal?.removeEventListener("abort", stop);
  }
}
