// `tables/NAME.yaml`, the lookup-table spec: all that another system needs to build and hold the table.

import * as v from "valibot";
import { named, strict } from "./named-schema.ts";

const positive = v.pipe(v.number(), v.integer(), v.minValue(1));
const fingerprint = strict({ fingerprint: v.string() });

const stored = {
  precision: v.picklist(["float32", "float16", "uint8"]),
  /** uint8 only: value = offset + scale · u, per head; all bytes first, then (scale, offset) of each head as float32. */
  quantisation: v.optional(v.literal("u8 values, then float32 (scale, offset) per head; value = offset + scale * u8")),
  /** Length of one stored row. */
  bytes: positive,
  order: v.literal("little-endian"),
};
const layout = { layout: v.tuple([v.literal("heads"), v.literal("dim")]), heads: positive, dim: positive };

export const TableSpecSchema = strict({
  format: v.literal(1),
  table: v.string(),
  /** `relevance.keys`; a list where a row has several parts, one after the other. */
  of: v.union([v.string(), v.array(v.string())]),
  key: strict({ feature: v.string(), type: v.picklist(["int64", "string"]) }),
  row: v.union([
    strict({ ...layout, ...stored }),
    strict({ parts: v.array(strict({ of: v.string(), ...layout })), ...stored }),
  ]),
  producer: strict({
    graph: v.string(),
    inputs: v.array(v.string()),
    /** The projector's output of this table's rows [items, width], all parts. */
    output: v.string(),
    fingerprint: v.string(),
  }),
  /** Of its metric; by name where parts come from several. */
  metric: v.union([fingerprint, named(fingerprint)]),
  coverage: strict({ target: v.number(), min_count: v.optional(v.number()) }),
  refresh: v.optional(strict({ seconds: v.number() })),
  shards: strict({ count: positive, by: v.literal("xxh64(key) mod count") }),
  on_miss: v.picklist(["mask", "zero", "compute"]),
  /** The largest it can get, where the key's vocabulary bounds it. */
  size: v.optional(strict({ rows: positive, bytes: positive })),
});

export type TableSpec = v.InferOutput<typeof TableSpecSchema>;
