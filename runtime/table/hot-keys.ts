// The keys of a cache of rows, each in a slot of its own: found by hash, in typed memory of a fixed size.
import { mix } from "../../contract/slots.ts";
import { S3Fifo } from "./s3-fifo.ts";
import type { RowKeys } from "./table-store.ts";

/** Words of a slot: two of the key (of a text its hash and its length), and the next slot of the same hash. */
const words = 3;

/** UTF-16 units of the longest text that is kept. */
const longest = 40;

/** Bytes of a slot at most, beside its row: key and chain, heads of chains, and what `S3Fifo` has of it. */
export const keyBytes = (type: RowKeys["type"]): number =>
  4 * words + 8 + 13 + 1 + (type === "string" ? 2 * longest : 0);

export class HotKeys {
  readonly #slots: Int32Array;
  readonly #heads: Int32Array;
  /** Of texts: units of each slot, side by side; else empty. */
  readonly #units: Uint16Array;
  readonly #queue: S3Fifo;
  /** Low and high word of the key at hand. */
  #low = 0;
  #high = 0;

  constructor(type: RowKeys["type"], slots: number) {
    this.#slots = new Int32Array(words * (slots + 1));
    this.#heads = new Int32Array(2 ** Math.ceil(Math.log2(slots)));
    this.#units = new Uint16Array(type === "string" ? longest * (slots + 1) : 0);
    this.#queue = new S3Fifo(slots);
  }

  /** Slots that hold a key. */
  get used(): number {
    return this.#queue.used;
  }

  get bytes(): number {
    return this.#slots.byteLength + this.#heads.byteLength + this.#units.byteLength + this.#queue.bytes;
  }

  /** Slot of each key, 0 where it is not kept. */
  find(keys: RowKeys): Int32Array {
    const found = new Int32Array(keys.length);
    if (keys.type === "string") {
      for (let i = 0; i < found.length; i++) {
        found[i] = this.#find(keys, i);
      }
    } else {
      this.#findNumbers(keys, found);
    }
    for (let i = 0; i < found.length; i++) {
      if (found[i] > 0) {
        this.#queue.touch(found[i]);
      }
    }
    return found;
  }

  /** The loop of most requests: one type of array, nothing but numbers. */
  #findNumbers(keys: Exclude<RowKeys, { readonly type: "string" }>, found: Int32Array): void {
    const [slots, heads, mask] = [this.#slots, this.#heads, this.#heads.length - 1];
    const integers = keys.type === "int64" ? keys.words : null;
    const rows = keys.type === "row" ? keys.rows : null;
    for (let i = 0; i < found.length; i++) {
      const low = rows === null ? integers![2 * i] | 0 : rows[i];
      const high = integers === null ? 0 : integers[2 * i + 1] | 0;
      let slot = heads[mix(low, high) & mask];
      while (slot !== 0 && (slots[words * slot] !== low || slots[words * slot + 1] !== high)) {
        slot = slots[words * slot + 2];
      }
      found[i] = slot;
    }
  }

  /** A slot for key i; 0 where it is too long, or has one already. Another key may lose its own. */
  keep(keys: RowKeys, i: number): number {
    if ((keys.type === "string" && keys.texts[i].length > longest) || this.#find(keys, i) > 0) {
      return 0;
    }
    const [low, high] = [this.#low, this.#high];
    const hash = mix(low, high) | 0;
    const slot = this.#queue.admit(hash, (one) => this.#leave(one));
    const at = words * slot;
    const head = hash & (this.#heads.length - 1);
    this.#slots[at] = low;
    this.#slots[at + 1] = high;
    this.#slots[at + 2] = this.#heads[head];
    this.#heads[head] = slot;
    if (keys.type === "string") {
      const text = keys.texts[i];
      for (let j = 0; j < text.length; j++) {
        this.#units[longest * slot + j] = text.charCodeAt(j);
      }
    }
    return slot;
  }

  #find(keys: RowKeys, i: number): number {
    if (keys.type === "row") {
      this.#low = keys.rows[i];
      this.#high = 0;
    } else if (keys.type === "int64") {
      this.#low = keys.words[2 * i] | 0;
      this.#high = keys.words[2 * i + 1] | 0;
    } else {
      this.#low = hashOf(keys.texts[i]);
      this.#high = keys.texts[i].length;
    }
    const [slots, low, high] = [this.#slots, this.#low, this.#high];
    let slot = this.#heads[mix(low, high) & (this.#heads.length - 1)];
    while (slot !== 0) {
      const at = words * slot;
      if (
        slots[at] === low &&
        slots[at + 1] === high &&
        (keys.type !== "string" || this.#isText(slot, keys.texts[i]))
      ) {
        return slot;
      }
      slot = slots[at + 2];
    }
    return 0;
  }

  #isText(slot: number, text: string): boolean {
    for (let j = 0; j < text.length; j++) {
      if (this.#units[longest * slot + j] !== text.charCodeAt(j)) {
        return false;
      }
    }
    return true;
  }

  /** Takes the key out of a slot. @returns its hash */
  #leave(slot: number): number {
    const slots = this.#slots;
    const hash = mix(slots[words * slot], slots[words * slot + 1]) | 0;
    const head = hash & (this.#heads.length - 1);
    const next = slots[words * slot + 2];
    if (this.#heads[head] === slot) {
      this.#heads[head] = next;
      return hash;
    }
    let before = this.#heads[head];
    while (slots[words * before + 2] !== slot) {
      before = slots[words * before + 2];
    }
    slots[words * before + 2] = next;
    return hash;
  }
}

/** FNV-1a over UTF-16 units. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  return hash | 0;
}
