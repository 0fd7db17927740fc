// Encoded items into the item store and the key index, a chunk at a time; the chunks go on to the projector.

import { join } from "node:path";
import type { Manifest } from "../../contract/manifest.ts";
import type { KeyType } from "../data/index.ts";
import { joinKeys, type KeyColumn } from "../encode/keys.ts";
import type { Piece } from "../projection/index.ts";
import { newFile } from "../store/index.ts";
import { ItemStoreWriter } from "../table/item-store-writer.ts";
import { writeKeyIndex } from "../table/key-index-build.ts";
import type { EncodedChunk } from "./encoded-chunks.ts";
import type { Reuse } from "./reuse.ts";

export interface StoreItemsOptions {
  readonly chunks: AsyncIterable<EncodedChunk>;
  readonly manifest: Manifest;
  readonly keyType: KeyType;
  /** Folder of the generation. */
  readonly partial: string;
  readonly header: Readonly<Record<string, unknown>>;
  /** Seconds are added here. */
  readonly seconds: { write: number };
  /** Rows that need not be projected again; null: all are. */
  readonly reuse?: Reuse | null;
  /** Told how many items there were; what it throws gives them up. */
  readonly counted?: (items: number) => void;
}

export async function* storeItems(options: StoreItemsOptions): AsyncGenerator<Omit<Piece, "done">> {
  const { chunks, manifest, keyType, partial, header, seconds, reuse = null } = options;
  const store = await ItemStoreWriter.create(newFile(join(partial, "items.store")), manifest.features, header);
  const keys: KeyColumn[] = [];
  let first = 1;
  try {
    for await (const chunk of chunks) {
      const mark = performance.now();
      const items = chunk.keys.length;
      keys.push(chunk.keys);
      const records = await store.write(chunk.columns, items);
      seconds.write += (performance.now() - mark) / 1000;
      yield reuse === null ? { first, items, columns: chunk.columns } : await reuse.piece(first, chunk, records);
      first += items;
    }
    options.counted?.(first - 1);
    const mark = performance.now();
    await store.finish();
    await writeKeyIndex(newFile(join(partial, "keys.index")), joinKeys(keys, keyType), header);
    seconds.write += (performance.now() - mark) / 1000;
  } catch (error) {
    await store.abort();
    throw error;
  }
}
