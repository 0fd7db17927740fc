// Models after equally many samples, and after equally long training: their validation curves, cut where the least has its end.
import type { CurvePoint, Outcome } from "./outcome.ts";

/** Validation AUC of one model, mean of its runs; null where a run was not evaluated by then. */
export interface Alike {
  readonly atSamples: number | null;
  readonly atSeconds: number | null;
}

export interface AlikeAt {
  readonly samples: number;
  readonly seconds: number;
  /** In the order of the models. */
  readonly models: readonly Alike[];
}

/** @param all runs by model; null: there are no curves to hold against each other */
export function alikeOf(all: readonly (readonly Outcome[])[]): AlikeAt | null {
  const curves = all.map((runs) => runs.map(({ curve }) => curve));
  if (curves.length < 2 || curves.some((runs) => runs.some((curve) => curve.length === 0))) {
    return null;
  }
  const least = (of: "samples" | "seconds") => Math.min(...curves.flat().map((curve) => curve[curve.length - 1][of]));
  const [samples, seconds] = [least("samples"), least("seconds")];
  return {
    samples,
    seconds,
    models: curves.map((runs) => ({
      atSamples: meanAt(runs, "samples", samples),
      atSeconds: meanAt(runs, "seconds", seconds),
    })),
  };
}

function meanAt(runs: readonly (readonly CurvePoint[])[], of: "samples" | "seconds", x: number): number | null {
  let sum = 0;
  for (const curve of runs) {
    const value = valueAt(curve, of, x);
    if (value === null) {
      return null;
    }
    sum += value;
  }
  return sum / runs.length;
}

/** Between two evaluations in proportion; before the first there is none. */
function valueAt(curve: readonly CurvePoint[], of: "samples" | "seconds", x: number): number | null {
  const next = curve.findIndex((point) => point[of] >= x);
  if (next < 0) {
    return curve[curve.length - 1].auc;
  }
  if (next === 0) {
    return curve[0][of] === x ? curve[0].auc : null;
  }
  const [before, after] = [curve[next - 1], curve[next]];
  const share = (x - before[of]) / (after[of] - before[of]);
  return before.auc + share * (after.auc - before.auc);
}
