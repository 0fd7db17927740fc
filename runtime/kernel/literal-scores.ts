// The kernel's scores as a plain loop: the same bits, wherever it has none at hand.
import type { AgreementOperands, AgreementShape, Rows } from "./shape.ts";

/** A feature in which candidates and behaviours may agree. */
export interface Agreement extends AgreementShape, AgreementOperands {
  /** int32 [candidates, rows] */
  readonly candidates: Int32Array;
}

/** Whether a candidate agrees with a behaviour. */
export function agrees({ rows, any, candidates, behaviours }: Agreement, n: number, i: number): boolean {
  const ours = candidates.subarray(n * rows, (n + 1) * rows);
  const theirs = behaviours.subarray(i * rows, (i + 1) * rows);
  return any ? theirs.some((row) => ours.includes(row)) : theirs.every((row, c) => row === ours[c]);
}

/**
 * float32 [heads, candidates, length]: the bias, what agrees, then column after column, as the kernel adds them up.
 * @param bias [heads, length]; null: none
 * @param queries [heads, candidates, width]
 */
export function literalScores(
  { heads, width }: { readonly heads: number; readonly width: number },
  length: number,
  { data, rows, offset, rowStride }: Rows,
  bias: Float32Array | null,
  queries: Float32Array,
  match: readonly Agreement[] = [],
): Float32Array {
  const candidates = queries.length / heads / width;
  const round = Math.fround;
  const scores = new Float32Array(heads * candidates * length);
  for (let a = 0; a < heads; a++) {
    for (let i = 0; i < length; i++) {
      const shared = bias === null ? 0 : bias[a * length + i];
      const key = offset + (rows === null ? i : rows[i]) * rowStride + a * width;
      for (let n = 0; n < candidates; n++) {
        const query = (a * candidates + n) * width;
        let x = shared;
        for (const one of match) {
          x = agrees(one, n, i) ? round(x + one.worth[a * length + i]) : x;
        }
        for (let d = 0; d < width; d++) {
          x = round(x + round(queries[query + d] * data[key + d]));
        }
        scores[(a * candidates + n) * length + i] = x;
      }
    }
  }
  return scores;
}
