// Runs of a page: trained by the loop that every host uses, stopped on the way, and gone on with from bytes in memory.
import { initialValues, parameters } from "../../compiler/index.ts";
import type { Model } from "../../compiler/model/model.ts";
import type { Hasher } from "../../contract/hash.ts";
import type { Manifest } from "../../contract/manifest.ts";
import { memorySource } from "../../runtime/bytes/byte-source.ts";
import { readTensors } from "../../runtime/bytes/tensor-file.ts";
import {
  checkedCheckpoint,
  contractFingerprint,
  type Dataset,
  localFeeder,
  MemoryPlace,
  Scorer,
  stateOf,
  TrainGraphs,
  train,
  trainPlan,
  validate,
} from "../../runtime/learn/index.ts";
import type { GraphSession } from "../../runtime/session/session.ts";

export interface PageRun {
  readonly place: MemoryPlace;
  /** Before the first step, and at each evaluation. */
  readonly aucs: readonly number[];
  readonly ended: string;
}

interface Untrained {
  readonly model: Model;
  readonly manifest: Manifest;
}

/**
 * @returns a function that runs to the end, or until the model was evaluated at the step `stopAt`; from the beginning, or
 * from where another one stopped
 */
export function runs(
  { model, manifest }: Untrained,
  dataset: Dataset,
  open: (file: string) => Promise<GraphSession>,
  steps: number,
  hash: Hasher,
) {
  const plan = trainPlan(manifest);
  const feeder = localFeeder(dataset, plan, 1);
  const start = initialValues(parameters(model), 1);
  const identity = { spec: contractFingerprint(manifest), data: dataset.fingerprint, seed: 1 };
  return async (stopAt: number | null, from: MemoryPlace | null): Promise<PageRun> => {
    const bytes = from?.lastCheckpoint ?? null;
    const checkpoint = bytes && checkedCheckpoint(readTensors(memorySource("checkpoint", bytes)), hash);
    const graphs = new TrainGraphs(plan.spec, 1, (file) => open(file));
    const state = stateOf(plan.spec, (name) => start.read(name), checkpoint, identity, "");
    const place = new MemoryPlace("page", from?.lines, checkpoint?.meta.step);
    const stop = new AbortController();
    const aucs: number[] = [];
    if (checkpoint === null) {
      aucs.push((await validate(new Scorer(plan, state, graphs), feeder, plan.spec))[0].auc);
    }
    const training = train({
      place,
      model: manifest.model,
      plan,
      state,
      graphs,
      feeder,
      hasher: hash,
      ...identity,
      steps: steps,
      evaluateEvery: steps >> 1,
      checkpointEvery: null,
      from: checkpoint?.meta ?? null,
      signal: stop.signal,
      onEvaluation({ step, tasks }) {
        aucs.push(tasks[0].auc);
        if (step === stopAt) {
          stop.abort();
        }
      },
    });
    const ended = await training.then(
      ({ end }) => end,
      (error: Error) => error.message,
    );
    await graphs.close();
    return { place, aucs, ended };
  };
}
