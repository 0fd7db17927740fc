// The item store: the encoded features of every item by ordinal, in fixed records; record 0 is the unknown item.

import * as v from "valibot";
import { TwinError } from "../../contract/error.ts";
import { strict } from "../../contract/named-schema.ts";
import { BlockFile, type BlockImage } from "./block-file.ts";
import { MEMORY_LIMIT, type TableOptions } from "./table-file.ts";

const count = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(2 ** 31));
const Fields = v.object({ records: v.pipe(count, v.minValue(1)), words: count, layout: count });
const Layout = v.array(
  strict({
    name: v.string(),
    dtype: v.picklist(["int32", "float32"]),
    /** Words of one value: 1, or the length of tags or a vector. */
    words: v.pipe(count, v.minValue(1)),
  }),
);

/** One feature of the records, in their order. */
export type StoredFeature = v.InferOutput<typeof Layout>[number];

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

interface Place {
  readonly dtype: "int32" | "float32";
  /** First word in the record, and number of words. */
  readonly offset: number;
  readonly words: number;
}

export class ItemStore {
  readonly path: string;
  /** Records, that of the unknown item among them. */
  readonly records: number;
  readonly features: readonly StoredFeature[];
  readonly #image: StoreImage;
  readonly #file: BlockFile | null;
  readonly #places = new Map<string, Place>();
  readonly #words: number;
  readonly #integers: Int32Array | null;

  private constructor(image: StoreImage, file: BlockFile | null) {
    this.path = image.path;
    this.records = image.records;
    this.features = image.features;
    this.#image = image;
    this.#file = file;
    let offset = 0;
    for (const { name, dtype, words } of image.features) {
      this.#places.set(name, { dtype, offset, words });
      offset += words;
    }
    this.#words = offset;
    this.#integers = image.memory && new Int32Array(image.memory);
  }

  /** @throws TwinError where the file is missing, foreign, truncated or damaged */
  static async open(path: string, options: TableOptions = {}): Promise<ItemStore> {
    const file = await BlockFile.open(path, "items");
    try {
      const { records, bytes, features } = readLayout(file);
      const inMemory = bytes <= (options.memoryLimit ?? MEMORY_LIMIT);
      const memory = inMemory ? file.readAll(options.shared, 0, bytes) : null;
      return new ItemStore({ path, records, features, memory, file: memory ? null : file.image() }, file);
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /** The store of another thread, over the same memory. */
  static async attach(image: StoreImage): Promise<ItemStore> {
    return new ItemStore(image, image.file && (await BlockFile.attach(image.file)));
  }

  /** For `attach` in another thread; `shared` must have been asked for, or posting copies the memory. */
  image(): StoreImage {
    return this.#image;
  }

  /** Whether records are read without the file. */
  get inMemory(): boolean {
    return this.#integers !== null;
  }

  has(feature: string): boolean {
    return this.#places.has(feature);
  }

  /**
   * A feature's encoded values of items, [items, …]; an ordinal that the store does not hold reads the unknown item.
   * @throws TwinError for a feature that the store does not hold
   */
  gather(feature: string, ordinals: Int32Array): Int32Array | Float32Array {
    const place = this.#places.get(feature);
    if (!place) {
      throw new TwinError(`${this.path} holds no feature ${feature}. Build the tables again`);
    }
    const { offset, words, dtype } = place;
    const result = new Int32Array(ordinals.length * words);
    const stride = this.#words;
    const integers = this.#integers;
    const bytes = integers ? null : new Uint8Array(result.buffer);
    for (let i = 0; i < ordinals.length; i++) {
      const record = ordinals[i] > 0 && ordinals[i] < this.records ? ordinals[i] : 0;
      const from = record * stride + offset;
      if (integers) {
        for (let j = 0; j < words; j++) {
          result[i * words + j] = integers[from + j];
        }
      } else {
        this.#file!.read(4 * from, bytes!.subarray(4 * i * words, 4 * (i + 1) * words));
      }
    }
    return dtype === "int32" ? result : new Float32Array(result.buffer);
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
  const features = v.safeParse(Layout, json);
  if (!features.success || features.output.reduce((sum, feature) => sum + feature.words, 0) !== words) {
    throw bad("its layout does not describe its records");
  }
  return { records, bytes, features: features.output };
}
