// Rows as the kernel has them, with zeros up to a multiple of four, as rows of their own width.
import { padded } from "./shape.ts";

/** `rows` rows of `width`, which stand widened at `at`. */
export function narrowed(from: Float32Array, at: number, rows: number, width: number): Float32Array {
  const columns = padded(width);
  if (columns === width) {
    return Float32Array.from(from.subarray(at, at + rows * width));
  }
  const out = new Float32Array(rows * width);
  for (let n = 0; n < rows; n++) {
    for (let j = 0; j < width; j++) {
      out[n * width + j] = from[at + n * columns + j];
    }
  }
  return out;
}
