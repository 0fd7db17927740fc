// A bounded part of a store's rows in memory, those that come again and again, in front of the store itself.
import { HotKeys, keyBytes } from "./hot-keys.ts";
import { copyRows, type Section } from "./memory-rows.ts";
import {
  expectRoom,
  type HitMask,
  type Piece,
  pickRowKeys,
  putRow,
  type ReadOptions,
  type RowKeys,
  rowNumbers,
  type TableStore,
} from "./table-store.ts";

/** What a cache of one store's rows has done since it was made. */
export interface LayerStatus {
  /** Keys whose rows lie in it, or of which it knows that there is none; and how many may. */
  readonly rows: number;
  readonly most: number;
  readonly bytes: number;
  /** Keys that were asked for and lay in it, and those for which the store was asked. */
  readonly hits: number;
  readonly misses: number;
}

/** Rows that lie in memory. */
interface Hot {
  readonly keys: HotKeys;
  readonly section: Section;
  /** By slot: whether the store has the row; else the one of what is absent lies there. */
  readonly present: Uint8Array;
}

/** Rows whose cache takes so many bytes at most, the memory of their keys included. */
export const slotsOf = (bytes: number, rowBytes: number, type: RowKeys["type"]): number =>
  Math.max(0, Math.min(2 ** 30, Math.floor(bytes / (rowBytes + keyBytes(type))) - 1));

/**
 * A store whose rows do not change while it is open, as those of a generation: so what was read holds for as long as the
 * cache does, and that a key is absent holds, too. It is kept as a row is, or a request with one key that the table lacks
 * would ask the store each time. A new generation has stores, and caches, of its own.
 *
 * Each reading asks the store for what it lacks itself, under its own signal, into memory of its own, and keeps rows only
 * once they came whole: one that is cancelled leaves nothing behind, and nobody waits for another's. Two that lack one key
 * at once read it twice.
 */
export class LayeredRows implements TableStore {
  readonly where: string;
  readonly rowBytes: number;
  readonly absent: Uint8Array;
  readonly locate?: (keys: RowKeys) => Int32Array;
  readonly #store: TableStore;
  readonly #most: number;
  #hot: Hot | null;
  #hits = 0;
  #misses = 0;

  /** @param type of the keys that the store is asked for @param slots rows that are kept, 1 or more */
  constructor(store: TableStore, type: RowKeys["type"], slots: number) {
    this.where = store.where;
    this.rowBytes = store.rowBytes;
    this.absent = store.absent;
    this.#store = store;
    this.#most = slots;
    if (store.locate !== undefined) {
      this.locate = (keys) => store.locate!(keys);
    }
    const { rowBytes } = store;
    const memory = new Uint8Array(rowBytes * (slots + 1));
    memory.set(store.absent);
    this.#hot = {
      keys: new HotKeys(this.locate === undefined ? type : "row", slots),
      section: { from: 0, bytes: rowBytes, memory },
      present: new Uint8Array(slots + 1),
    };
  }

  status(): LayerStatus {
    const hot = this.#hot;
    const bytes = hot === null ? 0 : hot.keys.bytes + hot.section.memory.length + hot.present.length;
    return { rows: hot?.keys.used ?? 0, most: this.#most, bytes, hits: this.#hits, misses: this.#misses };
  }

  /** Gives its memory back: whoever still reads asks the store. */
  release(): void {
    this.#hot = null;
  }

  async read(keys: RowKeys, into: readonly Piece[], options: ReadOptions = {}): Promise<HitMask> {
    options.signal?.throwIfAborted();
    expectRoom(this, keys, into);
    const hot = this.#hot;
    if (hot === null) {
      return this.#store.read(keys, into, options);
    }
    // Where rows have numbers, who has none is known without a cache.
    const asked = this.locate === undefined ? keys : rowNumbers(this.locate(keys));
    const slots = hot.keys.find(asked);
    const hits = new Uint8Array(slots.length);
    const lacking: number[] = [];
    for (let i = 0; i < slots.length; i++) {
      hits[i] = hot.present[slots[i]];
      if (slots[i] === 0 && (this.locate === undefined || (asked.type === "row" && asked.rows[i] !== 0))) {
        lacking.push(i);
      } else if (slots[i] !== 0) {
        this.#hits++;
      }
    }
    copyRows([hot.section], slots, into);
    if (lacking.length > 0) {
      this.#misses += lacking.length;
      await this.#ask(hot, pickRowKeys(asked, Int32Array.from(lacking)), lacking, { hits, into, options });
    }
    return hits;
  }

  /** Reads what is lacking, for the caller and for those to come. @param places of the keys among the caller's */
  async #ask(
    hot: Hot,
    keys: RowKeys,
    places: readonly number[],
    { hits, into, options }: { hits: HitMask; into: readonly Piece[]; options: ReadOptions },
  ): Promise<void> {
    const { rowBytes } = this;
    // Whole rows, unless the caller wants to know only which there are.
    const rows = into.length === 0 ? null : new Uint8Array(places.length * rowBytes);
    const pieces = rows === null ? [] : [{ from: 0, bytes: rowBytes, into: rows }];
    const found = await this.#store.read(keys, pieces, options);
    options.signal?.throwIfAborted();
    for (let j = 0; j < places.length; j++) {
      hits[places[j]] = found[j];
      if (rows !== null) {
        putRow(rows, j * rowBytes, places[j], into);
      }
      if (this.#hot === hot && (rows !== null || found[j] === 0)) {
        this.#keep(hot, keys, j, found[j] === 0 ? null : rows);
      }
    }
  }

  /** @param rows null: there is none */
  #keep({ keys: hot, section, present }: Hot, keys: RowKeys, j: number, rows: Uint8Array | null): void {
    const { rowBytes } = this;
    const slot = hot.keep(keys, j);
    if (slot > 0) {
      present[slot] = rows === null ? 0 : 1;
      section.memory.set(
        rows === null ? this.absent : rows.subarray(j * rowBytes, (j + 1) * rowBytes),
        slot * rowBytes,
      );
    }
  }
}
