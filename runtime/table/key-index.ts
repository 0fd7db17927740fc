// Raw key → ordinal of the item (0: unknown): dense integers, sparse 64-bit integers, or strings.
import * as v from "valibot";
import { TwinError } from "../error.ts";
import type { Hasher } from "../hash.ts";
import { hasher } from "../hash.ts";
import type { KeyColumn, KeyType } from "../keys.ts";
import { BlockFile } from "./block-file.ts";
import { allDense, lookupDense, offsetsFrom } from "./dense-index.ts";
import { findSlot, SLOT_WORDS, type Slots } from "./slots.ts";
import { allStrings, lookupStrings, type StringIndex } from "./string-index.ts";

const count = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(2 ** 31));
const bytes = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

const Fields = v.variant("index", [
  v.object({ index: v.literal("dense"), type: v.literal("int64"), keys: count, slots: count, min: v.string() }),
  v.object({ index: v.literal("sparse64"), type: v.literal("int64"), keys: count, slots: count, longest: count }),
  v.object({
    index: v.literal("string"),
    type: v.literal("string"),
    keys: count,
    slots: count,
    longest: count,
    blob: bytes,
  }),
]);

export type IndexFields = v.InferOutput<typeof Fields>;
type Memory = ArrayBuffer | SharedArrayBuffer;

/** What another thread needs to use the same index without a second copy: can be posted to a worker. */
export interface IndexImage {
  readonly path: string;
  readonly fields: IndexFields;
  /** The slots; for strings then their offsets and their UTF-8 bytes. */
  readonly parts: readonly Memory[];
}

export class KeyIndex {
  readonly path: string;
  readonly type: KeyType;
  readonly kind: IndexFields["index"];
  /** Number of keys; their ordinals are 1 … keys. */
  readonly keys: number;
  readonly #image: IndexImage;
  readonly #words: Uint32Array;
  readonly #slots: Slots;
  readonly #strings: StringIndex | null;
  readonly #min: { readonly low: number; readonly high: number };

  private constructor(image: IndexImage, hash: Hasher) {
    const { fields, parts, path } = image;
    this.path = path;
    this.type = fields.type;
    this.kind = fields.index;
    this.keys = fields.keys;
    this.#image = image;
    this.#words = new Uint32Array(parts[0]!);
    const longest = fields.index === "dense" ? 0 : fields.longest;
    this.#slots = { words: this.#words, count: fields.slots, longest };
    this.#strings =
      fields.index === "string"
        ? { slots: this.#slots, offsets: new Uint32Array(parts[1]!), blob: new Uint8Array(parts[2]!), hasher: hash }
        : null;
    this.#min = offsetsFrom(fields.index === "dense" ? fields.min : "0");
  }

  /** Opens an index; it is held in memory as a whole. @throws TwinError where it is missing, foreign or damaged */
  static async open(path: string, options: { readonly shared?: boolean } = {}): Promise<KeyIndex> {
    const file = await BlockFile.open(path, "index");
    try {
      const fields = readFields(file);
      const sizes = partSizes(fields);
      const parts: Memory[] = [];
      let at = 0;
      for (const size of sizes) {
        parts.push(file.readAll(options.shared, at, size));
        at += size;
      }
      checkOrdinals(path, fields, new Uint32Array(parts[0]!));
      if (fields.index === "string") {
        checkOffsets(path, fields, new Uint32Array(parts[1]!));
      }
      return new KeyIndex({ path, fields, parts }, await hasher());
    } finally {
      file.close();
    }
  }

  /** The index of another thread, over the same memory. */
  static async attach(image: IndexImage): Promise<KeyIndex> {
    return new KeyIndex(image, await hasher());
  }

  /** For `attach` in another thread; `shared` must have been asked for, or posting copies the memory. */
  image(): IndexImage {
    return this.#image;
  }

  /** Ordinal of each key, 0 where it is unknown. @throws TwinError where the keys are of the other type */
  lookup(keys: KeyColumn): Int32Array {
    const ordinals = new Int32Array(keys.length);
    if (keys.type !== this.type) {
      throw new TwinError(`${this.path} holds ${this.type} keys, and ${keys.type} keys were looked up`);
    }
    if (keys.type === "string") {
      lookupStrings(this.#strings!, keys.texts, ordinals);
    } else if (this.kind === "dense") {
      lookupDense(this.#words, this.#min, keys.words, ordinals);
    } else {
      const { words } = keys;
      for (let i = 0; i < ordinals.length; i++) {
        ordinals[i] = findSlot(this.#slots, words[2 * i], words[2 * i + 1]);
      }
    }
    return ordinals;
  }

  /** All keys in the order of their ordinals: key i has ordinal i + 1. */
  allKeys(): KeyColumn {
    if (this.#strings) {
      return { type: "string", length: this.keys, texts: allStrings(this.#strings) };
    }
    if (this.kind === "dense") {
      return { type: "int64", length: this.keys, words: allDense(this.#words, this.#min, this.keys) };
    }
    const words = new Uint32Array(2 * this.keys);
    for (let at = 0; at < this.#words.length; at += SLOT_WORDS) {
      const ordinal = this.#words[at + 2];
      if (ordinal > 0) {
        words[2 * ordinal - 2] = this.#words[at];
        words[2 * ordinal - 1] = this.#words[at + 1];
      }
    }
    return { type: "int64", length: this.keys, words };
  }
}

/** Bytes of each part of the payload, in order. */
function partSizes(fields: IndexFields): number[] {
  if (fields.index === "dense") {
    return [4 * fields.slots];
  }
  const slots = 4 * SLOT_WORDS * fields.slots;
  return fields.index === "sparse64" ? [slots] : [slots, 8 * (fields.keys + 1), fields.blob];
}

function readFields(file: BlockFile): IndexFields {
  const result = v.safeParse(Fields, file.header);
  const bad = `${file.path} is not a key index that this version of Twin reads: its header`;
  if (!result.success) {
    throw new TwinError(`${bad} lacks proper ${v.getDotPath(result.issues[0]) ?? "fields"}. Build the tables again`);
  }
  const fields = result.output;
  const payload = partSizes(fields).reduce((sum, size) => sum + size, 0);
  const power = fields.index === "dense" || (fields.slots >= 4 && (fields.slots & (fields.slots - 1)) === 0);
  const room = fields.index === "dense" ? fields.keys <= fields.slots : 2 * fields.keys <= fields.slots;
  const min = fields.index !== "dense" || /^-?\d{1,19}$/.test(fields.min);
  if (payload !== file.payload || !power || !room || !min) {
    throw new TwinError(`${bad} gives sizes that do not fit together. Build the tables again`);
  }
  return fields;
}

/** Every ordinal must be one of 1 … keys, and there must be as many as keys: a row number is used unchecked later. */
function checkOrdinals(path: string, fields: IndexFields, words: Uint32Array): void {
  const dense = fields.index === "dense";
  let used = 0;
  let highest = 0;
  for (let at = dense ? 0 : 2; at < words.length; at += dense ? 1 : SLOT_WORDS) {
    const ordinal = words[at];
    if (ordinal > 0) {
      used++;
      highest = Math.max(highest, ordinal);
    }
  }
  if (used !== fields.keys || highest > fields.keys) {
    throw new TwinError(
      `${path} is damaged: its slots do not hold the ${fields.keys} keys it promises. Build the tables again`,
    );
  }
}

function checkOffsets(path: string, fields: IndexFields & { index: "string" }, offsets: Uint32Array): void {
  let before = 0;
  for (let i = 0; i <= fields.keys; i++) {
    const at = offsets[2 * i] + offsets[2 * i + 1] * 0x100000000;
    if (at < before || (i === 0 && at !== 0)) {
      throw new TwinError(`${path} is damaged: the places of its strings are not ascending. Build the tables again`);
    }
    before = at;
  }
  if (before !== fields.blob) {
    throw new TwinError(
      `${path} is damaged: its strings end at ${before} of ${fields.blob} bytes. Build the tables again`,
    );
  }
}
