// Each search's lists beside its oracle's, request by request: what every hit rate counts.
import { Candidates } from "../candidates.ts";
import type { Engine } from "../engine.ts";
import { feeds } from "../feeds.ts";
import { prepareSide, type UserSide } from "../prepare.ts";
import { chunkSize, runSearch } from "../rank.ts";
import { type SearchSpec, selectable } from "../ranking.ts";
import type { PrepareRequest, RankRequest } from "../request.ts";
import { type HeadRule, select } from "../round-robin.ts";
import type { Tensor } from "../session.ts";
import { onlyTies } from "./ties.ts";

export interface RankedRequest {
  readonly prepare: PrepareRequest;
  readonly rank: RankRequest;
}

/** One list of one candidate (under `per_head`: of one head). Positions are places in the history, newest first. */
export interface ComparedList {
  /** Number of the search among `searchesWithOracle`. */
  readonly search: number;
  /** Behaviours of the request. */
  readonly count: number;
  /** What the search kept, best first; −1 where it could not keep one. */
  readonly kept: Int32Array;
  /** What the oracle keeps, best first: min(k, valid) of them. */
  readonly oracle: Int32Array;
  /** Those of the oracle that were kept. */
  readonly hits: number;
  /** Whether the lists differ by near-ties in float32 alone; false where they are equal. */
  readonly tied: boolean;
}

/** What the tables served of one request's histories, by search. */
export interface LookedUp {
  readonly search: number;
  readonly looked: number;
  readonly found: number;
}

export interface ListVisitor {
  lookup(use: LookedUp): void;
  list(list: ComparedList): void;
}

/** The searches that have an oracle: those by a metric. */
export function searchesWithOracle({ artefacts }: Engine): SearchSpec[] {
  return artefacts.manifest.searches.filter((search) => search.scores !== null);
}

/** Candidates whose oracle scores are held at once: they are large. */
const ORACLE = 16;

/**
 * Runs every request's search and oracle. The oracle selects by the literal loop from the attention's own scores over the
 * whole history (semantics.md 2).
 */
export async function compareLists(
  engine: Engine,
  requests: AsyncIterable<RankedRequest> | Iterable<RankedRequest>,
  visitor: ListVisitor,
): Promise<void> {
  const searches = searchesWithOracle(engine);
  if (searches.length === 0) return;
  for await (const { prepare, rank } of requests) {
    const side = await prepareSide(engine, prepare);
    const candidates = new Candidates(engine, side.generation, rank);
    searches.forEach(({ table }, search) => {
      const rows = table === null ? undefined : side.tables.get(table);
      visitor.lookup({ search, looked: (rows?.found ?? 0) + (rows?.missed ?? 0), found: rows?.found ?? 0 });
    });
    const size = Math.min(ORACLE, chunkSize(engine, side));
    for (let start = 0; start < candidates.count; start += size) {
      const chunk = { start, end: Math.min(start + size, candidates.count) };
      const kept = await runSearch(engine, side, candidates, chunk);
      const scores = await engine.sessions.run("oracle", feeds(engine, "oracle", side, candidates, chunk, {}));
      searches.forEach((search, i) => {
        for (const list of compare(engine, search, side, kept[search.kept], scores[search.scores!]))
          visitor.list({ search: i, ...list });
      });
    }
  }
}

function* compare(
  engine: Engine,
  search: SearchSpec,
  side: UserSide,
  kept: Tensor,
  scores: Tensor,
): Generator<Omit<ComparedList, "search">> {
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
      const found = Int32Array.from(kept.data.subarray(from, from + search.keep), (place) =>
        place < count && places[place] >= 0 ? place : -1,
      );
      const searched = new Set(found.filter((place) => place >= 0));
      const wanted = oracle[Math.min(list, oracle.length - 1)];
      let hits = 0;
      for (const place of wanted) hits += Number(searched.has(place));
      const differs = hits < wanted.length;
      const compared = perHead ? [row(list, n)] : Array.from({ length: heads }, (_, a) => row(a, n));
      const ranked = rule === "max" && !perHead ? [best(compared)] : compared;
      const tied = differs && onlyTies({ heads: ranked, count }, searched, new Set(wanted));
      yield { count, kept: found, oracle: wanted, hits, tied };
    }
  }
}

function best(heads: readonly ArrayLike<number>[]): Float64Array {
  return Float64Array.from({ length: heads[0].length }, (_, i) => Math.max(...heads.map((scores) => scores[i])));
}
