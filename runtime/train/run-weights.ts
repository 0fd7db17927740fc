// What a run has learned so far, as weights that serve: of its newest whole checkpoint, read beside a trainer at work.
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { elementCount } from "../../contract/element-count.ts";
import { TwinError } from "../../contract/error.ts";
import type { Hasher } from "../../contract/hash.ts";
import type { Manifest } from "../../contract/manifest.ts";
import { weightsFile } from "../../contract/safetensors.ts";
import type { TrainSpec } from "../../contract/training-spec.ts";
import { checksumField } from "../bytes/checked-tensors.ts";
import type { TensorFile } from "../bytes/tensor-file.ts";
import { expectSound } from "../host/sound-tensors.ts";
import { openTensors } from "../host/tensor-file.ts";
import { type CheckpointMeta, contractFingerprint, isOver, type OpenCheckpoint, Steps } from "../learn/index.ts";
import { checkpointFile, openCheckpoint, previousFile } from "./checkpoint.ts";
import { isEnsemble } from "./ensemble.ts";
import { expectListed } from "./run-files.ts";
import { type RunRecord, readRun } from "./run-folder.ts";

export interface RunWeights {
  /** The file that they are read from; it stays readable whatever the run writes meanwhile. */
  readonly path: string;
  /** Training step that made them. */
  readonly step: number;
  /** Which file it is: the checksum that it carries. */
  readonly checksum: string;
  /** By name of the parameter. */
  readonly tensors: ReadonlyMap<string, { readonly shape: readonly number[] }>;
  /** The whole tensor, row-major. */
  read(name: string): Float32Array;
  /** The same as float32, little-endian, in pieces. */
  chunks(name: string): Iterable<Uint8Array>;
  close(): void;
}

/**
 * The weights of the newest whole checkpoint, as the run would export them: with the moving average where the model asks for
 * one. Of a run that has come to its end and keeps its best weights (`stop`), those. Nothing is written, and no trainer is
 * disturbed: it puts new files in the place of those that are read.
 * @param manifest of the run @param warn told where the newest checkpoint is damaged, and the one before is taken
 * @throws TwinError where the folder is no run, has no checkpoint yet, or has none that is whole
 */
export async function newestWeights(
  dir: string,
  manifest: Manifest,
  hasher: Hasher,
  warn: (message: string) => void,
): Promise<RunWeights> {
  if (isEnsemble(dir)) {
    throw new TwinError(`${dir} is an ensemble, and a build has the weights of one run: name one of it, as ${dir}/1`);
  }
  const record = readRun(dir);
  expectListed(dir, () => true);
  const found = await settled(dir, hasher, warn);
  if (found === null) {
    throw new TwinError(
      `${dir} has no checkpoint yet: its run writes one every five minutes, or as --checkpoint-every says`,
    );
  }
  const { file, meta } = found;
  try {
    if (meta.spec !== contractFingerprint(manifest)) {
      throw new TwinError(`${file.path} was made by another model than the graphs beside it: start the run anew`);
    }
    const kept = keptAtEnd(dir, record, manifest.train, meta);
    if (kept !== null) {
      expectSound(kept, hasher, `Take it out of the way, and the checkpoint beside it is used`);
      file.close();
      return plain(kept, meta.stop.bestStep);
    }
    return served(found, manifest.train);
  } catch (error) {
    file.close();
    throw error;
  }
}

/** Looks again where the run has put a new checkpoint in its place meanwhile. */
async function settled(dir: string, hasher: Hasher, warn: (message: string) => void): Promise<OpenCheckpoint | null> {
  for (;;) {
    const before = identity(dir);
    const said: string[] = [];
    let found: OpenCheckpoint | null = null;
    try {
      found = openCheckpoint(dir, hasher, (message) => said.push(message));
    } catch (error) {
      if (identity(dir) === before) {
        throw error;
      }
    }
    if (identity(dir) === before || (found !== null && said.length === 0)) {
      said.forEach(warn);
      return found;
    }
    found?.file.close();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Number, length and time of the checkpoints' files. */
const identity = (dir: string): string =>
  [checkpointFile, previousFile]
    .map((name) => {
      const seen = statSync(join(dir, name), { bigint: true, throwIfNoEntry: false });
      return seen === undefined ? "none" : `${seen.ino} ${seen.size} ${seen.mtimeNs}`;
    })
    .join();

/** The best weights of a run that is over; null where it goes on, or keeps none. */
function keptAtEnd(dir: string, record: RunRecord, spec: TrainSpec, { step, stop }: CheckpointMeta): TensorFile | null {
  const samples = record.samples?.training ?? 0;
  const path = join(dir, weightsFile);
  if (spec.stop === null || stop.best === null || samples === 0 || !existsSync(path)) {
    return null;
  }
  const steps = new Steps(samples, record.batch);
  const total = record.steps ?? steps.of(record.epochs ?? spec.epochs);
  if (step < total && !isOver(spec.stop, stop, step, steps.perEpoch)) {
    return null;
  }
  const file = openTensors(path);
  if (file.metadata.step === String(stop.bestStep)) {
    return file;
  }
  file.close();
  return null;
}

const plain = (file: TensorFile, step: number): RunWeights => ({
  path: file.path,
  step,
  checksum: file.metadata[checksumField] ?? "",
  tensors: file.entries,
  read: (name) => file.read(name),
  chunks: (name) => file.chunks(name),
  close: () => file.close(),
});

/** A checkpoint's parameters without the optimisers' state; those of the pack `dense` as their average has them. */
function served({ file, meta }: OpenCheckpoint, spec: TrainSpec): RunWeights {
  const averaged = averageOf(file, spec);
  const tensors = new Map(
    namesOf(spec).map((name) => {
      const entry = file.entries.get(name);
      if (entry === undefined) {
        throw new TwinError(`${file.path} has no ${name}, which the model beside it has`);
      }
      return [name, { shape: entry.shape }];
    }),
  );
  return {
    ...plain(file, meta.step),
    tensors,
    read: (name) => averaged.get(name) ?? file.read(name),
    *chunks(name) {
      const values = averaged.get(name);
      if (values === undefined) {
        yield* file.chunks(name);
      } else {
        yield new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
      }
    },
  };
}

/** By name, what serves in the place of the values that steps go on with. */
function averageOf(file: TensorFile, { average, packs }: TrainSpec): ReadonlyMap<string, Float32Array> {
  const dense = packs.find(({ name }) => name === "dense");
  if (average === undefined || dense === undefined) {
    return new Map();
  }
  const values = file.read("dense.average");
  return new Map(
    dense.parameters.map(({ name, shape, offset }) => [name, values.slice(offset, offset + elementCount(shape))]),
  );
}

/** Every parameter that is learned, counted or fitted. */
const namesOf = ({ packs, tables, counted, tasks }: TrainSpec): string[] => [
  ...packs.flatMap(({ parameters }) => parameters.map(({ name }) => name)),
  ...tables.map(({ parameter }) => parameter),
  ...(counted ?? []).map(({ parameter }) => parameter),
  ...tasks.flatMap(({ calibrate }) => (calibrate === undefined ? [] : [calibrate.parameter])),
];
