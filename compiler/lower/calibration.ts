// The log-odds of the probability that a label gives out, where they are another's than its logit.
import { type CalibrationKind, calibrationShape, knots } from "../../contract/calibration.ts";
import type { Builder } from "../ir/build.ts";
import type { Value } from "../ir/graph.ts";

/** [R] → [R], as `contract/calibration.ts` has it. Training knows nothing of it: its losses are of the logit. */
export function lowerCalibration(b: Builder, parameter: string, kind: CalibrationKind, z: Value): Value {
  const values = b.parameter(parameter, calibrationShape(kind));
  return kind === "platt" ? line(b, values, z) : lines(b, values, z);
}

const line = (b: Builder, values: Value, z: Value): Value =>
  b.add(b.mul(z, b.slice(values, 0, 0, 1)), b.slice(values, 0, 1, 2));

/** What it gives before the first knot, and of each step to the next the share that z has gone of the way there. */
function lines(b: Builder, values: Value, z: Value): Value {
  const [at, to] = [0, 1].map((row) => b.slice(values, 0, row, row + 1));
  const before = (x: Value): Value => b.slice(x, 1, 0, knots - 1);
  const steps = (x: Value): Value => b.sub(b.slice(x, 1, 1, knots), before(x));
  const gone = b.div(b.sub(b.unsqueeze(z, 1), before(at)), steps(at));
  const share = b.minimum(b.maximum(gone, b.scalar(0)), b.scalar(1));
  const risen = b.sum(b.mul(share, steps(to)), [1]);
  return b.add(risen, b.squeeze(b.slice(to, 1, 0, 1), 1));
}
