// "Did you mean …?": the nearest known name, by restricted Damerau–Levenshtein distance.

/** Longer names are compared for equality without case only: the distance costs length squared. */
const longest = 64;

/**
 * The candidate nearest to `name`, or null where none is near: at most one edit per three characters, three in all.
 * An edit inserts, deletes or replaces a character or swaps two neighbours. Of equally near ones the first is taken.
 */
export function suggest(name: string, candidates: Iterable<string>): string | null {
  const lower = name.toLowerCase();
  const allowed = Math.min(3, Math.floor((name.length + 1) / 3));
  let best: string | null = null;
  let least = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    if (candidate === "" || candidate === name) continue;
    const far = lower === candidate.toLowerCase() ? 0.5 : distance(name, candidate, allowed);
    if (far < least && (far < 1 || (far <= allowed && far < Math.min(name.length, candidate.length)))) {
      best = candidate;
      least = far;
    }
  }
  return best;
}

/** Optimal string alignment distance (no substring is edited twice); infinite where it must exceed `allowed`. */
export function distance(a: string, b: string, allowed = Number.POSITIVE_INFINITY): number {
  if (Math.abs(a.length - b.length) > allowed) return Number.POSITIVE_INFINITY;
  if (allowed < Number.POSITIVE_INFINITY && Math.max(a.length, b.length) > longest) return Number.POSITIVE_INFINITY;
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      row[j] = Math.min(row[j - 1] + 1, last[j] + 1, last[j - 1] + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        row[j] = Math.min(row[j], beforeLast[j - 2] + 1);
      }
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length];
}
