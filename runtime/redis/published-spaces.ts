// What the rows of a published generation are, row by row space: for who writes them and for who reads them.

import type { GenerationFile } from "../table/generation-description.ts";
import { itemFields, type StoredFeature } from "../table/item-layout.ts";
import { type RowFormat, rowBytes } from "../table/precision.ts";
import type { RowsIdentity } from "./space.ts";

export type RowsOf = RowsIdentity & { readonly rowBytes: number };

export const rowsOfTable = ({ fingerprints }: GenerationFile, table: string, format: RowFormat): RowsOf => ({
  rows: `table ${table}`,
  fingerprint: fingerprints.producer[table],
  layout: `${format.precision} ${format.heads.join("+")}`,
  rowBytes: rowBytes(format),
});

export const rowsOfItems = ({ fingerprints }: GenerationFile, layout: readonly StoredFeature[]): RowsOf => ({
  rows: "items",
  fingerprint: fingerprints.encoders,
  layout: layout.map(({ name, dtype, words }) => `${name} ${dtype} ${words}`).join(", "),
  rowBytes: itemFields(layout).rowBytes,
});

/** @param fingerprint SHA-256 of the numbers */
export const rowsOfEmbedding = (parameter: string, dim: number, fingerprint: string): RowsOf => ({
  rows: `embedding ${parameter}`,
  fingerprint,
  layout: `float32 ${dim}`,
  rowBytes: 4 * dim,
});
