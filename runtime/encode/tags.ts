// Lists of ids or texts → the rows of their first `max`, filled up with −1.
import type { RowEncoder } from "../../contract/encoder-spec.ts";
import type { FeatureSpec } from "../../contract/manifest.ts";
import { type EncodeContext, refuse } from "./context.ts";
import { exactBelow } from "./keys.ts";
import { isTyped, type RawColumn } from "./raw.ts";
import { rowOf } from "./rows.ts";

/**
 * A missing list has no tags; a missing entry of a list is left out; an unknown tag has row 0.
 * @returns int32 [rows, max]
 */
export function encodeTags(
  feature: FeatureSpec,
  encoder: RowEncoder,
  max: number,
  values: RawColumn,
  context: EncodeContext,
): Int32Array {
  const exactly = rowOf(feature, encoder, context);
  const narrow = rowOf(feature, encoder, context, exactBelow(new Float32Array()));
  const rows = new Int32Array(values.length * max).fill(-1);
  for (let i = 0; i < values.length; i++) {
    const list = values[i];
    if (list === null || list === undefined) {
      continue;
    }
    if (!Array.isArray(list) && !isTyped(list)) {
      return refuse(feature, context, i, list, "a list of tags");
    }
    const of = list instanceof Float32Array ? narrow : exactly;
    let count = 0;
    for (let j = 0; j < list.length && count < max; j++) {
      const tag: unknown = list[j];
      if (tag !== null && tag !== undefined && !Number.isNaN(tag)) {
        rows[i * max + count] = of(tag, i);
        count++;
      }
    }
  }
  return rows;
}
