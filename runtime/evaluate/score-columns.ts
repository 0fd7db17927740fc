// What the columns of a file of scores are called: the same where `twin score` writes them and where they are read.

/** The columns of one label. Names of labels have no dot and no `#`, so that no name clashes with a key or another label. */
export interface ScoreColumns {
  readonly label: string;
  /** The probability, of a regression the value. */
  readonly score: string;
  readonly logit: string;
  /** What the data says. */
  readonly given: string;
  /** Another system's, of a sample with drawn negatives as it stands. */
  readonly sampled: string;
  readonly sampledLogit: string;
}

/** The columns of such files that are of no label: which event or sample a row is, and what it weighs. */
export const keyColumns = ["sample", "row", "user", "item", "time", "drawn", "offset"] as const;

/**
 * `LABEL.score`, `LABEL.logit` and `LABEL.label`. Databases tell no upper case from lower: a label that differs in case
 * alone from n earlier ones is called `LABEL#n+1`.
 */
export function scoreColumns(labels: readonly string[]): ScoreColumns[] {
  const met = new Map<string, number>();
  return labels.map((label) => {
    const folded = label.toLowerCase();
    const times = (met.get(folded) ?? 0) + 1;
    met.set(folded, times);
    const stem = times === 1 ? label : `${label}#${times}`;
    return {
      label,
      score: `${stem}.score`,
      logit: `${stem}.logit`,
      given: `${stem}.label`,
      sampled: `${stem}.sampled`,
      sampledLogit: `${stem}.sampled.logit`,
    };
  });
}
