// The hit rate: how many of the behaviours that the attention ranks highest the search has kept (semantics.md 2).
import type { Engine } from "../request/index.ts";
import type { LiveTables, OpenGeneration } from "../table/live-tables.ts";
import { compareLists, type ListVisitor, type RankedRequest, searchesWithOracle } from "./compared-lists.ts";

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

/**
 * hit rate = size(search ∩ oracle) / min(k, valid behaviours), summed over the lists of all requests.
 * @param engines with one kind of tables each; they share artefacts and sessions
 * @returns for each engine the rates of its searches
 */
export async function hitRates(
  engines: readonly Engine[],
  requests: AsyncIterable<RankedRequest> | Iterable<RankedRequest>,
): Promise<HitRate[][]> {
  const searched = engines.map((engine) => {
    const counts = searchesWithOracle(engine).map(({ name }) => noLists(name));
    return { engine, counts, visitor: counting(counts) };
  });
  await compareLists(searched, requests);
  return searched.map(({ counts }) => counts);
}

function counting(counts: ReturnType<typeof noLists>[]): ListVisitor {
  return {
    lookup({ search, looked, found }) {
      counts[search].looked += looked;
      counts[search].found += found;
    },
    list({ search, oracle, hits, tied }) {
      const count = counts[search];
      count.lists++;
      count.wanted += oracle.length;
      count.hits += hits;
      count.different += Number(hits < oracle.length);
      count.tied += Number(tied);
    },
  };
}

/** A count that has not begun. */
export function noLists(search: string): { -readonly [key in keyof HitRate]: HitRate[key] } {
  return { search, lists: 0, wanted: 0, hits: 0, different: 0, tied: 0, looked: 0, found: 0 };
}

/** The engine with other tables in use. */
export function withGeneration(engine: Engine, generation: OpenGeneration | null): Engine {
  const tables: LiveTables = { maxStaleness: Number.MAX_SAFE_INTEGER, current: () => generation };
  return { ...engine, tables };
}
