// What an optimiser is: the step of some numbers along their gradient, written into a graph.
import type { Builder } from "../../ir/build.ts";
import type { Value } from "../../ir/graph.ts";

/** Numbers that are stepped together: a pack [n], or rows of a table [rows, width]. All values broadcast to them. */
export interface Stepped {
  readonly value: Value;
  readonly gradient: Value;
  /** State from the step before, in the optimiser's order. */
  readonly state: readonly Value[];
  /** float32: 1 for numbers of rows that the batch touched, 0 for others; null: all are. */
  readonly touched: Value | null;
  /** Mean over the row that a number belongs to; itself where it belongs to none. */
  rowMean(x: Value): Value;
}

export interface StepInputs {
  readonly b: Builder;
  /** The learning rate: []. */
  readonly rate: Value;
  /** 1 − beta^t at step t, counted from 1: []. */
  correction(beta: number): Value;
}

/** New value and state. */
export interface Step {
  readonly value: Value;
  readonly state: readonly Value[];
}

/** What is touched times x; x where all is. */
export function where(b: Builder, touched: Value | null, x: Value): Value {
  return touched === null ? x : b.mul(touched, x);
}
