// Some rows of a column, in any order.
import { alike, type NumberArray } from "../../contract/alike.ts";

/** A copy. @param width numbers of a row */
export function pickRows<T extends NumberArray>(values: T, rows: ArrayLike<number>, width = 1): T {
  const into = alike(values, rows.length * width);
  for (let i = 0; i < rows.length; i++) {
    for (let j = 0; j < width; j++) {
      into[i * width + j] = values[rows[i] * width + j];
    }
  }
  return into;
}
