// The encoded features of a column of items: what came with the request wins, then the item store, then "unknown".

import { TwinError } from "../../contract/error.ts";
import type { FeatureSpec } from "../../contract/manifest.ts";
import { encodeColumn, encodedWidth, fillOf, missing } from "../encode/column.ts";
import { reorder } from "../encode/columns.ts";
import type { EncodeContext } from "../encode/context.ts";
import type { Encoded } from "../encode/encoded.ts";
import { fieldPiece, type ItemRows } from "./item-rows.ts";
import { type HitMask, pickRowKeys, type ReadOptions, type RowKeys } from "./table-store.ts";

/** Items as a request brings them, in the caller's order. */
export interface BroughtItems {
  readonly keys: ArrayLike<unknown>;
  /** The same keys as stores read them; null where there is no generation. */
  readonly rowKeys: RowKeys | null;
  readonly store: ItemRows | null;
  readonly inline: Readonly<Record<string, unknown>>;
  readonly context: EncodeContext;
}

/** Where the features that did not come along are looked up, and by which keys. */
interface Source {
  readonly store: ItemRows;
  readonly keys: RowKeys;
}

/** Nothing is read before `fetch` is asked to, and everything that is needed of the store at once. */
export class ItemColumns {
  /** Items that were brought. */
  readonly rows: number;
  readonly keys: ArrayLike<unknown>;
  /** Keys of the columns' items, in their order, without padding; null where there is no generation. */
  readonly rowKeys: RowKeys | null;
  readonly #brought: BroughtItems;
  readonly #source: Source | null;
  readonly #order: Int32Array | null;
  readonly #length: number;
  readonly #encoded = new Map<string, Encoded>();
  readonly #due = new Map<string, Promise<void>>();
  #hits: HitMask | null = null;

  /**
   * @param order position among the brought items of each item of the columns; null: all as they were brought
   * @param length of the columns: beyond the items they are padded with what is unknown
   */
  constructor(brought: BroughtItems, order: Int32Array | null = null, length = order?.length ?? brought.keys.length) {
    const { keys, rowKeys } = brought;
    this.rows = keys.length;
    this.keys = keys;
    this.rowKeys = rowKeys === null || order === null ? rowKeys : pickRowKeys(rowKeys, order);
    this.#brought = brought;
    const { store } = brought;
    this.#source = store === null || this.rowKeys === null ? null : { store, keys: this.rowKeys };
    this.#order = order;
    this.#length = length;
  }

  /** The same items, some of them. @param places in these columns */
  some(places: readonly number[]): ItemColumns {
    const order = this.#order;
    return new ItemColumns(
      this.#brought,
      Int32Array.from(places, (place) => (order === null ? place : order[place])),
    );
  }

  /**
   * Brings features to hand: those of the store by one read.
   * @param count whether `unknown` will be asked
   * @throws TwinError where a feature neither came along nor can be looked up, or a column is wrong
   */
  async fetch(features: Iterable<FeatureSpec>, options?: ReadOptions, count = false): Promise<void> {
    const under: Promise<void>[] = [];
    const read: FeatureSpec[] = [];
    const brought: FeatureSpec[] = [];
    for (const feature of new Set(features)) {
      const due = this.#due.get(feature.name);
      if (this.#encoded.has(feature.name)) {
        continue;
      }
      if (due !== undefined) {
        under.push(due);
      } else if (this.#looksUp(feature)) {
        read.push(feature);
      } else {
        brought.push(feature);
      }
    }
    const counts = count && this.#hits === null && this.#nothingInline();
    if (this.#source !== null && (read.length > 0 || counts)) {
      const reading = this.#read(this.#source, read, options).finally(() => {
        for (const { name } of read) {
          this.#due.delete(name);
        }
      });
      for (const { name } of read) {
        this.#due.set(name, reading);
      }
      under.push(reading);
    }
    // The store is asked first: this is done while it answers. An error in a column is the caller's all the same.
    under.push(this.#encodeAll(brought));
    await Promise.all(under);
  }

  /** A feature of all items, shape `encodedShape(feature, length)`; it was fetched. */
  encoded({ name }: FeatureSpec): Encoded {
    const found = this.#encoded.get(name);
    if (found === undefined) {
      throw new Error(`${this.#brought.context.where}: ${name} was not fetched`);
    }
    return found;
  }

  /** Items that neither came along nor are in the generation; it was asked for. */
  unknown(): number {
    let count = 0;
    if (this.#hits !== null && this.#nothingInline()) {
      for (const hit of this.#hits) {
        count += Number(hit === 0);
      }
    }
    return count;
  }

  #nothingInline(): boolean {
    return Object.keys(this.#brought.inline).length === 0;
  }

  #looksUp({ column }: FeatureSpec): boolean {
    return this.#brought.inline[column] === undefined && this.#source !== null && this.#source.keys.length > 0;
  }

  async #read({ store, keys }: Source, features: readonly FeatureSpec[], options?: ReadOptions): Promise<void> {
    const parts = features.map((feature) => {
      const { column, piece } = fieldPiece(store, feature.name, this.#length, keys.length);
      const padding = keys.length * encodedWidth(feature);
      if (padding < column.length) {
        column.set(missing(feature, this.#length - keys.length), padding);
      }
      return { feature, column, piece };
    });
    const pieces = parts.map(({ piece }) => piece);
    const hits = await store.read(keys, pieces, options);
    this.#hits = hits;
    for (const { feature, column } of parts) {
      if (feature.key) {
        this.#addUnknownKeys(feature, column, hits);
      }
      this.#encoded.set(feature.name, column);
    }
  }

  async #encodeAll(features: readonly FeatureSpec[]): Promise<void> {
    for (const feature of features) {
      this.#encoded.set(feature.name, this.#encode(feature));
    }
  }

  #encode(feature: FeatureSpec): Encoded {
    const { inline, context, keys } = this.#brought;
    const brought = inline[feature.column];
    if (brought !== undefined) {
      return this.#ordered(feature, encodeColumn(feature, brought, this.rows, context));
    }
    if (this.rows === 0 || this.rowKeys?.length === 0) {
      return missing(feature, this.#length);
    }
    if (feature.key) {
      return this.#ordered(feature, encodeColumn(feature, keys, this.rows, context));
    }
    throw new TwinError(
      `${context.where}: the item feature ${feature.name} is needed, and there is no item store to look it up in. ` +
        `Build one (\`twin table build\`), or bring the column: items: {${feature.column}: […]}`,
    );
  }

  #ordered(feature: FeatureSpec, encoded: Encoded): Encoded {
    if (this.#order === null) {
      return encoded;
    }
    const fill = fillOf(feature);
    return reorder(encoded, encodedWidth(feature), this.#order, this.#length, fill);
  }

  /** An item outside the generation is still known by its key. */
  #addUnknownKeys(feature: FeatureSpec, column: Encoded, hits: HitMask): void {
    const unknown: number[] = [];
    for (let i = 0; i < hits.length; i++) {
      if (hits[i] === 0) {
        unknown.push(i);
      }
    }
    if (unknown.length === 0) {
      return;
    }
    const { keys, context } = this.#brought;
    const width = encodedWidth(feature);
    const own = unknown.map((i) => keys[this.#order === null ? i : this.#order[i]]);
    const rows = encodeColumn(feature, own, unknown.length, context);
    for (let i = 0; i < unknown.length; i++) {
      for (let j = 0; j < width; j++) {
        column[unknown[i] * width + j] = rows[i * width + j];
      }
    }
  }
}
