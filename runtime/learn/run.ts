// A run from wherever it stands to its end: steps, evaluations when they are due, early stopping, checkpoints, the log.
import { TwinError } from "../../contract/error.ts";
import { type Assembled, buffersOf } from "./assemble.ts";
import { boundaryWarning } from "./boundary.ts";
import { release } from "./buffers.ts";
import { type Calibrated, calibrate } from "./calibrate.ts";
import { type CheckpointMeta, writeCheckpoint, writeWeights } from "./checkpoint.ts";
import { lineOf, type MetricsLine } from "./metrics-line.ts";
import { Steps } from "./order.ts";
import { Pace } from "./pace.ts";
import type { TrainOptions, TrainReport } from "./run-report.ts";
import { Scorer } from "./score.ts";
import { Stepper } from "./step.ts";
import { evaluated, isOver, measureOf, notYet, type StopState } from "./stopping.ts";
import { type TaskMetrics, validate } from "./validate.ts";

/** Batches that are assembled ahead. */
const ahead = 2;

export async function train(options: TrainOptions): Promise<TrainReport> {
  const { plan, feeder, from } = options;
  const samples = feeder.count("training");
  if (samples === 0) {
    throw new TwinError("the training part has no samples: check `split` and the files in data.yaml");
  }
  const steps = new Steps(samples, plan.spec.batch);
  const total = options.steps ?? steps.of(plan.spec.epochs);
  const corrected = plan.spec.tasks.find(({ calibrate }) => calibrate !== undefined);
  if (corrected !== undefined && feeder.count("validation") === 0) {
    throw new TwinError(
      `${corrected.label} is to be calibrated, which is fitted on the validation part, and there is none: give data.yaml a \`split\` with one, or leave out \`calibrate\``,
    );
  }
  if (from === null) {
    await beginAtBaseRates(options);
  }
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

/** Biases of labels start at the training part's base rates, but for those that were learned before. */
async function beginAtBaseRates({ plan, state, feeder, learned }: TrainOptions): Promise<void> {
  const due = plan.spec.tasks.flatMap(({ label, bias }) =>
    bias === undefined || learned?.has(bias) ? [] : [{ label, bias }],
  );
  if (due.length > 0) {
    const starts = await feeder.starts();
    state.begin(new Map(due.map(({ label, bias }) => [bias, starts[label]])));
  }
}

class Run {
  step: number;
  #stop: StopState;
  #evaluated: number;
  #last: readonly TaskMetrics[] = [];
  /** How labels were calibrated at the last evaluation, and at that of the weights that are kept. */
  #calibrated: { last: readonly Calibrated[]; kept: readonly Calibrated[] };
  #before: MetricsLine | null;
  /** What the weights that are kept were the best by. */
  #keptBy: string | undefined;
  readonly #options: TrainOptions;
  readonly #steps: Steps;
  readonly #total: number;
  readonly #stepper: Stepper;
  readonly #scorer: Scorer;
  readonly #pace: Pace;
  readonly #every: number;
  readonly #logEvery: number;
  #saved: number;
  #savedAt = performance.now();
  #waited = 0;

  constructor(options: TrainOptions, steps: Steps, total: number) {
    const { plan, state, graphs, from, place, feeder } = options;
    state.count(feeder.counted);
    this.#options = options;
    this.#steps = steps;
    this.#total = total;
    this.step = from?.step ?? 0;
    this.#saved = this.step;
    this.#stop = from?.stop ?? notYet;
    this.#evaluated = from?.evaluated ?? 0;
    this.#before = place.lines.findLast(({ validation }) => validation !== undefined) ?? null;
    const line = place.lines.findLast(({ kept }) => kept !== undefined);
    this.#keptBy = line?.kept;
    this.#calibrated = { last: this.#before?.calibrated ?? [], kept: line?.calibrated ?? [] };
    this.#stepper = new Stepper(plan, state, graphs);
    this.#scorer = new Scorer(plan, state.served, graphs);
    this.#pace = new Pace(place.lines.at(-1)?.seconds ?? 0);
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
      this.#renew();
      const loss = await this.#stepper.learn(batch, this.step + 1);
      release(buffersOf(batch));
      this.step++;
      this.#pace.step(batch.rows, loss);
      const due = this.due(this.step);
      if (due) {
        await this.evaluate();
      } else if (this.step % this.#logEvery === 0 || this.step === this.#total) {
        await this.#note();
      }
      this.#tell(false);
      if (this.#checkpointDue()) {
        await this.#checkpoint();
      }
      signal?.throwIfAborted();
    }
  }

  /** Before the first step of an epoch but the first. */
  #renew(): void {
    const { plan, state, seed } = this.#options;
    const { epoch, from } = this.#steps.place(this.step + 1);
    if (plan.spec.renew !== undefined && epoch > 0 && from === 0) {
      state.renew(seed, epoch, plan.spec.renew.bound);
    }
  }

  /** Measures the model on the validation part, keeps the best weights, and logs. */
  async evaluate(): Promise<void> {
    const { feeder, plan, signal, onEvaluation, place, state, model, graphs, hasher } = this.#options;
    this.#pace.pause();
    const spent = { ...graphs.spent };
    const fits: Calibrated[] = [];
    const tasks = await validate(this.#scorer, feeder, plan.spec, "validation", {
      ...(signal && { signal }),
      onTask: (task, rows) => {
        const fit = calibrate(task, rows, state);
        if (fit !== null) {
          fits.push(fit);
        }
      },
    });
    // What evaluating takes is no part of a step.
    Object.assign(graphs.spent, spent);
    const before = this.#stop;
    const measure = measureOf(plan.spec.stop, tasks);
    // Where the program asks for no `stop`, a measure that is not defined is only told.
    const asked = plan.spec.stop !== null && plan.spec.stop.implied !== true;
    if (asked || !Number.isNaN(measure.value)) {
      this.#stop = evaluated(before, measure, this.step);
    }
    this.#evaluated = this.step;
    this.#last = tasks;
    const improved = this.#stop.bestStep !== before.bestStep;
    const kept = plan.spec.stop !== null && improved;
    if (kept) {
      await writeWeights(place.weights(), state, model, this.step, hasher);
    }
    this.#calibrated = { last: fits, kept: kept ? fits : this.#calibrated.kept };
    const line = await this.#note(tasks, kept);
    await place.draw?.();
    const warning =
      plan.spec.renew === undefined
        ? boundaryWarning(this.#before, this.step, tasks, this.#steps.perEpoch, plan.spec.stop !== null)
        : null;
    this.#before = line;
    onEvaluation?.({ step: this.step, tasks, improved, warning });
    this.#pace.resume();
  }

  async finish(): Promise<TrainReport> {
    const { place, state, model, plan, graphs, hasher } = this.#options;
    const best = plan.spec.stop !== null && this.#stop.best !== null;
    if (!best) {
      await writeWeights(place.weights(), state, model, this.step, hasher);
    }
    await this.#checkpoint();
    await place.draw?.();
    this.#tell(true);
    const { samplesPerSecond, steps, seconds, milliseconds } = this.#pace;
    const each = (value: number): number => (steps === 0 ? 0 : value / steps);
    const inGraphs = graphs.spent.search + graphs.spent.step + graphs.spent.update;
    return {
      step: this.step,
      steps: this.#total,
      end: this.#over() && this.step < this.#total ? "no improvement" : "all steps",
      weights: best ? this.#stop.bestStep : this.step,
      keptBy: best ? (this.#keptBy ?? null) : null,
      best: this.#stop,
      calibrated: best ? this.#calibrated.kept : this.#calibrated.last,
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

  /** Stopped by its signal: leaves a checkpoint where the run stands, and says how to go on. */
  async stopped(cause: unknown): Promise<TwinError> {
    if (this.step > this.#saved) {
      await this.#checkpoint();
    }
    const { name, wayOn } = this.#options.place;
    const where =
      this.#saved === 0
        ? `before the first step; ${name} holds no checkpoint yet`
        : `after step ${this.step} of ${this.#total}; the checkpoint is in ${name}`;
    return new TwinError(`${where}. ${wayOn}`, { cause });
  }

  #over(): boolean {
    return isOver(this.#options.plan.spec.stop, this.#stop, this.step, this.#steps.perEpoch);
  }

  #checkpointDue(): boolean {
    const { checkpointEvery, checkpointSeconds = 300 } = this.#options;
    if (checkpointEvery !== null) {
      return this.step % checkpointEvery === 0;
    }
    return performance.now() - this.#savedAt > 1000 * checkpointSeconds;
  }

  async #checkpoint(): Promise<void> {
    const { place, state, model, seed, spec, feeder, hasher } = this.#options;
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
    await writeCheckpoint(place.checkpoint(), state, meta, hasher);
    this.#saved = this.step;
    this.#savedAt = performance.now();
    this.#pace.resume();
  }

  /** @param kept whether the weights of this step are those kept */
  async #note(tasks: readonly TaskMetrics[] = [], kept = false): Promise<MetricsLine> {
    const { plan, place } = this.#options;
    const now = {
      step: this.step,
      epoch: this.step / this.#steps.perEpoch,
      samples: this.#samples(),
      ...this.#pace.interval(),
    };
    const line = lineOf(plan, now, tasks, { kept, calibrated: tasks.length === 0 ? [] : this.#calibrated.last });
    this.#keptBy = line.kept ?? this.#keptBy;
    await place.log(line);
    return line;
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
