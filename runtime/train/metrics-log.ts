// metrics.jsonl: one line an interval, appended as training goes.
import { appendFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { attempt, readText, writeFileAtomic } from "../files.ts";

export const metricsFile = "metrics.jsonl";

export interface MetricsLine {
  readonly step: number;
  /** From 0, with its fraction. */
  readonly epoch: number;
  /** Samples learned from so far. */
  readonly samples: number;
  /** Of training so far, all sittings together. */
  readonly seconds: number;
  /** Mean loss of the steps since the line before; null in the line of a run that only evaluates. */
  readonly loss: number | null;
  /** Learning rate of the dense parameters. */
  readonly rate: number;
  readonly samples_per_second: number;
  /** Of the task that decides; `null` where a measure is not defined. */
  readonly validation?: Readonly<Record<string, number | string | null>>;
  /** Of every task, where there are several. */
  readonly tasks?: readonly Readonly<Record<string, number | string | null>>[];
}

/** The lines of a run; a last line that a kill cut off is left out. */
export function readMetrics(dir: string): MetricsLine[] {
  const path = join(dir, metricsFile);
  if (!existsSync(path)) return [];
  return readText(path)
    .split("\n")
    .flatMap((line) => {
      try {
        return [JSON.parse(line) as MetricsLine];
      } catch {
        return [];
      }
    });
}

/** Appends to the log. A run that goes on from a checkpoint drops what was logged after it. */
export class MetricsLog {
  readonly lines: MetricsLine[];
  readonly #path: string;

  constructor(dir: string, step: number) {
    this.#path = join(dir, metricsFile);
    this.lines = readMetrics(dir).filter((line) => line.step <= step);
    writeFileAtomic(this.#path, this.lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  }

  add(line: MetricsLine): void {
    this.lines.push(line);
    attempt("write", this.#path, () => appendFileSync(this.#path, `${JSON.stringify(line)}\n`));
  }
}
