// Which differences between two lists float32 leaves open: behaviours whose place in the walk hangs on a near-tie.

export interface ScoreRow {
  /** Scores of one candidate by head, each of the whole history. */
  readonly heads: readonly ArrayLike<number>[];
  /** Behaviours that count: the first ones. */
  readonly count: number;
}

/** Relative difference below which two float32 scores may change places. */
export const NEAR = 1e-5;

/**
 * The step of the round robin at which a behaviour may first be met, earliest and latest, if scores nearer than
 * `NEAR`·max(1, |score|) may stand in either order. Under another rule give one head.
 */
export function meetingSteps({ heads, count }: ScoreRow, behaviour: number): { earliest: number; latest: number } {
  let earliest = Number.POSITIVE_INFINITY;
  let latest = Number.POSITIVE_INFINITY;
  for (let a = 0; a < heads.length; a++) {
    const scores = heads[a];
    const own = scores[behaviour];
    const near = NEAR * Math.max(1, Math.abs(own));
    let above = 0;
    let close = 0;
    for (let i = 0; i < count; i++) {
      if (i === behaviour) continue;
      if (scores[i] > own + near) above++;
      else if (scores[i] >= own - near) close++;
    }
    earliest = Math.min(earliest, above * heads.length + a);
    latest = Math.min(latest, (above + close) * heads.length + a);
  }
  return { earliest, latest };
}

/**
 * Whether the lists differ by near-ties alone: everything that only one of them holds could have been met before or
 * after what only the other holds.
 */
export function onlyTies(row: ScoreRow, searched: ReadonlySet<number>, oracle: ReadonlySet<number>): boolean {
  const lost = [...oracle].filter((behaviour) => !searched.has(behaviour)).map((one) => meetingSteps(row, one));
  const taken = [...searched].filter((behaviour) => !oracle.has(behaviour)).map((one) => meetingSteps(row, one));
  return (
    lost.every((a) => taken.some((b) => a.latest >= b.earliest)) &&
    taken.every((b) => lost.some((a) => a.latest >= b.earliest))
  );
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
  if (place.size !== list.length) return false;
  const ranks = heads.map((scores) => classes(scores, place));
  let reached = new Set([0]);
  for (let step = 0; ; step++) {
    if (reached.has(list.length)) return true;
    const rank = Math.floor(step / heads.length);
    const now = ranks[step % heads.length].find(({ start, size }) => rank < start + size);
    if (reached.size === 0 || now === undefined) return false;
    const next = new Set<number>();
    for (const met of reached) {
      const known = now.places.filter((index) => index < met).length;
      const left = now.start + now.size - rank;
      if (left > now.size - known) next.add(met);
      if (now.places.includes(met)) next.add(met + 1);
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
    if (index !== undefined) last.places.push(index);
  });
  return found;
}
