// What crosses between a thread that ranks and whoever asks it, on whichever host.
import { type Named, recordOf } from "../../contract/record.ts";
import type { Explanation, Ranking } from "../request/index.ts";
import { breather } from "../threads/breather.ts";
import { type Packed, packed, unpacked } from "../threads/packed.ts";

/** How many users' sides a worker keeps at hand; the pool counts along, so that it mostly knows which. */
export const mostHeld = 64;

export type RankResult =
  | { readonly kind: "done" }
  | { readonly kind: "ranking"; readonly ranking: Ranking }
  | { readonly kind: "explanations"; readonly explanations: readonly Packed[] }
  /** The worker does not hold the user's side: the request must come along. */
  | { readonly kind: "lacking" };

/** A ranking as the thread made it: what crosses between threads is given a prototype on the way. */
export function receivedRanking(result: RankResult): Ranking {
  if (result.kind !== "ranking") {
    throw new Error(`a worker thread was to rank, and answered "${result.kind}"`);
  }
  const { ranking } = result;
  const { scores, logits, searches } = ranking;
  const bare = <T>(named: Named<T>): Named<T> => recordOf(Object.entries(named));
  return { ...ranking, scores: bare(scores), logits: bare(logits), searches: bare(searches) };
}

export const sentExplanations = (explanations: readonly Explanation[]): RankResult => ({
  kind: "explanations",
  explanations: explanations.map(packed),
});

/** Explanations as the thread made them; whoever receives them is held up no longer than one of them takes, and a little. */
export async function receivedExplanations(result: RankResult): Promise<Explanation[]> {
  if (result.kind !== "explanations") {
    throw new Error(`a worker thread was to explain, and answered "${result.kind}"`);
  }
  const all: Explanation[] = [];
  let since = performance.now();
  for (const sent of result.explanations) {
    if (performance.now() - since > longest) {
      await breather();
      since = performance.now();
    }
    const one = unpacked(sent) as Explanation;
    all.push({
      ...one,
      scores: recordOf(Object.entries(one.scores)),
      logits: recordOf(Object.entries(one.logits)),
    });
  }
  return all;
}

/** How long a page may be held up before others get their turn; in milliseconds. */
const longest = 5;

/** Users' sides in the order in which they came; the oldest is dropped when there are more than `mostHeld`. */
export function hold<T>(held: Map<number, T>, prepared: number, value: T): void {
  held.delete(prepared);
  held.set(prepared, value);
  for (const oldest of held.keys()) {
    if (held.size <= mostHeld) {
      return;
    }
    held.delete(oldest);
  }
}
