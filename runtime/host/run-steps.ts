// Long work that pauses now and then: its progress told, and an end by a signal between two steps.
import { TwinError } from "../../contract/error.ts";
import { meter, type OnProgress } from "./progress.ts";

export interface Stepping {
  /** What is counted: `distances`. */
  readonly task: string;
  /** Units at most: it may be done sooner. */
  readonly total: number;
  readonly onProgress?: OnProgress | undefined;
  readonly signal?: AbortSignal | undefined;
  /** What is said where the signal ends it. */
  readonly stopped: string;
}

/** @param steps yields the share that is done @throws TwinError where the signal ended it */
export async function runSteps<T>(
  steps: Generator<number, T>,
  { task, total, onProgress, signal, stopped }: Stepping,
): Promise<T> {
  const begun = performance.now();
  const progress = meter(task, total, onProgress);
  let done = 0;
  const heard = (): void => {
    if (signal?.aborted) {
      throw new TwinError(stopped);
    }
  };
  for (let step = steps.next(); ; step = steps.next()) {
    // Signals are heard between two steps.
    await new Promise((resolve) => setImmediate(resolve));
    heard();
    if (step.done === true) {
      const rate = (done * 1000) / Math.max(performance.now() - begun, 1e-3);
      // What never paused was too short to be told of.
      if (done > 0) {
        onProgress?.({ task, done, total: 0, rate, left: 0, finished: true });
        heard();
      }
      return step.value;
    }
    const now = Math.round(step.value * total);
    progress.add(now - done);
    done = now;
  }
}
