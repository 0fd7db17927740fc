// The evaluated rows with their scores as a file, drawn negatives among them: what another system is compared on.
import { resolve } from "node:path";
import type { Manifest } from "../../contract/manifest.ts";
import { recordOf } from "../../contract/record.ts";
import {
  type Binding,
  boundFiles,
  type CellType,
  dataQuery,
  itemTable,
  numberItems,
  quoted,
  RowWriter,
  Source,
} from "../data/index.ts";
import { probabilityOf } from "../metrics/logloss.ts";
import { oddsOf } from "./calibrations.ts";
import { type Collected, isDrawn, type Task } from "./rows.ts";
import { scoreColumns } from "./score-columns.ts";

/**
 * Writes, in the order of the samples, `sample` (number within the part), `row` (number in the event log; none of a drawn
 * one), `user`, `item`, `time`, `drawn`, `offset` (what the loss adds to the logit), and for each label `LABEL.score` (the
 * probability that is served, of a regression the value), `LABEL.logit` and `LABEL.label`. Parquet, or CSV by its ending.
 * @param users ordinal of each sample's user in the prepared data
 */
export async function writeRows(
  all: Collected,
  tasks: readonly Task[],
  binding: Binding,
  manifest: Manifest,
  users: Uint32Array,
  path: string,
): Promise<void> {
  const { prepared } = all;
  if (prepared === null) {
    throw new Error("only prepared rows have samples");
  }
  const source = await Source.open({ reads: boundFiles(binding), writes: [resolve(path)] });
  try {
    const query = await dataQuery(source, binding, manifest);
    await numberItems(source, query);
    const names = scoreColumns(tasks.map(({ name }) => name));
    const columns = names.flatMap(({ score, logit, given }): [string, CellType][] => [
      [score, "float32"],
      [logit, "float32"],
      [given, "float64"],
    ]);
    const own: [string, CellType][] = [
      ["sample", "int64"],
      ["row", "int64"],
      ["twin_user", "int32"],
      ["twin_item", "int32"],
      ["time", "float64"],
      ["drawn", "boolean"],
      ["offset", "float32"],
    ];
    const writer = await RowWriter.create(source, "twin_rows", [...own, ...columns]);
    const odds = recordOf(
      tasks.map(({ name, calibration }) => [name, oddsOf(calibration, all.predictions[name])] as const),
    );
    for (let i = 0; i < all.rows; i++) {
      const sample = prepared.sample[i];
      const values = tasks.flatMap(({ name, kind }) => {
        const logit = all.predictions[name][i];
        const label = all.labels[name]?.[i] ?? Number.NaN;
        return [kind === "binary" ? probabilityOf(odds[name][i]) : logit, logit, Number.isNaN(label) ? null : label];
      });
      const drawn = isDrawn(all, i);
      const row = drawn ? null : BigInt(all.row[i]);
      const keys = [users[sample], prepared.item[i], all.time[i], drawn, prepared.offset[i]] as const;
      writer.add(BigInt(sample), row, ...keys, ...values);
    }
    // Prepared data count the users of the whole log in the order of their keys. An item without a row has its key in the log alone.
    const log = `SELECT "#user", "#item", "#row" FROM (${query.columns.events.select})`;
    const numbered = `SELECT "#user" AS twin_key, row_number() OVER (ORDER BY "#user") - 1 AS twin_number FROM (SELECT DISTINCT "#user" FROM (${log}))`;
    const scores = columns.map(([name]) => `, ${quoted(name)}`).join("");
    await writer.save(
      path,
      `SELECT sample, "row", twin_key AS "user", coalesce(k, "#item") AS "item", "time", drawn, "offset"${scores} FROM twin_rows ` +
        `JOIN (${numbered}) ON twin_number = twin_user LEFT JOIN ${quoted(itemTable)} ON ordinal = twin_item ` +
        `LEFT JOIN (${log}) ON "#row" = "row" ORDER BY sample`,
    );
  } finally {
    source.close();
  }
}
