// Calibrations among weights that a user gave: damaged ones would turn orders round, or give no number.
import { calibrationFault } from "../../contract/calibration.ts";
import { inputError } from "../diagnostics/input-error.ts";
import { calibrationParameter } from "../model/calibration.ts";
import type { Model } from "../model/model.ts";
import type { ParameterValues } from "./values.ts";

/** @throws InputError naming each that is none */
export function checkCalibrations({ towers }: Model, values: ParameterValues): void {
  const problems = towers.flatMap((tower) =>
    tower.tasks.flatMap((task) => {
      if (task.calibrate === null) {
        return [];
      }
      const name = calibrationParameter(tower, task);
      const fault = calibrationFault(task.calibrate, values.read(name));
      return fault === null ? [] : [`${name}: ${fault}`];
    }),
  );
  if (problems.length > 0) {
    throw inputError(
      "The weights hold a calibration that is none:",
      problems,
      "A calibration only rises with the logit; `twin train` fits one that does.",
    );
  }
}
