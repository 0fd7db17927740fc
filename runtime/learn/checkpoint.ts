// A checkpoint: all that a run needs to go on as if it had never stopped, as safetensors, wherever they are written.
import * as v from "valibot";
import { TwinError } from "../../contract/error.ts";
import type { Hasher } from "../../contract/hash.ts";
import type { ByteSink } from "../bytes/byte-sink.ts";
import { TensorWriter } from "../bytes/checked-tensors.ts";
import type { TensorFile } from "../bytes/tensor-file.ts";
import type { NamedTensor, TrainState } from "./state.ts";
import type { StopState } from "./stopping.ts";

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
 * Writes the state; a failure leaves nothing of it behind.
 * @throws TwinError where a parameter is no finite number, or there is no room
 */
export async function writeCheckpoint(
  sink: ByteSink,
  state: TrainState,
  meta: CheckpointMeta,
  hasher: Hasher,
): Promise<void> {
  const damaged = state.damaged();
  if (damaged !== null) {
    await sink.abort();
    throw new TwinError(
      `after step ${meta.step} the parameter ${damaged} holds a value that is no finite number; the checkpoint before stays. Train with a lower \`rate\`, with \`clip\`, or with \`warmup\``,
    );
  }
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
  await write(sink, tensors, metadata, hasher);
}

/** The parameters alone, as `twin build --weights` takes them. */
export async function writeWeights(
  sink: ByteSink,
  state: TrainState,
  model: string,
  step: number,
  hasher: Hasher,
): Promise<void> {
  await write(sink, state.exported(), { model, untrained: "false", step: String(step) }, hasher);
}

async function write(
  sink: ByteSink,
  tensors: readonly NamedTensor[],
  metadata: Record<string, string>,
  hasher: Hasher,
): Promise<void> {
  try {
    const file = await TensorWriter.create(sink, tensors, metadata, hasher);
    for (const { data } of tensors) {
      await file.write(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    }
    await file.commit();
  } catch (error) {
    await sink.abort();
    throw error;
  }
}

/** Where the run stood that wrote it; its tensors are restored by name. @throws TwinError where it is no checkpoint */
export function checkpointMeta({ metadata, path }: TensorFile): CheckpointMeta {
  const meta = v.safeParse(MetaSchema, metadata);
  if (!meta.success) {
    throw new TwinError(`${path} is no checkpoint of a training run: ${v.getDotPath(meta.issues[0])} is missing`);
  }
  return meta.output;
}
