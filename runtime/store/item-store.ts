// The item store: the encoded features of every item by ordinal, in fixed records; record 0 is the unknown item.

import { itemFields, readItemLayout, type StoredFeature } from "../table/item-layout.ts";
import type { ItemField, ItemRows } from "../table/item-rows.ts";
import { byNumber, type Locate } from "../table/locate.ts";
import { MemoryRows } from "../table/memory-rows.ts";
import type { HitMask, Piece, ReadOptions, RowKeys } from "../table/table-store.ts";
import { BlockFile, type BlockImage } from "./block-file.ts";
import { FileRows, openedFile } from "./file-rows.ts";
import { defaultMemoryLimit, type TableOptions } from "./table-file.ts";

type Memory = ArrayBuffer | SharedArrayBuffer;

/** What another thread needs to use the same store without a second copy: can be posted to a worker. */
export interface StoreImage {
  readonly path: string;
  readonly records: number;
  readonly features: readonly StoredFeature[];
  /** The records; null where they stay in the file. */
  readonly memory: Memory | null;
  /** The open file where they do. */
  readonly file: BlockImage | null;
}

export class ItemStore implements ItemRows {
  readonly path: string;
  /** Records, that of the unknown item among them. */
  readonly records: number;
  readonly features: readonly StoredFeature[];
  readonly fields: ReadonlyMap<string, ItemField>;
  readonly rowBytes: number;
  readonly #image: StoreImage;
  readonly #file: BlockFile | null;
  readonly #store: MemoryRows | FileRows;

  private constructor(image: StoreImage, file: BlockFile | null, locate: Locate) {
    const { path, records, features, memory } = image;
    this.path = path;
    this.records = records;
    this.features = features;
    this.#image = image;
    this.#file = file;
    const { fields, rowBytes } = itemFields(features);
    this.fields = fields;
    this.rowBytes = rowBytes;
    this.#store =
      memory === null
        ? new FileRows(openedFile(path, file), records, rowBytes, locate)
        : new MemoryRows(path, records, [{ from: 0, bytes: rowBytes, memory: new Uint8Array(memory) }], locate);
  }

  get where(): string {
    return this.path;
  }

  get absent(): Uint8Array {
    return this.#store.absent;
  }

  /** @throws TwinError where the file is missing, foreign, truncated or damaged */
  static async open(path: string, options: TableOptions = {}): Promise<ItemStore> {
    const file = await BlockFile.open(path, "items");
    try {
      const { records, bytes, features } = readItemLayout(file);
      const inMemory = bytes <= (options.memoryLimit ?? defaultMemoryLimit);
      const memory = inMemory ? file.readAll(options.shared, 0, bytes) : null;
      const image = { path, records, features, memory, file: memory ? null : file.image() };
      return new ItemStore(image, file, options.locate ?? byNumber);
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /** The store of another thread, over the same memory. */
  static async attach(image: StoreImage, locate: Locate = byNumber): Promise<ItemStore> {
    return new ItemStore(image, image.file && (await BlockFile.attach(image.file)), locate);
  }

  /** For `attach` in another thread; `shared` must have been asked for, or posting copies the memory. */
  image(): StoreImage {
    return this.#image;
  }

  /** Whether records are read without the file. */
  get inMemory(): boolean {
    return this.#store instanceof MemoryRows;
  }

  locate(keys: RowKeys): Int32Array {
    return this.#store.locate(keys);
  }

  read(keys: RowKeys, into: readonly Piece[], options?: ReadOptions): Promise<HitMask> {
    return this.#store.read(keys, into, options);
  }

  /** Reads and checks every block of the file. @throws TwinError naming the first damaged one */
  verify(): void {
    this.#file?.verify();
  }

  close(): void {
    this.#file?.close();
  }
}
