// Raw key → ordinal of the item (0: unknown): dense integers, sparse 64-bit integers, or strings.
import * as v from "valibot";
import { TwinError } from "../../contract/error.ts";
import type { Hasher } from "../../contract/hash.ts";
import { hasher } from "../../contract/hash.ts";
import { findSlot, type Slots, slotWords } from "../../contract/slots.ts";
import type { KeyColumn, KeyType } from "../encode/keys.ts";
import { allDense, lookupDense, offsetsFrom } from "./dense-index.ts";
import { allStrings, lookupStrings, type StringIndex } from "./string-index.ts";

const count = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(2 ** 31));
const bytes = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

export const IndexFieldsSchema = v.variant("index", [
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

export type IndexFields = v.InferOutput<typeof IndexFieldsSchema>;
export type Memory = ArrayBuffer | SharedArrayBuffer;

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
    this.#words = new Uint32Array(parts[0]);
    const longest = fields.index === "dense" ? 0 : fields.longest;
    this.#slots = { words: this.#words, count: fields.slots, longest };
    this.#strings =
      fields.index === "string"
        ? { slots: this.#slots, offsets: new Uint32Array(parts[1]), blob: new Uint8Array(parts[2]), hasher: hash }
        : null;
    this.#min = offsetsFrom(fields.index === "dense" ? fields.min : "0");
  }

  /** An index over memory that was read, or is another thread's. */
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
    const strings = this.#strings;
    if (strings !== null && keys.type === "string") {
      lookupStrings(strings, keys.texts, ordinals);
    } else if (strings !== null || keys.type === "string") {
      throw new TwinError(`${this.path} holds ${this.type} keys, and ${keys.type} keys were looked up`);
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
    for (let at = 0; at < this.#words.length; at += slotWords) {
      const ordinal = this.#words[at + 2];
      if (ordinal > 0) {
        words[2 * ordinal - 2] = this.#words[at];
        words[2 * ordinal - 1] = this.#words[at + 1];
      }
    }
    return { type: "int64", length: this.keys, words };
  }
}
