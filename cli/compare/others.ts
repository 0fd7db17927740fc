// Another system's scores of the test rows, from a file, in the order of ours.
import { basename, join } from "node:path";
import { TwinError } from "../../contract/error.ts";
import type { Binding } from "../../runtime/data/index.ts";
import { judgedAlike, readPredictions, rowsOf, runRows } from "../../runtime/evaluate/index.ts";
import { readRunManifest } from "../../runtime/train/index.ts";
import type { Measured, OtherSystem } from "./report.ts";
import type { Shared } from "./run-once.ts";

/**
 * @param dir of a run that was kept: its rows are what the file is held against
 * @throws TwinError naming what the file lacks
 */
export async function otherSystem(
  file: string,
  binding: Binding,
  { runs }: Measured,
  dir: string,
  { cache, label, threads }: Shared,
): Promise<OtherSystem> {
  const run = join(dir, "run");
  const { rows, tasks } = await runRows(run, binding, { part: "test", cache, ...(threads !== null && { threads }) });
  const task = tasks.find(({ name, kind }) => kind === "binary" && name === label)!;
  const { labels } = await readPredictions(file, binding, readRunManifest(run), tasks, rows);
  const found = labels.find((one) => one.label === task.name);
  if (found === undefined) {
    throw new TwinError(
      `${file} has no scores of ${task.name}: name a column ${task.name}.logit or ${task.name}.score`,
    );
  }
  const own = rowsOf(rows, task);
  if (own.length !== runs[0].rows.label.length) {
    throw new Error("the rows of a run are not what they were");
  }
  return { name: basename(file), score: judgedAlike(rows, found, own).logit };
}
