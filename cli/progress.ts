// Progress on stderr: one line that is written over on a terminal, a line every few seconds elsewhere. And Ctrl-C.
import { escaped } from "../contract/width.ts";
import { type OnProgress, progressLine } from "../runtime/host/progress.ts";
import { Stopped, type StopSignal } from "./failure.ts";
import { interactive, say } from "./output.ts";

const quiet = 5000;

export function showProgress(): OnProgress {
  const show = showLine();
  return (progress) => show(progressLine(progress), progress.finished);
}

/** Shows a line in the place of the one before; one that is to stay is always shown. */
export function showLine(): (line: string, stays: boolean) => void {
  let last = performance.now();
  return (line, stays) => {
    if (interactive()) {
      process.stderr.write(`\r\x1b[2K${escaped(line)}${stays ? "\n" : ""}`);
      return;
    }
    if (!stays && performance.now() - last < quiet) {
      return;
    }
    last = performance.now();
    say(line);
  };
}

/**
 * Runs a job that Ctrl-C (or SIGTERM) stops in order; a second Ctrl-C ends the process.
 * @throws Stopped where the signal ended the job, whatever error it ended with
 */
export async function stoppable<T>(job: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const received: StopSignal[] = [];
  const stop = (signal: StopSignal) => {
    if (received.length === 0) {
      say("stopping; Ctrl-C again ends at once");
    }
    received.push(signal);
    controller.abort();
  };
  process.once("SIGINT", stop);
  process.once("SIGTERM", stop);
  try {
    return await job(controller.signal);
  } catch (failure) {
    if (received.length === 0) {
      throw failure;
    }
    throw new Stopped(`stopped: ${failure instanceof Error ? failure.message : String(failure)}`, received[0]);
  } finally {
    process.off("SIGINT", stop);
    process.off("SIGTERM", stop);
  }
}
