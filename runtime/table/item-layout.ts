// What one record of an item store holds: the encoded features of an item, one after the other.
import * as v from "valibot";
import { strict } from "../../contract/named-schema.ts";

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
