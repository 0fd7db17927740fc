// Node's threads as lines: starts a thread's program, whether this code runs from the bundle or from its sources.
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { parentPort, Worker } from "node:worker_threads";
import type { InnerLine, OuterLine } from "../threads/line.ts";
import type { Call, Reply } from "../threads/messages.ts";
import { codeOf } from "./files.ts";

/**
 * In the package the program is a file of its own beside the bundle. From the sources, under tsx or vitest, it is
 * TypeScript: `--import tsx` does not reach the loader of a thread, so the thread registers tsx itself.
 * @param here `import.meta.url` of the caller
 * @param source the program, relative to the caller; @param bundled its name in the package
 */
export function startThread<Start, Job, Value, Ready>(
  here: string,
  source: string,
  bundled: string,
): OuterLine<Start, Job, Value, Ready> {
  return lineTo(here.endsWith(".ts") ? fromSource(here, source) : new Worker(new URL(`./${bundled}`, here)));
}

function fromSource(here: string, source: string): Worker {
  const tsx = dirname(createRequire(here).resolve("tsx/package.json"));
  const loader = pathToFileURL(join(tsx, "dist/esm/api/index.mjs")).href;
  const program = new URL(source, here).href;
  const code = `import(${JSON.stringify(loader)}).then(({ register }) => { register(); return import(${JSON.stringify(program)}); })`;
  return new Worker(code, { eval: true });
}

function lineTo<Start, Job, Value, Ready>(worker: Worker): OuterLine<Start, Job, Value, Ready> {
  return {
    post: (call, transfer) => worker.postMessage(call, transfer),
    listen(take, ended) {
      worker.on("message", (reply: Reply<Value, Ready>) => take(reply));
      worker.on("error", (error: unknown) => {
        // Too little memory is nobody's bug.
        ended(
          error instanceof Error ? error.message : String(error),
          codeOf(error) === "ERR_WORKER_OUT_OF_MEMORY" ? null : error,
        );
      });
      worker.on("messageerror", (error) => {
        ended(`its answer could not be read: ${error.message}`, error);
        void worker.terminate();
      });
      worker.on("exit", (code) => ended(`exit code ${code}`, null));
    },
    async end() {
      await worker.terminate();
    },
  };
}

/** The line to whoever started this thread. */
export function innerLine<Start, Job, Value, Ready>(): InnerLine<Start, Job, Value, Ready> {
  const port = parentPort;
  if (port === null) {
    throw new Error("this module is the program of a thread, and was not started as one");
  }
  return {
    post: (reply, transfer) => port.postMessage(reply, transfer),
    listen(take) {
      port.on("message", (call: Call<Start, Job>) => take(call));
      // Whoever asked cannot be answered: the thread ends, which is.
      port.on("messageerror", (error) => {
        throw error;
      });
    },
    close: () => port.close(),
  };
}
