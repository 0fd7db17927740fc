// What is evaluated: rows with predictions and labels, from whichever path scored them, gathered as columns.

import { TwinError } from "../../contract/error.ts";
import { recordOf } from "../../contract/record.ts";
import type { RowsKey } from "../data/index.ts";
import { Growing } from "../metrics/growing.ts";
import { ascending, type Column, grouped } from "../metrics/order.ts";
import type { TaskCalibration } from "./calibrations.ts";

/** A label of the model. */
export interface Task {
  readonly name: string;
  readonly kind: "binary" | "regression";
  /** Counts only where this label is one. */
  readonly where: string | null;
  /** What corrects its probability; null: it is that of the logit. */
  readonly calibration: TaskCalibration | null;
}

/** Some rows, scored with what their user did strictly before them; columns of one length. */
export interface EvaluationRows {
  /** The user's key, or a number that stands for it. */
  readonly user: ArrayLike<bigint | number | string>;
  /** Number of the row in the event log, from 0; −1 for a sampled negative. */
  readonly row: ArrayLike<number>;
  /** Epoch seconds, or steps. */
  readonly time: ArrayLike<number>;
  /** Number of the request, never used twice in a stream; null: what a user saw at one time is a request. */
  readonly request: ArrayLike<number> | null;
  /** Behaviours that the model could search in. */
  readonly historyLength: ArrayLike<number>;
  /** 1 where no event of the training part has the item; null: not known. */
  readonly newItem: ArrayLike<number> | null;
  /** By label: NaN is missing. Labels that the data does not have are left out. */
  readonly labels: Readonly<Record<string, ArrayLike<number>>>;
  /** By label: logits, of a regression values. */
  readonly predictions: Readonly<Record<string, ArrayLike<number>>>;
  readonly weight: ArrayLike<number> | null;
  /** Of prepared rows; null: scored otherwise. */
  readonly prepared: PreparedColumns<ArrayLike<number>> | null;
}

/** What prepared rows are besides. */
interface PreparedColumns<T> {
  /** Number of the row within its part. */
  readonly sample: T;
  /** Ordinal of the item; 0: not among the items. */
  readonly item: T;
  /** What the loss adds to the logit: − ln of the rate at which negatives like this are drawn, else 0. */
  readonly offset: T;
}

/** All rows of an evaluation. */
export interface Collected {
  readonly rows: number;
  readonly users: number;
  readonly requests: number;
  /** 0 … users−1 */
  readonly user: Uint32Array;
  readonly row: Float64Array;
  readonly time: Float64Array;
  /** 0 … requests−1 */
  readonly request: Uint32Array;
  readonly historyLength: Int32Array;
  readonly newItem: Uint8Array | null;
  readonly labels: Readonly<Record<string, Float32Array>>;
  readonly predictions: Readonly<Record<string, Float32Array>>;
  /** Null where all weigh the same. */
  readonly weight: Float64Array | null;
  readonly prepared: {
    readonly sample: Uint32Array;
    readonly item: Int32Array;
    readonly offset: Float32Array;
  } | null;
}

/** Whether a row is a drawn negative: it has no place in the log. */
export const isDrawn = ({ row }: Pick<Collected, "row">, i: number): boolean => row[i] < 0;

/**
 * Gathers a stream of rows: about 50 bytes a row and 8 for each label.
 * @param of what the rows are, for errors
 * @throws TwinError naming the row of a label, weight or prediction that cannot be
 */
export async function collect(
  stream: AsyncIterable<EvaluationRows> | Iterable<EvaluationRows>,
  tasks: readonly Task[],
  of: RowsKey,
  onRows: (count: number) => void = () => undefined,
): Promise<Collected> {
  const user = new Growing(Uint32Array);
  const [row, time, request, weight] = [1, 2, 3, 4].map(() => new Growing(Float64Array));
  const historyLength = new Growing(Int32Array);
  const newItem = new Growing(Uint8Array);
  const [sample, item, offset] = [new Growing(Uint32Array), new Growing(Int32Array), new Growing(Float32Array)];
  const labels = new Map<string, Growing<Float32Array>>();
  const scored = tasks.map((task) => ({ task, predicted: new Growing(Float32Array) }));
  const users = new Map<bigint | number | string, number>();
  let [rows, numbered, known] = [0, true, true];
  for await (const part of stream) {
    const count = part.row.length;
    for (let i = 0; i < count; i++) {
      const key = part.user[i];
      let number = users.get(key);
      if (number === undefined) {
        number = users.size;
        users.set(key, number);
      }
      user.push(number);
    }
    row.append(part.row, count);
    time.append(part.time, count);
    historyLength.append(part.historyLength, count);
    numbered &&= part.request !== null;
    if (part.request !== null) {
      request.append(part.request, count);
    }
    known &&= part.newItem !== null;
    if (part.newItem !== null) {
      newItem.append(part.newItem, count);
    }
    if (part.prepared !== null) {
      sample.append(part.prepared.sample, count);
      item.append(part.prepared.item, count);
      offset.append(part.prepared.offset, count);
    }
    checkWeights(part, of);
    weight.append(part.weight ?? new Float64Array(count).fill(1), count);
    for (const { task, predicted } of scored) {
      checkColumns(part, task, of);
      predicted.append(part.predictions[task.name], count);
      const label = part.labels[task.name];
      let column = labels.get(task.name);
      if (column === undefined) {
        if (label === undefined) {
          continue;
        }
        column = new Growing(Float32Array);
        labels.set(task.name, column);
      }
      if (column.length < rows) {
        column.append(new Float32Array(rows - column.length).fill(Number.NaN), rows - column.length);
      }
      column.append(label ?? new Float32Array(count).fill(Number.NaN), count);
    }
    rows += count;
    onRows(count);
  }
  const byUser = user.finish();
  const times = time.finish();
  const requests = numbered ? renumbered(request.finish()) : requestsByTime(byUser, users.size, times);
  const weights = weight.finish();
  return {
    rows,
    users: users.size,
    requests: requests.count,
    user: byUser,
    row: row.finish(),
    time: times,
    request: requests.number,
    historyLength: historyLength.finish(),
    newItem: known && rows > 0 ? newItem.finish() : null,
    labels: recordOf([...labels].map(([name, column]) => [name, column.finish()])),
    predictions: recordOf(scored.map(({ task, predicted }) => [task.name, predicted.finish()])),
    weight: weights.every((one) => one === weights[0]) ? null : weights,
    prepared:
      rows === 0 || sample.length < rows
        ? null
        : { sample: sample.finish(), item: item.finish(), offset: offset.finish() },
  };
}

function checkWeights({ weight, row }: EvaluationRows, of: RowsKey): void {
  if (weight === null) {
    return;
  }
  for (let i = 0; i < row.length; i++) {
    if (!(weight[i] >= 0 && weight[i] < Number.POSITIVE_INFINITY)) {
      throw new TwinError(`${placeOf(row[i], of)}: its weight is ${weight[i]}; a number from 0 on is due`);
    }
  }
}

function checkColumns(part: EvaluationRows, { name, kind }: Task, of: RowsKey): void {
  const [label, prediction] = [part.labels[name], part.predictions[name]];
  for (let i = 0; i < part.row.length; i++) {
    if (Number.isNaN(prediction[i])) {
      throw new TwinError(
        `${placeOf(part.row[i], of)}: the prediction of ${name} is no number: the weights or the row's values are broken`,
      );
    }
    if (label === undefined || Number.isNaN(label[i]) || kind === "regression") {
      continue;
    }
    if (label[i] !== 0 && label[i] !== 1) {
      throw new TwinError(
        `${placeOf(part.row[i], of)}: label ${name} is ${label[i]}; a binary label is 0 or 1. Say how to make it one under \`columns\`, as in \`predict.${name}: "rating >= 4"\``,
      );
    }
  }
}

const placeOf = (row: number, of: RowsKey): string => (row < 0 ? "a sampled negative" : `row ${row} of the ${of}`);

interface Requests {
  readonly number: Uint32Array;
  readonly count: number;
}

/** Any numbers → 0 … count−1. */
export function renumbered(numbers: Float64Array): Requests {
  return runs(ascending(numbers), numbers);
}

/** What a user saw at one time is a request. */
function requestsByTime(user: Uint32Array, users: number, time: Float64Array): Requests {
  const { order, starts } = grouped(ascending(time), user, users);
  const numbers = new Uint32Array(order.length);
  let count = 0;
  for (let u = 0; u < users; u++) {
    for (let i = starts[u]; i < starts[u + 1]; i++) {
      if (i === starts[u] || time[order[i]] !== time[order[i - 1]]) {
        count++;
      }
      numbers[order[i]] = count - 1;
    }
  }
  return { number: numbers, count };
}

function runs(order: Uint32Array, values: Column): Requests {
  const number = new Uint32Array(order.length);
  let count = 0;
  for (let i = 0; i < order.length; i++) {
    if (i === 0 || values[order[i]] !== values[order[i - 1]]) {
      count++;
    }
    number[order[i]] = count - 1;
  }
  return { number, count };
}
