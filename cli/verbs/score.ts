// `twin score DIR --data DATA -o scores.parquet`: every row of a data set.
import { type Cell, type CellType, RowWriter, readBinding, readHistories, Source } from "../../runtime/data/index.ts";
import { TwinError } from "../../runtime/error.ts";
import { score as scoreRows } from "../../runtime/index.ts";
import { meter } from "../../runtime/progress.ts";
import { loadOptions, openTwin, type RuntimeOptions, warner } from "../open-twin.ts";
import { print } from "../output.ts";
import { showProgress, stoppable } from "../progress.ts";

interface ScoreOptions extends RuntimeOptions {
  readonly data: string;
  readonly output: string;
}

export async function score(dir: string, options: ScoreOptions): Promise<void> {
  const settings = loadOptions(options);
  const binding = readBinding(options.data);
  const twin = await openTwin(dir, settings);
  const warn = warner(twin);
  const source = await Source.open();
  try {
    warn();
    const labels = twin.manifest.labels.map(({ name }) => name);
    let writer: RowWriter | null = null;
    let rows = 0;
    let looked = 0;
    let missed = 0;
    const progress = meter("rows", 0, showProgress());
    await stoppable(async (signal) => {
      for await (const part of scoreRows(twin, readHistories(binding, twin.manifest))) {
        if (signal.aborted) throw new TwinError(`stopped after ${rows} rows; ${options.output} was not written`);
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
    if (writer === null) throw new TwinError(`${options.data}: the event log has no rows to score`);
    await (writer as RowWriter).save(options.output);
    progress.done();
    const untrained = twin.manifest.untrained ? "; the weights are start values" : "";
    print(`${options.output}: ${rows} rows, ${missed} of ${looked} behaviours not in the tables${untrained}`);
  } finally {
    source.close();
    await twin.close();
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
    ...labels.flatMap((label): [string, CellType][] => [
      [label, "float32"],
      [`${label}.logit`, "float32"],
      [`${label}.label`, "float64"],
    ]),
  ];
}
