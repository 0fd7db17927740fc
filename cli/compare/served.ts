// What a model costs to serve: built with its tables, a request timed, and each search beside its oracle.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { oracleMetric } from "../../compiler/graphs/index.ts";
import { costReport, type Model } from "../../compiler/index.ts";
import { recordOf } from "../../contract/record.ts";
import { putSetting } from "../../grammar/index.ts";
import { type Binding, readHistories, type SampleRequest } from "../../runtime/data/index.ts";
import { asRequest, hitRates } from "../../runtime/evaluate/index.ts";
import type { LongLists, RankedRequest } from "../../runtime/hit-rate/index.ts";
import { writeFileAtomic } from "../../runtime/host/files.ts";
import type { LocalTwin } from "../../runtime/serve/index.ts";
import { checked } from "../verbs/show.ts";
import { built } from "./built.ts";

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

/** A search beside its oracle, both at k: the same of all models, whatever each of them keeps. */
export interface Searched {
  readonly name: string;
  /** Of the model that is served. */
  readonly keep: number;
  /** Of all that follows: less than was asked for where the search sees fewer behaviours. */
  readonly k: number;
  readonly hits: number;
  readonly wanted: number;
  readonly long: LongLists;
  readonly byK: readonly { readonly k: number; readonly hits: number; readonly wanted: number }[];
}

const timedRequests = 30;
const timedCandidates = 100;

export interface Serving {
  /** For builds, which go again. */
  readonly dir: string;
  /** The model's file, without imports. */
  readonly file: string;
  /** What stands in it. */
  readonly text: string;
  readonly weights: string;
  readonly binding: Binding;
  /** Requests that are searched beside the oracle; 0: none. */
  readonly hitRequests: number;
  readonly k: number;
  readonly threads: number | null;
}

export async function serve({ dir, file, text, hitRequests, k, ...how }: Serving): Promise<Served> {
  const model = checked(file);
  const cost = costReport(model, { candidates: timedCandidates });
  const part = how.binding.split === null ? null : "test";
  const at = { ...how, output: join(dir, "build") };
  const searchesOf = async (twin: LocalTwin): Promise<Searched[]> => {
    const found = await hitRates(twin, how.binding, part, { hitRequests, builtAlone: true });
    const curves = found?.tables[0]?.curves ?? [];
    return curves.map(({ search: name, keep, hits, wanted, long, byK }) => ({
      name,
      keep: model.searches.find((one) => one.name === name)?.keep ?? keep,
      k: keep,
      hits,
      wanted,
      long,
      byK: byK.map(({ k: some, hits: found, wanted: due }) => ({ k: some, hits: found, wanted: due })),
    }));
  };
  const alike = searchingAt(text, model, k);
  const served = await built({ ...at, file }, async (twin, tableBytes) => {
    const asked = await sampleRequests(twin, how.binding, part);
    const times = await timed(twin, asked);
    const graphs = cost.graphs.filter(({ name }) => name !== "projector");
    return {
      parameters: cost.parameters.count,
      multiplyAdds: graphs.reduce((sum, { after }) => sum + after, 0),
      tableBytes,
      candidates: asked[0].rank.candidates.item.length,
      milliseconds: times[times.length >> 1],
      requests: times.length,
      searches: alike === null ? await searchesOf(twin) : [],
    };
  });
  if (alike === null || hitRequests === 0) {
    return served;
  }
  const other = join(dir, "searched.twin");
  writeFileAtomic(other, alike);
  try {
    return { ...served, searches: await built({ ...at, file: other }, searchesOf) };
  } finally {
    rmSync(other, { force: true });
  }
}

/**
 * The model whose searches keep k, or as many as they see: those with an oracle, all else stays.
 * @param text one file without imports, whose model is `model` @returns null: they do already
 */
export function searchingAt(text: string, model: Model, k: number): string | null {
  const others = model.searches.flatMap((search) => {
    const due = Math.min(k, search.from.max);
    return oracleMetric(model, search) === null || search.keep === due ? [] : [{ name: search.name, due }];
  });
  return others.length === 0
    ? null
    : others.reduce(
        (now, { name, due }) =>
          putSetting({ path: model.name, text: now }, { section: "search", name, setting: "keep", text: `${due}` }),
        text,
      );
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
