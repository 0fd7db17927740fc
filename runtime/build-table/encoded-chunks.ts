// Encoded items with their keys, a chunk at a time: read from files, from an item store, or from deltas.
import { join } from "node:path";
import { TwinError } from "../../contract/error.ts";
import type { Items, KeyType } from "../data/index.ts";
import { type Delta, placesUnknown } from "../delta/delta.ts";
import { encodeColumn } from "../encode/column.ts";
import { reorder } from "../encode/columns.ts";
import { type KeyColumn, parseKeys, pickKeys } from "../encode/keys.ts";
import type { EncodedColumn } from "../projection/index.ts";
import type { Artefacts } from "../serve/index.ts";
import { openKeyIndex } from "../store/index.ts";
import type { GenerationFile } from "../table/generation-description.ts";
import type { StoredFeature } from "../table/item-layout.ts";
import { storedFeatures } from "../table/item-store-writer.ts";
import { StoreReader } from "./store-reader.ts";

/** Memory of its own, which whoever takes it may give on. */
export interface EncodedChunk {
  readonly keys: KeyColumn;
  readonly columns: ReadonlyMap<string, EncodedColumn>;
}

export interface ReadItems {
  readonly items: Items;
  readonly order: { readonly join: string; readonly by: string } | null;
  readonly artefacts: Artefacts;
  readonly keyType: KeyType;
  readonly batch: number;
  /** Seconds are added here. */
  readonly seconds: { read: number; encode: number };
}

/** Items of files. */
export async function* readItems(options: ReadItems): AsyncGenerator<EncodedChunk> {
  const { items, order, artefacts, keyType, batch, seconds } = options;
  const features = storedFeatures(artefacts.manifest.features);
  const where = items.relation.name;
  const context = artefacts.context(where);
  let mark = performance.now();
  for await (const chunk of items.chunks(batch, order ?? undefined)) {
    seconds.read += (performance.now() - mark) / 1000;
    mark = performance.now();
    const keys = parseKeys(chunk.keys, keyType, where);
    const columns = new Map<string, EncodedColumn>(
      features.map((feature) => [
        feature.name,
        encodeColumn(feature, chunk.columns[feature.name], chunk.rows, context),
      ]),
    );
    seconds.encode += (performance.now() - mark) / 1000;
    yield { keys, columns };
    mark = performance.now();
  }
}

/** @throws TwinError where a file had another number of items than were counted in it */
export function expectCount(where: string, total: number, found: number): void {
  if (found !== total) {
    throw new TwinError(`${where} had ${total} items when the build began and ${found} now: it was changed meanwhile`);
  }
}

/** Items of a generation, in its order. @param folder of it */
export async function* storedItems(
  folder: string,
  { index, store, items }: GenerationFile,
  features: readonly StoredFeature[],
  batch: number,
): AsyncGenerator<EncodedChunk> {
  const keys = (await openKeyIndex(join(folder, index))).allKeys();
  const reader = await StoreReader.open({ path: join(folder, store), features });
  try {
    for (let first = 0; first < items; first += batch) {
      const count = Math.min(batch, items - first);
      const places = Int32Array.from({ length: count }, (_, i) => first + i);
      const columns = new Map([...reader.read(first + 1, count)].map(([name, column]) => [name, column.slice()]));
      yield { keys: pickKeys(keys, places), columns };
    }
  } finally {
    reader.close();
  }
}

/** Items that deltas put in, the newest first, and then those of a source of which the deltas know nothing. */
export async function* withDelta(
  delta: Delta,
  chunks: AsyncIterable<EncodedChunk>,
  batch: number,
): AsyncGenerator<EncodedChunk> {
  const keys = delta.index.allKeys();
  const there = Int32Array.from({ length: delta.entries }, (_, i) => i).filter((i) => delta.present[i] === 1);
  for (let first = 0; first < there.length; first += batch) {
    const places = there.subarray(first, first + batch);
    yield { keys: pickKeys(keys, places), columns: columnsOf(delta, places) };
  }
  for await (const chunk of chunks) {
    const kept = placesUnknown(chunk.keys, delta.index);
    if (kept.length === chunk.keys.length) {
      yield chunk;
    } else if (kept.length > 0) {
      yield pickedChunk(chunk, kept);
    }
  }
}

/** Some of a chunk's items. */
export function pickedChunk({ keys, columns }: EncodedChunk, places: Int32Array): EncodedChunk {
  return {
    keys: pickKeys(keys, places),
    columns: new Map(
      [...columns].map(([name, column]) => [
        name,
        reorder(column, column.length / keys.length, places, places.length, 0),
      ]),
    ),
  };
}

/** Columns of records. */
function columnsOf({ records, features, entries }: Delta, places: Int32Array): Map<string, EncodedColumn> {
  const stride = records.length / entries / 4;
  const bits = new Int32Array(records.buffer, records.byteOffset, records.length / 4);
  const columns = new Map<string, EncodedColumn>();
  let offset = 0;
  for (const { name, dtype, words } of features) {
    const column = new Int32Array(places.length * words);
    for (let i = 0; i < places.length; i++) {
      const from = places[i] * stride + offset;
      for (let j = 0; j < words; j++) {
        column[i * words + j] = bits[from + j];
      }
    }
    columns.set(name, dtype === "int32" ? column : new Float32Array(column.buffer));
    offset += words;
  }
  return columns;
}
