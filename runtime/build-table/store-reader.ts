// Ranges of an item store's records as encoded columns: whole blocks are read, not single values.
import { blockBytes } from "../../contract/block-hashes.ts";
import type { EncodedColumn } from "../projection/index.ts";
import { BlockFile } from "../store/index.ts";
import type { StoredFeature } from "../table/item-layout.ts";

/** Where the records lie; can be posted to a worker. */
export interface StorePlan {
  readonly path: string;
  readonly features: readonly StoredFeature[];
}

export class StoreReader {
  readonly #file: BlockFile;
  readonly #features: readonly StoredFeature[];
  readonly #words: number;
  /** Memory that is used again: fresh pages are dear. */
  #bytes = new Uint8Array(0);
  #columns: Int32Array[] = [];
  /** Payload byte at which `#bytes` begins. */
  #start = 0;

  private constructor(file: BlockFile, features: readonly StoredFeature[]) {
    this.#file = file;
    this.#features = features;
    this.#words = features.reduce((sum, feature) => sum + feature.words, 0);
  }

  static async open({ path, features }: StorePlan): Promise<StoreReader> {
    return new StoreReader(await BlockFile.open(path, "items"), features);
  }

  /** Brings the records of `items` items from ordinal `first` on into memory. @throws TwinError where a block is damaged */
  load(first: number, items: number): void {
    const stride = 4 * this.#words;
    this.#start = Math.floor((first * stride) / blockBytes) * blockBytes;
    const end = Math.min(this.#file.payload, Math.ceil(((first + items) * stride) / blockBytes) * blockBytes);
    if (this.#bytes.length < end - this.#start) {
      this.#bytes = new Uint8Array(end - this.#start);
    }
    // Block by block: each is read once and checked where it lies.
    for (let at = this.#start; at < end; at += blockBytes) {
      this.#file.read(at, this.#bytes.subarray(at - this.#start, Math.min(end, at + blockBytes) - this.#start));
    }
  }

  /** The columns of some of the loaded records, valid until the next call. */
  columns(first: number, items: number): Map<string, EncodedColumn> {
    const stride = this.#words;
    if (this.#columns.length === 0 || this.#columns[0].length < items * this.#features[0].words) {
      this.#columns = this.#features.map(({ words }) => new Int32Array(items * words));
    }
    const records = new Int32Array(this.#bytes.buffer, 4 * first * stride - this.#start, items * stride);
    const columns = new Map<string, EncodedColumn>();
    let offset = 0;
    for (const [index, { name, dtype, words }] of this.#features.entries()) {
      const column = this.#columns[index].subarray(0, items * words);
      copyColumn(records, offset, stride, column, words);
      columns.set(name, dtype === "int32" ? column : new Float32Array(column.buffer, 0, column.length));
      offset += words;
    }
    return columns;
  }

  /** Both at once. */
  read(first: number, items: number): Map<string, EncodedColumn> {
    this.load(first, items);
    return this.columns(first, items);
  }

  close(): void {
    this.#file.close();
  }
}

/** One feature out of the records: wide ones as pieces, narrow ones word by word, which is faster for them. */
function copyColumn(records: Int32Array, offset: number, stride: number, column: Int32Array, words: number): void {
  const length = column.length;
  if (words >= 16) {
    for (let to = 0, from = offset; to < length; to += words, from += stride) {
      column.set(records.subarray(from, from + words), to);
    }
  } else if (words % 4 === 0) {
    for (let to = 0, from = offset; to < length; from += stride - words) {
      for (let j = 0; j < words; j += 4, to += 4, from += 4) {
        column[to] = records[from];
        column[to + 1] = records[from + 1];
        column[to + 2] = records[from + 2];
        column[to + 3] = records[from + 3];
      }
    }
  } else {
    for (let to = 0, from = offset; to < length; from += stride - words) {
      for (let j = 0; j < words; j++) {
        column[to++] = records[from++];
      }
    }
  }
}
