// metrics.jsonl: one line an interval, appended as training goes.
import { createHash } from "node:crypto";
import { appendFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { TwinError } from "../../contract/error.ts";
import { attempt, readText, writeFileAtomic } from "../host/files.ts";
import type { MetricsLine } from "../learn/index.ts";

export const metricsFile = "metrics.jsonl";

/** Each line ends with this field: the first 16 digits of the SHA-256 of the line without it. */
const field = "check";

const checkOf = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 16);

function lineText(line: MetricsLine): string {
  const text = JSON.stringify(line);
  return `${text.slice(0, -1)},"${field}":"${checkOf(text)}"}`;
}

/** Null where it is no whole line. `checked`: it has its checksum; Twin 0.1 wrote none. */
function parseLine(text: string): { readonly line: MetricsLine; readonly checked: boolean } | null {
  try {
    const { [field]: check, ...line } = JSON.parse(text) as MetricsLine & { readonly [field]?: string };
    if (check === undefined) {
      return { line, checked: false };
    }
    return lineText(line) === text ? { line, checked: true } : null;
  } catch {
    return null;
  }
}

/**
 * The lines of a run; a last line that a kill cut off is left out.
 * @throws TwinError naming a line that is not as it was written
 */
export function readMetrics(dir: string): MetricsLine[] {
  const path = join(dir, metricsFile);
  if (!existsSync(path)) {
    return [];
  }
  const texts = readText(path).split("\n");
  const [last] = texts.splice(-1);
  const damaged = (at: number): never => {
    throw new TwinError(
      `${path}, line ${at + 1} is damaged: it is not as it was written. Restore the file from a copy, or remove that line: curves and report are drawn without it`,
    );
  };
  // What a kill cut off is the beginning of a line, and never a whole one with another end.
  if (parseLine(last.slice(0, -1)) !== null) {
    damaged(texts.length);
  }
  if (parseLine(last) !== null) {
    texts.push(last);
  }
  const lines = texts.map((text, at) => parseLine(text) ?? damaged(at));
  const checked = lines.some((one) => one.checked);
  const other = lines.findIndex((one) => one.checked !== checked);
  if (other >= 0) {
    damaged(other);
  }
  return lines.map(({ line }) => line);
}

/** Appends to the log. A run that goes on from a checkpoint drops what was logged after it. */
export class MetricsLog {
  readonly lines: MetricsLine[];
  readonly #path: string;

  constructor(dir: string, step: number) {
    this.#path = join(dir, metricsFile);
    this.lines = readMetrics(dir).filter((line) => line.step <= step);
    writeFileAtomic(this.#path, this.lines.map((line) => `${lineText(line)}\n`).join(""));
  }

  add(line: MetricsLine): void {
    this.lines.push(line);
    attempt("write", this.#path, () => appendFileSync(this.#path, `${lineText(line)}\n`));
  }
}
