// Ranges of a number, by their ascending ends.

/** Ends of the lower two thirds of the values, without what would be empty. */
export function terciles(values: ArrayLike<number>): number[] {
  const sorted = Float64Array.from(values).sort();
  const at = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  const last = sorted[sorted.length - 1];
  return [...new Set([at(1 / 3), at(2 / 3)])].filter((edge) => edge < last);
}

/** `≤ 12`, `13–80`, `> 80` for the edges 12 and 80. */
export function rangeNames(edges: readonly number[]): string[] {
  if (edges.length === 0) {
    return ["all"];
  }
  const between = edges.slice(1).map((edge, i) => (edge === edges[i] + 1 ? `${edge}` : `${edges[i] + 1}–${edge}`));
  return [`≤ ${edges[0]}`, ...between, `> ${edges[edges.length - 1]}`];
}

/** The number of the range that a value lies in. */
export function rangeOf(edges: readonly number[], value: number): number {
  const found = edges.findIndex((edge) => value <= edge);
  return found < 0 ? edges.length : found;
}
