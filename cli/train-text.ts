// How training is told: a line of progress, a line for each evaluation, and what came out.
import { join } from "node:path";
import type { Calibrated, Evaluation, TaskMetrics, TrainProgress, TrainReport } from "../runtime/learn/index.ts";

const number = (value: number): string => Math.round(value).toLocaleString("en-GB");

/** `step 120 of 500 (epoch 0.48): loss 0.4321, auc of click 0.7421, 5,100 samples a second, 12 s left` */
export function trainLine({ step, steps, epoch, loss, validation, samplesPerSecond, left }: TrainProgress): string {
  const measure = validation === null ? "" : `, ${validation.name} ${validation.value.toFixed(4)}`;
  const time = left === null || left === 0 ? "" : `, ${duration(left)} left`;
  const mean = Number.isNaN(loss) ? "" : `loss ${loss.toFixed(4)}${measure}, `;
  return `step ${number(step)} of ${number(steps)} (epoch ${epoch.toFixed(2)}): ${mean}${number(samplesPerSecond)} samples a second${time}`;
}

/** `step 125: click auc 0.7421, gauc 0.7012, logloss 0.4310 (the best so far)` */
export function evaluationLine({ step, tasks, improved }: Evaluation): string {
  return `step ${number(step)}: validation ${tasks.map(taskText).join("; ")}${improved ? " (the best so far)" : ""}`;
}

function taskText({ label, kind, drawn, auc, gauc, logloss, rmse }: TaskMetrics): string {
  const value = (of: number): string => (Number.isNaN(of) ? "not defined" : of.toFixed(4));
  if (kind === "regression") {
    return `${label} rmse ${value(rmse)}`;
  }
  return drawn > 0
    ? `${label} logloss ${value(logloss)}; among the drawn negatives auc ${value(auc)}, gauc ${value(gauc)}`
    : `${label} auc ${value(auc)}, gauc ${value(gauc)}, logloss ${value(logloss)}`;
}

/** What came out, and what to do next. */
export function reportText(report: TrainReport, run: string, file: string): string {
  const { step, steps, end, weights, keptBy, best, last, calibrated, seconds, samplesPerSecond, perStep } = report;
  const ended =
    end === "all steps"
      ? `${number(step)} steps`
      : `${number(step)} of ${number(steps)} steps: ${best.waited} evaluations without improvement`;
  const speed =
    samplesPerSecond === 0
      ? "nothing was left to do"
      : `${duration(seconds)}, ${number(samplesPerSecond)} samples a second; a step takes ${perStep.all.toFixed(1)} ms: search ${perStep.search.toFixed(1)}, step ${perStep.step.toFixed(1)}, update ${perStep.update.toFixed(1)}, waiting for data ${perStep.waiting.toFixed(1)}, host ${perStep.host.toFixed(1)}`;
  const path = join(run, "weights.safetensors");
  return [
    `${run}: ${ended}; ${speed}`,
    ...last.map((task) => `validation at the end: ${taskText(task)}`),
    `${path}: the weights of step ${number(weights)}${keptBy === null ? "" : `, the best by ${keptBy} on the validation part`}`,
    ...calibrated.map(calibrationText),
    `next: twin build ${file} --weights ${path} -o DIR`,
  ].join("\n");
}

function calibrationText({ label, kind, rows, logloss, why }: Calibrated): string {
  return logloss === null
    ? `warning: ${label} is not calibrated, and gives out the probability of its logit: ${why}`
    : `${label} is calibrated (${kind}) on the ${number(rows)} rows of the validation part: their logloss ${logloss.before.toFixed(4)} → ${logloss.after.toFixed(4)}`;
}

function duration(seconds: number): string {
  if (seconds < 90) {
    return `${Math.ceil(seconds)} s`;
  }
  return seconds < 5400 ? `${Math.ceil(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}
