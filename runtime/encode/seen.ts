// What lies strictly before: the one rule by which serving, training and prepared data say what a sample may see.

/**
 * Whether at `time` what happened, or became known, at `at` may be seen: strictly after it, and not sooner than `delay` after.
 * Never where a time is NaN.
 */
export const isSeen = (at: number, time: number, delay = 0): boolean => at < time && at <= time - delay;

/** Index of the first that may be seen. @param times newest first, none NaN */
export function firstSeen(times: ArrayLike<number>, time: number, delay = 0): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isSeen(times[middle], time, delay)) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}
