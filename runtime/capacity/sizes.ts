// Rows of a model and what they take, by precision and store.
import type { Manifest, TableEntry } from "../../contract/manifest.ts";
import { slotCount, slotWords } from "../../contract/slots.ts";
import { mostKeys } from "../table/key-index-build.ts";
import { headsOf, type Precision, rowBytes } from "../table/precision.ts";
import { recordBytes, records } from "./reads.ts";
import { redisBytes } from "./redis-bytes.ts";

/** Rows of one kind: a table's, records of items, or of an embedding that lies outside the graphs. */
export interface RowSize {
  readonly name: string;
  /** How many there are. */
  readonly count: number;
  /** Null: records of items, and embeddings. */
  readonly precision: Precision | null;
  /** Whether the model says so; else it is what it could say. */
  readonly chosen: boolean;
  /** Bytes of a row, and of all rows in a file. */
  readonly row: number;
  readonly file: number;
  /** Bytes in a Redis of a row with its key, and of all. */
  readonly redisKey: number;
  readonly redis: number;
}

/** Name of a key but for the item's own: two digits of a generation, three of a bucket. */
const nameLength = "twin:0123abcd:10:{b255}:".length;

const precisions: readonly Precision[] = ["float32", "float16", "uint8"];

/** @param keyLength characters of an item's key */
export function rowSizes(manifest: Manifest, items: number, keyLength: number): RowSize[] {
  const tables = Object.entries(manifest.tables);
  const outside = manifest.embeddings.filter(({ placement }) => placement.kind === "outside");
  const keys = outside.reduce((sum, { rows }) => sum + rows, items * (tables.length + 1));
  const size = (name: string, count: number, row: number, precision: Precision | null, chosen: boolean): RowSize => {
    const redisKey = redisBytes(nameLength + keyLength, row, keys);
    return { name, count, precision, chosen, row, file: row * (count + 1), redisKey, redis: redisKey * count };
  };
  return [
    ...tables.flatMap(([name, table]) =>
      precisions.map((one) => size(name, items, bytesOf(table, one), one, one === table.precision)),
    ),
    size(records, items, recordBytes(manifest), null, true),
    ...outside.map(({ parameter, dim, rows }) => size(parameter, rows, 4 * dim, null, true)),
  ];
}

const bytesOf = ({ width, parts }: TableEntry, precision: Precision): number =>
  rowBytes({ precision, width, heads: headsOf(parts) });

/** Bytes of the indexes of keys beside files: of whole numbers without gaps, and of any numbers; `parts`: one holds so many keys at most. */
export const indexBytes = (items: number) => ({
  dense: 4 * items,
  sparse: 4 * slotWords * slotCount(items),
  parts: Math.ceil(items / mostKeys),
});
