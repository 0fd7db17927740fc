// weights.safetensors: every parameter by name, in canonical order, streamed, so that it may be larger than memory.

import type { Digest } from "../../contract/digest.ts";
import { elementCount } from "../../contract/element-count.ts";
import { layoutTensors } from "../../contract/safetensors.ts";
import { InputError } from "../diagnostics/input-error.ts";
import type { Parameter } from "../model/parameter.ts";
import { checkFinite, floats, type ParameterValues } from "../values/values.ts";
import { blockHashing, blocksText } from "./block-hashes.ts";

export interface WeightsFile {
  readonly bytes: number;
  readonly sha256: string;
  /** The hash of each MiB of the file. */
  readonly blocks: string;
  /** SHA-256 of each parameter's values. */
  readonly digests: ReadonlyMap<string, string>;
  /** Where each parameter lies in the file: what the graphs point to. */
  readonly places: ReadonlyMap<string, { readonly offset: number; readonly length: number }>;
  /** Rows that were asked for, by parameter and row. */
  readonly rows: ReadonlyMap<string, ReadonlyMap<number, Float32Array>>;
  content(): Iterable<Uint8Array>;
}

export interface WeightsRequest {
  readonly model: string;
  readonly parameters: readonly Parameter[];
  readonly values: ParameterValues;
  readonly digest: Digest;
  /** Rows to keep at hand of tables that nobody wants to hold whole. */
  readonly keep: ReadonlyMap<string, readonly number[]>;
}

/** Where a parameter lies in a file of weights, in bytes. */
export interface Place {
  readonly offset: number;
  readonly length: number;
}

/** @throws Error where the file does not hold it: a fault of ours */
export function placeOf(places: ReadonlyMap<string, Place>, parameter: string): Place {
  const place = places.get(parameter);
  if (place === undefined) {
    throw new Error(`a graph reads ${parameter}, which the file of weights does not hold`);
  }
  return place;
}

/**
 * Reads all values once: checks them, hashes them, keeps the rows asked for. The file itself is read again when it is
 * written. Throws `InputError` for a value that is not finite, or values that end early.
 */
export function weightsOf({ model, parameters, values, digest, keep }: WeightsRequest): WeightsFile {
  const { header, entries, bytes } = layoutTensors(
    parameters.map(({ name, shape }) => ({ name, dtype: "F32" as const, shape: [...shape] })),
    {
      model,
      untrained: String(values.untrained),
      ...(values.step === null ? {} : { step: String(values.step) }),
    },
  );
  const whole = digest();
  const blocks = blockHashing();
  whole.update(header);
  blocks.update(header);
  const digests = new Map<string, string>();
  const rows = new Map<string, ReadonlyMap<number, Float32Array>>();
  for (const { name, shape } of parameters) {
    const one = digest();
    const kept = keep.get(name);
    const pick = kept === undefined ? null : picker(shape[1], kept);
    let at = 0;
    for (const piece of values.chunks(name)) {
      if (!values.untrained) {
        checkFinite(piece, name, shape, at);
      }
      one.update(piece);
      whole.update(piece);
      blocks.update(piece);
      pick?.take(floats(piece), at);
      at += piece.byteLength / 4;
    }
    if (at !== elementCount(shape)) {
      throw new InputError(
        `The weights of ${name} end after ${at} of ${elementCount(shape)} values: the file is damaged; fetch or train it again.`,
      );
    }
    digests.set(name, one.hex());
    if (pick) {
      rows.set(name, pick.rows);
    }
  }
  return {
    bytes,
    sha256: whole.hex(),
    blocks: blocksText(blocks),
    digests,
    rows,
    places: new Map([...entries].map(([name, { start, end }]) => [name, { offset: start, length: end - start }])),
    *content() {
      yield header;
      for (const { name } of parameters) {
        yield* values.chunks(name);
      }
    },
  };
}

/** Collects rows of `dim` values from pieces that come in order and may cut a row. */
function picker(dim: number, wanted: readonly number[]) {
  const rows = new Map(wanted.map((row) => [row, new Float32Array(dim)]));
  return {
    rows,
    take(piece: Float32Array, from: number) {
      for (const [row, values] of rows) {
        const start = Math.max(row * dim, from);
        const end = Math.min((row + 1) * dim, from + piece.length);
        if (start < end) {
          values.set(piece.subarray(start - from, end - from), start - row * dim);
        }
      }
    },
  };
}
