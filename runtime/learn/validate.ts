// How good the model is on a part of the data while it learns: AUC, GAUC and logarithmic loss of every task.
import { TwinError } from "../../contract/error.ts";
import type { TrainSpec } from "../../contract/training-spec.ts";
import { auc, gauc, userAucs } from "../metrics/auc.ts";
import type { CalibrationRows } from "../metrics/fit-calibration.ts";
import { logloss } from "../metrics/logloss.ts";
import type { Part } from "./dataset.ts";
import type { Feeder } from "./feeder.ts";
import { type Scorer, scorePart } from "./score.ts";

/** NaN where it is not defined: one class alone, no user with both, no row that counts. */
export interface TaskMetrics {
  readonly label: string;
  readonly kind: "binary" | "regression";
  /** Rows that count: the label is there, and the label of its `where` or `through` is one. */
  readonly rows: number;
  /** Those of them that are drawn negatives. Where there are any, every figure is of logits with the offset of the draws. */
  readonly drawn: number;
  readonly auc: number;
  readonly gauc: number;
  readonly logloss: number;
  /** Root of the mean squared error; regression only. */
  readonly rmse: number;
}

interface Collected {
  count: number;
  drawn: number;
  readonly label: Float32Array;
  readonly logit: Float32Array;
  readonly offset: Float32Array;
  readonly user: Uint32Array;
  readonly weight: Float32Array;
}

type Task = TrainSpec["tasks"][number];

/** The label that is one in the rows that a task is judged by; null: it is judged by all. */
export const conditionOf = ({ where, through }: Task): string | null => where ?? through ?? null;

export async function validate(
  scorer: Scorer,
  feeder: Feeder,
  { tasks, batch }: Pick<TrainSpec, "tasks" | "batch">,
  part: Part = "validation",
  options: {
    readonly signal?: AbortSignal;
    readonly onRows?: (rows: number) => void;
    /** Is given the rows that a task is judged by. */
    readonly onTask?: (task: Task, rows: CalibrationRows) => void;
  } = {},
): Promise<TaskMetrics[]> {
  const total = feeder.count(part);
  const collected = tasks.map(
    (): Collected => ({
      count: 0,
      drawn: 0,
      label: new Float32Array(total),
      logit: new Float32Array(total),
      offset: new Float32Array(total),
      user: new Uint32Array(total),
      weight: new Float32Array(total),
    }),
  );
  const { signal, onRows, onTask } = options;
  for await (const rows of scorePart(scorer, feeder, part, { batch, ...(signal && { signal }) })) {
    tasks.forEach((task, t) => {
      const { label } = task;
      const where = conditionOf(task);
      const [into, values, logits] = [collected[t], rows.labels[label], rows.logit[label]];
      const gate = where === null ? null : rows.labels[where];
      for (let i = 0; i < rows.rows; i++) {
        if (Number.isNaN(values[i]) || (gate !== null && gate[i] !== 1)) {
          continue;
        }
        if (!Number.isFinite(logits[i])) {
          throw new TwinError(
            `the model gives ${logits[i]} for ${label} of row ${rows.row[i]} of the event log (${part} part): training has diverged. Train with a lower \`rate\`, with \`clip\`, or with \`warmup\``,
          );
        }
        into.label[into.count] = values[i];
        into.logit[into.count] = logits[i];
        into.offset[into.count] = rows.offset[i];
        into.drawn += Number(rows.row[i] < 0);
        into.user[into.count] = rows.user[i];
        into.weight[into.count++] = rows.weight[i];
      }
    });
    onRows?.(rows.rows);
  }
  tasks.forEach((task, t) => {
    const { count, logit, offset, label, weight } = collected[t];
    const [z, o, y, w] = [logit, offset, label, weight].map((column) => column.subarray(0, count));
    onTask?.(task, { logit: z, offset: o, label: y, weight: w });
  });
  return tasks.map(({ label, kind }, t) => ({ label, kind, ...measured(collected[t], kind, feeder.users) }));
}

function measured(
  { count, drawn, label, logit, offset, user, weight }: Collected,
  kind: TaskMetrics["kind"],
  users: number,
): Omit<TaskMetrics, "label" | "kind"> {
  const none = { rows: count, drawn, auc: Number.NaN, gauc: Number.NaN, logloss: Number.NaN, rmse: Number.NaN };
  if (count === 0) {
    return none;
  }
  // As the loss does: without the offset a logit says nothing of the drawn sample.
  const scores = logit.subarray(0, count).map((z, i) => z + offset[i]);
  if (kind === "regression") {
    let [sum, shares] = [0, 0];
    for (let i = 0; i < count; i++) {
      sum += weight[i] * (scores[i] - label[i]) ** 2;
      shares += weight[i];
    }
    return { ...none, rmse: Math.sqrt(sum / shares) };
  }
  const rows = { label: Uint8Array.from(label.subarray(0, count)), score: scores };
  return {
    ...none,
    auc: auc(rows),
    gauc: gauc(userAucs(rows, user.subarray(0, count), users)).gauc,
    logloss: logloss(scores, rows.label, weight.subarray(0, count)),
  };
}
