// Open addressing over 64-bit keys: the heart of the key index and of vocabularies of integers.
import { mix32 } from "./random.ts";

/** Words of one slot: low and high half of the key, then its ordinal; ordinal 0 is an empty slot. */
export const slotWords = 3;

/** A slot array, and the longest walk from a key's home slot to its place. */
export interface Slots {
  readonly words: Uint32Array;
  readonly count: number;
  readonly longest: number;
}

/** Home of a key: both halves pass the finaliser of MurmurHash3, so that runs of keys scatter. */
export const mix = (low: number, high: number): number => mix32(mix32(low) ^ high);

/** Slots for so many keys: a power of two, at most half of them used. */
export function slotCount(keys: number): number {
  let count = 4;
  while (count < 2 * keys) {
    count *= 2;
  }
  return count;
}

/**
 * Places keys; key i gets ordinal i + 1.
 * @param keys word pairs
 * @param same called where two keys are equal; where it returns false both are kept (equal hashes of unequal strings)
 */
export function buildSlots(keys: Uint32Array, same: (earlier: number, later: number) => boolean): Slots {
  const length = keys.length / 2;
  const count = slotCount(length);
  const words = new Uint32Array(slotWords * count);
  const mask = count - 1;
  let longest = 0;
  for (let i = 0; i < length; i++) {
    const low = keys[2 * i];
    const high = keys[2 * i + 1];
    let slot = mix(low, high) & mask;
    let walk = 0;
    for (;;) {
      const at = slotWords * slot;
      const ordinal = words[at + 2];
      if (ordinal === 0) {
        words[at] = low;
        words[at + 1] = high;
        words[at + 2] = i + 1;
        break;
      }
      if (words[at] === low && words[at + 1] === high && same(ordinal - 1, i)) {
        break;
      }
      slot = (slot + 1) & mask;
      walk++;
    }
    if (walk > longest) {
      longest = walk;
    }
  }
  return { words, count, longest };
}

/** Ordinal of an integer key, 0 where there is none. */
export function findSlot({ words, count, longest }: Slots, low: number, high: number): number {
  const mask = count - 1;
  let slot = mix(low, high) & mask;
  for (let walk = 0; walk <= longest; walk++) {
    const at = slotWords * slot;
    const ordinal = words[at + 2];
    if (ordinal === 0) {
      return 0;
    }
    if (words[at] === low && words[at + 1] === high) {
      return ordinal;
    }
    slot = (slot + 1) & mask;
  }
  return 0;
}
