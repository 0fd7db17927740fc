// How a label's log-odds become those of the probability that is given out. Training and the graphs that serve know one form.

export type CalibrationKind = "platt" | "isotonic";

/** Of an isotonic calibration. */
export const knots = 32;

export const calibrationShape = (kind: CalibrationKind): readonly number[] => (kind === "platt" ? [2] : [2, knots]);

/**
 * What changes nothing: of `platt` slope 1 and intercept 0; of `isotonic` knots one apart that give themselves, so that only
 * log-odds beyond ±15.5 are held there.
 */
export function noCalibration(kind: CalibrationKind): number[] {
  if (kind === "platt") {
    return [1, 0];
  }
  const at = Array.from({ length: knots }, (_, i) => i - (knots - 1) / 2);
  return [...at, ...at];
}

/**
 * Calibrated log-odds of z. `platt` (Platt 1999): a z + b, values a and b. `isotonic`: straight lines between knots, whose
 * places are the first row of values, ascending, and what they give the second; beyond the outer ones what these give.
 */
export function calibrated(kind: CalibrationKind, values: Float32Array, z: number): number {
  if (kind === "platt") {
    return values[0] * z + values[1];
  }
  let odds = values[knots];
  for (let i = 1; i < knots; i++) {
    const [from, to] = [values[i - 1], values[i]];
    const share = Math.min(1, Math.max(0, (z - from) / (to - from)));
    odds += share * (values[knots + i] - values[knots + i - 1]);
  }
  return odds;
}

/** Why values are no calibration, for an error; null: they are one. */
export function calibrationFault(kind: CalibrationKind, values: Float32Array): string | null {
  if (kind === "platt") {
    return values[0] > 0 ? null : `its slope is ${values[0]}, and must be above 0`;
  }
  for (let i = 1; i < knots; i++) {
    if (!(values[i] > values[i - 1])) {
      return `its knots ${i} and ${i + 1} lie at ${values[i - 1]} and ${values[i]}, and must ascend`;
    }
    if (!(values[knots + i] >= values[knots + i - 1])) {
      return `its knots ${i} and ${i + 1} give ${values[knots + i - 1]} and ${values[knots + i]}, which falls`;
    }
  }
  return null;
}
