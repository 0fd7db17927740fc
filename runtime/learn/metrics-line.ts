// What a run says of itself at an interval of steps.

export interface MetricsLine {
  readonly step: number;
  /** From 0, with its fraction. */
  readonly epoch: number;
  /** Samples learned from so far. */
  readonly samples: number;
  /** Of training so far, all sittings together. */
  readonly seconds: number;
  /** Mean loss of the steps since the line before; null in the line of a run that only evaluates. */
  readonly loss: number | null;
  /** Learning rate of the dense parameters. */
  readonly rate: number;
  readonly samples_per_second: number;
  /** Of the task that decides; `null` where a measure is not defined. */
  readonly validation?: Readonly<Record<string, number | string | null>>;
  /** Of every task, where there are several. */
  readonly tasks?: readonly Readonly<Record<string, number | string | null>>[];
}
