// The hit rate: how many of the behaviours that the attention ranks highest the search has kept (semantics.md 2).
import { Candidates } from "../candidates.ts";
import type { Engine } from "../engine.ts";
import { TwinError } from "../error.ts";
import { feeds } from "../feeds.ts";
import { prepareSide, type UserSide } from "../prepare.ts";
import { chunkSize, runSearch } from "../rank.ts";
import { type SearchSpec, selectable } from "../ranking.ts";
import type { PrepareRequest, RankRequest } from "../request.ts";
import { type HeadRule, select } from "../round-robin.ts";
import type { Tensor } from "../session.ts";
import { LocalTwin, type Twin } from "../twin.ts";
import { percent } from "./percent.ts";
import { onlyTies } from "./ties.ts";

/** One search against its oracle, over some requests. */
export interface HitRate {
  readonly search: string;
  /** Lists compared: one a candidate, under `per_head` one a head. */
  readonly lists: number;
  /** Behaviours that the oracle keeps: min(k, valid) of each list. */
  readonly wanted: number;
  /** Those that the search kept. */
  readonly hits: number;
  /** Lists that differ, and those of them that differ by near-ties in float32 alone. */
  readonly different: number;
  readonly tied: number;
  /** (request, behaviour) pairs looked up in the search's table, and those found. */
  readonly looked: number;
  readonly found: number;
}

export interface RankedRequest {
  readonly prepare: PrepareRequest;
  readonly rank: RankRequest;
}

/** Candidates whose oracle scores are held at once: they are large. */
const ORACLE = 16;

/**
 * hit rate = size(search ∩ oracle) / min(k, valid behaviours); the oracle selects by the literal loop from the
 * attention's own scores over the whole history.
 */
export async function hitRates(
  engine: Engine,
  requests: AsyncIterable<RankedRequest> | Iterable<RankedRequest>,
): Promise<HitRate[]> {
  const { manifest } = engine.artefacts;
  const searches = manifest.searches.filter((search) => search.scores !== null);
  const counts = searches.map((search) => ({
    search: search.name,
    lists: 0,
    wanted: 0,
    hits: 0,
    different: 0,
    tied: 0,
    looked: 0,
    found: 0,
  }));
  for await (const { prepare, rank } of requests) {
    const side = await prepareSide(engine, prepare);
    const candidates = new Candidates(engine, side.generation, rank);
    searches.forEach((search, i) => {
      const rows = search.table === null ? undefined : side.tables.get(search.table);
      counts[i].looked += (rows?.found ?? 0) + (rows?.missed ?? 0);
      counts[i].found += rows?.found ?? 0;
    });
    const size = Math.min(ORACLE, chunkSize(engine, side));
    for (let start = 0; start < candidates.count; start += size) {
      const chunk = { start, end: Math.min(start + size, candidates.count) };
      const kept = await runSearch(engine, side, candidates, chunk);
      const scores = await engine.sessions.run("oracle", feeds(engine, "oracle", side, candidates, chunk, {}));
      searches.forEach((search, i) => {
        for (const list of compare(engine, search, side, kept[search.kept], scores[search.scores!])) {
          counts[i].lists++;
          counts[i].wanted += list.wanted;
          counts[i].hits += list.hits;
          if (list.hits === list.wanted) continue;
          counts[i].different++;
          counts[i].tied += Number(list.tied);
        }
      });
    }
  }
  return counts;
}

/** The hit rate of a loaded model with its own tables, on requests of real users. */
export function evaluateHitRate(
  twin: Twin,
  requests: AsyncIterable<RankedRequest> | Iterable<RankedRequest>,
): Promise<HitRate[]> {
  if (!(twin instanceof LocalTwin))
    throw new TwinError("the hit rate is measured without workers: load with workers: 0");
  return hitRates(twin.engine, requests);
}

function* compare(
  engine: Engine,
  search: SearchSpec,
  side: UserSide,
  kept: Tensor,
  scores: Tensor,
): Generator<{ wanted: number; hits: number; tied: boolean }> {
  const [heads, candidates, history] = scores.shape;
  const { count } = side.histories.get(search.history)!;
  const places = selectable(engine.artefacts.manifest, search, side);
  const shape = { heads, candidates, history };
  const rule: HeadRule = search.metric === null ? "round_robin" : search.heads;
  const perHead = kept.shape.length === 3;
  const row = (a: number, n: number) =>
    scores.data.subarray((a * candidates + n) * history, (a * candidates + n + 1) * history);
  for (let n = 0; n < candidates; n++) {
    const oracle = select(rule, scores.data, shape, n, Math.min(search.keep, count));
    for (let list = 0; list < (perHead ? heads : 1); list++) {
      const from = (list * candidates + n) * search.keep;
      const found = [...kept.data.subarray(from, from + search.keep)].filter(
        (place) => place < count && places[place] >= 0,
      );
      const searched = new Set(found);
      const wanted = new Set(oracle[Math.min(list, oracle.length - 1)]);
      let hits = 0;
      for (const place of wanted) hits += Number(searched.has(place));
      const differs = hits < wanted.size;
      const compared = perHead ? [row(list, n)] : Array.from({ length: heads }, (_, a) => row(a, n));
      const ranked = rule === "max" && !perHead ? [best(compared)] : compared;
      yield { wanted: wanted.size, hits, tied: differs && onlyTies({ heads: ranked, count }, searched, wanted) };
    }
  }
}

function best(heads: readonly ArrayLike<number>[]): Float64Array {
  return Float64Array.from({ length: heads[0].length }, (_, i) => Math.max(...heads.map((scores) => scores[i])));
}

/** One line a search. @param tables whether to tell the tables' coverage */
export function hitRateText(rates: readonly HitRate[], tables = true): string[] {
  return rates.map(({ search, lists, wanted, hits, different, tied, looked, found }) => {
    const ties = different === 0 ? "" : `; ${different} lists differ, ${tied} of them by near-ties in float32 alone`;
    const coverage = looked === 0 || !tables ? "" : `; table coverage ${percent(found, looked)}`;
    return `${search}: ${hits} of ${wanted} behaviours of ${lists} lists (${percent(hits, wanted)})${ties}${coverage}`;
  });
}
