// A long statement of the database, with its progress told and an end by a signal.
import { meter, type OnProgress } from "../../host/progress.ts";
import { interruptible } from "./interruptible.ts";
import type { Source } from "./source.ts";

export interface Told {
  readonly task: string;
  /** Units in all, of which the database says a share; 0: nothing is known. */
  readonly total: number;
  readonly onProgress: OnProgress | undefined;
  readonly signal: AbortSignal | undefined;
  /** What is said where the signal ends it. */
  readonly stopped: string;
}

/**
 * @param counted how many units there were in the end
 * @throws TwinError where the signal ended it; else the database's error, unwrapped
 */
export async function runTold(
  source: Source,
  sql: string,
  { task, total, onProgress, signal, stopped }: Told,
  counted: () => Promise<number>,
): Promise<void> {
  const progress = meter(task, total, onProgress);
  let told = 0;
  const poll = setInterval(() => {
    const { percentage } = source.connection.progress;
    const done = Math.floor((Math.max(0, percentage) / 100) * total);
    if (done > told) {
      progress.add(done - told);
    }
    told = Math.max(told, done);
  }, 250);
  try {
    await interruptible(source, signal, stopped, async () => {
      await source.all(sql);
      progress.add(Math.max(0, (await counted()) - told));
      progress.done();
    });
  } finally {
    clearInterval(poll);
  }
}
