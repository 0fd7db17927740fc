// The item store as a request sees it: records of encoded features by the item's key, whatever holds them.
import { TwinError } from "../../contract/error.ts";
import type { Encoded } from "../encode/encoded.ts";
import { bytesOf, type Piece, type TableStore } from "./table-store.ts";

/** Where one feature stands in a record. */
export interface ItemField {
  readonly dtype: "int32" | "float32";
  /** First byte. */
  readonly from: number;
  /** Words of one value: 1, or the length of tags or a vector. */
  readonly words: number;
}

/** The pieces of an absent item are those of the unknown one. */
export interface ItemRows extends TableStore {
  readonly fields: ReadonlyMap<string, ItemField>;
}

/**
 * A column of `rows` values, of which the first `read` are read from the store.
 * @throws TwinError for a feature that the store does not hold
 */
export function fieldPiece(
  store: Pick<ItemRows, "fields" | "where">,
  feature: string,
  rows: number,
  read = rows,
): { readonly column: Encoded; readonly piece: Piece } {
  const field = store.fields.get(feature);
  if (field === undefined) {
    throw new TwinError(`${store.where} holds no feature ${feature}. Build the tables again`);
  }
  const { dtype, from, words } = field;
  const column = dtype === "int32" ? new Int32Array(rows * words) : new Float32Array(rows * words);
  const into = bytesOf(column).subarray(0, 4 * words * read);
  return { column, piece: { from, bytes: 4 * words, into } };
}
