// Each search's lists beside its oracle's, request by request and with one or several kinds of tables: what every hit rate counts.
import { metricOf } from "../../contract/by-spec.ts";
import {
  Candidates,
  chunkSize,
  type Engine,
  fetchSide,
  type HeadRule,
  type PrepareRequest,
  prepareSide,
  type RankRequest,
  rankingGraphs,
  runSearch,
  type SearchSpec,
  select,
  selectable,
  type UserSide,
} from "../request/index.ts";
import type { Tensor } from "../session/session.ts";
import { OracleScores, oracleGraphs, type SearchWithOracle } from "./oracle-scores.ts";
import { sameItems, withTables } from "./same-items.ts";
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
  /** Share of the attention over the whole history that lies on what was kept, and on what the oracle keeps: mean of the heads. */
  readonly mass: number;
  readonly oracleMass: number;
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
export function searchesWithOracle({ artefacts }: Engine): SearchWithOracle[] {
  return artefacts.manifest.searches.flatMap((search) =>
    search.scores === null ? [] : [{ ...search, scores: search.scores }],
  );
}

/** Tables to search with, and who is told what they found. */
export interface SearchedTables {
  /** With these tables in use; all share artefacts and sessions. */
  readonly engine: Engine;
  readonly visitor: ListVisitor;
}

/** Candidates whose oracle scores are held at once: they are large. */
const oracle = 16;

/**
 * Runs every request's search with each kind of tables, and its oracle once for all tables over the same items. The
 * oracle selects by the literal loop from the attention's own scores over the whole history (semantics.md 2). Memory
 * holds one request.
 */
export async function compareLists(
  searched: readonly SearchedTables[],
  requests: AsyncIterable<RankedRequest> | Iterable<RankedRequest>,
): Promise<void> {
  if (searched.length === 0 || searchesWithOracle(searched[0].engine).length === 0) {
    return;
  }
  for await (const request of requests) {
    for (const group of await groups(searched, request)) {
      await compareGroup(group);
    }
  }
}

/** One request with several kinds of tables over the same items: user and candidates are encoded once. */
interface Group {
  readonly candidates: Candidates;
  readonly members: (SearchedTables & { readonly side: UserSide })[];
}

async function groups(searched: readonly SearchedTables[], { prepare, rank }: RankedRequest): Promise<Group[]> {
  const found: Group[] = [];
  for (const one of searched) {
    const { engine } = one;
    const generation = engine.tables.current();
    const group = found.find(({ members: [{ side }] }) => sameItems(side.generation, generation));
    if (group !== undefined) {
      group.members.push({ ...one, side: await withTables(engine, group.members[0].side, generation) });
      continue;
    }
    const side = await prepareSide(engine, prepare);
    const ranking = side.kernel === null ? [side.route.search] : rankingGraphs(side);
    const graphs = [...oracleGraphs(engine, side), ...ranking];
    await fetchSide(engine, side, graphs);
    const candidates = await Candidates.fetch(engine, side, rank, graphs);
    found.push({ candidates, members: [{ ...one, side }] });
  }
  return found;
}

async function compareGroup({ candidates, members }: Group): Promise<void> {
  const [{ engine, side }] = members;
  const searches = searchesWithOracle(engine);
  for (const { side: own, visitor } of members) {
    searches.forEach(({ table }, search) => {
      const rows = table === null ? undefined : own.tables.get(table);
      visitor.lookup({ search, looked: (rows?.found ?? 0) + (rows?.missed ?? 0), found: rows?.found ?? 0 });
    });
  }
  const scored = new OracleScores(engine, side, candidates);
  const size = Math.min(oracle, chunkSize(engine, side));
  for (let start = 0; start < candidates.count; start += size) {
    const chunk = { start, end: Math.min(start + size, candidates.count) };
    const scores = await scored.of(searches, chunk);
    const oracles = searches.map((search, i) => oracleOf(search, side, scores[i]));
    for (const { engine: own, side: theirs, visitor } of members) {
      const kept = await runSearch(own, theirs, candidates, chunk);
      searches.forEach((search, i) => {
        const places = selectable(own.artefacts.manifest, search, theirs);
        for (const list of compare(search, oracles[i], kept[search.kept], places)) {
          visitor.list({ search: i, ...list });
        }
      });
    }
  }
}

/** What the oracle of one search says of a chunk of candidates. */
interface Oracle {
  /** Behaviours of the request. */
  readonly count: number;
  readonly scores: Tensor;
  readonly rule: HeadRule;
  /** By candidate: one list, under `per_head` one a head. */
  readonly lists: readonly (readonly Int32Array[])[];
}

function oracleOf(search: SearchSpec, side: UserSide, scores: Tensor): Oracle {
  const [heads, candidates, history] = scores.shape;
  const searched = side.histories.get(search.history);
  if (searched === undefined) {
    throw new Error(`the request has no history ${search.history}, which ${search.name} searches`);
  }
  const { count } = searched;
  const rule: HeadRule = metricOf(search.by) === null ? "round_robin" : search.heads;
  const lists = Array.from({ length: candidates }, (_, n) =>
    select(rule, scores.data, { heads, candidates, history }, n, Math.min(search.keep, count)),
  );
  return { count, scores, rule, lists };
}

/** @param places of the history that can be kept, −1 for the others */
function* compare(
  search: SearchSpec,
  { count, scores, rule, lists }: Oracle,
  kept: Tensor,
  places: Int32Array,
): Generator<Omit<ComparedList, "search">> {
  const [heads, candidates, history] = scores.shape;
  const perHead = kept.shape.length === 3;
  const row = (a: number, n: number) =>
    scores.data.subarray((a * candidates + n) * history, (a * candidates + n + 1) * history);
  for (let n = 0; n < candidates; n++) {
    for (let list = 0; list < (perHead ? heads : 1); list++) {
      const from = (list * candidates + n) * search.keep;
      const found = Int32Array.from(kept.data.subarray(from, from + search.keep), (place) =>
        place < count && places[place] >= 0 ? place : -1,
      );
      const searched = new Set(found.filter((place) => place >= 0));
      const wanted = lists[n][Math.min(list, lists[n].length - 1)];
      let hits = 0;
      for (const place of wanted) {
        hits += Number(searched.has(place));
      }
      let tied = false;
      const compared = perHead ? [row(list, n)] : Array.from({ length: heads }, (_, a) => row(a, n));
      const [mass, oracleMass] = massesOn(compared, count, [searched, wanted]);
      if (hits < wanted.length) {
        const ranked = rule === "max" && !perHead ? [best(compared)] : compared;
        tied = onlyTies({ heads: ranked, count }, searched, new Set(wanted));
      }
      yield { count, kept: found, oracle: wanted, hits, tied, mass, oracleMass };
    }
  }
}

/** Σ softmax(scores) over each of some lists, mean of the heads; 0 without behaviours. @param count behaviours that are valid */
function massesOn(heads: readonly ArrayLike<number>[], count: number, lists: readonly Iterable<number>[]): number[] {
  const masses = lists.map(() => 0);
  for (const scores of heads) {
    let [most, total] = [Number.NEGATIVE_INFINITY, 0];
    for (let i = 0; i < count; i++) {
      most = Math.max(most, scores[i]);
    }
    for (let i = 0; i < count; i++) {
      total += Math.exp(scores[i] - most);
    }
    lists.forEach((list, at) => {
      for (const place of list) {
        masses[at] += Math.exp(scores[place] - most) / total / heads.length;
      }
    });
  }
  return masses;
}

function best(heads: readonly ArrayLike<number>[]): Float64Array {
  return Float64Array.from({ length: heads[0].length }, (_, i) => Math.max(...heads.map((scores) => scores[i])));
}
