// Waiting by a clock that only goes forward, whatever becomes of the time of day.
import { setTimeout as wait } from "node:timers/promises";

/** A timer of Node counts to 2³¹ ms, and goes off at once beyond. */
const piece = 3600 * 1000;

/**
 * Waits so many milliseconds, or until the signal; nothing is thrown.
 * @param now milliseconds of the clock that is gone by
 */
export async function waitFor(
  milliseconds: number,
  signal: AbortSignal,
  now: () => number = () => performance.now(),
): Promise<void> {
  const end = now() + milliseconds;
  for (let left = milliseconds; left > 0 && !signal.aborted; left = end - now()) {
    await wait(Math.min(piece, left), undefined, { signal }).catch(() => undefined);
  }
}
