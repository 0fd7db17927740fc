// The kernel's scores as a plain loop: the same bits, wherever it has none at hand.
import type { Rows } from "./shape.ts";

/**
 * float32 [heads, candidates, length]: the bias, then column after column, as the kernel adds them up.
 * @param bias [heads, length]; null: none
 * @param queries [heads, candidates, width]
 */
export function literalScores(
  { heads, width }: { readonly heads: number; readonly width: number },
  length: number,
  { data, rows, offset, rowStride }: Rows,
  bias: Float32Array | null,
  queries: Float32Array,
): Float32Array {
  const candidates = queries.length / heads / width;
  const round = Math.fround;
  const scores = new Float32Array(heads * candidates * length);
  for (let a = 0; a < heads; a++) {
    for (let i = 0; i < length; i++) {
      const start = bias === null ? 0 : bias[a * length + i];
      const key = offset + (rows === null ? i : rows[i]) * rowStride + a * width;
      for (let n = 0; n < candidates; n++) {
        const query = (a * candidates + n) * width;
        let x = start;
        for (let d = 0; d < width; d++) {
          x = round(x + round(queries[query + d] * data[key + d]));
        }
        scores[(a * candidates + n) * length + i] = x;
      }
    }
  }
  return scores;
}
