// Builds a key index: the kind is chosen from the keys, ordinals follow their order.
import { TwinError } from "../../contract/error.ts";
import { type Hasher, hasher } from "../../contract/hash.ts";
import { buildSlots } from "../../contract/slots.ts";
import { BlockWriter } from "../bytes/block-writer.ts";
import type { ByteSink } from "../bytes/byte-sink.ts";
import { type KeyColumn, keyInteger, keyText } from "../encode/keys.ts";
import type { IndexFields } from "./key-index.ts";
import { hashTexts, offsetsOf } from "./string-index.ts";

/** A dense index may have this many slots a key: it is then no larger than a sparse one. */
const denseSlots = 6;
/** Keys that one index holds: slots of four words of 2^31 would not fit a typed array. */
export const mostKeys = 2 ** 29;

/** Bytes of strings that are handed on at once. */
const chunkBytes = 1 << 20;

/** Two items have one key; `first` and `second` are their places in the column, counted from 0. */
export class DuplicateKeyError extends TwinError {
  readonly key: string;
  readonly first: number;
  readonly second: number;

  constructor(keys: KeyColumn, first: number, second: number) {
    const key = keyText(keys, first);
    super(`the key ${JSON.stringify(key)} comes twice: as item ${first} and item ${second}. Keys must be unique`);
    this.key = key;
    this.first = first;
    this.second = second;
  }
}

/** A built index: the header's fields, and the payload in pieces. */
export interface BuiltIndex {
  readonly fields: IndexFields;
  readonly parts: Iterable<Uint8Array>;
}

/**
 * Builds the index of keys; key i gets ordinal i + 1. Needs about 24 to 48 bytes of memory a key beside the keys.
 * @throws DuplicateKeyError
 */
export function buildKeyIndex(keys: KeyColumn, hash: Hasher): BuiltIndex {
  if (keys.length > mostKeys) {
    throw new TwinError(`${keys.length} keys are more than the ${mostKeys} that one index holds`);
  }
  if (keys.type === "int64") {
    return buildDense(keys) ?? buildSparse(keys);
  }
  const { texts, length } = keys;
  const slots = buildSlots(hashTexts(texts, hash), (first, second) => {
    if (texts[first] === texts[second]) {
      throw new DuplicateKeyError(keys, first, second);
    }
    return false;
  });
  const sizes = texts.map(utf8Bytes);
  const blob = sizes.reduce((sum, size) => sum + size, 0);
  const fields = {
    index: "string",
    type: "string",
    keys: length,
    slots: slots.count,
    longest: slots.longest,
    blob,
  } as const;
  return { fields, parts: stringParts(slots.words, sizes, texts) };
}

function* stringParts(slots: Uint32Array, sizes: readonly number[], texts: readonly string[]): Iterable<Uint8Array> {
  yield new Uint8Array(slots.buffer);
  yield new Uint8Array(offsetsOf(sizes).buffer);
  const encoder = new TextEncoder();
  let chunk = new Uint8Array(chunkBytes);
  let filled = 0;
  for (let i = 0; i < texts.length; i++) {
    if (filled + sizes[i] > chunk.length) {
      yield chunk.subarray(0, filled);
      chunk = new Uint8Array(Math.max(chunkBytes, sizes[i]));
      filled = 0;
    }
    filled += encoder.encodeInto(texts[i], chunk.subarray(filled)).written;
  }
  yield chunk.subarray(0, filled);
}

/** Bytes of a text as UTF-8; a lone surrogate is written as U+FFFD. */
function utf8Bytes(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x80) {
      continue;
    }
    if (code >= 0xd800 && code < 0xdc00 && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00) {
      // Two code units, four bytes.
      bytes += 2;
      i++;
    } else {
      bytes += code < 0x800 ? 1 : 2;
    }
  }
  return bytes;
}

function buildSparse(keys: KeyColumn & { type: "int64" }): BuiltIndex {
  const slots = buildSlots(keys.words, (first, second) => {
    throw new DuplicateKeyError(keys, first, second);
  });
  return {
    fields: { index: "sparse64", type: "int64", keys: keys.length, slots: slots.count, longest: slots.longest },
    parts: [new Uint8Array(slots.words.buffer)],
  };
}

/** Null where the keys lie too far apart. */
function buildDense(keys: KeyColumn & { type: "int64" }): BuiltIndex | null {
  const { words, length } = keys;
  if (length === 0) {
    return null;
  }
  let least = 0;
  let most = 0;
  for (let i = 1; i < length; i++) {
    least = isLess(words, i, least) ? i : least;
    most = isLess(words, most, i) ? i : most;
  }
  const min = keyInteger(words, least);
  const range = keyInteger(words, most) - min + 1n;
  if (range > BigInt(denseSlots * length)) {
    return null;
  }
  const slots = new Uint32Array(Number(range));
  const low = words[2 * least];
  for (let i = 0; i < length; i++) {
    // The range is below 2^32, so the difference of the low halves is the place.
    const place = (words[2 * i] - low) >>> 0;
    if (slots[place] !== 0) {
      throw new DuplicateKeyError(keys, slots[place] - 1, i);
    }
    slots[place] = i + 1;
  }
  return {
    fields: { index: "dense", type: "int64", keys: length, slots: slots.length, min: String(min) },
    parts: [new Uint8Array(slots.buffer)],
  };
}

/** Whether integer key a is below integer key b. */
function isLess(words: Uint32Array, a: number, b: number): boolean {
  const high = (words[2 * a + 1] | 0) - (words[2 * b + 1] | 0);
  return high < 0 || (high === 0 && words[2 * a] < words[2 * b]);
}

/** Builds the index of keys and writes it. @param fields what else the header says */
export async function writeKeyIndex(
  sink: ByteSink,
  keys: KeyColumn,
  fields: Record<string, unknown> = {},
): Promise<void> {
  const built = buildKeyIndex(keys, await hasher());
  const writer = await BlockWriter.create(sink, "index", { ...fields, ...built.fields });
  try {
    for (const part of built.parts) {
      await writer.write(part);
    }
    await writer.finish();
  } catch (error) {
    await writer.abort();
    throw error;
  }
}
