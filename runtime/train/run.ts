// A run from what lies in its folder: from its last checkpoint, or from start values, to its end.

import { availableParallelism } from "node:os";
import { join } from "node:path";
import { elementCount } from "../../contract/element-count.ts";
import { TwinError } from "../../contract/error.ts";
import { hasher } from "../../contract/hash.ts";
import type { Manifest } from "../../contract/manifest.ts";
import { parseManifest } from "../../contract/manifest-text.ts";
import { readText, removeLeftovers } from "../host/files.ts";
import { type Feeder, type ReadParameter, TrainState, trainPlan } from "../learn/index.ts";
import { type OpenCheckpoint, openCheckpoint } from "./checkpoint.ts";
import { contractFingerprint } from "./contract.ts";
import { type DatasetPlace, threadFeeder } from "./feeder.ts";
import { folderGraphs } from "./graphs.ts";
import { type RunAbout, renderRunPage } from "./page/run-page.ts";
import { expectListed, runManifestFile } from "./run-files.ts";
import { holdRun, type RunRecord, readRun, updateRun } from "./run-folder.ts";
import { type TrainOptions, type TrainReport, train } from "./train.ts";

export function readRunManifest(dir: string): Manifest {
  const path = join(dir, runManifestFile);
  return parseManifest(readText(path, 1 << 26), path);
}

export interface RunOptions extends Pick<TrainOptions, "signal" | "onProgress" | "onEvaluation" | "checkpointEvery"> {
  /** The run's folder, made by `createRun`. */
  readonly dir: string;
  readonly data: DatasetPlace;
  /** Values to start from where there is no checkpoint. */
  readonly start: ReadParameter;
  readonly warn: (message: string) => void;
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
    const feeder = await threadFeeder({ place: options.data, plan, seed: record.seed });
    const graphs = folderGraphs(dir, plan.spec, record.threads);
    try {
      const hash = await hasher();
      const checkpoint = openCheckpoint(dir, hash, warn);
      if (checkpoint) {
        expectSame(dir, checkpoint, { spec, data: feeder.fingerprint, seed: record.seed });
      }
      const state = new TrainState(plan.spec, checkpoint ? (name) => checkpoint.file.read(name) : start);
      if (checkpoint) {
        state.restore((name) => checkpoint.file.read(name));
      }
      checkpoint?.file.close();
      const known = { ...record, fingerprints: { spec, data: feeder.fingerprint }, samples: samplesOf(feeder) };
      updateRun(dir, known);
      const about = aboutOf(known, state);
      return await train({
        ...options,
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
        page: (lines) => renderRunPage(lines, about),
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
  const { model, data, started, seed, threads, batch, samples, from, versions } = record;
  const warm: [string, string][] = from === null ? [] : [["warm start from", from]];
  const facts: [string, string | number][] = [
    ["data", data],
    ["started", started],
    ["parameters", state.parameters().reduce((sum, { shape }) => sum + elementCount(shape), 0)],
    ...Object.entries(samples ?? {}).map(([part, count]): [string, number] => [`${part} samples`, count]),
    ["batch", batch],
    ["seed", seed],
    ["threads", threads],
    ...warm,
    ...Object.entries(versions),
  ];
  return { model, facts };
}

function expectSame(
  dir: string,
  { meta, file }: OpenCheckpoint,
  now: { readonly spec: string; readonly data: string; readonly seed: number },
): void {
  const other =
    meta.spec !== now.spec
      ? "was made by another model than the graphs beside it"
      : meta.data !== now.data
        ? "was made with other data than those that are prepared now"
        : meta.seed !== now.seed
          ? `was made with the seed ${meta.seed}, and the run has ${now.seed}`
          : null;
  if (other === null) {
    return;
  }
  file.close();
  throw new TwinError(
    `${file.path} ${other}, so the run cannot go on from step ${meta.step}. Restore what was there, or start a new run from these weights: --from ${dir} -o another folder`,
  );
}
