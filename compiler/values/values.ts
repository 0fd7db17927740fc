// Where parameter values come from: drawn start values, or weights that the user gave, checked name by name.

import { elementCount } from "../../contract/element-count.ts";
import { inputError } from "../diagnostics/input-error.ts";
import type { Parameter } from "../model/parameter.ts";
import { blockLength, startValues } from "./initialise.ts";

/** Weights as a reader offers them. `chunks` gives float32, little-endian, whole values, in order. */
export interface WeightSource {
  readonly tensors: ReadonlyMap<string, { readonly shape: readonly number[] }>;
  /** Training step that made them; null: not said. */
  readonly step: number | null;
  read(name: string): Float32Array;
  chunks(name: string): Iterable<Uint8Array>;
  /** For errors. */
  readonly path: string;
}

/** The values of a model's parameters, by the model's own names. */
export interface ParameterValues {
  /** True for start values. */
  readonly untrained: boolean;
  readonly step: number | null;
  /** The whole tensor, row-major. */
  read(name: string): Float32Array;
  /** float32, little-endian, in pieces: for tables that should not be held. */
  chunks(name: string): Iterable<Uint8Array>;
}

/** Start values from a seed (semantics.md 2). */
export function initialValues(parameters: readonly Parameter[], seed: number): ParameterValues {
  const all = new Map(parameters.map((parameter) => [parameter.name, parameter]));
  const known = (name: string) => all.get(name) ?? missing(name);
  return {
    untrained: true,
    step: null,
    read(name) {
      const values = new Float32Array(elementCount(known(name).shape));
      let block = 0;
      for (const piece of startValues(known(name), seed, all)) {
        values.set(piece, blockLength * block++);
      }
      return values;
    },
    *chunks(name) {
      for (const piece of startValues(known(name), seed, all)) {
        yield littleEndian(piece);
      }
    },
  };
}

/**
 * Weights that the user gave, under the model's names. A feature's `formerly` name is accepted. Throws `InputError` for
 * a missing, extra or misshapen tensor; numbers are checked while they are read (`checkFinite`).
 * @param whole `some`: the parameters are some of those that the source holds, and its others are not looked at
 */
export function givenValues(
  parameters: readonly Parameter[],
  source: WeightSource,
  whole: "all" | "some" = "all",
): ParameterValues {
  const { path, tensors, step } = source;
  const stored = new Map<string, string>();
  const problems: string[] = [];
  for (const { name, shape, formerly } of parameters) {
    const found = tensors.has(name) ? name : formerly !== null && tensors.has(formerly) ? formerly : null;
    if (found === null) {
      const also = formerly === null ? "" : ` (nor as ${formerly}, its former name)`;
      problems.push(`${name} is missing${also}: the model has it as ${brackets(shape)}`);
      continue;
    }
    stored.set(name, found);
    const actual = tensors.get(found)!.shape;
    if (actual.join() !== shape.join()) {
      problems.push(
        `${found} is ${brackets(actual)}, but the model has ${name === found ? "it" : name} as ${brackets(shape)}`,
      );
    }
  }
  const used = new Set(stored.values());
  for (const name of whole === "all" ? tensors.keys() : []) {
    if (!used.has(name)) {
      problems.push(`${name} is no parameter of the model`);
    }
  }
  if (problems.length > 0) {
    throw inputError(
      `${path} does not hold the weights of this model:`,
      problems,
      "Build with weights that were trained for this very model; `twin diff` says what a change of the model means for old ones, and `formerly:` on a feature keeps them readable after a rename.",
    );
  }
  const old = (name: string) => stored.get(name) ?? missing(name);
  return {
    untrained: false,
    step,
    read: (name) => source.read(old(name)),
    chunks: (name) => source.chunks(old(name)),
  };
}

/** Refuses NaN and infinities in a piece of `name` that starts at element `from`; names the first one's place. */
export function checkFinite(
  piece: Uint8Array,
  name: string,
  shape: readonly number[],
  from: number,
  holder = "The weights hold",
): void {
  const values = floats(piece);
  for (let index = 0; index < values.length; index++) {
    if (Number.isFinite(values[index])) {
      continue;
    }
    throw inputError(
      `${holder} a value that is no finite number:`,
      [`${name}${place(shape, from + index)} is ${values[index]}`],
      "Weights with such values make every score meaningless: take an earlier checkpoint, or train with a lower rate or with `clip`.",
    );
  }
}

/** The values of whole float32 in little-endian bytes, whatever the alignment and the machine. */
export function floats(bytes: Uint8Array): Float32Array {
  const copy = bytes.byteOffset % 4 === 0 && littleEndianMachine ? bytes : swapped(bytes);
  return new Float32Array(copy.buffer, copy.byteOffset, copy.byteLength / 4);
}

/** Bytes of float32 values, little-endian on every machine. */
export function littleEndian(values: Float32Array): Uint8Array {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return littleEndianMachine ? bytes : swapped(bytes);
}

const littleEndianMachine = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** An aligned copy, in the other byte order where the machine's is not the file's. */
function swapped(bytes: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(bytes);
  if (littleEndianMachine) {
    return copy;
  }
  const view = new DataView(copy.buffer);
  for (let offset = 0; offset < copy.length; offset += 4) {
    view.setUint32(offset, view.getUint32(offset, true), false);
  }
  return copy;
}

const brackets = (shape: readonly number[]) => `[${shape.join(", ")}]`;

/** `[3, 17]`: row-major place of a flat index. */
function place(shape: readonly number[], flat: number): string {
  const at = shape.map((_, axis) => Math.floor(flat / elementCount(shape.slice(axis + 1))) % shape[axis]);
  return brackets(at);
}

function missing(name: string): never {
  throw new Error(`there is no parameter ${name}`);
}
