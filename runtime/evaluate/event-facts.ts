// What the event log says of each row besides its features: whether its item is new, and to which request it belongs.
import { type Binding, boundFiles, openEvents, partNumbers, quoted, requireColumn, Source } from "../data/index.ts";
import { numbersOf } from "../encode/data-column.ts";
import type { Part } from "../learn/index.ts";
import { Growing } from "../metrics/growing.ts";

/** By number of the row in the event log. */
export interface EventFacts {
  /** 1 where no event of the training part has the item; null where nothing is held apart from training. */
  readonly newItem: Uint8Array | null;
  /** Number of the value in the request's column, −1 where it is missing; null where no column is named. */
  readonly request: Int32Array | null;
}

/**
 * Reads the rows of one part: about five bytes for each row of the log.
 * @param request the event log's column that names the request, or null
 * @throws TwinError naming file and column of what cannot be read
 */
export async function eventFacts(binding: Binding, part: Part, request: string | null): Promise<EventFacts> {
  if (binding.split === null && request === null) {
    return { newItem: null, request: null };
  }
  const source = await Source.open({ reads: boundFiles(binding) });
  try {
    const events = await openEvents(source, binding, null);
    if (request !== null) {
      requireColumn(events.relation, request, "--request-column");
    }
    const known = `SELECT DISTINCT "#item" AS twin_known FROM (${events.select}) WHERE "#part" = 0`;
    const number =
      request === null
        ? "-1"
        : `CASE WHEN ${quoted(request)} IS NULL THEN -1 ELSE dense_rank() OVER (ORDER BY ${quoted(request)}) END`;
    const query =
      `SELECT CAST("#row" AS DOUBLE) AS at, CAST(twin_known IS NULL AS INTEGER) AS fresh, CAST(${number} AS INTEGER) AS request ` +
      `FROM (${events.select}) LEFT JOIN (${known}) ON "#item" = twin_known WHERE "#part" = ${partNumbers[part]}`;
    const fresh = new Growing(Uint8Array);
    const requests = new Growing(Int32Array);
    for await (const { rows, columns } of source.stream(query, 65_536, events.explain())) {
      const [at, newItem, requestOf] = [columns.at, columns.fresh, columns.request].map(numbersOf);
      for (let i = 0; i < rows; i++) {
        fresh.put(at[i], newItem[i]);
        if (request !== null) {
          requests.put(at[i], requestOf[i]);
        }
      }
    }
    return {
      newItem: binding.split === null || part === "training" ? null : fresh.finish(),
      request: request === null ? null : requests.finish(),
    };
  } finally {
    source.close();
  }
}
