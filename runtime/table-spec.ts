// `tables/NAME.yaml`, the lookup-table spec: all that another system needs to build and hold the table.
import * as v from "valibot";

const positive = v.pipe(v.number(), v.integer(), v.minValue(1));
const fingerprint = v.strictObject({ fingerprint: v.string() });

const stored = {
  precision: v.picklist(["float32", "float16", "uint8"]),
  /** uint8 only: value = offset + scale · u, per head; all bytes first, then (scale, offset) of each head as float32. */
  quantisation: v.optional(v.literal("u8 values, then float32 (scale, offset) per head; value = offset + scale * u8")),
  /** Length of one stored row. */
  bytes: positive,
  order: v.literal("little-endian"),
};
const layout = { layout: v.tuple([v.literal("heads"), v.literal("dim")]), heads: positive, dim: positive };

export const TableSpecSchema = v.strictObject({
  format: v.literal(1),
  table: v.string(),
  /** `relevance.keys`; a list where a row has several parts, one after the other. */
  of: v.union([v.string(), v.array(v.string())]),
  key: v.strictObject({ feature: v.string(), type: v.picklist(["int64", "string"]) }),
  row: v.union([
    v.strictObject({ ...layout, ...stored }),
    v.strictObject({ parts: v.array(v.strictObject({ of: v.string(), ...layout })), ...stored }),
  ]),
  producer: v.strictObject({
    graph: v.string(),
    inputs: v.array(v.string()),
    /** The projector's output of this table's rows [items, width], all parts. */
    output: v.string(),
    fingerprint: v.string(),
  }),
  /** Of its metric; by name where parts come from several. */
  metric: v.union([fingerprint, v.record(v.string(), fingerprint)]),
  coverage: v.strictObject({ target: v.number(), min_count: v.optional(v.number()) }),
  refresh: v.optional(v.strictObject({ seconds: v.number() })),
  shards: v.strictObject({ count: positive, by: v.literal("xxh64(key) mod count") }),
  on_miss: v.picklist(["mask", "zero", "compute"]),
  /** The largest it can get, where the key's vocabulary bounds it. */
  size: v.optional(v.strictObject({ rows: positive, bytes: positive })),
});

export type TableSpec = v.InferOutput<typeof TableSpecSchema>;
