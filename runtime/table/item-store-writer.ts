// Writes an item store: encoded columns in, fixed records out; the unknown item is written first, by itself.
import { TwinError } from "../../contract/error.ts";
import type { FeatureSpec } from "../../contract/manifest.ts";
import { BlockWriter } from "../bytes/block-writer.ts";
import type { ByteSink } from "../bytes/byte-sink.ts";
import { encodedWidth, isFloat, missing } from "../encode/column.ts";
import type { StoredFeature } from "./item-layout.ts";

/** Item features that a store holds: all but keys, in the manifest's order. */
export function storedFeatures(features: readonly FeatureSpec[]): FeatureSpec[] {
  return features.filter((feature) => feature.group === "item" && feature.encoder.kind !== "key");
}

export class ItemStoreWriter {
  readonly #writer: BlockWriter;
  readonly #layout: readonly StoredFeature[];
  readonly #words: number;
  #records = 0;

  private constructor(writer: BlockWriter, features: readonly FeatureSpec[]) {
    this.#writer = writer;
    this.#layout = features.map((feature) => ({
      name: feature.name,
      dtype: isFloat(feature) ? "float32" : "int32",
      words: encodedWidth(feature),
    }));
    this.#words = this.#layout.reduce((sum, feature) => sum + feature.words, 0);
  }

  /**
   * @param features the manifest's features; those that are stored are picked from them
   * @param fields what else the header says
   */
  static async create(
    sink: ByteSink,
    features: readonly FeatureSpec[],
    fields: Record<string, unknown> = {},
  ): Promise<ItemStoreWriter> {
    const stored = storedFeatures(features);
    const writer = new ItemStoreWriter(await BlockWriter.create(sink, "items", fields), stored);
    await writer.write(new Map(stored.map((feature) => [feature.name, missing(feature, 1)])), 1);
    return writer;
  }

  /** Records so far, that of the unknown item among them. */
  get records(): number {
    return this.#records;
  }

  /** The records as they are stored. @param columns encoded values of `rows` items by feature, for the next ordinals */
  async write(columns: ReadonlyMap<string, Int32Array | Float32Array>, rows: number): Promise<Uint8Array> {
    const records = new Uint32Array(rows * this.#words);
    let offset = 0;
    for (const { name, words } of this.#layout) {
      const column = columns.get(name);
      if (!column || column.length !== rows * words) {
        throw new TwinError(
          `the encoded column ${name} has ${column?.length ?? "no"} values, and ${rows * words} are due`,
        );
      }
      const bits = new Uint32Array(column.buffer, column.byteOffset, column.length);
      for (let row = 0; row < rows; row++) {
        const to = row * this.#words + offset;
        for (let j = 0; j < words; j++) {
          records[to + j] = bits[row * words + j];
        }
      }
      offset += words;
    }
    const bytes = new Uint8Array(records.buffer);
    await this.#writer.write(bytes);
    this.#records += rows;
    return bytes;
  }

  /** The layout stands after the records: a header has no room for hundreds of features. */
  async finish(): Promise<void> {
    const layout = new TextEncoder().encode(JSON.stringify(this.#layout));
    await this.#writer.write(layout);
    await this.#writer.finish({ records: this.#records, words: this.#words, layout: layout.length });
  }

  abort(): Promise<void> {
    return this.#writer.abort();
  }
}
