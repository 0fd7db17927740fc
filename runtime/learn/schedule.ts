// The learning rate over the steps, and Adam's bias correction.
import type { TrainSpec } from "../../contract/training-spec.ts";

/**
 * What both rates are multiplied by at a step, counted from 1.
 * `warmup(n)`: t / n up to step n, then 1. `cosine(n, warmup: w)`: that rise over w steps, then
 * ½ (1 + cos π x) with x from 0 at step w + 1 to 1 at step n + 1 (Loshchilov and Hutter, ICLR 2017, eq. 5), then 0.
 */
export function rateFactor(schedule: TrainSpec["schedule"], step: number): number {
  switch (schedule.kind) {
    case "constant":
      return 1;
    case "warmup":
      return Math.min(1, step / Math.max(1, schedule.steps));
    case "cosine": {
      if (step <= schedule.warmup) {
        return step / schedule.warmup;
      }
      const length = Math.max(1, schedule.steps - schedule.warmup);
      const share = Math.min(1, (step - 1 - schedule.warmup) / length);
      return 0.5 * (1 + Math.cos(Math.PI * share));
    }
  }
}

/** 1 − βᵗ at step t, counted from 1 (Kingma and Ba, ICLR 2015, algorithm 1). */
export const biasCorrection = (beta: number, step: number): number => 1 - beta ** step;
