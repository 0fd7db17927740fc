// Rows of any width, and as the kernel has them: with zeros up to a multiple of four.
import { padded } from "./shape.ts";

/** Writes rows of `width` to `at`, widened. */
export function widened(rows: Float32Array, into: Float32Array, at: number, width: number): void {
  const columns = padded(width);
  if (columns === width) {
    into.set(rows, at);
    return;
  }
  const count = rows.length / width;
  into.fill(0, at, at + count * columns);
  for (let n = 0; n < count; n++) {
    for (let j = 0; j < width; j++) {
      into[at + n * columns + j] = rows[n * width + j];
    }
  }
}

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
