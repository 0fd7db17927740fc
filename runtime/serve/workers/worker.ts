// The thread that serves requests: one after the other, over the tables that all threads share.
import { innerLine } from "../../host/start-thread.ts";
import { type Service, serveCalls } from "../../threads/serve-calls.ts";
import type { CallOptions } from "../../threads/wanted.ts";
import { LocalTwin, type Prepared } from "../twin.ts";
import { hold, type RankAnswer, type RankJob, type RankReady, type WorkerStart } from "./messages.ts";

async function open(start: WorkerStart): Promise<Service<RankJob, RankAnswer, RankReady>> {
  const { dir, options, tables, weights } = start;
  const twin = await LocalTwin.open(dir, options, { tables, weights });
  const held = new Map<number, Prepared>();

  const perform = async (job: RankJob, wanted: CallOptions): Promise<RankAnswer["result"] | "lacking"> => {
    if (job.kind === "tables") {
      await twin.attach(job.tables);
      return null;
    }
    if (job.request !== null) {
      hold(held, job.prepared, await twin.prepare(job.request, wanted));
    }
    if (job.kind === "prepare") {
      return null;
    }
    const prepared = held.get(job.prepared);
    if (prepared === undefined) {
      return "lacking";
    }
    return job.kind === "rank" ? prepared.rank(job.candidates!, wanted) : prepared.explain(job.candidates!, wanted);
  };

  return {
    ready: twin.warnings,
    async run(job, signal) {
      const result = await perform(job, signal === null ? {} : { signal });
      const lacking = result === "lacking";
      return { result: lacking ? null : result, warnings: twin.warnings, lacking };
    },
    close: () => twin.close(),
  };
}

serveCalls(innerLine(), open);
