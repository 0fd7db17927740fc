// The selections of a search, written as the papers describe them: the literal loops that every graph is held against.

/**
 * Positions of one row's scores from the best to the worst; ties to the lower position. NaN ranks last.
 * @param scores any array; `start` and `length` give the row in it
 */
export function ranked(scores: ArrayLike<number>, start: number, length: number): Int32Array {
  const order = Int32Array.from({ length }, (_, i) => i);
  return order.sort((a, b) => {
    const x = scores[start + a];
    const y = scores[start + b];
    if (x > y) {
      return -1;
    }
    if (x < y) {
      return 1;
    }
    if (x === y) {
      return a - b;
    }
    return Number(Number.isNaN(x)) - Number(Number.isNaN(y)) || a - b;
  });
}

/**
 * The list of one candidate: the heads are walked in turn through their ranked lists until `keep` distinct positions
 * are met, in the order in which they are met (TWIN, KDD 2023, section 3.3).
 * @param scores [heads, candidates, history] of one head-major tensor
 */
export function roundRobin(
  scores: ArrayLike<number>,
  shape: { readonly heads: number; readonly candidates: number; readonly history: number },
  candidate: number,
  keep: number,
): Int32Array {
  const { heads, candidates, history } = shape;
  const lists = Array.from({ length: heads }, (_, a) =>
    ranked(scores, (a * candidates + candidate) * history, history),
  );
  const wanted = Math.min(keep, history);
  const kept = new Int32Array(wanted);
  const seen = new Uint8Array(history);
  let count = 0;
  for (let rank = 0; rank < history && count < wanted; rank++) {
    for (let a = 0; a < heads && count < wanted; a++) {
      const position = lists[a][rank];
      if (seen[position] === 1) {
        continue;
      }
      seen[position] = 1;
      kept[count++] = position;
    }
  }
  return kept;
}

export type HeadRule = "round_robin" | "per_head" | "max";

/**
 * The lists of one candidate under the search's rule: one list for `round_robin` and `max`, one a head for `per_head`.
 * @param scores [heads, candidates, history]
 */
export function select(
  rule: HeadRule,
  scores: ArrayLike<number>,
  shape: { readonly heads: number; readonly candidates: number; readonly history: number },
  candidate: number,
  keep: number,
): Int32Array[] {
  const { heads, candidates, history } = shape;
  const wanted = Math.min(keep, history);
  const row = (a: number) => (a * candidates + candidate) * history;
  switch (rule) {
    case "round_robin":
      return [roundRobin(scores, shape, candidate, keep)];
    case "per_head":
      return Array.from({ length: heads }, (_, a) => ranked(scores, row(a), history).slice(0, wanted));
    case "max": {
      const best = new Float64Array(history).fill(Number.NEGATIVE_INFINITY);
      for (let a = 0; a < heads; a++) {
        for (let i = 0; i < history; i++) {
          best[i] = Math.max(best[i], scores[row(a) + i]);
        }
      }
      return [ranked(best, 0, history).slice(0, wanted)];
    }
  }
}
