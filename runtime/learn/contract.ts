// What two builds must share for a checkpoint of one to go on in the other.
import { fingerprintOf } from "../../contract/fingerprint.ts";
import type { Manifest } from "../../contract/manifest.ts";
import type { TrainFrame } from "../../contract/training-spec.ts";

type Trained = Pick<Manifest, "model" | "features" | "histories" | "train" | "files" | "compiler">;

/**
 * How long to train, when to stop, from which seed and where biases start does not change what a step does; the graphs are
 * those of the run's folder.
 */
function contractOf({ model, features, histories, train }: Trained): Record<string, unknown> {
  const { epochs: _epochs, stop: _stop, seed: _seed, graphs: _graphs, frames, tasks, ...rest } = train;
  const learned = tasks.map(({ bias: _bias, ...task }) => task);
  return { model, train: { ...rest, tasks: learned, frames: frames.map(flat) }, features, histories };
}

/** A frame as the first versions wrote it: their checkpoints hold a hash of this. */
function flat(frame: TrainFrame): Record<string, unknown> {
  const { name, kind, history } = frame;
  const search = frame.kind === "search" ? frame.search : null;
  const length = frame.kind === "whole" ? null : frame.length;
  return { name, kind, history, search, length, heads: frame.kind === "search" ? frame.heads : null };
}

export const contractFingerprint = (manifest: Trained): string => fingerprintOf(contractOf(manifest));

/** Where two contracts differ: `train.batch: 512 is 256 now`; at most `most` places. */
export function contractDifferences(before: Trained, now: Trained, most = 6): string[] {
  const found: string[] = [];
  const compare = (a: unknown, b: unknown, path: string): void => {
    if (found.length >= most || JSON.stringify(a) === JSON.stringify(b)) {
      return;
    }
    if (isTree(a) && isTree(b)) {
      for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
        compare(a[key], b[key], path === "" ? key : `${path}.${labelled(a, b, key)}`);
      }
      return;
    }
    found.push(`${path}: ${shown(a)} is ${shown(b)} now`);
  };
  compare(contractOf(before), contractOf(now), "");
  if (found.length === 0 && before.compiler === now.compiler && graphsOf(before) !== graphsOf(now)) {
    found.push("what the model computes: an activation, an attention or the like was changed");
  }
  return found;
}

/** Digests of the training graphs. */
const graphsOf = ({ files }: Trained): string =>
  Object.keys(files)
    .filter((name) => name.startsWith("train/"))
    .sort()
    .map((name) => `${name} ${files[name].sha256}`)
    .join();

type Tree = Record<string, unknown>;
const isTree = (value: unknown): value is Tree => typeof value === "object" && value !== null;

/** An entry of a list by its name, where it has one. */
function labelled(a: unknown, b: unknown, key: string): string {
  for (const list of [a, b]) {
    const entry = Array.isArray(list) && isTree(list) ? list[key] : undefined;
    const name = isTree(entry) ? entry.name : undefined;
    if (typeof name === "string") {
      return name;
    }
  }
  return key;
}

function shown(value: unknown): string {
  if (value === undefined) {
    return "nothing";
  }
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
