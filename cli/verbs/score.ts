// `twin score DIR --data DATA -o scores.parquet`: every row of a data set, in batches, or as requests are served.
import { resolve } from "node:path";
import { TwinError } from "../../contract/error.ts";
import {
  type Binding,
  type Cell,
  type CellType,
  RowWriter,
  readBinding,
  readHistories,
  Source,
} from "../../runtime/data/index.ts";
import { scoreColumns, writeScores } from "../../runtime/evaluate/index.ts";
import { meter } from "../../runtime/host/progress.ts";
import { score as scoreRows, type Twin } from "../../runtime/index.ts";
import { LocalTwin } from "../../runtime/serve/index.ts";
import { WrongUsage } from "../failure.ts";
import { quietNativeLog } from "../native-log.ts";
import { loadOptions, type RuntimeOptions, warner } from "../open-twin.ts";
import { print } from "../output.ts";
import { showProgress, stoppable } from "../progress.ts";
import { batchScoring } from "./evaluate.ts";

interface ScoreOptions extends RuntimeOptions {
  readonly data: string;
  readonly output: string;
  readonly serving?: boolean;
  readonly cache?: string;
}

export async function score(dir: string, options: ScoreOptions): Promise<void> {
  quietNativeLog();
  const settings = loadOptions(options);
  if (options.serving && options.cache !== undefined) {
    throw new WrongUsage("--cache is for scoring in batches: leave out --serving");
  }
  const binding = readBinding(options.data);
  const twin = await LocalTwin.open(dir, settings);
  const warn = warner(twin);
  try {
    warn();
    const what = options.serving ? await served(twin, binding, options, warn) : await inBatches(twin, binding, options);
    const untrained = twin.manifest.untrained ? "; the weights are start values" : "";
    print(`${options.output}: ${what}${untrained}`);
  } finally {
    await twin.close();
  }
}

/** By the graphs of training: fresh keys for every behaviour. */
async function inBatches(twin: LocalTwin, binding: Binding, options: ScoreOptions): Promise<string> {
  const labels = twin.manifest.labels.map(({ name }) => name);
  return stoppable(async (signal) => {
    const scoring = await batchScoring(twin, binding, { ...options, samples: "all" }, signal);
    try {
      const progress = meter("rows", scoring.rows, showProgress());
      const rows = await writeScores(scoring, binding, labels, options.output, {
        signal,
        onRows: (count) => progress.add(count),
      });
      progress.done();
      return `${rows} rows`;
    } finally {
      await scoring.close();
    }
  });
}

/** As requests are ranked: one after the other, with the tables as they are built. */
async function served(twin: Twin, binding: Binding, options: ScoreOptions, warn: () => void): Promise<string> {
  const source = await Source.open({ writes: [resolve(options.output)] });
  try {
    const labels = twin.manifest.labels.map(({ name }) => name);
    let writer: RowWriter | null = null;
    let rows = 0;
    let looked = 0;
    let missed = 0;
    const progress = meter("rows", 0, showProgress());
    await stoppable(async (signal) => {
      for await (const part of scoreRows(twin, readHistories(binding, twin.manifest), binding)) {
        if (signal.aborted) {
          throw new TwinError(`stopped after ${rows} rows; ${options.output} was not written`);
        }
        writer ??= await RowWriter.create(source, "scores", columns(labels, part.user, part.item[0]));
        for (let i = 0; i < part.rows.length; i++) {
          const values = labels.flatMap((label) => [
            part.scores[label][i],
            part.logits[label][i],
            absent(part.labels[label]?.[i]),
          ]);
          writer.add(BigInt(part.rows[i]), part.user, part.item[i] as Cell, part.time, ...values);
        }
        warn();
        rows += part.rows.length;
        looked += part.looked;
        missed += part.missed;
        progress.add(part.rows.length);
      }
    });
    if (writer === null) {
      throw new TwinError(
        `${options.data}: ${binding.lists === null ? "the event log has" : "the samples have"} no rows to score`,
      );
    }
    await (writer as RowWriter).save(options.output, "SELECT * FROM scores ORDER BY row");
    progress.done();
    return `${rows} rows, ${missed} of ${looked} behaviours not in the tables`;
  } finally {
    source.close();
  }
}

const absent = (value: number | undefined): number | null =>
  value === undefined || Number.isNaN(value) ? null : value;

function columns(labels: readonly string[], user: unknown, item: unknown): [string, CellType][] {
  const key = (value: unknown): CellType => (typeof value === "string" ? "text" : "int64");
  return [
    ["row", "int64"],
    ["user", key(user)],
    ["item", key(item)],
    ["time", "float64"],
    ...scoreColumns(labels).flatMap(({ score, logit, given }): [string, CellType][] => [
      [score, "float32"],
      [logit, "float32"],
      [given, "float64"],
    ]),
  ];
}
