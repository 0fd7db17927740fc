// The thread that serves requests: one after the other, over the tables that all threads share.
import { innerLine } from "../../host/start-thread.ts";
import { type Service, serveCalls } from "../../threads/serve-calls.ts";
import type { CallOptions } from "../../threads/wanted.ts";
import { hold, type Prepared, type RankResult, sentExplanations } from "../../twin/index.ts";
import { LocalTwin } from "../twin.ts";
import type { RankAnswer, RankJob, RankReady, WorkerStart } from "./messages.ts";

async function open(start: WorkerStart): Promise<Service<RankJob, RankAnswer, RankReady>> {
  const { dir, options, tables, weights, workers } = start;
  const twin = await LocalTwin.open(dir, options, { tables, weights, workers });
  const held = new Map<number, Prepared>();

  const perform = async (job: RankJob, wanted: CallOptions): Promise<RankResult> => {
    if (job.kind === "tables") {
      await twin.attach(job.tables);
      return { kind: "done" };
    }
    if (job.request !== null) {
      hold(held, job.prepared, await twin.prepare(job.request, wanted));
    }
    if (job.kind === "prepare") {
      return { kind: "done" };
    }
    const prepared = held.get(job.prepared);
    if (prepared === undefined) {
      return { kind: "lacking" };
    }
    return job.kind === "rank"
      ? { kind: "ranking", ranking: await prepared.rank(job.candidates, wanted) }
      : sentExplanations(await prepared.explain(job.candidates, wanted));
  };

  return {
    ready: twin.warnings,
    async run(job, signal) {
      const result = await perform(job, signal === null ? {} : { signal });
      return { result, warnings: twin.warnings, cache: twin.cache() };
    },
    close: () => twin.close(),
  };
}

serveCalls(innerLine<WorkerStart, RankJob, RankAnswer, RankReady>(), open);
