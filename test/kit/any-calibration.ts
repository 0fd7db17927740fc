// Values of a calibration at random: a line that rises, or knots that ascend, some of which give what the one before does.
import { calibrationShape, knots } from "../../contract/calibration.ts";

/** @param shape of the parameter @param draw uniform in 0 … 1 */
export function anyCalibration(shape: readonly number[], draw: () => number): Float32Array {
  if (shape.join() === calibrationShape("platt").join()) {
    return Float32Array.of(0.5 + draw(), draw() - 0.5);
  }
  let [at, odds] = [-3 - draw(), -2 - draw()];
  const values = new Float32Array(2 * knots);
  for (let i = 0; i < knots; i++) {
    at += 0.05 + 0.4 * draw();
    odds += Math.max(0, 0.4 * draw() - 0.1);
    values[i] = at;
    values[knots + i] = odds;
  }
  return values;
}
