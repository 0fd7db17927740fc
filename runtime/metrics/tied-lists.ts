// Lists that another order of ties explains: a device may give equal scores in any order, and each time in another.
import type { Tensor } from "../session/session.ts";

/** Scores at or below are masked. */
const masked = -1e29;

/**
 * Compares selections [… k] with the reference's, index for index. A list that differs is right all the same if it is the
 * walk over these scores on some order of their ties; what lies behind the last behaviour that counts is nobody's affair.
 * @param scores what the selection was made from: [heads, rows, L] of lists [rows, k], else [… L] of lists [… k]
 */
export function comparedLists(
  found: Tensor,
  expected: Tensor,
  scores: Tensor | null,
): { readonly wrong: number; readonly tied: number } {
  const keep = expected.shape[expected.shape.length - 1];
  const lists = expected.data.length / keep;
  let wrong = 0;
  let tied = 0;
  for (let list = 0; list < lists; list++) {
    const [ours, theirs] = [found, expected].map(({ data }) => data.subarray(list * keep, (list + 1) * keep));
    let differ = 0;
    for (let i = 0; i < keep; i++) {
      differ += Number(ours[i] !== theirs[i]);
    }
    if (differ === 0) {
      continue;
    }
    if (scores !== null && explained(scores, list, lists, [...ours])) {
      tied += differ;
    } else {
      wrong += differ;
    }
  }
  return { wrong, tied };
}

function explained({ shape, data }: Tensor, list: number, lists: number, ours: readonly number[]): boolean {
  const length = shape[shape.length - 1];
  const heads = Array.from({ length: data.length / length / lists }, (_, head) =>
    data.subarray((head * lists + list) * length, (head * lists + list + 1) * length),
  );
  let valid = 0;
  for (const score of heads[0]) {
    valid += Number(score > masked);
  }
  return isWalk(heads, ours.slice(0, Math.min(ours.length, valid)));
}

/**
 * Whether `list` is what the literal walk meets first, in this order, if each head may give equal scores in any order of its
 * own. Scores of one candidate by head; under another rule give one head. Exact: no two unequal scores count as near.
 *
 * At every step a head names one of the equals that it has not named yet: either the next of the list, or one that is met
 * already. Whatever is unmet it cannot have named, so how many it may still name of either kind follows from the step and
 * from how much of the list is met; only these are followed.
 */
export function isWalk(heads: readonly ArrayLike<number>[], list: readonly number[]): boolean {
  const place = new Map(list.map((behaviour, index) => [behaviour, index]));
  if (place.size !== list.length) {
    return false;
  }
  const ranks = heads.map((scores) => classes(scores, place));
  let reached = new Set([0]);
  for (let step = 0; ; step++) {
    if (reached.has(list.length)) {
      return true;
    }
    const rank = Math.floor(step / heads.length);
    const now = ranks[step % heads.length].find(({ start, size }) => rank < start + size);
    if (reached.size === 0 || now === undefined) {
      return false;
    }
    const next = new Set<number>();
    for (const met of reached) {
      const known = now.places.filter((index) => index < met).length;
      const left = now.start + now.size - rank;
      if (left > now.size - known) {
        next.add(met);
      }
      if (now.places.includes(met)) {
        next.add(met + 1);
      }
    }
    reached = next;
  }
}

/** Equal scores of one head, best first: the rank of the first, how many, and where in the list they stand. */
function classes(
  scores: ArrayLike<number>,
  place: ReadonlyMap<number, number>,
): { start: number; size: number; places: number[] }[] {
  const order = Array.from({ length: scores.length }, (_, i) => i).sort((a, b) => scores[b] - scores[a]);
  const found: { start: number; size: number; places: number[]; score: number }[] = [];
  order.forEach((behaviour, start) => {
    let last = found.at(-1);
    if (last === undefined || last.score !== scores[behaviour]) {
      last = { start, size: 0, places: [], score: scores[behaviour] };
      found.push(last);
    }
    last.size++;
    const index = place.get(behaviour);
    if (index !== undefined) {
      last.places.push(index);
    }
  });
  return found;
}
