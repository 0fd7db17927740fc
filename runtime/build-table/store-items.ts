// Items from their file into the item store and the key index, a chunk at a time; the chunks go on to the projector.

import { join } from "node:path";
import { TwinError } from "../../contract/error.ts";
import type { Items, KeyType } from "../data/index.ts";
import { encodeColumn } from "../encode/column.ts";
import { joinKeys, type KeyColumn, parseKeys } from "../encode/keys.ts";
import type { EncodedColumn, Piece } from "../projection/index.ts";
import type { Artefacts } from "../serve/index.ts";
import { newFile } from "../store/index.ts";
import { ItemStoreWriter, storedFeatures } from "../table/item-store-writer.ts";
import { writeKeyIndex } from "../table/key-index-build.ts";

export interface StoreItemsOptions {
  readonly items: Items;
  readonly order: { readonly join: string; readonly by: string } | null;
  readonly artefacts: Artefacts;
  readonly keyType: KeyType;
  /** Folder of the generation. */
  readonly partial: string;
  readonly header: Readonly<Record<string, unknown>>;
  readonly batch: number;
  /** Number of items that were counted before. */
  readonly total: number;
  /** Seconds are added here. */
  readonly seconds: { read: number; encode: number; write: number };
  /** Told the keys of each chunk; what it throws ends the reading. */
  readonly each?: (keys: KeyColumn) => void;
}

export async function* storeItems(options: StoreItemsOptions): AsyncGenerator<Omit<Piece, "done">> {
  const { items, artefacts, keyType, partial, header, seconds } = options;
  const features = storedFeatures(artefacts.manifest.features);
  const where = items.relation.name;
  const context = artefacts.context(where);
  const store = await ItemStoreWriter.create(
    newFile(join(partial, "items.store")),
    artefacts.manifest.features,
    header,
  );
  const keys: KeyColumn[] = [];
  let first = 1;
  try {
    let mark = performance.now();
    for await (const chunk of items.chunks(options.batch, options.order ?? undefined)) {
      seconds.read += (performance.now() - mark) / 1000;
      mark = performance.now();
      const own = parseKeys(chunk.keys, keyType, where);
      options.each?.(own);
      keys.push(own);
      const columns = new Map<string, EncodedColumn>();
      for (const feature of features) {
        columns.set(feature.name, encodeColumn(feature, chunk.columns[feature.name], chunk.rows, context));
      }
      seconds.encode += (performance.now() - mark) / 1000;
      mark = performance.now();
      await store.write(columns, chunk.rows);
      seconds.write += (performance.now() - mark) / 1000;
      yield { first, items: chunk.rows, columns };
      first += chunk.rows;
      mark = performance.now();
    }
    if (first - 1 !== options.total) {
      throw new TwinError(
        `${where} had ${options.total} items when the build began and ${first - 1} now: it was changed meanwhile`,
      );
    }
    await store.finish();
    await writeKeyIndex(newFile(join(partial, "keys.index")), joinKeys(keys, keyType), header);
    seconds.write += (performance.now() - mark) / 1000;
  } catch (error) {
    await store.abort();
    throw error;
  }
}
