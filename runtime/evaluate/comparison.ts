// Our scores against another system's on the same rows: the differences, and how sure they are.
import { TwinError } from "../../contract/error.ts";
import { userAucs } from "../metrics/auc.ts";
import { bootstrap, gaucSums, loglossSums, type UserSums } from "../metrics/bootstrap.ts";
import { type AucDifference, aucDifference, aucDifferenceByUser, type Difference } from "../metrics/delong.ts";
import type { OtherScores, Predictions } from "./predictions.ts";
import { judged, promisedOdds, rowsOf } from "./report.ts";
import { type Collected, isDrawn, type Task } from "./rows.ts";
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
  /** Rows of the file that were not evaluated here; drawn negatives that are not compared, because it has no samples. */
  readonly unused: number;
  readonly sampled: number;
  /** Drawn negatives that are compared. */
  readonly drawn: number;
  readonly draws: number;
  readonly seed: number;
  readonly labels: readonly (BinaryComparison | RegressionComparison)[];
}

/** Samples of users that each bootstrap draws. */
const draws = 1000;

/** @throws TwinError naming rows that the file lacks */
export function compare(all: Collected, tasks: readonly Task[], predictions: Predictions, seed: number): Comparison {
  const drawn = all.row.reduce((count, _, i) => count + Number(isDrawn(all, i)), 0);
  const bySample = predictions.joinedBy === "sample";
  const labels = predictions.labels
    .filter(({ label }) => Object.hasOwn(all.labels, label))
    .flatMap((other) => {
      const task = tasks.find(({ name }) => name === other.label);
      if (task === undefined) {
        return [];
      }
      const defined = rowsOf(all, task);
      const rows = bySample
        ? defined
        : taken(
            defined,
            rowsWhere(defined.length, (i) => !isDrawn(all, defined[i])),
          );
      requireAll(all, predictions, other, rows);
      return task.kind === "binary" ? binary(all, task, other, rows, seed) : regression(all, other, rows, seed);
    });
  const [compared, left] = bySample ? [drawn, 0] : [0, drawn];
  return {
    file: predictions.file,
    unused: predictions.unused,
    sampled: left,
    drawn: compared,
    draws: draws,
    seed,
    labels,
  };
}

function requireAll(
  all: Collected,
  { file, joinedBy, of }: Predictions,
  { label, score }: OtherScores,
  rows: Uint32Array,
): void {
  const missing = rows.filter((row) => Number.isNaN(score[row]));
  if (missing.length === 0) {
    return;
  }
  const samples = joinedBy === "sample" ? all.prepared : null;
  const shown = [...missing.subarray(0, 5)].map((row) => samples?.sample[row] ?? all.row[row]).join(", ");
  const rest = missing.length > 5 ? ", …" : "";
  const which = samples === null ? `${shown}${rest} of the ${of}` : `samples ${shown}${rest}`;
  const way = samples === null ? "`twin score`" : "`twin evaluate --rows FILE`";
  throw new TwinError(
    `${file} has no score of ${label} for ${missing.length} of ${rows.length} rows: ${which}. Both systems must score the same rows; ${way} writes ours with their numbers`,
  );
}

function binary(all: Collected, task: Task, other: OtherScores, rows: Uint32Array, seed: number): BinaryComparison {
  const label = Uint8Array.from(taken(all.labels[other.label], rows));
  const ours = taken(judged(all, task), rows);
  const { score, logit } = judgedAlike(all, other, rows);
  const user = taken(all.user, rows);
  const byUser = (of: Float32Array | Float64Array) => userAucs({ label, score: of }, user, all.users);
  return {
    kind: "binary",
    label: other.label,
    rows: rows.length,
    auc: aucDifference(label, ours, score),
    aucByUser: aucDifferenceByUser(label, ours, score, user, all.users),
    gauc: bootstrap(gaucSums(byUser(ours), byUser(score)), seed, draws),
    logloss: bootstrap(loglossSums(label, taken(promisedOdds(all, task), rows), logit, user, all.users), seed, draws),
  };
}

/** Theirs as ours are judged: with the offset of the draws, unless they are of the drawn sample already. */
export function judgedAlike({ prepared }: Pick<Collected, "prepared">, other: OtherScores, rows: Uint32Array) {
  const logit = taken(other.logit, rows);
  if (other.ofSample || prepared === null || rows.every((row) => prepared.offset[row] === 0)) {
    return { score: taken(other.score, rows), logit };
  }
  const judged = logit.map((value, i) => value + prepared.offset[rows[i]]);
  return { score: judged, logit: judged };
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
  return { kind: "regression", label: other.label, rows: rows.length, mse: bootstrap(sums, seed, draws) };
}
