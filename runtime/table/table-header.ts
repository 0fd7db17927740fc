// What the header of a table says of its rows.
import * as v from "valibot";
import { TwinError } from "../../contract/error.ts";
import type { BlockReader } from "../bytes/block-reader.ts";
import { type RowFormat, rowBytes } from "./precision.ts";

const count = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(2 ** 31 - 1));

const Fields = v.object({
  rows: count,
  width: count,
  precision: v.picklist(["float32", "float16", "uint8"]),
  heads: v.array(count),
});

/** @throws TwinError where it lacks fields, or its sizes do not fit the payload */
export function readTableHeader(file: BlockReader): { readonly rows: number; readonly format: RowFormat } {
  const fields = v.safeParse(Fields, file.header);
  const bad = `${file.path} is not a table that this version of Twin reads: its header`;
  if (!fields.success) {
    throw new TwinError(`${bad} lacks proper ${v.getDotPath(fields.issues[0]) ?? "fields"}. Build the tables again`);
  }
  const { rows, width, precision, heads } = fields.output;
  const format = { precision, width, heads };
  const sum = heads.reduce((total, head) => total + head, 0);
  if (sum !== width || rows * rowBytes(format) !== file.payload) {
    throw new TwinError(`${bad} gives sizes that do not fit together. Build the tables again`);
  }
  return { rows, format };
}

/** @throws TwinError where what stands for an absent row would add to a score */
export function expectZeros(path: string, absent: Uint8Array): void {
  if (absent.some((byte) => byte !== 0)) {
    throw new TwinError(`${path}: row 0 is the miss row and must be zeros. Build the tables again`);
  }
}
