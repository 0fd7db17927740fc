// What samples that bring their own histories met, and when: their lists, and the candidates of their request.
import type { Manifest } from "../../contract/manifest.ts";
import {
  type Binding,
  boundFiles,
  dataQuery,
  encoders,
  ListReader,
  listColumns,
  numberItems,
  ordinalsOf,
  quoted,
  rowsOfBlock,
  Source,
} from "../data/index.ts";
import { numbersOf } from "../encode/data-column.ts";
import type { Met } from "./met-items.ts";

/**
 * @param rows numbers of rows in the file
 * @returns by row; where there is no clock the other candidates of its request are not among what it met
 */
export async function metInLists(
  binding: Binding,
  manifest: Manifest,
  rows: ReadonlySet<number>,
): Promise<Map<number, Met>> {
  const source = await Source.open({ reads: boundFiles(binding) });
  try {
    const query = await dataQuery(source, binding, manifest);
    await numberItems(source, query);
    const reader = new ListReader(manifest, query.columns, await encoders(new Map()), await ordinalsOf(source, query));
    const { events, explain } = query.columns;
    const flat = new Set((events.lists ?? []).flatMap(listColumns).map(({ name }) => name));
    const from = `(SELECT * FROM (${query.events}) WHERE "#row" IN (${[...rows].join(", ") || "NULL"}))`;
    const names = ["#row", "#time", "#ordinal", ...flat].map(quoted).join(", ");
    const met = new Map<number, { readonly time: number[]; readonly item: number[] }>();
    const size = await rowsOfBlock(source, from, query.columns);
    for await (const chunk of source.stream(`SELECT ${names} FROM ${from}`, size, explain, flat)) {
      const [row, time] = [numbersOf(chunk.columns["#row"]), numbersOf(chunk.columns["#time"])];
      for (let i = 0; i < chunk.rows; i++) {
        met.set(row[i], { time: [], item: [] });
      }
      for (let h = 0; h < manifest.histories.length; h++) {
        const { picked, all } = reader.pick(h, chunk);
        for (let i = 0; i < chunk.rows; i++) {
          const own = met.get(row[i])!;
          for (let at = picked.starts[i]; at < picked.starts[i + 1]; at++) {
            own.item.push(all[picked.at[at]]);
            // Strictly before is all that counts here.
            own.time.push(time[i] - 1);
          }
        }
      }
    }
    const clock = events.steps ? `a."#row" = b."#row"` : `a."#user" = b."#user" AND a."#time" = b."#time"`;
    const together = `SELECT b."#row" AS row, a."#ordinal" AS item, b."#time" AS time FROM (${query.events}) a JOIN ${from} b ON ${clock}`;
    for await (const { rows: count, columns } of source.stream(together, 65_536, explain)) {
      const [row, item, time] = [numbersOf(columns.row), numbersOf(columns.item), numbersOf(columns.time)];
      for (let i = 0; i < count; i++) {
        const own = met.get(row[i])!;
        own.item.push(item[i]);
        own.time.push(time[i]);
      }
    }
    return new Map(
      [...met].map(([row, { time, item }]) => [row, { time: Float64Array.from(time), item: Int32Array.from(item) }]),
    );
  } finally {
    source.close();
  }
}
