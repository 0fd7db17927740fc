// The first phase of preparing: every item's ordinal in a table of the database, its encoded features in column files.

import { TwinError } from "../../../contract/error.ts";
import { hasher } from "../../../contract/hash.ts";
import type { FeatureSpec } from "../../../contract/manifest.ts";
import { recordOf } from "../../../contract/record.ts";
import { missing } from "../../encode/column.ts";
import type { DataColumn } from "../../encode/data-column.ts";
import type { Encoded } from "../../encode/encoded.ts";
import type { Meter } from "../../host/progress.ts";
import { storedFeature } from "../../learn/index.ts";
import { type DataModel, encodedFeatures } from "../data-model.ts";
import { quoted, type Source } from "../database/source.ts";
import { ItemOrdinals } from "../lists/item-ordinals.ts";
import { ColumnWriter } from "./column-file.ts";
import type { Encoders } from "./encode-rows.ts";
import type { FileBlocks } from "./file-blocks.ts";
import { itemColumn } from "./layout.ts";
import { type DataQuery, itemTable } from "./select.ts";

/** Makes the table of ordinals. @returns the number of items, without the unknown one */
export async function numberItems(source: Source, query: DataQuery): Promise<number> {
  if (query.items !== null) {
    await query.items.check();
  }
  try {
    await source.all(`CREATE OR REPLACE TABLE ${quoted(itemTable)} AS ${query.itemKeys}`);
  } catch (cause) {
    throw await query.columns.explain(cause);
  }
  const [row] = await source.all(`SELECT count(*)::DOUBLE AS n FROM ${quoted(itemTable)}`);
  // Ordinals are 32 bits wide.
  if (Number(row.n) > 0x7ffffffe) {
    throw new TwinError(`${row.n} items are more than can be prepared`);
  }
  return Number(row.n);
}

/** For looking up what lists name; after `numberItems`. */
export const ordinalsOf = (source: Source, { keyType }: DataQuery): Promise<ItemOrdinals> =>
  ItemOrdinals.read(source, `SELECT k FROM ${quoted(itemTable)} ORDER BY ordinal`, keyType);

/** Encodes every item's features; `write` takes them and what they were made of, the unknown item (made of nothing) first. */
export async function encodeItems(
  source: Source,
  query: DataQuery,
  model: DataModel,
  encoders: Encoders,
  progress: Meter,
  write: ((feature: FeatureSpec, data: Encoded, raw: DataColumn | null) => void) | null,
  signal?: AbortSignal,
): Promise<void> {
  const features = encodedFeatures(model, "item");
  for (const feature of features) {
    write?.(feature, missing(feature, 1), null);
  }
  if (features.length === 0) {
    return;
  }
  const { items } = query;
  const chunks =
    items === null
      ? source.stream(`SELECT k AS "#key" FROM ${quoted(itemTable)} ORDER BY ordinal`, 16_384)
      : items.chunks(16_384);
  let first = 0;
  for await (const chunk of chunks) {
    if (signal?.aborted) {
      throw new TwinError("preparing the data was stopped");
    }
    for (const feature of features) {
      const raw = items === null ? chunk.columns["#key"] : chunk.columns[feature.name];
      const place = (row: number): string => `${items?.relation.name ?? "the items"}, row ${first + row + 1}`;
      const data = encoders.encode(feature, raw, chunk.rows, null, place);
      write?.(feature, data, raw);
    }
    first += chunk.rows;
    progress.add(chunk.rows);
  }
}

/** As `encodeItems`, into the column files of a folder. @returns what stands in them */
export async function writeItems(
  folder: string,
  source: Source,
  query: DataQuery,
  model: DataModel,
  encoders: Encoders,
  progress: Meter,
  signal?: AbortSignal,
): Promise<Record<string, FileBlocks>> {
  const hash = await hasher();
  const specs = encodedFeatures(model, "item").map(storedFeature);
  const writers = new Map(specs.map((spec) => [spec.name, new ColumnWriter(folder, itemColumn(spec), hash)]));
  try {
    await encodeItems(
      source,
      query,
      model,
      encoders,
      progress,
      (feature, data) => writers.get(feature.name)?.write(data),
      signal,
    );
    for (const writer of writers.values()) {
      writer.sync();
    }
    return recordOf([...writers.values()].map(({ spec, blocks }) => [spec.file, blocks]));
  } finally {
    for (const writer of writers.values()) {
      writer.close();
    }
  }
}
