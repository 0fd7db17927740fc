// The item store: the encoded features of every item by ordinal, in fixed records; record 0 is the unknown item.

import * as v from "valibot";
import { TwinError } from "../../contract/error.ts";
import { ItemLayoutSchema, type StoredFeature } from "../table/item-layout.ts";
import type { ItemField, ItemRows } from "../table/item-rows.ts";
import { byNumber, type Locate } from "../table/locate.ts";
import { MemoryRows } from "../table/memory-rows.ts";
import type { HitMask, Piece, ReadOptions, RowKeys } from "../table/table-store.ts";
import { BlockFile, type BlockImage } from "./block-file.ts";
import { type FileRows, rowsIn } from "./file-rows.ts";
import { defaultMemoryLimit, type TableOptions } from "./table-file.ts";

const count = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(2 ** 31));
const Fields = v.object({ records: v.pipe(count, v.minValue(1)), words: count, layout: count });
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
    const fields = new Map<string, ItemField>();
    let bytes = 0;
    for (const { name, dtype, words } of features) {
      fields.set(name, { dtype, from: bytes, words });
      bytes += 4 * words;
    }
    this.fields = fields;
    this.rowBytes = bytes;
    this.#store = rowsIn({ path, rows: records, memory }, file, bytes, locate);
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
      const { records, bytes, features } = readLayout(file);
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

function readLayout(file: BlockFile): { records: number; bytes: number; features: StoredFeature[] } {
  const bad = (what: string): TwinError =>
    new TwinError(`${file.path} is not an item store that this version of Twin reads: ${what}. Build the tables again`);
  const fields = v.safeParse(Fields, file.header);
  if (!fields.success) {
    throw bad(`its header lacks proper ${v.getDotPath(fields.issues[0]) ?? "fields"}`);
  }
  const { records, words, layout } = fields.output;
  const bytes = 4 * records * words;
  if (bytes + layout !== file.payload) {
    throw bad("its header gives sizes that do not fit together");
  }
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder().decode(new Uint8Array(file.readAll(false, bytes, layout))));
  } catch (error) {
    throw error instanceof TwinError ? error : bad("its layout is no JSON text");
  }
  const features = v.safeParse(ItemLayoutSchema, json);
  if (!features.success || features.output.reduce((sum, feature) => sum + feature.words, 0) !== words) {
    throw bad("its layout does not describe its records");
  }
  return { records, bytes, features: features.output };
}
