// Ranges of an item store's records as encoded columns: whole blocks are read, not single values.

import { BlockFile } from "../table/block-file.ts";
import type { StoredFeature } from "../table/item-store.ts";
import type { EncodedColumn } from "./projection.ts";

/** Where the records lie; can be posted to a worker. */
export interface StorePlan {
  readonly path: string;
  readonly features: readonly StoredFeature[];
}

export class StoreReader {
  readonly #file: BlockFile;
  readonly #features: readonly StoredFeature[];
  readonly #words: number;
  /** Memory of the last range, used again: fresh pages are dear. */
  #records = new Int32Array(0);
  #columns: Int32Array[] = [];

  private constructor(file: BlockFile, features: readonly StoredFeature[]) {
    this.#file = file;
    this.#features = features;
    this.#words = features.reduce((sum, feature) => sum + feature.words, 0);
  }

  static async open({ path, features }: StorePlan): Promise<StoreReader> {
    return new StoreReader(await BlockFile.open(path, "items"), features);
  }

  /**
   * The columns of `items` records from ordinal `first` on, valid until the next call.
   * @throws TwinError where a block is damaged
   */
  read(first: number, items: number): Map<string, EncodedColumn> {
    const stride = this.#words;
    if (this.#records.length < items * stride) {
      this.#records = new Int32Array(items * stride);
      this.#columns = this.#features.map(({ words }) => new Int32Array(items * words));
    }
    const records = this.#records.subarray(0, items * stride);
    this.#file.read(4 * first * stride, new Uint8Array(records.buffer, 0, records.byteLength));
    const columns = new Map<string, EncodedColumn>();
    let offset = 0;
    for (const [index, { name, dtype, words }] of this.#features.entries()) {
      const column = this.#columns[index].subarray(0, items * words);
      let from = offset;
      if (words === 1) {
        for (let i = 0; i < items; i++, from += stride) column[i] = records[from];
      } else {
        for (let i = 0, to = 0; i < items; i++, from += stride) {
          for (let j = 0; j < words; j++) column[to++] = records[from + j];
        }
      }
      columns.set(name, dtype === "int32" ? column : new Float32Array(column.buffer, 0, column.length));
      offset += words;
    }
    return columns;
  }

  close(): void {
    this.#file.close();
  }
}
