// The thread that serves requests: one after the other, over the tables that all threads share.
import { parentPort, workerData } from "node:worker_threads";
import { TwinError } from "../../../contract/error.ts";
import { LocalTwin, type Prepared } from "../twin.ts";
import { type Answer, hold, type Job, type WorkerStart } from "./messages.ts";

const port = parentPort!;
const send = (answer: Answer): void => port.postMessage(answer);

function fail(error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  send({ kind: "failed", message, ours: error instanceof TwinError });
}

async function serve({ dir, options, tables, weights }: WorkerStart): Promise<void> {
  const twin = await LocalTwin.open(dir, options, { tables, weights });
  const held = new Map<number, Prepared>();

  const run = async (job: Job): Promise<Answer> => {
    const done = (result: Extract<Answer, { kind: "done" }>["result"]): Answer => ({
      kind: "done",
      result,
      warnings: twin.warnings,
    });
    switch (job.kind) {
      case "prepare":
        hold(held, job.prepared, await twin.prepare(job.request));
        return done(null);
      case "rank":
      case "explain": {
        if (job.request !== null) hold(held, job.prepared, await twin.prepare(job.request));
        const prepared = held.get(job.prepared)!;
        return done(job.kind === "rank" ? await prepared.rank(job.candidates) : await prepared.explain(job.candidates));
      }
      case "tables":
        await twin.attach(job.tables);
        return done(null);
      case "close":
        await twin.close();
        return done(null);
    }
  };

  port.on("message", (job: Job) => {
    run(job).then((answer) => {
      send(answer);
      if (job.kind === "close") port.close();
    }, fail);
  });
  send({ kind: "ready", warnings: twin.warnings });
}

serve(workerData as WorkerStart).catch((error) => {
  fail(error);
  port.close();
});
