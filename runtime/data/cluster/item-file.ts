// The items of clustered data as files: those of the log as they are, and how virtual ones stand beside them.
import { createHash } from "node:crypto";
import { join } from "node:path";
import { recordOf } from "../../../contract/record.ts";
import { valueAt } from "../../encode/data-column.ts";
import { type CellType, RowWriter } from "../database/row-writer.ts";
import { namesOf } from "../files/headings.ts";
import { cellOf } from "./cells.ts";
import { saveAs } from "./folder.ts";
import type { ItemValues } from "./item-values.ts";
import type { ItemFiles } from "./sample-file.ts";
import type { Shards } from "./write-shard.ts";

/** What the key and each feature are called: no two alike, however capitals are written. */
const namesIn = ({ features }: ItemValues): readonly string[] =>
  namesOf(["item_key", ...features.map(({ column }) => column)]).names;

/** Columns of a row of items: the key, and each feature. */
export const itemColumns = (items: ItemValues, types: readonly CellType[]): [string, CellType][] =>
  namesIn(items).map((name, i) => [name, i === 0 ? (items.keyType === "int64" ? "int64" : "text") : types[i - 1]]);

/** What data.yaml has to say: of a feature that is the key, too, it is that of the member nearest to the middle. */
export function itemFiles(items: ItemValues): ItemFiles {
  const [key, ...names] = namesIn(items);
  const said = items.features.flatMap((feature, i) =>
    (feature.key && feature.encoder.kind !== "key") || names[i] !== feature.column
      ? [[feature.name, names[i]] as const]
      : [],
  );
  return { key, columns: recordOf(said) };
}

/** Writes the log's own items. */
export async function writeItems({ source, items, itemTypes, folder }: Shards): Promise<void> {
  const writer = await RowWriter.create(source, "twin_items", itemColumns(items, itemTypes));
  const columns = items.features.map(({ name }) => items.columns.get(name)!);
  items.keys.forEach((key, i) => {
    writer.add(key, ...columns.map((column, f) => cellOf(itemTypes[f], valueAt(column, i))));
  });
  await saveAs(folder, join("items", "items.parquet"), (path) => writer.save(path));
}

/** SHA-256 of the vectors that behaviours were clustered by, with the keys of their items. */
export function sumOfVectors({ vectors, keys }: ItemValues): string {
  const hash = createHash("sha256").update(JSON.stringify(keys.map(String)));
  for (const [name, rows] of [...vectors].sort(([a], [b]) => (a < b ? -1 : 1))) {
    hash.update(`\n${name}\n`).update(new Uint8Array(rows.buffer, rows.byteOffset, rows.byteLength));
  }
  return hash.digest("hex");
}
