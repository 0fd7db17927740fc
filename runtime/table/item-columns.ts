// The encoded features of a column of items: what came with the request wins, then the item store, then "unknown".

import { TwinError } from "../../contract/error.ts";
import type { FeatureSpec } from "../../contract/manifest.ts";
import { encodeColumn, encodedWidth, missing } from "../encode/column.ts";
import { reorder } from "../encode/columns.ts";
import type { EncodeContext } from "../encode/context.ts";
import type { Encoded } from "../encode/encoded.ts";
import type { RawKeys } from "../encode/keys.ts";
import type { RawColumn } from "../encode/raw.ts";

/** Where encoded item features are read by ordinal; record 0 is the unknown item. */
export interface ItemSource {
  gather(feature: string, ordinals: Int32Array): Encoded;
}

export class ItemColumns {
  readonly rows: number;
  readonly keys: RawKeys;
  /** Ordinal of each item in the generation; null where there is none. */
  readonly ordinals: Int32Array | null;
  readonly #store: ItemSource | null;
  readonly #inline: Readonly<Record<string, RawColumn>>;
  readonly #context: EncodeContext;
  readonly #encoded = new Map<string, Encoded>();

  constructor(
    keys: RawKeys,
    ordinals: Int32Array | null,
    store: ItemSource | null,
    inline: Readonly<Record<string, RawColumn>>,
    context: EncodeContext,
  ) {
    this.rows = keys.length;
    this.keys = keys;
    this.ordinals = ordinals;
    this.#store = store;
    this.#inline = inline;
    this.#context = context;
  }

  /**
   * A feature of all items, in the caller's order: shape `encodedShape(feature, rows)`.
   * @throws TwinError where it neither came along nor can be looked up
   */
  encoded(feature: FeatureSpec): Encoded {
    let found = this.#encoded.get(feature.name);
    if (found === undefined) {
      found = this.#encode(feature);
      this.#encoded.set(feature.name, found);
    }
    return found;
  }

  /**
   * A feature of the items at `order`, padded to `length` with what is unknown.
   * @param ordinals of those items, 0 for padding; null where there is no generation
   */
  ordered(feature: FeatureSpec, order: Int32Array, ordinals: Int32Array | null, length: number): Encoded {
    const looksUp = this.#store !== null && ordinals !== null && this.#inline[feature.column] === undefined;
    if (!looksUp || feature.key) {
      const fill = feature.encoder.kind === "tags" ? -1 : 0;
      return reorder(this.encoded(feature), encodedWidth(feature), order, length, fill);
    }
    // Record 0 is the unknown item: padding needs nothing more.
    return this.#store!.gather(feature.name, ordinals!);
  }

  /** Items that neither came along nor are in the generation. */
  unknown(): number {
    if (this.ordinals === null || Object.keys(this.#inline).length > 0) return 0;
    let count = 0;
    for (const ordinal of this.ordinals) count += Number(ordinal === 0);
    return count;
  }

  #encode(feature: FeatureSpec): Encoded {
    const brought = this.#inline[feature.column];
    if (brought !== undefined) return encodeColumn(feature, brought, this.rows, this.#context);
    if (this.rows === 0) return missing(feature, 0);
    if (this.#store !== null && this.ordinals !== null) {
      const found = this.#store.gather(feature.name, this.ordinals);
      return feature.key ? this.#withUnknownKeys(feature, found, this.ordinals) : found;
    }
    if (feature.key) return encodeColumn(feature, this.keys, this.rows, this.#context);
    throw new TwinError(
      `${this.#context.where}: the item feature ${feature.name} is needed, and there is no item store to look it up in. ` +
        `Build one (\`twin table build\`), or bring the column: items: {${feature.column}: […]}`,
    );
  }

  /** An item outside the generation is still known by its key. */
  #withUnknownKeys(feature: FeatureSpec, found: Encoded, ordinals: Int32Array): Encoded {
    const unknown: number[] = [];
    for (let i = 0; i < ordinals.length; i++) if (ordinals[i] === 0) unknown.push(i);
    if (unknown.length === 0) return found;
    const width = encodedWidth(feature);
    const rows = encodeColumn(
      feature,
      unknown.map((i) => this.keys[i]),
      unknown.length,
      this.#context,
    );
    for (let i = 0; i < unknown.length; i++) {
      for (let j = 0; j < width; j++) found[unknown[i] * width + j] = rows[i * width + j];
    }
    return found;
  }
}
