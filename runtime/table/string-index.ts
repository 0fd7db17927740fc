// The key index of strings: open addressing over xxHash64, every hit compared with the key's UTF-8 bytes.
import type { Hasher } from "../../contract/hash.ts";
import { mix, type Slots, slotWords } from "../../contract/slots.ts";

export interface StringIndex {
  /** Slots whose keys are the strings' hashes. */
  readonly slots: Slots;
  /** Of ordinal n the bytes from offset n − 1 to offset n, as word pairs. */
  readonly offsets: Uint32Array;
  readonly blob: Uint8Array;
  readonly hasher: Hasher;
}

const encoder = new TextEncoder();
const wide = new BigUint64Array(1);
const halves = new Uint32Array(wide.buffer);
let scratch = new Uint8Array(1024);

/** Hashes of strings as word pairs. */
export function hashTexts(texts: readonly string[], hasher: Hasher): Uint32Array {
  const words = new BigUint64Array(texts.length);
  for (let i = 0; i < texts.length; i++) {
    words[i] = hasher.text(texts[i]);
  }
  return new Uint32Array(words.buffer);
}

/** Ordinals of strings, 0 where there is none. */
export function lookupStrings(index: StringIndex, texts: readonly string[], ordinals: Int32Array): void {
  const { words, count, longest } = index.slots;
  const mask = count - 1;
  for (let i = 0; i < ordinals.length; i++) {
    const text = texts[i];
    wide[0] = index.hasher.text(text);
    const low = halves[0];
    const high = halves[1];
    let slot = mix(low, high) & mask;
    for (let walk = 0; walk <= longest; walk++) {
      const at = slotWords * slot;
      const ordinal = words[at + 2];
      if (ordinal === 0) {
        break;
      }
      if (words[at] === low && words[at + 1] === high && isKey(index, ordinal, text)) {
        ordinals[i] = ordinal;
        break;
      }
      slot = (slot + 1) & mask;
    }
  }
}

/** Where strings of these sizes in bytes begin, and where the last ends: `offsets` of `StringIndex`. */
export function offsetsOf(sizes: readonly number[]): Uint32Array {
  const offsets = new Uint32Array(2 * (sizes.length + 1));
  let at = 0;
  for (let i = 0; i < sizes.length; i++) {
    at += sizes[i];
    offsets[2 * i + 2] = at;
    offsets[2 * i + 3] = Math.floor(at / 0x100000000);
  }
  return offsets;
}

function offset({ offsets }: StringIndex, at: number): number {
  return offsets[2 * at] + offsets[2 * at + 1] * 0x100000000;
}

/** Whether the key of this ordinal is the text, byte for byte. */
function isKey(index: StringIndex, ordinal: number, text: string): boolean {
  const { blob } = index;
  const start = offset(index, ordinal - 1);
  const size = offset(index, ordinal) - start;
  let same = 0;
  if (size === text.length) {
    // ASCII needs no encoding.
    while (same < size && blob[start + same] < 128 && blob[start + same] === text.charCodeAt(same)) {
      same++;
    }
    if (same === size) {
      return true;
    }
  }
  if (scratch.length < 3 * text.length) {
    scratch = new Uint8Array(3 * text.length);
  }
  if (encoder.encodeInto(text, scratch).written !== size) {
    return false;
  }
  while (same < size && blob[start + same] === scratch[same]) {
    same++;
  }
  return same === size;
}

/** The strings in the order of their ordinals. */
export function allStrings(index: StringIndex): string[] {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const texts: string[] = [];
  for (let ordinal = 1; 2 * ordinal < index.offsets.length; ordinal++) {
    // A copy: TextDecoder takes no shared memory.
    texts.push(decoder.decode(index.blob.slice(offset(index, ordinal - 1), offset(index, ordinal))));
  }
  return texts;
}
