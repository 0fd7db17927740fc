// A run's folder as the place where it keeps what it makes: checkpoints, weights, metrics.jsonl, report.html.
import { join } from "node:path";
import { writeFileAtomic } from "../host/files.ts";
import type { MetricsLine, RunPlace } from "../learn/index.ts";
import { nextCheckpoint, nextWeights } from "./checkpoint.ts";
import { MetricsLog } from "./metrics-log.ts";

/**
 * @param step where the run stands: what was logged after it is dropped
 * @param page the page of the run, written at evaluations and at the end; null: none
 */
export function folderPlace(
  dir: string,
  step: number,
  page: ((lines: readonly MetricsLine[]) => string) | null,
): RunPlace {
  const log = new MetricsLog(dir, step);
  return {
    name: dir,
    wayOn: "Go on with the same command and --resume",
    checkpoint: () => nextCheckpoint(dir),
    weights: () => nextWeights(dir),
    lines: log.lines,
    log: (line) => log.add(line),
    ...(page && { draw: () => writeFileAtomic(join(dir, "report.html"), page(log.lines)) }),
  };
}
