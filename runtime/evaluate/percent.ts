// Shares as text that is never rounded up: 100 % means all of them.

/** `hits` of `total` in per cent with two decimals, rounded down; 100 only where they are equal. */
export function percent(hits: number, total: number): string {
  if (total === 0) {
    return "none to find";
  }
  if (hits === total) {
    return "100 %";
  }
  return `${(Math.floor((hits / total) * 10000) / 100).toFixed(2)} %`;
}
