// Training learns: on planted data AUC comes near what is possible; it does so the same way every time, whatever the
// number of threads, and wherever it was stopped.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { hasher } from "../../contract/hash.ts";
import { streams } from "../../contract/random.ts";
import { openTensors } from "../../runtime/host/tensor-file.ts";
import { localFeeder } from "../../runtime/learn/feeder.ts";
import { stateOf } from "../../runtime/learn/resume.ts";
import { train } from "../../runtime/learn/run.ts";
import type { TrainOptions } from "../../runtime/learn/run-report.ts";
import { TrainState } from "../../runtime/learn/state.ts";
import { openCheckpoint } from "../../runtime/train/checkpoint.ts";
import { threadFeeder } from "../../runtime/train/feeder.ts";
import { folderPlace } from "../../runtime/train/folder-place.ts";
import { readMetrics } from "../../runtime/train/metrics-log.ts";
import { cleanUp, temporary } from "../kit/built-twin.ts";
import { MemoryDataset, type MemorySettings, writeMemoryDataset } from "../kit/memory-dataset.ts";
import { openGraphs, startState, topicModel, topicSource } from "../kit/trained.ts";

afterAll(cleanUp);

interface Wish
  extends Partial<Pick<TrainOptions, "steps" | "evaluateEvery" | "checkpointEvery" | "signal" | "learned">> {
  readonly source?: string;
  readonly threads?: number;
  readonly data?: Partial<MemorySettings>;
  /** Folder of a run that goes on. */
  readonly folder?: string;
  /** Stops, as Ctrl-C does, after the checkpoint of this step. */
  readonly stopAfter?: number;
}

async function run({ source = topicSource(), threads = 1, data = {}, folder = temporary(), stopAfter, ...wish }: Wish) {
  const { model, dir, plan, dataset } = topicModel(source, data);
  const graphs = openGraphs(dir, plan.spec, threads);
  const checkpoint = openCheckpoint(folder, await hasher(), () => undefined);
  const feeder = localFeeder(dataset, plan, 1);
  const identity = { spec: "test", data: feeder.fingerprint, seed: 1 };
  const state = checkpoint ? stateOf(plan.spec, none, checkpoint, identity, "") : startState(model, plan.spec);
  const controller = new AbortController();
  const aucs: number[] = [];
  const warnings: string[] = [];
  try {
    const report = await train({
      place: folderPlace(folder, checkpoint?.meta.step ?? 0, null),
      model: model.name,
      plan,
      state,
      graphs,
      feeder: {
        ...feeder,
        step(step) {
          if (stopAfter !== undefined && step === stopAfter + 1) {
            controller.abort();
          }
          return feeder.step(step);
        },
      },
      hasher: await hasher(),
      seed: 1,
      steps: null,
      evaluateEvery: null,
      checkpointEvery: null,
      from: checkpoint?.meta ?? null,
      spec: "test",
      signal: controller.signal,
      onEvaluation: ({ tasks, warning }) => {
        aucs.push(tasks[0].auc);
        warnings.push(...(warning === null ? [] : [warning]));
      },
      ...wish,
    });
    return { report, aucs, warnings, folder };
  } finally {
    await graphs.close();
  }
}

const none = (): never => {
  throw new Error("a run that goes on has no start values");
};

const bytes = (folder: string, name: string) => readFileSync(join(folder, name)).toString("base64");

describe.each([
  ["every table in a pack", topicSource()],
  ["a table of which only the batch's rows travel", topicSource("", 5000)],
])("with %s", (_, source) => {
  it("finds the planted interest", async () => {
    const { report, aucs, folder } = await run({ source, steps: 200 });
    expect(report).toMatchObject({ step: 200, end: "all steps", weights: report.best.bestStep });
    // The labels are drawn with 0.85 and 0.15, so that 0.85 is the best possible.
    expect(aucs.at(-1)).toBeGreaterThan(0.8);
    const losses = readMetrics(folder).map(({ loss }) => loss!);
    const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value) / values.length;
    expect(mean(losses.slice(-30))).toBeLessThan(0.85 * mean(losses.slice(0, 10)));
  });
});

describe("the same run again", () => {
  it("ends with the same bytes, with two threads, too", async () => {
    const runs = await Promise.all([0, 1].map(() => run({ source: topicSource("", 5000), steps: 20, threads: 2 })));
    const [first, second] = runs.map(({ folder }) => bytes(folder, "checkpoint.safetensors"));
    expect(first).toBe(second);
  });

  const guarded = "renew: embeddings average: ema(0.9) cold: 10%";

  // With 500 samples an epoch has eight steps: two begin on the way, one of them where a run goes on.
  it.each([
    ["", {}],
    [guarded, { counts: { training: 500, validation: 400, test: 100 } }],
  ])("ends with the same bytes where it was stopped on its way, with `%s`", async (settings, data) => {
    const wish = { source: topicSource(settings, 5000), data, steps: 24, evaluateEvery: 6, checkpointEvery: 4 };
    const whole = await run(wish);
    const folder = temporary();
    // Batches are asked for ahead: the run is stopped some steps before the one that is named.
    for (const stopAfter of [7, 12, 20]) {
      await expect(run({ ...wish, folder, stopAfter })).rejects.toThrow(/--resume/);
    }
    const last = await run({ ...wish, folder });
    expect(last.report.step).toBe(24);
    for (const name of ["checkpoint.safetensors", "weights.safetensors"]) {
      expect(bytes(folder, name)).toBe(bytes(whole.folder, name));
    }
    const steps = readMetrics(folder).map(({ step }) => step);
    expect(steps).toEqual([...new Set(steps)].sort((a, b) => a - b));
  });
});

describe("a model that learns its samples by heart", () => {
  const wish = {
    data: { counts: { training: 300, validation: 400, test: 100 } },
    steps: 20,
    evaluateEvery: 5,
  };
  const source = (more = "") => topicSource(more, 5000).replace("adagrad(rate: 0.1)", "adagrad(rate: 1)");

  it("is told of where an epoch begins; not where its tables begin anew", async () => {
    const { warnings } = await run({ ...wish, source: source() });
    expect(warnings.length).toBeGreaterThan(0);
    expect(warnings[0]).toMatch(/logloss of click .* rose .* as epoch \d began/);
    expect((await run({ ...wish, source: source("renew: embeddings") })).warnings).toEqual([]);
  });

  it("is told of, too, where the run goes on from a checkpoint before it", async () => {
    const folder = temporary();
    await run({ ...wish, source: source(), folder, steps: 10 });
    const { warnings } = await run({ ...wish, source: source(), folder, steps: 15 });
    expect(warnings).toEqual([expect.stringMatching(/\(step 10\) to .* \(step 15\) as epoch 3 began/)]);
  });
});

describe("a run's biases", () => {
  const still = topicSource().replace("adam(rate: 5e-3)", "sgd(rate: 1e-12)");
  const bias = async (learned: readonly string[]) => {
    const { folder } = await run({ source: still, steps: 1, learned: new Set(learned) });
    const file = openTensors(join(folder, "weights.safetensors"));
    const [value] = file.read("ranking.click.bias");
    file.close();
    return value;
  };

  it("start at the base rate of the training part, but for one that was learned before", async () => {
    const { dataset } = topicModel(still);
    const all = Uint32Array.from({ length: dataset.count("training") }, (_, sample) => sample);
    const { click } = dataset.labels("training", all).labels;
    const positives = click.filter((one) => one === 1).length;
    expect(await bias([])).toBeCloseTo(Math.log((positives + 0.5) / (click.length - positives + 0.5)), 5);
    expect(await bias(["ranking.click.bias"])).toBeCloseTo(0, 9);
  });
});

describe("tables that are renewed", () => {
  it("begin anew with each epoch, with their state; all else goes on", async () => {
    const counts = { training: 200, validation: 100, test: 100 };
    const wish = { source: topicSource("renew: embeddings", 5000), data: { counts }, checkpointEvery: 1 };
    const tensor = (folder: string, name: string) => {
      const file = openTensors(join(folder, "checkpoint.safetensors"));
      const values = file.read(name).slice();
      file.close();
      return values;
    };
    // Four steps an epoch; 64 samples a step touch a part of the rows alone.
    const [four, five] = [await run({ ...wish, steps: 4 }), await run({ ...wish, steps: 5 })];
    const name = "item.video.table";
    const { next } = streams.renewed(1, 1, 0);
    const drawn = Float32Array.from({ length: 5001 * 8 }, () => 0.05 * (2 * next() - 1));
    const [before, after] = [four, five].map(({ folder }) => tensor(folder, name));
    const state = tensor(five.folder, `table.${name}.state`);
    let same = 0;
    for (let row = 0; row < 5001; row++) {
      const untouched = state.subarray(row * 8, row * 8 + 8).every((value) => value === 0);
      if (untouched) {
        same++;
        expect(after.subarray(row * 8, row * 8 + 8)).toEqual(drawn.subarray(row * 8, row * 8 + 8));
      }
    }
    expect(same).toBeGreaterThan(4000);
    expect(same).toBeLessThan(5001);
    expect(after).not.toEqual(before);
    // An embedding of few rows goes on: what the step did not touch is as it was.
    const small = (folder: string) => tensor(folder, "item.topic.table");
    const still = [...small(five.folder)].filter((value, i) => value === small(four.folder)[i]).length;
    expect(still).toBeGreaterThan(0);
  });
});

describe("a thread that assembles the batches", () => {
  it("gives what this thread would", async () => {
    const { plan, data } = topicModel(topicSource("", 5000));
    const folder = temporary();
    writeMemoryDataset(folder, data);
    const module = new URL("../kit/memory-dataset.ts", import.meta.url).href;
    const there = await threadFeeder({ place: { folder, module }, plan, seed: 3 });
    try {
      const here = localFeeder(new MemoryDataset(data), plan, 3);
      expect(there.count("validation")).toBe(here.count("validation"));
      for (const step of [1, 2, 200]) {
        expect(await there.step(step)).toEqual(await here.step(step));
      }
      const some = Uint32Array.of(5, 3, 9);
      expect(await there.samples("test", some.slice())).toEqual(await here.samples("test", some));
    } finally {
      await there.close();
    }
  });

  it("says where there is no data set", async () => {
    const { plan } = topicModel();
    const place = { folder: temporary(), module: null };
    await expect(threadFeeder({ place, plan, seed: 1 })).rejects.toThrow(/no prepared data set/);
  });
});

describe("early stopping", () => {
  it("ends where the validation part no longer improves, with the best weights", async () => {
    const source = topicSource("  stop: stop(2, on: logloss)\n");
    const { report, folder } = await run({
      source,
      steps: 400,
      evaluateEvery: 10,
      data: { counts: { training: 200, validation: 300, test: 10 } },
    });
    expect(report.end).toBe("no improvement");
    expect(report.best.waited).toBe(2);
    expect(report.weights).toBe(report.best.bestStep);
    expect(report.step).toBe(report.best.bestStep + 20);
    const weights = openTensors(join(folder, "weights.safetensors"));
    expect(weights.metadata.step).toBe(String(report.best.bestStep));
    weights.close();
  });
});

describe("a model that says nothing of when to stop", () => {
  const overfitting = {
    steps: 60,
    evaluateEvery: 5,
    data: { counts: { training: 200, validation: 300, test: 10 } },
  };
  const losses = (folder: string) =>
    readMetrics(folder).flatMap(({ step, validation }) =>
      validation === undefined ? [] : [{ step, logloss: Number(validation.logloss) }],
    );

  it("keeps the weights of the lowest logloss, and ends no sooner than an epoch after them", async () => {
    // Four steps an epoch: three evaluations of every step are three quarters of one.
    const { report, folder } = await run({ ...overfitting, evaluateEvery: 1, steps: 400 });
    const all = losses(folder);
    const best = all.reduce((found, one) => (one.logloss < found.logloss ? one : found));
    expect(report).toMatchObject({ end: "no improvement", weights: best.step, keptBy: "logloss of click" });
    expect(report.step).toBe(best.step + 4);
    const weights = openTensors(join(folder, "weights.safetensors"));
    expect(weights.metadata.step).toBe(String(best.step));
    weights.close();
    const kept = readMetrics(folder).filter((line) => line.kept !== undefined);
    expect(kept.at(-1)).toMatchObject({ step: best.step, kept: "logloss of click" });
  });

  it("ends as it would have where it was stopped on its way", async () => {
    const whole = await run({ ...overfitting, checkpointEvery: 5 });
    const folder = temporary();
    await expect(run({ ...overfitting, checkpointEvery: 5, folder, stopAfter: 9 })).rejects.toThrow(/--resume/);
    const { report } = await run({ ...overfitting, checkpointEvery: 5, folder });
    const { step, weights, keptBy } = whole.report;
    expect(report).toMatchObject({ step, weights, keptBy });
    expect(bytes(folder, "weights.safetensors")).toBe(bytes(whole.folder, "weights.safetensors"));
  });

  it("trains to its end and keeps what is last with `stop: none`, or without a validation part", async () => {
    const last = { end: "all steps", weights: 60, keptBy: null };
    expect((await run({ ...overfitting, source: topicSource("stop: none") })).report).toMatchObject(last);
    const counts = { training: 200, validation: 0, test: 10 };
    expect((await run({ ...overfitting, data: { counts } })).report).toMatchObject(last);
  });

  it("does not fail where the measure is not defined; one that asks for it does", async () => {
    const none = { ...overfitting, data: { ...overfitting.data, missing: 1 } };
    expect((await run(none)).report).toMatchObject({ end: "all steps", weights: 60, keptBy: null });
    const asked = run({ ...none, source: topicSource("stop: stop(3, on: logloss)") });
    await expect(asked).rejects.toThrow(/the logloss of click is not defined on the validation part/);
  });
});

describe("a loss that is no number", () => {
  it("stops, says at which step and for which samples, and keeps the checkpoint before", async () => {
    const poisoned = { counts: { training: 640, validation: 0, test: 0 }, poisoned: 77 };
    const folder = temporary();
    const failure = run({ folder, steps: 10, checkpointEvery: 1, data: poisoned });
    await expect(failure).rejects.toThrow(
      /the loss of step \d+ is (NaN|Infinity); 1 of 64 samples: row 1077 of the event log, user number \d+/,
    );
    const found = openCheckpoint(folder, await hasher(), () => undefined);
    const values = new TrainState(topicModel().plan.spec, (name) => found!.file.read(name));
    expect(values.damaged()).toBeNull();
    found!.file.close();
  });
});

describe("a data set without a part", () => {
  it("cannot be trained on where that is the training part", async () => {
    const counts = { training: 0, validation: 10, test: 0 };
    await expect(run({ data: { counts } })).rejects.toThrow(/the training part has no samples/);
  });
});
