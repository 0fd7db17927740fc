// One run of a comparison: trained, and scored on a part. What is done is not done again; what was begun goes on.
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { TwinError } from "../../contract/error.ts";
import { fingerprintOf } from "../../contract/fingerprint.ts";
import { readBinding } from "../../runtime/data/index.ts";
import { binaryColumns, figuresOf, rowsOf, runRows } from "../../runtime/evaluate/index.ts";
import { writeFileAtomic } from "../../runtime/host/files.ts";
import { meter } from "../../runtime/host/progress.ts";
import type { MetricsLine, TrainReport, UserDraw } from "../../runtime/learn/index.ts";
import { readMetrics, readRun } from "../../runtime/train/index.ts";
import { showProgress, stoppable } from "../progress.ts";
import { trainTo } from "../verbs/train.ts";
import { version } from "../version.ts";
import {
  type CurvePoint,
  type Figure,
  type Outcome,
  type OutcomeRows,
  outcomeForm,
  readOutcome,
  writeOutcome,
} from "./outcome.ts";

export interface Job {
  /** Folder of its own. */
  readonly dir: string;
  /** The model. */
  readonly text: string;
  readonly seed: number;
  readonly part: "validation" | "test";
  readonly epochs: number | null;
  readonly steps: number | null;
  /** Whose samples are trained on; null: everybody's. */
  readonly users: UserDraw | null;
}

/** What all runs of a comparison share. */
export interface Shared {
  readonly data: string;
  /** What `data.yaml` and the files behind it are. */
  readonly dataFingerprint: string;
  /** Folder of the prepared data of this job's model. */
  readonly cache: string;
  /** Binary, and every model's. */
  readonly label: string;
  readonly threads: number | null;
  readonly historyEdges: readonly number[] | null;
}

export interface Done {
  readonly outcome: Outcome;
  readonly rows: OutcomeRows;
  /** Folder of the run; gone where it was not to be kept. */
  readonly run: string;
  readonly weights: string;
}

/** @param keep whether the run stays, with its weights */
export async function runOnce(job: Job, shared: Shared, keep: boolean): Promise<Done> {
  const { dir, text, seed, part, epochs, steps, users } = job;
  const run = join(dir, "run");
  const weights = join(run, "weights.safetensors");
  const { dataFingerprint, label, historyEdges } = shared;
  const fingerprint = fingerprintOf({
    version,
    text,
    seed,
    part,
    epochs,
    steps,
    data: dataFingerprint,
    label,
    historyEdges,
    users,
    outcome: outcomeForm,
  });
  const path = join(dir, "outcome.safetensors");
  const known = readOutcome(path, fingerprint);
  if (known !== null && (!keep || existsSync(weights))) {
    return { ...known, run, weights };
  }
  const model = join(dir, "model.twin");
  mkdirSync(dir, { recursive: true });
  // A run of other settings than these is none that could go on.
  const begun = existsSync(join(run, "run.yaml")) && sameJob(dir, fingerprint);
  if (!begun) {
    rmSync(run, { recursive: true, force: true });
    writeFileAtomic(model, text);
    writeFileAtomic(join(dir, jobFile), `${fingerprint}\n`);
  }
  const report = await trainTo(model, {
    data: shared.data,
    output: run,
    ...(begun ? { resume: true } : { cache: shared.cache, seed }),
    ...(epochs !== null && { epochs }),
    ...(steps !== null && { steps }),
    ...(users !== null && !begun && { users }),
    ...(shared.threads !== null && { threads: shared.threads }),
  });
  const scored = await judged(job, run, shared, report);
  writeOutcome(path, fingerprint, scored.outcome, scored.rows);
  if (!keep) {
    rmSync(run, { recursive: true, force: true });
  }
  return { ...scored, run, weights };
}

const jobFile = "job";

const sameJob = (dir: string, fingerprint: string): boolean => {
  const path = join(dir, jobFile);
  return existsSync(path) && readFileSync(path, "utf8").trim() === fingerprint;
};

async function judged(
  { seed, part }: Job,
  run: string,
  { data, cache, label, threads, historyEdges }: Shared,
  report: TrainReport,
): Promise<{ outcome: Outcome; rows: OutcomeRows }> {
  const binding = readBinding(data);
  const onProgress = showProgress();
  const { rows: all, tasks } = await stoppable(async (signal) => {
    const progress = meter("rows", 0, onProgress);
    const found = await runRows(run, binding, {
      part,
      cache,
      signal,
      onProgress,
      onRows: (count) => progress.add(count),
      ...(threads !== null && { threads }),
    });
    progress.done();
    return found;
  });
  const task = tasks.find(({ name, kind }) => kind === "binary" && name === label);
  if (task === undefined || !Object.hasOwn(all.labels, task.name)) {
    throw new TwinError(`${data}: the data has no label ${label}: bind predict.${label} under \`columns\``);
  }
  const [figures] = figuresOf(all, [task], { ks: [], historyEdges });
  if (figures.kind !== "binary") {
    throw new Error(`${task.name} is binary`);
  }
  const { rows, label: given, score, user } = binaryColumns(all, task, rowsOf(all, task));
  const { auc, gauc, logloss, segments } = figures;
  return {
    outcome: {
      seed,
      auc,
      gauc,
      logloss,
      step: report.weights,
      samples: Math.round(report.samplesPerSecond * report.seconds),
      seconds: report.seconds,
      samplesPerSecond: report.samplesPerSecond,
      curve: curveOf(run, task.name),
      validation: part === "test" ? validationOf(run, task.name, report.weights) : null,
      users: readRun(run).users?.drawn ?? null,
      byHistory: segments
        .filter(({ by }) => by === "history")
        .map(({ name, rows: count, auc: ofPart, gauc: within, logloss: loss }) => ({
          name,
          rows: count,
          auc: ofPart,
          gauc: within,
          logloss: loss,
        })),
    },
    rows: {
      row: Int32Array.from(rows, (row) => all.row[row]),
      user: Int32Array.from(user),
      label: Float32Array.from(given),
      score,
    },
  };
}

/** The run's own evaluations on the validation part. */
function curveOf(run: string, label: string): CurvePoint[] {
  return readMetrics(run).flatMap((line) => {
    const auc = evaluationOf(line, label)?.auc;
    return typeof auc === "number" ? [{ samples: line.samples, seconds: line.seconds, auc }] : [];
  });
}

/** What the run itself found on the validation part at the step of its weights; null where it was not evaluated there. */
function validationOf(run: string, label: string, step: number): Figure | null {
  const line = readMetrics(run).findLast((one) => one.step === step && evaluationOf(one, label) !== undefined);
  const of = line && evaluationOf(line, label);
  const figure = (name: keyof Figure): number => (typeof of?.[name] === "number" ? of[name] : Number.NaN);
  return of === undefined ? null : { auc: figure("auc"), gauc: figure("gauc"), logloss: figure("logloss") };
}

const evaluationOf = ({ validation, tasks = [] }: MetricsLine, label: string) =>
  [...tasks, ...(validation === undefined ? [] : [validation])].find((one) => one.label === label);
