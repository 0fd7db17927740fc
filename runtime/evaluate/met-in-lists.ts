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
  sameRequest,
} from "../data/index.ts";
import { numbersOf, valueAt } from "../encode/data-column.ts";
import type { Met } from "./met-items.ts";

/** What is known of a row that may be of the request of one that is asked for. */
interface Row {
  readonly row: number;
  readonly user: unknown;
  readonly time: number;
  readonly item: number;
  /** Ordinals that its lists name, by history. */
  readonly lists: readonly Int32Array[];
}

/**
 * Rows of one user and time are one request where their lists name the same, as the draws of negatives have it.
 * @param rows numbers of rows in the file
 * @returns by row
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
    const asked = `SELECT "#user" AS u, "#time" AS t FROM (${query.events}) WHERE "#row" IN (${[...rows].join(", ") || "NULL"})`;
    const from = `(SELECT * FROM (${query.events}) SEMI JOIN (${asked}) ON u = "#user" AND t = "#time")`;
    const names = ["#row", "#user", "#time", "#ordinal", ...flat].map(quoted).join(", ");
    const size = await rowsOfBlock(source, from, query.columns);
    const met = new Map<number, Met>();
    /** Rows of one user and time. */
    let instant: Row[] = [];
    const flush = (): void => {
      for (const one of instant) {
        if (rows.has(one.row)) {
          met.set(one.row, metBy(one, instant));
        }
      }
      instant = [];
    };
    const sql = `SELECT ${names} FROM ${from} ORDER BY "#user", "#time", "#row"`;
    for await (const chunk of source.stream(sql, size, explain, flat)) {
      const [row, time, item] = ["#row", "#time", "#ordinal"].map((name) => numbersOf(chunk.columns[name]));
      const picks = manifest.histories.map((_, h) => reader.pick(h, chunk));
      for (let i = 0; i < chunk.rows; i++) {
        const lists = picks.map(({ picked: { at, starts }, all }) =>
          Int32Array.from(at.subarray(starts[i], starts[i + 1]), (place) => all[place]),
        );
        const one = { row: row[i], user: valueAt(chunk.columns["#user"], i), time: time[i], item: item[i], lists };
        const [first] = instant;
        if (first !== undefined && (first.user !== one.user || first.time !== one.time)) {
          flush();
        }
        instant.push(one);
      }
    }
    flush();
    return met;
  } finally {
    source.close();
  }
}

/** What the lists name was met strictly before, which is all that counts of when. */
function metBy({ lists, time }: Row, instant: readonly Row[]): Met {
  const past = lists.flatMap((list) => [...list]);
  const now = instant.filter((other) => sameRequest(lists, other.lists)).map(({ item }) => item);
  return {
    time: Float64Array.from({ length: past.length + now.length }, (_, i) => (i < past.length ? time - 1 : time)),
    item: Int32Array.of(...past, ...now),
  };
}
