// Ranking: the candidates of one request, in chunks whose memory is bounded, against a prepared user's side.

import { headsAmong, metricOf, oversOf } from "../../contract/by-spec.ts";
import type { Manifest } from "../../contract/manifest.ts";
import { emptyRecord, recordOf } from "../../contract/record.ts";
import { floatsOf, type Tensor } from "../session/session.ts";
import { Candidates } from "./candidates.ts";
import type { Engine } from "./engine.ts";
import type { KeptTensors } from "./feeds.ts";
import { historyOf } from "./fetch.ts";
import { byKernel, rankByKernel, runKernel } from "./kernel-rank.ts";
import { rankingGraphs, type UserSide } from "./prepare.ts";
import { KeptLists, matches, type Ranking, type SearchSpec, selectable, tableUses } from "./ranking.ts";
import type { RankRequest } from "./request.ts";
import { runGraph } from "./variants.ts";

/** Copies of the scores that a search holds at its widest: scores, masked, ranks, priorities. */
const mostCopies = 6;
/** Candidates ranked at once at most: what a tower and the kept behaviours take is bounded by this. */
const mostAtOnce = 2048;

/** The heads of a search: those of its metric. */
export function headsOf(engine: Engine, search: SearchSpec): number {
  const metric = metricOf(search.by);
  return metric === null ? 1 : engine.artefacts.manifest.metrics[metric].heads;
}

/** Candidates that are ranked at once, so that the scores stay within the engine's `scoreBytes`. */
export function chunkSize(engine: Engine, side: UserSide): number {
  let floats = 1;
  // Neither kernel nor index keeps scores of all candidates.
  for (const search of byKernel(side) || side.matched !== null ? [] : engine.artefacts.manifest.searches) {
    const { length } = historyOf(side.histories, search.history);
    floats = Math.max(floats, headsOf(engine, search) * length);
  }
  for (const attend of engine.artefacts.manifest.attends) {
    const { over, heads } = attend;
    floats = Math.max(floats, headsAmong(attend.by) * behavioursOf(engine, attend) ** 2);
    if (over.kind === "history") {
      floats = Math.max(floats, heads * historyOf(side.histories, over.history).length);
    }
  }
  return Math.max(1, Math.min(mostAtOnce, Math.floor(engine.scoreBytes / (4 * mostCopies * floats))));
}

/** Behaviours that an attend of lists of given lengths looks at: what its searches keep, and its newest parts. */
function behavioursOf(engine: Engine, attend: Manifest["attends"][number]): number {
  const { searches } = engine.artefacts.manifest;
  let behaviours = 0;
  for (const over of oversOf(attend)) {
    if (over.kind === "last") {
      behaviours += over.count;
    } else if (over.kind === "search") {
      behaviours += searches.find(({ name }) => name === over.search)?.keep ?? 0;
    }
  }
  return behaviours;
}

/** @param signal where it aborts, no store is read and no further graph is run, and its reason is thrown */
export async function rankCandidates(
  engine: Engine,
  side: UserSide,
  request: RankRequest,
  signal: AbortSignal | null = null,
): Promise<Ranking> {
  const { manifest } = engine.artefacts;
  const candidates = await Candidates.fetch(engine, side, request, rankingGraphs(side), { signal });
  const count = candidates.count;
  const lists = manifest.searches.map((search) => {
    const heads = search.heads === "per_head" && metricOf(search.by) !== null ? headsOf(engine, search) : null;
    const places = selectable(manifest, search, side);
    return { search, list: new KeptLists(search, places, matches(engine, search, side, candidates), count, heads) };
  });
  const scores = emptyRecord<Float32Array>();
  const logits = emptyRecord<Float32Array>();
  for (const { name } of manifest.labels) {
    scores[name] = new Float32Array(count);
    logits[name] = new Float32Array(count);
  }
  const score = manifest.score === undefined ? null : new Float32Array(count);
  const size = chunkSize(engine, side);
  for (let start = 0; start < count; start += size) {
    const chunk = { start, end: Math.min(start + size, count) };
    signal?.throwIfAborted();
    const outputs = await runChunk(engine, side, candidates, chunk, signal);
    for (const { name, output, logit } of manifest.labels) {
      scores[name].set(floatsOf(outputs[output], output), start);
      logits[name].set(floatsOf(outputs[logit], logit), start);
    }
    if (manifest.score !== undefined) {
      const { output } = manifest.score;
      score?.set(floatsOf(outputs[output], output), start);
    }
    for (const { search, list } of lists) {
      list.add(outputs[search.kept].data, chunk.start, chunk.end);
    }
  }
  const searches = recordOf(lists.map(({ search, list }) => [search.name, list.result()] as const));
  const tables = tableUses(side);
  const found = tables.reduce((sum, table) => sum + table.found, 0);
  const misses = tables.reduce((sum, table) => sum + table.missed, 0);
  return {
    scores,
    logits,
    score,
    kept: manifest.searches.length === 0 ? null : searches[manifest.searches[0].name],
    searches,
    tables,
    misses,
    coverage: found + misses === 0 ? 1 : found / (found + misses),
    stale: tables.some(({ state }) => state === "stale"),
    keys: manifest.graphs[side.route.rank]?.keys ?? "fresh",
    untrained: manifest.untrained,
    unknownCandidates: candidates.items.unknown(),
    late: [...side.histories.values()].reduce((sum, history) => sum + history.late, 0),
    missing: [...side.missing, ...candidates.missing],
    plan: byKernel(side) ? "kernel" : "graph",
  };
}

type Chunk = { readonly start: number; readonly end: number };

/** Labels and lists of a chunk. */
export async function runChunk(
  engine: Engine,
  side: UserSide,
  candidates: Candidates,
  chunk: Chunk,
  signal: AbortSignal | null,
): Promise<Record<string, Tensor>> {
  if (byKernel(side)) {
    return rankByKernel(engine, side, candidates, chunk, signal);
  }
  const { request, rank } = side.route;
  if (request !== null && side.matched === null) {
    return runGraph(engine, request, side, candidates, chunk, {});
  }
  const kept = await runSearch(engine, side, candidates, chunk, signal);
  const outputs = await runGraph(engine, rank, side, candidates, chunk, kept);
  return { ...outputs, ...kept };
}

/** The searches' lists for candidates start … end−1. */
export async function runSearch(
  engine: Engine,
  side: UserSide,
  candidates: Candidates,
  chunk: Chunk,
  signal: AbortSignal | null = null,
): Promise<KeptTensors> {
  if (byKernel(side)) {
    return (await runKernel(engine, side, candidates, chunk, signal)).kept;
  }
  if (side.matched !== null) {
    return side.matched.run(candidates, chunk);
  }
  const { search } = side.route;
  if (search === null) {
    return {};
  }
  return runGraph(engine, search, side, candidates, chunk, {});
}
