// Start values: the same bytes on every machine, for every order in which the parameters are made (semantics.md 2).

import { sha256 } from "@noble/hashes/sha2.js";
import { utf8ToBytes } from "@noble/hashes/utils.js";
import { elementCount } from "../../contract/element-count.ts";
import { drawInto, xoshiro } from "../../contract/random.ts";
import type { Parameter } from "../model/parameter.ts";

/** Values drawn from one stream; the next block of a parameter has its own, so that no block waits for another. */
export const blockLength = 65_536;

/**
 * The start values of one parameter, in blocks of at most `blockLength`, so that tables above 2 GB need no memory.
 * Draws use + − × ÷ and the correctly rounded square root only. `all` is where `copy` finds its source.
 */
export function* startValues(
  parameter: Parameter,
  seed: number,
  all: ReadonlyMap<string, Parameter>,
): Iterable<Float32Array> {
  const { name, init, shape } = source(parameter, all);
  const length = elementCount(shape);
  for (let start = 0, block = 0; start < length; start += blockLength, block++) {
    const values = new Float32Array(Math.min(blockLength, length - start));
    if (init.kind === "constant") {
      values.fill(init.value);
    } else if (init.kind === "given") {
      values.set(init.values.slice(start, start + values.length));
    } else {
      fillUniform(
        values,
        init.kind === "uniform" ? init.bound : glorot(init.fanIn, init.fanOut),
        stateOf(seed, name, block),
      );
    }
    yield values;
  }
}

/** Follows `copy` to the parameter that owns the draws. */
function source(parameter: Parameter, all: ReadonlyMap<string, Parameter>) {
  const { init } = parameter;
  if (init.kind !== "copy") {
    return { name: parameter.name, init, shape: parameter.shape };
  }
  const original = all.get(init.of);
  if (!original || original.init.kind === "copy" || original.shape.join() !== parameter.shape.join()) {
    throw new Error(
      `${parameter.name} starts as a copy of ${init.of}, which is not there, is a copy itself, or has another shape`,
    );
  }
  return { name: original.name, init: original.init, shape: original.shape };
}

/** Half the range of Glorot's uniform distribution (Glorot & Bengio, AISTATS 2010, eq. 16). */
export function glorot(fanIn: number, fanOut: number): number {
  return Math.sqrt(6 / (fanIn + fanOut));
}

/** Uniform in [−bound, bound): 24 random bits a value. */
function fillUniform(values: Float32Array, bound: number, state: Int32Array): void {
  const draws = new Uint32Array(values.length);
  drawInto(draws, state);
  for (let index = 0; index < values.length; index++) {
    values[index] = bound * ((draws[index] >>> 8) / 8_388_608 - 1);
  }
}

/** The stream of one block of one parameter. Returns unsigned 32-bit draws. */
export function generator(seed: number, name: string, block: number): () => number {
  return xoshiro(stateOf(seed, name, block));
}

/** SHA-256 makes the state of seed, name and block: never all zero in practice, and unlike for unlike names. */
function stateOf(seed: number, name: string, block: number): Int32Array {
  const hash = new DataView(sha256(utf8ToBytes(`twin start values 1\n${seed}\n${name}\n${block}`)).buffer);
  return Int32Array.from({ length: 4 }, (_, index) => hash.getInt32(4 * index, true));
}
