// Work on the database that a signal ends in the midst of a statement.
import { TwinError } from "../../../contract/error.ts";
import type { Source } from "./source.ts";

/**
 * @param stopped what is said where the signal ended it
 * @throws TwinError with that; else what the work throws, as it is
 */
export async function interruptible<T>(
  source: Source,
  signal: AbortSignal | undefined,
  stopped: string,
  work: () => Promise<T>,
): Promise<T> {
  const stop = (): void => source.connection.interrupt();
  signal?.addEventListener("abort", stop);
  try {
    return await work();
  } catch (cause) {
    throw signal?.aborted ? new TwinError(stopped, { cause }) : cause;
  } finally {
    signal?.removeEventListener("abort", stop);
  }
}
