// Reads of many rows let others have their turn.
import { setImmediate } from "node:timers/promises";

/** Rows that are read before others get their turn: a few milliseconds. */
export const turn = 2048;

/** Gives others their turn. @throws the signal's reason where it was aborted meanwhile */
export async function othersTurn(signal: AbortSignal | null | undefined): Promise<void> {
  await setImmediate();
  signal?.throwIfAborted();
}
