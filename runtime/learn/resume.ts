// Where a run begins: at start values, or where its checkpoint stands.
import { TwinError } from "../../contract/error.ts";
import type { Hasher } from "../../contract/hash.ts";
import type { TrainSpec } from "../../contract/training-spec.ts";
import { expectChecksum } from "../bytes/checked-tensors.ts";
import type { TensorFile } from "../bytes/tensor-file.ts";
import { type CheckpointMeta, checkpointMeta } from "./checkpoint.ts";
import { type ReadParameter, TrainState } from "./state.ts";

export interface OpenCheckpoint {
  readonly file: TensorFile;
  readonly meta: CheckpointMeta;
}

/**
 * A checkpoint, read whole once and checked first. The file is the caller's again where it is refused: closed.
 * @throws TwinError where its bytes are not those that were written, or where it is no checkpoint
 */
export function checkedCheckpoint(file: TensorFile, hasher: Hasher): OpenCheckpoint {
  try {
    expectChecksum(file, hasher);
    return { file, meta: checkpointMeta(file) };
  } catch (error) {
    file.close();
    throw error instanceof SyntaxError ? new TwinError(`${file.path} is damaged: ${error.message}`) : error;
  }
}

/** What a run and the checkpoint that it goes on from must share. */
export type Identity = Pick<CheckpointMeta, "spec" | "data" | "seed">;

/**
 * The state that a run starts with. The checkpoint's file is closed.
 * @param start values where there is no checkpoint; @param restart how to begin anew with a checkpoint's values, as a phrase
 * @throws TwinError where the checkpoint is of another model, of other data, or of another seed
 */
export function stateOf(
  spec: TrainSpec,
  start: ReadParameter,
  checkpoint: OpenCheckpoint | null,
  now: Identity,
  restart: string,
): TrainState {
  if (checkpoint === null) {
    return new TrainState(spec, start);
  }
  const { file, meta } = checkpoint;
  try {
    const other = difference(meta, now);
    if (other !== null) {
      throw new TwinError(
        `${file.path} ${other}, so the run cannot go on from step ${meta.step}. Restore what was there, or start a new run from these weights${restart}`,
      );
    }
    const state = new TrainState(spec, (name) => file.read(name));
    state.restore((name) => file.read(name));
    return state;
  } finally {
    file.close();
  }
}

function difference(meta: CheckpointMeta, now: Identity): string | null {
  if (meta.spec !== now.spec) {
    return "was made by another model than the graphs beside it";
  }
  if (meta.data !== now.data) {
    return "was made with other data than those that are prepared now";
  }
  return meta.seed === now.seed ? null : `was made with the seed ${meta.seed}, and the run has ${now.seed}`;
}
