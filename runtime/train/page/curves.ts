// From a run's log to curves: what is drawn, and few enough points that a page stays small.
import type { MetricsLine } from "../../learn/index.ts";

export interface Curve {
  readonly name: string;
  /** At each x; null where it has no point. */
  readonly y: readonly (number | null)[];
}

export interface Chart {
  readonly id: string;
  readonly title: string;
  /** Steps. */
  readonly x: readonly number[];
  readonly curves: readonly Curve[];
  /** Whether points are joined and marked: few of them. */
  readonly marked: boolean;
}

/** Points of one curve at most. */
const mostPoints = 1500;

/** The charts that the log has points for. */
export function charts(lines: readonly MetricsLine[]): Chart[] {
  const logged = thinned(lines.filter(({ loss }) => loss !== null));
  const line = (id: string, title: string, value: (line: MetricsLine) => number | null): Chart => ({
    id,
    title,
    x: logged.map(({ step }) => step),
    curves: [{ name: title, y: logged.map((one) => finite(value(one))) }],
    marked: false,
  });
  const drawn = lines.some(({ validation }) => Number(validation?.drawn ?? 0) > 0) ? " among drawn negatives" : "";
  const all = [
    line("loss", "training loss", ({ loss }) => loss),
    measured(lines, "auc", `validation AUC${drawn}`, ["auc", "gauc"]),
    measured(lines, "logloss", `validation logloss${drawn}`, ["logloss"]),
    measured(lines, "rmse", "validation RMSE", ["rmse"]),
    line("rate", "learning rate", ({ rate }) => rate),
    line("speed", "samples a second", (one) => one.samples_per_second),
  ];
  return all.filter(({ curves }) => curves.some(({ y }) => y.some((value) => value !== null)));
}

const shown: Readonly<Record<string, string>> = { auc: "AUC", gauc: "GAUC", logloss: "logloss", rmse: "RMSE" };

function measured(lines: readonly MetricsLine[], id: string, title: string, measures: readonly string[]): Chart {
  const evaluated = lines.filter((line) => line.validation !== undefined);
  const some = evaluated.filter(
    (_, i) => i % Math.ceil(evaluated.length / mostPoints) === 0 || i === evaluated.length - 1,
  );
  const tasks = [...new Set(some.flatMap((line) => line.tasks ?? []).map((task) => String(task.label)))];
  const curves =
    tasks.length === 0
      ? measures.map((measure) => ({
          name: shown[measure],
          y: some.map((line) => finite(line.validation?.[measure])),
        }))
      : tasks.flatMap((label) =>
          measures.map((measure) => ({
            name: `${label} ${shown[measure]}`,
            y: some.map((line) => finite(line.tasks?.find((task) => task.label === label)?.[measure])),
          })),
        );
  return {
    id,
    title,
    x: some.map(({ step }) => step),
    curves: curves.filter(({ y }) => y.some((value) => value !== null)),
    marked: some.length <= 60,
  };
}

/** Means of equally many lines in a row; the last of them gives step and clock. */
export function thinned(lines: readonly MetricsLine[], most = mostPoints): MetricsLine[] {
  const size = Math.ceil(lines.length / most);
  if (size <= 1) {
    return [...lines];
  }
  const result: MetricsLine[] = [];
  for (let start = 0; start < lines.length; start += size) {
    const part = lines.slice(start, start + size);
    const mean = (value: (line: MetricsLine) => number) =>
      part.reduce((sum, line) => sum + value(line), 0) / part.length;
    result.push({
      ...part[part.length - 1],
      loss: mean(({ loss }) => loss ?? Number.NaN),
      samples_per_second: mean((line) => line.samples_per_second),
    });
  }
  return result;
}

function finite(value: number | string | null | undefined): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}
