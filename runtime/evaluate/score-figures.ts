// How well the order by a model's `score` tells each label: a score is of several labels, and is nobody's probability.
import type { Manifest } from "../../contract/manifest.ts";
import { auc, gauc, userAucs } from "../metrics/auc.ts";
import { type RequestMetrics, topMetrics } from "../metrics/top.ts";
import { aligned, count, fixed } from "./aligned.ts";
import { binaryColumns, promisedOdds, rowsOf } from "./report.ts";
import { type Collected, isDrawn, renumbered, type Task } from "./rows.ts";
import { taken } from "./segments.ts";

export interface ScoreFigures {
  readonly of: readonly { readonly label: string; readonly weight: number }[];
  /** Every binary label that the data has, over the rows in which it counts. */
  readonly labels: readonly {
    readonly label: string;
    readonly rows: number;
    readonly auc: number;
    readonly gauc: number;
    /** Null where no request has two candidates and a positive. */
    readonly requests: RequestMetrics | null;
  }[];
}

/** Null where the model has no score, and where negatives are drawn, which say nothing of an order without their offset. */
export function scoreFigures(
  all: Collected,
  tasks: readonly Task[],
  { score }: Pick<Manifest, "score">,
  ks: readonly number[],
): ScoreFigures | null {
  if (score === undefined || all.row.some((_, i) => isDrawn(all, i))) {
    return null;
  }
  const scores = scoresOf(all, tasks, score.of);
  const judged = tasks.filter(({ name, kind }) => kind === "binary" && Object.hasOwn(all.labels, name));
  return {
    of: score.of,
    labels: judged.map((task) => {
      const { rows, label, user } = binaryColumns(all, task, rowsOf(all, task));
      const ranked = { label, score: taken(scores, rows) };
      const requests = renumbered(Float64Array.from(taken(all.request, rows)));
      const top = topMetrics(ranked, requests.number, requests.count, ks);
      return {
        label: task.name,
        rows: rows.length,
        auc: auc(ranked),
        gauc: gauc(userAucs(ranked, user, all.users)).gauc,
        requests: top.requests === 0 ? null : top,
      };
    }),
  };
}

/** Σ weight · ln p, as the graphs have it. */
function scoresOf(all: Collected, tasks: readonly Task[], of: ScoreFigures["of"]): Float64Array {
  const sum = new Float64Array(all.rows);
  for (const { label, weight } of of) {
    const task = tasks.find(({ name }) => name === label);
    if (task === undefined) {
      throw new Error(`the score is of ${label}, which the model does not predict`);
    }
    promisedOdds(all, task).forEach((z, i) => {
      sum[i] += weight * (Math.min(z, 0) - Math.log1p(Math.exp(-Math.abs(z))));
    });
  }
  return sum;
}

export function scoreText({ of, labels }: ScoreFigures): string[] {
  const ks = labels.find(({ requests }) => requests !== null)?.requests?.top.map(({ k }) => k) ?? [];
  return [
    `ordered by the model's score (${of.map(({ label, weight }) => `${label} ${weight}`).join(", ")})`,
    ...aligned([
      ["label", "rows", "AUC", "GAUC", ...ks.map((k) => `NDCG@${k}`)],
      ...labels.map(({ label, rows, auc: all, gauc: byUser, requests }) => [
        label,
        count(rows),
        fixed(all),
        fixed(byUser),
        ...ks.map((_, i) => (requests === null ? "–" : fixed(requests.top[i].ndcg))),
      ]),
    ]),
  ];
}
