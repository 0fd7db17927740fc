// What corrects the probabilities of a build's labels, as its weights have it.
import { type CalibrationKind, calibrated } from "../../contract/calibration.ts";
import { type Artefacts, openWeights } from "../serve/index.ts";

export interface TaskCalibration {
  readonly kind: CalibrationKind;
  readonly values: Float32Array;
}

/** Calibrations by label; labels without are left out. */
export async function calibrationsOf(artefacts: Artefacts): Promise<Map<string, TaskCalibration>> {
  const due = artefacts.manifest.train.tasks.flatMap(({ label, calibrate }) =>
    calibrate ? [{ label, ...calibrate }] : [],
  );
  if (due.length === 0) {
    return new Map();
  }
  const file = await openWeights(artefacts);
  try {
    return new Map(due.map(({ label, kind, parameter }) => [label, { kind, values: file.read(parameter) }]));
  } finally {
    file.close();
  }
}

/** Log-odds of the probabilities that are given out, of logits. */
export const oddsOf = (calibration: TaskCalibration | null, logit: Float32Array): Float32Array =>
  calibration === null ? logit : logit.map((z) => calibrated(calibration.kind, calibration.values, z));
