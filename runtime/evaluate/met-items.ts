// What some users of prepared data met, and when: read of the event log, as the draws of negatives see it.

import type { Manifest } from "../../contract/manifest.ts";
import { type Binding, boundFiles, dataQuery, numberItems, Source } from "../data/index.ts";
import { numbersOf } from "../encode/data-column.ts";
import { Growing } from "../metrics/growing.ts";
import { ascending, grouped } from "../metrics/order.ts";

/** Events of one user, ascending in time. */
export interface Met {
  readonly time: Float64Array;
  /** Ordinals; 0: not among the items. */
  readonly item: Int32Array;
}

/**
 * Reads the log once; memory holds the events of these users alone.
 * @param users ordinals in the prepared data
 * @throws TwinError naming file and column of what cannot be read
 */
export async function metItems(
  binding: Binding,
  manifest: Manifest,
  users: ReadonlySet<number>,
): Promise<Map<number, Met>> {
  const source = await Source.open({ reads: boundFiles(binding) });
  try {
    const query = await dataQuery(source, binding, manifest);
    await numberItems(source, query);
    // Prepared data count the users of the whole log in the order of their keys.
    const log = `SELECT "#user", "#ordinal", "#time" FROM (${query.events})`;
    const numbered = `SELECT "#user", row_number() OVER (ORDER BY "#user") - 1 AS number FROM (SELECT DISTINCT "#user" FROM (${log}))`;
    const sql = `SELECT number::DOUBLE AS number, "#ordinal" AS item, "#time" AS time FROM (${log}) JOIN (${numbered}) USING ("#user")`;
    const place = new Map([...users].map((user, i) => [user, i] as const));
    const [user, item, time] = [new Growing(Uint32Array), new Growing(Int32Array), new Growing(Float64Array)];
    for await (const { rows, columns } of source.stream(sql, 65_536, query.columns.explain)) {
      const [number, items, times] = [columns.number, columns.item, columns.time].map(numbersOf);
      for (let i = 0; i < rows; i++) {
        const own = place.get(number[i]);
        if (own === undefined) {
          continue;
        }
        user.push(own);
        item.push(items[i]);
        time.push(times[i]);
      }
    }
    const [all, instants] = [item.finish(), time.finish()];
    const { order, starts } = grouped(ascending(instants), user.finish(), users.size);
    const items = Int32Array.from(order, (i) => all[i]);
    const times = Float64Array.from(order, (i) => instants[i]);
    return new Map(
      [...place].map(([key, i]) => {
        const [from, to] = [starts[i], starts[i + 1]];
        return [key, { time: times.subarray(from, to), item: items.subarray(from, to) }] as const;
      }),
    );
  } finally {
    source.close();
  }
}
