// `twin table build DIR`, `twin table upsert DIR`, `twin table verify DIR` and `twin table publish DIR`.

import { bytesText } from "../../compiler/diagnostics/number-text.ts";
import {
  type BuildReport,
  buildTables,
  publishTables,
  upsertItems,
  verifyTables,
} from "../../runtime/build-table/index.ts";
import { readBinding } from "../../runtime/data/index.ts";
import { recovered } from "../../runtime/serve/index.ts";
import { Failed, WrongUsage } from "../failure.ts";
import { quietNativeLog } from "../native-log.ts";
import { expectProviders } from "../open-twin.ts";
import { print, printJson, say } from "../output.ts";
import { showProgress, stoppable } from "../progress.ts";

interface TableOptions {
  readonly data?: string;
  readonly fromStore?: boolean;
  readonly incremental?: boolean;
  readonly workers: number;
  readonly providers: readonly string[];
  readonly json?: boolean;
}

export async function buildTable(
  dir: string,
  { data, fromStore = false, incremental = false, workers, providers, json }: TableOptions,
): Promise<void> {
  expectProviders(providers);
  if (data === undefined && !fromStore) {
    throw new WrongUsage(
      "say where the items come from: --data data.yaml, or --from-store to project those of the current generation again",
    );
  }
  quietNativeLog();
  const report = await stoppable((signal) =>
    buildTables({
      dir,
      binding: data === undefined ? null : readBinding(data),
      fromStore,
      incremental,
      workers,
      providers,
      signal,
      onProgress: showProgress(),
      warn: (message) => say(`warning: ${message}`),
    }),
  );
  if (json) {
    printJson(report);
  } else {
    print(tableText(report));
  }
}

export function tableText({ dir, generation, items, tables, supplied, deltas, reused, seconds }: BuildReport): string {
  const number = (value: number) => value.toLocaleString("en-GB");
  return [
    `${dir}: generation ${generation}, ${number(items)} items in ${seconds.total.toFixed(1)} s (${number(Math.round(items / Math.max(seconds.total, 1e-3)))} a second)`,
    ...tables.map(({ name, rows, bytes: size, precision, loss, coverage, note }) => {
      const covers =
        coverage === null ? "" : `, covers ${(Math.floor(coverage * 1e4) / 100).toFixed(2)} % of the log's behaviours`;
      const error = loss === null ? "" : `, largest error of a value ${loss.toExponential(1)}`;
      return `  ${name}: ${number(rows)} rows, ${precision}, ${bytesText(size)}${covers}${error}${note === null ? "" : ` (${note})`}`;
    }),
    ...(deltas.items + deltas.removed === 0
      ? []
      : [`  taken in: ${number(deltas.items)} items that were put in, ${number(deltas.removed)} that were taken out`]),
    ...(reused === 0 ? [] : [`  taken over: the rows of ${number(reused)} items that have not changed`]),
    ...(supplied.length === 0 ? [] : [`  made by SQL, to be supplied with inline items: ${supplied.join(", ")}`]),
  ].join("\n");
}

interface UpsertTableOptions {
  readonly items?: string | null;
  readonly remove?: string | null;
  readonly data?: string;
  readonly json?: boolean;
}

export async function upsertTable(
  dir: string,
  { items = null, remove = null, data, json }: UpsertTableOptions,
): Promise<void> {
  if (items === null && remove === null) {
    throw new WrongUsage("say what is put in, --items new.parquet, or taken out, --remove keys.parquet");
  }
  quietNativeLog();
  const report = await stoppable((signal) =>
    upsertItems({
      dir,
      items,
      remove,
      binding: data === undefined ? null : readBinding(data),
      signal,
      warn: (message) => say(`warning: ${message}`),
    }),
  );
  if (json) {
    printJson(report);
    return;
  }
  const number = (value: number) => value.toLocaleString("en-GB");
  const { deltas, seconds } = report;
  print(
    `${dir}: ${number(report.items)} items put in, ${number(report.removed)} taken out, in ${seconds.toFixed(2)} s (delta ${deltas.join(", ")})`,
  );
}

export async function verifyTable(wanted: string, options: { json?: boolean }): Promise<void> {
  const dir = recovered(wanted, (message) => say(`warning: ${message}`));
  const report = await verifyTables(dir);
  if (options.json) {
    printJson(report);
  } else {
    print(report.lines.join("\n"));
  }
  if (!report.sound) {
    throw new Failed(`${dir}: generation ${report.generation} is not sound; build the tables again`);
  }
}

interface PublishTableOptions {
  readonly to: string;
  readonly buckets: number;
  readonly keep?: number;
  readonly json?: boolean;
}

export async function publishTable(dir: string, { to, buckets, keep, json }: PublishTableOptions): Promise<void> {
  const report = await stoppable((signal) =>
    publishTables({ dir, to, buckets, ...(keep && { keep }), signal, onProgress: showProgress(), note: say }),
  );
  if (json) {
    printJson(report);
    return;
  }
  const number = (value: number) => value.toLocaleString("en-GB");
  const { address, generation, spaces, written, removed, bytes, seconds } = report;
  const rate = Math.round(written / Math.max(seconds, 1e-3));
  print(
    [
      `${dir}: generation ${generation} lies in ${address}; ${number(written)} rows, ${bytesText(bytes)}, written in ${seconds.toFixed(1)} s (${number(rate)} a second)`,
      ...spaces.map(({ rows, count, generation: one }) => `  ${rows}: ${number(count)} rows, generation ${one} there`),
      ...(removed.generations === 0
        ? []
        : [`  removed: ${number(removed.rows)} rows of ${number(removed.generations)} generations before`]),
    ].join("\n"),
  );
}
