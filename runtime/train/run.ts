// A run from what lies in its folder: from its last checkpoint, or from start values, to its end.

import { availableParallelism } from "node:os";
import { join } from "node:path";
import { elementCount } from "../../contract/element-count.ts";
import { hasher } from "../../contract/hash.ts";
import type { Manifest } from "../../contract/manifest.ts";
import { removeLeftovers } from "../host/files.ts";
import { readManifestAt } from "../host/manifest-file.ts";
import {
  contractFingerprint,
  type Feeder,
  type ReadParameter,
  stateOf,
  type TrainOptions,
  type TrainReport,
  type TrainState,
  train,
  trainPlan,
} from "../learn/index.ts";
import { openCheckpoint } from "./checkpoint.ts";
import { type DatasetPlace, threadFeeder } from "./feeder.ts";
import { folderPlace } from "./folder-place.ts";
import { learningGraphs } from "./graphs.ts";
import { type RunAbout, renderRunPage } from "./page/run-page.ts";
import { expectListed, runManifestFile } from "./run-files.ts";
import { holdRun, type RunRecord, readRun, updateRun } from "./run-folder.ts";

export const readRunManifest = (dir: string): Manifest => readManifestAt(join(dir, runManifestFile)).manifest;

export interface RunOptions
  extends Pick<TrainOptions, "learned" | "signal" | "onProgress" | "onEvaluation" | "checkpointEvery"> {
  /** The run's folder, made by `createRun`. */
  readonly dir: string;
  readonly data: DatasetPlace;
  /** Values to start from where there is no checkpoint. */
  readonly start: ReadParameter;
  readonly warn: (message: string) => void;
  /** Execution providers in order of preference; default `["cpu"]`. */
  readonly providers?: readonly string[] | undefined;
}

/** As many as there are cores. */
export const defaultThreads = (): number => availableParallelism();

/**
 * Trains until the run's end. Started again after a kill, it ends with the same weights as if it had never been killed.
 * @throws TwinError where the checkpoint belongs to other data, where the loss is no number, where the disk is full, or
 * where `signal` stopped it; what can go on has a checkpoint then
 */
export async function performRun(options: RunOptions): Promise<TrainReport> {
  const { dir, warn, start } = options;
  const release = holdRun(dir);
  try {
    removeLeftovers(dir);
    const record = readRun(dir);
    expectListed(dir, (path) => path.startsWith("train/"));
    const manifest = readRunManifest(dir);
    const epochs = record.epochs ?? manifest.train.epochs;
    const plan = trainPlan({ ...manifest, train: { ...manifest.train, epochs, batch: record.batch } });
    const spec = contractFingerprint(manifest);
    const feeder = await threadFeeder({
      place: options.data,
      plan,
      seed: record.seed,
      users: record.users?.by ?? null,
    });
    const graphs = learningGraphs(dir, plan.spec, record.threads, { providers: options.providers ?? ["cpu"], warn });
    try {
      const hash = await hasher();
      const checkpoint = openCheckpoint(dir, hash, warn);
      const identity = { spec, data: feeder.fingerprint, seed: record.seed };
      const state = stateOf(plan.spec, start, checkpoint, identity, `: --from ${dir} -o another folder`);
      const known = {
        ...record,
        fingerprints: { spec, data: feeder.fingerprint },
        samples: samplesOf(feeder),
        ...(record.users && { users: { ...record.users, drawn: feeder.drawn ?? null } }),
      };
      updateRun(dir, known);
      const about = aboutOf(known, state);
      return await train({
        ...options,
        place: folderPlace(dir, checkpoint?.meta.step ?? 0, (lines) => renderRunPage(lines, about)),
        model: manifest.model,
        plan,
        state,
        graphs,
        feeder,
        hasher: hash,
        seed: record.seed,
        steps: record.steps,
        evaluateEvery: record.evaluate_every,
        from: checkpoint?.meta ?? null,
        spec,
      });
    } finally {
      await Promise.all([graphs.close(), feeder.close()]);
    }
  } finally {
    release();
  }
}

const samplesOf = (feeder: Feeder) => ({
  training: feeder.count("training"),
  validation: feeder.count("validation"),
  test: feeder.count("test"),
});

function aboutOf(record: RunRecord, state: TrainState): RunAbout {
  const { model, data, started, seed, threads, batch, samples, from, versions, users } = record;
  const drawn = users?.drawn ?? null;
  const warm: [string, string][] = from === null ? [] : [["warm start from", from]];
  const facts: [string, string | number][] = [
    ["data", data],
    ["started", started],
    ["parameters", state.parameters().reduce((sum, { shape }) => sum + elementCount(shape), 0)],
    ...(drawn === null ? [] : [["trained on", `${drawn.taken} of ${drawn.of} users`] as [string, string]]),
    ...Object.entries(samples ?? {}).map(([part, count]): [string, number] => [`${part} samples`, count]),
    ["batch", batch],
    ["seed", seed],
    ["threads", threads],
    ...warm,
    ...Object.entries(versions),
  ];
  return { model, facts };
}
