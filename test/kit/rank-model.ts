// The model, items and requests on which the runtime is tested.

import type { BuildOptions } from "../../compiler/index.ts";
import type { RawColumn } from "../../runtime/encode/raw.ts";
import type { PrepareRequest, RankRequest } from "../../runtime/index.ts";
import { buildInto, type GenerationSettings, temporary, writeTables } from "./built-twin.ts";

/** @param table lines of the table's block, @param more further sections */
export function rankSource(table = "precision: float32", keep = 6, max = 40): string {
  return `model ranked

item {
  video: id(vocab: 400, dim: 4, key: true)
  author: hashed(buckets: 20, hashes: 2, dim: 4)
  topics: tags(vocab: 12, max: 3, dim: 4)
  cover: pretrained(size: 5, dim: 3)
}

user { age: bucketed(at: [18, 35], dim: 2) }
context { hour: id(vocab: 24, dim: 2) }
candidate { price: number(scale: log) }

history watched {
  of: item
  max: ${max}
  cross {
    ago: elapsed(at: [1h, 1d], dim: 3)
    liked: flag(dim: 2)
  }
}

metric relevance { query: item keys: watched.item bias: watched.cross heads: 2 dim: 4 }
search nearest { from: watched by: relevance keep: ${keep} }
attend interest { over: nearest by: relevance }
attend recent { over: watched.last(4) by: relevance }

tower ranking {
  input: [interest, recent, item, user, context, candidate]
  hidden: [8]
  predict { click: binary like: binary }
}

table video_keys { of: relevance.keys ${table} }
`;
}

export const itemCount = 300;
export const now = 1_700_000_000;

/** A stream of numbers in 0 … 1 that is the same every time. */
export function numbers(seed: number): () => number {
  let state = seed >>> 0 || 1;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 0x100000000;
  };
}

/** Keys and features of the items 0 … count−1. */
export function itemColumns(count = itemCount): { keys: number[]; columns: Record<string, RawColumn> } {
  const next = numbers(7);
  const keys = Array.from({ length: count }, (_, i) => i);
  return {
    keys,
    columns: {
      author: keys.map((key) => `author ${key % 37}`),
      topics: keys.map(() => Array.from({ length: Math.floor(next() * 4) }, () => Math.floor(next() * 12))),
      cover: keys.map(() => Array.from({ length: 5 }, () => next() * 2 - 1)),
    },
  };
}

export async function builtRanked(
  source = rankSource(),
  settings: GenerationSettings = {},
  options: Partial<BuildOptions> = {},
): Promise<string> {
  const dir = buildInto(`${temporary()}/build`, source, options);
  const { keys, columns } = itemColumns();
  await writeTables(dir, keys, columns, settings);
  return dir;
}

/** A user's side with `length` behaviours in no order of time. */
export function someUser(length: number, seed = 1, items = itemCount): PrepareRequest {
  const next = numbers(seed);
  const draw = <T>(make: () => T) => Array.from({ length }, make);
  return {
    user: { age: 20 + Math.floor(next() * 30) },
    time: now,
    history: {
      watched: {
        item: draw(() => Math.floor(next() * items)),
        time: draw(() => now - Math.floor(next() * 1e6)),
        liked: draw(() => (next() < 0.3 ? null : next() < 0.5)),
      },
    },
  };
}

export function someCandidates(count: number, seed = 2, items = itemCount): RankRequest {
  const next = numbers(seed);
  return {
    context: { hour: 5 },
    candidates: {
      item: Array.from({ length: count }, () => Math.floor(next() * items)),
      price: Array.from({ length: count }, () => next() * 10),
    },
  };
}
