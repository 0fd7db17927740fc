// Ordinals of the items in lists: keys looked up in memory, where a join would have to take every list apart.
import { buildSlots, findSlot, type Slots } from "../../../contract/slots.ts";
import { type DataColumn, keysOf } from "../../encode/data-column.ts";
import type { Source } from "../database/source.ts";
import type { KeyType } from "../items.ts";

/** No behaviour: the list's value is missing. */
export const blank = -1;

export class ItemOrdinals {
  readonly #slots: Slots | null;
  readonly #texts: ReadonlyMap<unknown, number> | null;

  private constructor(slots: Slots | null, texts: ReadonlyMap<unknown, number> | null) {
    this.#slots = slots;
    this.#texts = texts;
  }

  /** @param select of all items' keys `k`, in the order of their ordinals, which count from 1 */
  static async read(source: Source, select: string, keyType: KeyType): Promise<ItemOrdinals> {
    if (keyType === "string") {
      const texts = new Map<unknown, number>();
      for await (const { columns } of source.stream(select, 65_536)) {
        for (const key of keysOf(columns.k)) {
          texts.set(key, texts.size + 1);
        }
      }
      return new ItemOrdinals(null, texts);
    }
    const pieces: Uint32Array[] = [];
    let count = 0;
    for await (const { rows, columns } of source.stream(select, 65_536)) {
      pieces.push(halves(whole(columns.k)));
      count += rows;
    }
    const words = new Uint32Array(2 * count);
    let filled = 0;
    for (const piece of pieces) {
      words.set(piece, filled);
      filled += piece.length;
    }
    return new ItemOrdinals(
      buildSlots(words, () => true),
      null,
    );
  }

  /** Of each key: 0 where it is no item's, −1 where the value is missing. */
  of(column: DataColumn): Int32Array {
    const keys = keysOf(column);
    const ordinals = new Int32Array(keys.length);
    if (keys instanceof BigInt64Array) {
      const words = halves(keys);
      for (let i = 0; this.#slots !== null && i < ordinals.length; i++) {
        ordinals[i] = findSlot(this.#slots, words[2 * i], words[2 * i + 1]);
      }
      return ordinals;
    }
    for (let i = 0; i < ordinals.length; i++) {
      const key = keys[i];
      ordinals[i] = key === null ? blank : this.#find(key);
    }
    return ordinals;
  }

  #find(key: bigint | string): number {
    if (typeof key === "string") {
      return this.#texts?.get(key) ?? 0;
    }
    const low = Number(BigInt.asUintN(32, key));
    return this.#slots === null ? 0 : findSlot(this.#slots, low, Number(BigInt.asUintN(32, key >> 32n)));
  }
}

const halves = (keys: BigInt64Array): Uint32Array => new Uint32Array(keys.buffer, keys.byteOffset, 2 * keys.length);

/** Keys of items, none of them missing. */
function whole(column: DataColumn): BigInt64Array {
  if (column instanceof BigInt64Array) {
    return column;
  }
  throw new Error("keys of 64 bits are due");
}
