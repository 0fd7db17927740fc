// The training loop: steps, evaluations, checkpoints, the log; from wherever the run stands to its end.
import { join } from "node:path";
import { TwinError } from "../../contract/error.ts";
import type { Hasher } from "../../contract/hash.ts";
import { writeFileAtomic } from "../host/files.ts";
import {
  type Assembled,
  buffersOf,
  type CheckpointMeta,
  evaluated,
  type Feeder,
  type MetricsLine,
  measureOf,
  notYet,
  Pace,
  rateOf,
  release,
  Scorer,
  Stepper,
  Steps,
  type StopState,
  type TaskMetrics,
  type TrainGraphs,
  type TrainPlan,
  type TrainState,
  validate,
  writeCheckpoint,
  writeWeights,
} from "../learn/index.ts";
import { nextCheckpoint, nextWeights } from "./checkpoint.ts";
import { MetricsLog } from "./metrics-log.ts";

/** Batches that are assembled ahead. */
const ahead = 2;

export interface TrainOptions {
  /** The run's folder. */
  readonly dir: string;
  readonly model: string;
  readonly plan: TrainPlan;
  readonly state: TrainState;
  readonly graphs: TrainGraphs;
  readonly feeder: Feeder;
  /** For the checksums of what is written. */
  readonly hasher: Hasher;
  readonly seed: number;
  /** Steps of the whole run; null: the model's epochs. */
  readonly steps: number | null;
  /** Steps between evaluations; null: once an epoch, and at least four times. */
  readonly evaluateEvery: number | null;
  /** Steps between checkpoints; null: by time. */
  readonly checkpointEvery: number | null;
  readonly checkpointSeconds?: number;
  /** The checkpoint that the state was restored from. */
  readonly from: Pick<CheckpointMeta, "step" | "stop" | "evaluated"> | null;
  /** Fingerprint of features and contract. */
  readonly spec: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: TrainProgress) => void;
  readonly onEvaluation?: (evaluation: Evaluation) => void;
  /** The page of the run, written at evaluations and at the end. */
  readonly page?: (lines: readonly MetricsLine[]) => string;
}

export interface TrainProgress {
  readonly step: number;
  readonly steps: number;
  readonly epoch: number;
  readonly samplesPerSecond: number;
  /** Seconds; null where nothing can be said yet. */
  readonly left: number | null;
  /** Mean over the last steps. */
  readonly loss: number;
  /** The last evaluation's measure that decides. */
  readonly validation: { readonly name: string; readonly value: number } | null;
  readonly finished: boolean;
}

export interface Evaluation {
  readonly step: number;
  readonly tasks: readonly TaskMetrics[];
  /** Best so far by the measure that decides. */
  readonly improved: boolean;
}

export interface TrainReport {
  readonly step: number;
  readonly steps: number;
  readonly end: "all steps" | "no improvement";
  /** Step of the weights that were written. */
  readonly weights: number;
  readonly best: StopState;
  readonly last: readonly TaskMetrics[];
  readonly seconds: number;
  readonly samplesPerSecond: number;
  /** Milliseconds a step: inside each graph, waiting for batches, and the rest of the host. */
  readonly perStep: Readonly<Record<string, number>>;
}

export async function train(options: TrainOptions): Promise<TrainReport> {
  const { plan, feeder, from } = options;
  const samples = feeder.count("training");
  if (samples === 0) {
    throw new TwinError("the training part has no samples: check `split` and the events' file in data.yaml");
  }
  const steps = new Steps(samples, plan.spec.batch);
  const total = options.steps ?? steps.of(plan.spec.epochs);
  const run = new Run(options, steps, total);
  try {
    if (from && from.step > 0 && run.due(run.step) && from.evaluated !== run.step) {
      await run.evaluate();
    }
    await run.learn();
    return await run.finish();
  } catch (error) {
    if (!options.signal?.aborted) {
      throw error;
    }
    throw await run.stopped(error);
  }
}

class Run {
  step: number;
  #stop: StopState;
  #evaluated: number;
  #last: readonly TaskMetrics[] = [];
  readonly #options: TrainOptions;
  readonly #steps: Steps;
  readonly #total: number;
  readonly #stepper: Stepper;
  readonly #scorer: Scorer;
  readonly #log: MetricsLog;
  readonly #pace: Pace;
  readonly #every: number;
  readonly #logEvery: number;
  #saved: number;
  #savedAt = performance.now();
  #waited = 0;

  constructor(options: TrainOptions, steps: Steps, total: number) {
    const { plan, state, graphs, from, dir } = options;
    this.#options = options;
    this.#steps = steps;
    this.#total = total;
    this.step = from?.step ?? 0;
    this.#saved = this.step;
    this.#stop = from?.stop ?? notYet;
    this.#evaluated = from?.evaluated ?? 0;
    this.#stepper = new Stepper(plan, state, graphs);
    this.#scorer = new Scorer(plan, state, graphs);
    this.#log = new MetricsLog(dir, this.step);
    this.#pace = new Pace(this.#log.lines.at(-1)?.seconds ?? 0);
    this.#every = options.evaluateEvery ?? Math.max(1, Math.min(steps.perEpoch, Math.ceil(total / 4)));
    this.#logEvery = Math.max(1, Math.round(total / 200));
  }

  /** Whether the model is evaluated after this step. */
  due(step: number): boolean {
    if (this.#options.feeder.count("validation") === 0) {
      return false;
    }
    return step % this.#every === 0 || step === this.#total;
  }

  async learn(): Promise<void> {
    const { feeder, signal } = this.#options;
    const queue: Promise<Assembled>[] = [];
    let asked = this.step;
    const ask = (): void => {
      while (queue.length < ahead && asked < this.#total) {
        const batch = feeder.step(++asked);
        // Told when its turn comes, also where an earlier one fails before.
        batch.catch(() => undefined);
        queue.push(batch);
      }
    };
    while (this.step < this.#total && !this.#over()) {
      ask();
      const begun = performance.now();
      const next = queue.shift();
      if (next === undefined) {
        throw new Error(`no batch was asked for step ${this.step + 1}`);
      }
      const batch = await next;
      this.#waited += performance.now() - begun;
      ask();
      const loss = await this.#stepper.learn(batch, this.step + 1);
      release(buffersOf(batch));
      this.step++;
      this.#pace.step(batch.rows, loss);
      const due = this.due(this.step);
      if (due) {
        await this.evaluate();
      } else if (this.step % this.#logEvery === 0 || this.step === this.#total) {
        this.#note();
      }
      this.#tell(false);
      if (this.#checkpointDue()) {
        await this.#checkpoint();
      }
      signal?.throwIfAborted();
    }
  }

  /** Measures the model on the validation part, keeps the best weights, and logs. */
  async evaluate(): Promise<void> {
    const { feeder, plan, signal, onEvaluation, dir, state, model, page, graphs, hasher } = this.#options;
    this.#pace.pause();
    const spent = { ...graphs.spent };
    const tasks = await validate(this.#scorer, feeder, plan.spec, "validation", signal ? { signal } : {});
    // What evaluating takes is no part of a step.
    Object.assign(graphs.spent, spent);
    const before = this.#stop;
    const measure = measureOf(plan.spec.stop, tasks);
    // Without `stop` nothing hangs on the measure, so one that is not defined is only told.
    if (plan.spec.stop !== null || !Number.isNaN(measure.value)) {
      this.#stop = evaluated(before, measure, this.step);
    }
    this.#evaluated = this.step;
    this.#last = tasks;
    const improved = this.#stop.bestStep !== before.bestStep;
    if (plan.spec.stop !== null && improved) {
      await writeWeights(nextWeights(dir), state, model, this.step, hasher);
    }
    this.#note(tasks);
    if (page) {
      writeFileAtomic(join(dir, "report.html"), page(this.#log.lines));
    }
    onEvaluation?.({ step: this.step, tasks, improved });
    this.#pace.resume();
  }

  async finish(): Promise<TrainReport> {
    const { dir, state, model, plan, page, graphs, hasher } = this.#options;
    const best = plan.spec.stop !== null && this.#stop.best !== null;
    if (!best) {
      await writeWeights(nextWeights(dir), state, model, this.step, hasher);
    }
    await this.#checkpoint();
    if (page) {
      writeFileAtomic(join(dir, "report.html"), page(this.#log.lines));
    }
    this.#tell(true);
    const { samplesPerSecond, steps, seconds, milliseconds } = this.#pace;
    const each = (value: number): number => (steps === 0 ? 0 : value / steps);
    const inGraphs = graphs.spent.search + graphs.spent.step + graphs.spent.update;
    return {
      step: this.step,
      steps: this.#total,
      end: this.#over() && this.step < this.#total ? "no improvement" : "all steps",
      weights: best ? this.#stop.bestStep : this.step,
      best: this.#stop,
      last: this.#last,
      seconds,
      samplesPerSecond,
      perStep: {
        all: each(milliseconds),
        search: each(graphs.spent.search),
        step: each(graphs.spent.step),
        update: each(graphs.spent.update),
        waiting: each(this.#waited),
        host: each(milliseconds - inGraphs - this.#waited),
      },
    };
  }

  /** Ctrl-C: leaves a checkpoint where the run stands, and says how to go on. */
  async stopped(cause: unknown): Promise<TwinError> {
    if (this.step > this.#saved) {
      await this.#checkpoint();
    }
    const { dir } = this.#options;
    const where =
      this.#saved === 0
        ? `before the first step; ${dir} holds no checkpoint yet`
        : `after step ${this.step} of ${this.#total}; the checkpoint is in ${dir}`;
    return new TwinError(`${where}. Go on with the same command and --resume`, { cause });
  }

  #over(): boolean {
    const { stop } = this.#options.plan.spec;
    return stop !== null && this.#stop.waited >= stop.after;
  }

  #checkpointDue(): boolean {
    const { checkpointEvery, checkpointSeconds = 300 } = this.#options;
    if (checkpointEvery !== null) {
      return this.step % checkpointEvery === 0;
    }
    return performance.now() - this.#savedAt > 1000 * checkpointSeconds;
  }

  async #checkpoint(): Promise<void> {
    const { dir, state, model, seed, spec, feeder, hasher } = this.#options;
    this.#pace.pause();
    const meta: CheckpointMeta = {
      model,
      step: this.step,
      epoch: this.step === 0 ? 0 : this.#steps.place(this.step).epoch,
      seed,
      spec,
      data: feeder.fingerprint,
      stop: this.#stop,
      evaluated: this.#evaluated,
    };
    await writeCheckpoint(nextCheckpoint(dir), state, meta, hasher);
    this.#saved = this.step;
    this.#savedAt = performance.now();
    this.#pace.resume();
  }

  #note(tasks: readonly TaskMetrics[] = []): void {
    const { plan } = this.#options;
    const rounded = (value: number): number | null => (Number.isFinite(value) ? value : null);
    const row = ({ label, kind, rows, drawn, auc, gauc, logloss, rmse }: TaskMetrics) =>
      kind === "binary"
        ? {
            label,
            rows,
            ...(drawn > 0 && { drawn }),
            auc: rounded(auc),
            gauc: rounded(gauc),
            logloss: rounded(logloss),
          }
        : { label, rows, rmse: rounded(rmse) };
    const deciding = tasks.length === 0 ? undefined : measureOf(plan.spec.stop, tasks).label;
    const main = tasks.find(({ label }) => label === deciding);
    const { loss, samplesPerSecond, seconds } = this.#pace.interval();
    this.#log.add({
      step: this.step,
      epoch: this.step / this.#steps.perEpoch,
      samples: this.#samples(),
      seconds,
      loss,
      rate: rateOf(plan, "dense", Math.max(1, this.step)),
      samples_per_second: samplesPerSecond,
      ...(main !== undefined && { validation: row(main) }),
      ...(tasks.length > 1 && { tasks: tasks.map(row) }),
    });
  }

  /** Learned from until now. */
  #samples(): number {
    if (this.step === 0) {
      return 0;
    }
    const { epoch, to } = this.#steps.place(this.step);
    return epoch * this.#options.feeder.count("training") + to;
  }

  #tell(finished: boolean): void {
    const { onProgress, plan } = this.#options;
    if (!onProgress || !(finished || this.#pace.timeToTell())) {
      return;
    }
    const { samplesPerSecond, recentLoss } = this.#pace;
    const left = finished ? 0 : this.#pace.left(this.#total - this.step);
    const measure = this.#last.length === 0 ? null : measureOf(plan.spec.stop, this.#last);
    onProgress({
      step: this.step,
      steps: this.#total,
      epoch: this.step / this.#steps.perEpoch,
      samplesPerSecond,
      left,
      loss: recentLoss,
      validation: measure && { name: `${measure.name} of ${measure.label}`, value: measure.value },
      finished,
    });
  }
}
