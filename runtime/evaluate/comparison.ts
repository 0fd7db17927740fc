// Our scores against another system's on the same rows: the differences, and how sure they are.
import { TwinError } from "../error.ts";
import { userAucs } from "./metrics/auc.ts";
import { bootstrap, gaucSums, loglossSums, type UserSums } from "./metrics/bootstrap.ts";
import { type AucDifference, aucDifference, aucDifferenceByUser, type Difference } from "./metrics/delong.ts";
import type { OtherScores, Predictions } from "./predictions.ts";
import { rowsOf } from "./report.ts";
import type { Collected, Task } from "./rows.ts";
import { rowsWhere, taken } from "./segments.ts";

/** Differences are ours − theirs; intervals hold 95 %. */
export interface BinaryComparison {
  readonly kind: "binary";
  readonly label: string;
  readonly rows: number;
  /** Rows as independent units (DeLong), and users as such. */
  readonly auc: AucDifference;
  readonly aucByUser: AucDifference;
  /** Paired bootstrap over users. */
  readonly gauc: Difference;
  readonly logloss: Difference;
}

export interface RegressionComparison {
  readonly kind: "regression";
  readonly label: string;
  readonly rows: number;
  /** Mean squared error; paired bootstrap over users. */
  readonly mse: Difference;
}

export interface Comparison {
  readonly file: string;
  /** Rows of the file that were not evaluated here; sampled negatives, which no file can name. */
  readonly unused: number;
  readonly sampled: number;
  readonly draws: number;
  readonly seed: number;
  readonly labels: readonly (BinaryComparison | RegressionComparison)[];
}

/** Samples of users that each bootstrap draws. */
const DRAWS = 1000;

/** @throws TwinError naming rows that the file lacks */
export function compare(all: Collected, tasks: readonly Task[], predictions: Predictions, seed: number): Comparison {
  const sampled = all.row.reduce((count, row) => count + Number(row < 0), 0);
  const labels = predictions.labels
    .filter(({ label }) => label in all.labels)
    .map((other) => {
      const task = tasks.find(({ name }) => name === other.label)!;
      const defined = rowsOf(all, task);
      const rows = taken(
        defined,
        rowsWhere(defined.length, (i) => all.row[defined[i]] >= 0),
      );
      requireAll(all, predictions, other, rows);
      return task.kind === "binary" ? binary(all, other, rows, seed) : regression(all, other, rows, seed);
    });
  return { file: predictions.file, unused: predictions.unused, sampled, draws: DRAWS, seed, labels };
}

function requireAll(all: Collected, { file }: Predictions, { label, score }: OtherScores, rows: Uint32Array): void {
  const missing = rows.filter((row) => Number.isNaN(score[row]));
  if (missing.length === 0) return;
  const shown = [...missing.subarray(0, 5)].map((row) => all.row[row]).join(", ");
  const rest = missing.length > 5 ? ", …" : "";
  throw new TwinError(
    `${file} has no score of ${label} for ${missing.length} of ${rows.length} rows: ${shown}${rest} of the events. Both systems must score the same rows; \`twin score\` writes ours with their numbers`,
  );
}

function binary(all: Collected, other: OtherScores, rows: Uint32Array, seed: number): BinaryComparison {
  const label = Uint8Array.from(taken(all.labels[other.label], rows));
  const ours = taken(all.predictions[other.label], rows);
  const theirs = taken(other.score, rows);
  const user = taken(all.user, rows);
  const byUser = (score: Float32Array | Float64Array) => userAucs({ label, score }, user, all.users);
  return {
    kind: "binary",
    label: other.label,
    rows: rows.length,
    auc: aucDifference(label, ours, theirs),
    aucByUser: aucDifferenceByUser(label, ours, theirs, user, all.users),
    gauc: bootstrap(gaucSums(byUser(ours), byUser(theirs)), seed, DRAWS),
    logloss: bootstrap(loglossSums(label, ours, taken(other.logit, rows), user, all.users), seed, DRAWS),
  };
}

function regression(all: Collected, other: OtherScores, rows: Uint32Array, seed: number): RegressionComparison {
  const sums: UserSums = {
    ours: new Float64Array(all.users),
    theirs: new Float64Array(all.users),
    weight: new Float64Array(all.users),
  };
  for (const row of rows) {
    const user = all.user[row];
    const label = all.labels[other.label][row];
    sums.ours[user] += (all.predictions[other.label][row] - label) ** 2;
    sums.theirs[user] += (other.score[row] - label) ** 2;
    sums.weight[user]++;
  }
  return { kind: "regression", label: other.label, rows: rows.length, mse: bootstrap(sums, seed, DRAWS) };
}
