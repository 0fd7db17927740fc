// What one record of an item store holds: the encoded features of an item, one after the other.
import * as v from "valibot";
import { TwinError } from "../../contract/error.ts";
import { strict } from "../../contract/named-schema.ts";
import type { BlockReader } from "../bytes/block-reader.ts";
import type { ItemField } from "./item-rows.ts";

export const ItemLayoutSchema = v.array(
  strict({
    name: v.string(),
    dtype: v.picklist(["int32", "float32"]),
    /** Words of one value: 1, or the length of tags or a vector. */
    words: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(2 ** 31)),
  }),
);

/** One feature of the records, in their order. */
export type StoredFeature = v.InferOutput<typeof ItemLayoutSchema>[number];

const count = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(2 ** 31));
const Fields = v.object({ records: v.pipe(count, v.minValue(1)), words: count, layout: count });

export interface ItemLayout {
  /** Records, that of the unknown item among them. */
  readonly records: number;
  /** Of all records. */
  readonly bytes: number;
  readonly features: readonly StoredFeature[];
}

/** @throws TwinError where it does not describe the records */
export function readItemLayout(file: BlockReader): ItemLayout {
  const bad = (what: string): TwinError =>
    new TwinError(`${file.path} is not an item store that this version of Twin reads: ${what}. Build the tables again`);
  const fields = v.safeParse(Fields, file.header);
  if (!fields.success) {
    throw bad(`its header lacks proper ${v.getDotPath(fields.issues[0]) ?? "fields"}`);
  }
  const { records, words, layout } = fields.output;
  const bytes = 4 * records * words;
  if (bytes + layout !== file.payload) {
    throw bad("its header gives sizes that do not fit together");
  }
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder().decode(new Uint8Array(file.readAll(false, bytes, layout))));
  } catch (error) {
    throw error instanceof TwinError ? error : bad("its layout is no JSON text");
  }
  const features = v.safeParse(ItemLayoutSchema, json);
  if (!features.success || features.output.reduce((sum, feature) => sum + feature.words, 0) !== words) {
    throw bad("its layout does not describe its records");
  }
  return { records, bytes, features: features.output };
}

/** Where each feature stands in a record, and how long that is. */
export function itemFields(features: readonly StoredFeature[]): {
  readonly fields: ReadonlyMap<string, ItemField>;
  readonly rowBytes: number;
} {
  const fields = new Map<string, ItemField>();
  let bytes = 0;
  for (const { name, dtype, words } of features) {
    fields.set(name, { dtype, from: bytes, words });
    bytes += 4 * words;
  }
  return { fields, rowBytes: bytes };
}
