// What corrects the probabilities of labels, fitted on the validation part to the weights that stand.
import { type CalibrationKind, calibrated, noCalibration } from "../../contract/calibration.ts";
import type { TrainSpec } from "../../contract/training-spec.ts";
import { type CalibrationRows, fitCalibration, NoCalibration } from "../metrics/fit-calibration.ts";
import { logloss } from "../metrics/logloss.ts";
import type { TrainState } from "./state.ts";

type Task = TrainSpec["tasks"][number];

/** How a label was calibrated, or why it was not. */
export interface Calibrated {
  readonly label: string;
  readonly kind: CalibrationKind;
  /** Of the validation part. */
  readonly rows: number;
  /** Of the rows that it was fitted to: without and with it. */
  readonly logloss: { readonly before: number; readonly after: number } | null;
  /** Why the probability is that of the logit; null: it is corrected. */
  readonly why: string | null;
}

/**
 * Fits to the rows that a task is judged by, and puts what it finds into the state; where there can be no fit, what changes
 * nothing. Null: nothing corrects this label.
 */
export function calibrate(task: Task, rows: CalibrationRows, state: TrainState): Calibrated | null {
  if (task.calibrate === undefined) {
    return null;
  }
  const { kind } = task.calibrate;
  const { values, said } = fitted(task.label, kind, rows);
  state.fit(task.label, values ?? noCalibration(kind));
  return said;
}

function fitted(label: string, kind: CalibrationKind, rows: CalibrationRows) {
  const said = { label, kind, rows: rows.logit.length };
  try {
    const values = fitCalibration(kind, rows);
    const loss = (odds: (z: number) => number): number =>
      logloss(
        rows.logit.map((z, i) => odds(z) + rows.offset[i]),
        Uint8Array.from(rows.label),
        rows.weight,
      );
    const [before, after] = [loss((z) => z), loss((z) => calibrated(kind, values, z))];
    return { values, said: { ...said, logloss: { before, after }, why: null } };
  } catch (error) {
    if (!(error instanceof NoCalibration)) {
      throw error;
    }
    return { values: null, said: { ...said, logloss: null, why: error.message } };
  }
}
