// Checkpoints: all that a run needs to go on as if it had never stopped, in one safetensors file; the one before is kept.

import { createHash } from "node:crypto";
import { existsSync, renameSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { TwinError } from "../../contract/error.ts";
import type { Hasher } from "../../contract/hash.ts";
import { recordOf } from "../../contract/record.ts";
import { expectSound, TensorWriter } from "../host/checked-tensors.ts";
import { attempt } from "../host/files.ts";
import { openTensors, type TensorFile } from "../host/tensor-file.ts";
import type { NamedTensor, TrainState } from "../learn/state.ts";
import type { StopState } from "../learn/stopping.ts";

export const checkpointFile = "checkpoint.safetensors";
export const previousFile = "checkpoint.previous.safetensors";
export const weightsFile = "weights.safetensors";

/**
 * Random numbers, the order of the data and the place in it all follow from seed and step, so that these two are the whole
 * state of the run beside its tensors.
 */
export interface CheckpointMeta {
  readonly model: string;
  readonly step: number;
  readonly epoch: number;
  readonly seed: number;
  /** SHA-256 of features and training contract, and of the prepared data. */
  readonly spec: string;
  readonly data: string;
  readonly stop: StopState;
  /** Step of the last evaluation; 0 before the first. */
  readonly evaluated: number;
}

const natural = v.pipe(v.string(), v.regex(/^\d+$/), v.transform(Number));
const MetaSchema = v.object({
  model: v.string(),
  step: natural,
  epoch: natural,
  seed: natural,
  spec: v.string(),
  data: v.string(),
  evaluated: natural,
  stop: v.pipe(
    v.string(),
    v.transform((text): unknown => JSON.parse(text)),
    v.object({
      best: v.nullable(v.number()),
      bestStep: v.number(),
      waited: v.number(),
      drawnBy: v.optional(v.picklist(["auc", "gauc", "logloss", "rmse"])),
    }),
  ),
});

/**
 * Writes the checkpoint; the one before stays as `checkpoint.previous.safetensors`. Killed at any moment, one whole
 * checkpoint remains.
 * @throws TwinError where a parameter is no finite number, or the disk is full: what was there stays
 */
export function writeCheckpoint(dir: string, state: TrainState, meta: CheckpointMeta, hasher: Hasher): void {
  const damaged = state.damaged();
  if (damaged !== null) {
    throw new TwinError(
      `after step ${meta.step} the parameter ${damaged} holds a value that is no finite number; the checkpoint before stays. Train with a lower \`rate\`, with \`clip\`, or with \`warmup\``,
    );
  }
  const path = join(dir, checkpointFile);
  const tensors = [...state.parameters(), ...state.optimiser()];
  const metadata = {
    model: meta.model,
    step: String(meta.step),
    epoch: String(meta.epoch),
    seed: String(meta.seed),
    spec: meta.spec,
    data: meta.data,
    evaluated: String(meta.evaluated),
    stop: JSON.stringify(meta.stop),
  };
  const file = written(path, tensors, metadata, hasher);
  if (existsSync(path)) {
    attempt("rename", path, () => renameSync(path, join(dir, previousFile)));
  }
  file.commit();
}

/** `weights.safetensors`: the parameters alone, as `twin build --weights` takes them. */
export function writeWeights(dir: string, state: TrainState, model: string, step: number, hasher: Hasher): void {
  const metadata = { model, untrained: "false", step: String(step) };
  written(join(dir, weightsFile), state.parameters(), metadata, hasher).commit();
}

function written(
  path: string,
  tensors: readonly NamedTensor[],
  metadata: Record<string, string>,
  hasher: Hasher,
): TensorWriter {
  const file = TensorWriter.create(path, tensors, metadata, hasher);
  for (const { data } of tensors) {
    file.write(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return file;
}

/** Whether a run has written one, sound or not. */
export const hasCheckpoint = (dir: string): boolean =>
  [checkpointFile, previousFile].some((name) => existsSync(join(dir, name)));

export interface OpenCheckpoint {
  readonly file: TensorFile;
  readonly meta: CheckpointMeta;
}

/**
 * The newest sound checkpoint of a run; null where none was written yet. Each is read whole once and checked first.
 * @param warn told where the newest one could not be read, and the one before is used
 * @throws TwinError where there are checkpoints, and none is sound
 */
export function openCheckpoint(dir: string, hasher: Hasher, warn: (message: string) => void): OpenCheckpoint | null {
  const paths = [checkpointFile, previousFile].map((name) => join(dir, name)).filter((path) => existsSync(path));
  let problem: TwinError | null = null;
  for (const path of paths) {
    try {
      const found = open(path, hasher);
      if (problem) {
        warn(`${problem.message}. The checkpoint before it is used: step ${found.meta.step}`);
      }
      return found;
    } catch (error) {
      if (!(error instanceof TwinError)) {
        throw error;
      }
      problem ??= error;
    }
  }
  if (problem) {
    throw new TwinError(
      `${problem.message}. Restore an earlier checkpoint from a copy, or start a new run in another folder: from weights that are whole (--from), or from nothing`,
      { cause: problem },
    );
  }
  return null;
}

function open(path: string, hasher: Hasher): OpenCheckpoint {
  const file = openTensors(path);
  try {
    expectSound(file, hasher);
    const meta = v.safeParse(MetaSchema, file.metadata);
    if (!meta.success) {
      throw new TwinError(`${path} is no checkpoint of a training run: ${v.getDotPath(meta.issues[0])} is missing`);
    }
    return { file, meta: meta.output };
  } catch (error) {
    file.close();
    throw error instanceof SyntaxError ? new TwinError(`${path} is damaged: ${error.message}`) : error;
  }
}

/** SHA-256 of a value as JSON, its keys in order: who wrote them down does not matter. */
export function fingerprintOf(value: unknown): string {
  const ordered = (_key: string, one: unknown): unknown =>
    typeof one === "object" && one !== null && !Array.isArray(one)
      ? recordOf(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)))
      : one;
  return createHash("sha256").update(JSON.stringify(value, ordered)).digest("hex");
}
