// What a model costs to serve: built with its tables, a request timed, and each search beside its oracle.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { costReport } from "../../compiler/index.ts";
import { recordOf } from "../../contract/record.ts";
import { buildTables } from "../../runtime/build-table/index.ts";
import { type Binding, readHistories, type SampleRequest } from "../../runtime/data/index.ts";
import { asRequest, hitRates } from "../../runtime/evaluate/index.ts";
import type { LongLists, RankedRequest } from "../../runtime/hit-rate/index.ts";
import { LocalTwin } from "../../runtime/serve/index.ts";
import { say } from "../output.ts";
import { showProgress, stoppable } from "../progress.ts";
import { buildTo } from "../verbs/build.ts";
import { checked } from "../verbs/show.ts";

export interface Served {
  readonly parameters: number;
  /** Of a request with the sample's candidates and longest histories, projections of items apart. */
  readonly multiplyAdds: number;
  readonly tableBytes: number;
  /** Candidates of a timed request. */
  readonly candidates: number;
  /** Median of `prepare` and `rank`, milliseconds. */
  readonly milliseconds: number;
  readonly requests: number;
  /** By search; empty: the model has none, or it could not be measured. */
  readonly searches: readonly Searched[];
}

export interface Searched {
  readonly name: string;
  readonly keep: number;
  readonly hits: number;
  readonly wanted: number;
  readonly long: LongLists;
  readonly byK: readonly { readonly k: number; readonly hits: number; readonly wanted: number }[];
}

const timedRequests = 30;
const timedCandidates = 100;

/** @param dir for the build, which goes again @param hitRequests requests that are searched beside the oracle */
export async function serve(
  dir: string,
  model: string,
  weights: string,
  binding: Binding,
  hitRequests: number,
  threads: number | null,
): Promise<Served> {
  const output = join(dir, "build");
  rmSync(output, { recursive: true, force: true });
  const cost = costReport(checked(model), { candidates: timedCandidates });
  await buildTo(model, { output, weights });
  const tables = await stoppable((signal) =>
    buildTables({
      dir: output,
      binding,
      fromStore: false,
      workers: 2,
      providers: ["cpu"],
      signal,
      onProgress: showProgress(),
      warn: (message) => say(`warning: ${message}`),
    }),
  );
  const twin = await LocalTwin.open(output, threads === null ? {} : { threads });
  try {
    const part = binding.split === null ? null : "test";
    const asked = await sampleRequests(twin, binding, part);
    const times = await timed(twin, asked);
    const found = await hitRates(twin, binding, part, { hitRequests });
    const whole = found?.tables.find(({ curves }) => curves !== null)?.curves ?? [];
    const graphs = cost.graphs.filter(({ name }) => name !== "projector");
    return {
      parameters: cost.parameters.count,
      multiplyAdds: graphs.reduce((sum, { after }) => sum + after, 0),
      tableBytes: tables.tables.reduce((sum, { bytes }) => sum + bytes, 0),
      candidates: asked[0].rank.candidates.item.length,
      milliseconds: times[times.length >> 1],
      requests: times.length,
      searches: whole.map(({ search: name, keep, hits, wanted, long, byK }) => ({
        name,
        keep,
        hits,
        wanted,
        long,
        byK: byK.map(({ k, hits: some, wanted: due }) => ({ k, hits: some, wanted: due })),
      })),
    };
  } finally {
    await twin.close();
    rmSync(output, { recursive: true, force: true });
  }
}

/** Each of some users' newest request, all with the same candidates: those of the first ones, repeated until there are enough. */
export async function sampleRequests(
  twin: LocalTwin,
  binding: Binding,
  part: "test" | null,
  candidateCount = timedCandidates,
): Promise<RankedRequest[]> {
  const samples: SampleRequest[] = [];
  for await (const { requests } of readHistories(binding, twin.manifest, {
    users: timedRequests,
    ...(part && { part }),
  })) {
    for (const sample of requests) {
      samples.push(sample);
      break;
    }
  }
  const columns = Object.keys(samples[0].candidates).map((name) => {
    const all = samples.flatMap(({ candidates }) => Array.from(candidates[name] as ArrayLike<unknown>));
    return [name, Array.from({ length: candidateCount }, (_, i) => all[i % all.length])] as const;
  });
  const candidates = recordOf<unknown>(columns) as RankedRequest["rank"]["candidates"];
  return samples.map((sample) => {
    const { prepare, rank } = asRequest(sample);
    return { prepare, rank: { ...rank, candidates } };
  });
}

/** Ascending milliseconds; the first round warms up. */
async function timed(twin: LocalTwin, requests: readonly RankedRequest[]): Promise<number[]> {
  const times: number[] = [];
  for (const round of [0, 1, 2]) {
    for (const { prepare, rank } of requests) {
      const begun = performance.now();
      await (await twin.prepare(prepare)).rank(rank);
      if (round > 0) {
        times.push(performance.now() - begun);
      }
    }
  }
  return times.sort((a, b) => a - b);
}
