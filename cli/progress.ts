// Progress on stderr: one line that is written over on a terminal, a line every few seconds elsewhere. And Ctrl-C.
import { type OnProgress, progressLine } from "../runtime/progress.ts";
import { interactive, say } from "./output.ts";

const quiet = 5000;

export function showProgress(): OnProgress {
  let last = performance.now();
  return (progress) => {
    const line = progressLine(progress);
    if (interactive()) {
      process.stderr.write(`\r\x1b[2K${line}${progress.finished ? "\n" : ""}`);
      return;
    }
    if (!progress.finished && performance.now() - last < quiet) return;
    last = performance.now();
    say(line);
  };
}

/** Runs a job that Ctrl-C (or SIGTERM) stops in order; a second Ctrl-C ends the process. */
export async function stoppable<T>(job: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const stop = () => controller.abort();
  process.once("SIGINT", stop);
  process.once("SIGTERM", stop);
  try {
    return await job(controller.signal);
  } finally {
    process.off("SIGINT", stop);
    process.off("SIGTERM", stop);
  }
}
