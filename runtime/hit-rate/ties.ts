// Which differences between two lists float32 leaves open: behaviours whose place in the walk hangs on a near-tie.

export interface ScoreRow {
  /** Scores of one candidate by head, each of the whole history. */
  readonly heads: readonly ArrayLike<number>[];
  /** Behaviours that count: the first ones. */
  readonly count: number;
}

/** Relative difference below which two float32 scores may change places. */
export const nearGap = 1e-5;

/**
 * The step of the round robin at which a behaviour may first be met, earliest and latest, if scores nearer than
 * `nearGap`·max(1, |score|) may stand in either order. Under another rule give one head.
 */
export function meetingSteps({ heads, count }: ScoreRow, behaviour: number): { earliest: number; latest: number } {
  let earliest = Number.POSITIVE_INFINITY;
  let latest = Number.POSITIVE_INFINITY;
  for (let a = 0; a < heads.length; a++) {
    const scores = heads[a];
    const own = scores[behaviour];
    const near = nearGap * Math.max(1, Math.abs(own));
    let above = 0;
    let close = 0;
    for (let i = 0; i < count; i++) {
      if (i === behaviour) {
        continue;
      }
      if (scores[i] > own + near) {
        above++;
      } else if (scores[i] >= own - near) {
        close++;
      }
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
  // A behaviour that was lost, or stands twice, is no tie.
  if (lost.length !== taken.length) {
    return false;
  }
  return (
    lost.every((a) => taken.some((b) => a.latest >= b.earliest)) &&
    taken.every((b) => lost.some((a) => a.latest >= b.earliest))
  );
}
