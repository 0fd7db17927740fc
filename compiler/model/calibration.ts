// What corrects the probability of a label, after training, on the validation part.
import type { Task, Tower } from "./model.ts";

/** `ranking.click.calibration` */
export const calibrationParameter = ({ name }: Pick<Tower, "name">, { label }: Pick<Task, "label">): string =>
  `${name}.${label}.calibration`;
