// The behaviours that lists name as rows of their own: for counting, never for what a sample is trained on.
import { quoted } from "../database/source.ts";
import type { Events } from "../events.ts";
import type { Resolved } from "../resolve.ts";
import type { OpenList } from "./open-lists.ts";

/**
 * A select of one row for each behaviour that lies strictly before its sample: `"#user"`, `"#row"` and `"#part"` of the
 * sample, `"#key"`, `"#at"` (epoch seconds; null where positions count), `"#place"` (rises from the oldest of a list to the
 * newest), and the parallel features by name.
 */
export function behavioursOf(events: Events, list: OpenList, features: readonly Resolved[] = []): string {
  const { item, time, newest, raw } = list;
  const place = `unnest(range(len(${raw.sql})))`;
  const columns = [
    `"#user"`,
    `"#row"`,
    `"#part"`,
    `"#time" AS "#now"`,
    `unnest(${item.sql}) AS "#key"`,
    `${time === null ? "NULL::DOUBLE" : `unnest(${time.sql})`} AS "#at"`,
    `${newest === "last" ? place : `-${place}`} AS "#place"`,
    ...features.map((feature) => `unnest(${feature.sql}) AS ${quoted(feature.name)}`),
  ];
  const before = time === null ? "true" : `"#at" < "#now"`;
  return `SELECT * FROM (SELECT ${columns.join(", ")} FROM (${events.select})) WHERE "#key" IS NOT NULL AND ${before}`;
}
