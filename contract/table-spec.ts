// `tables/NAME.yaml`, the lookup-table spec: all that another system needs to build and hold the table.

import * as v from "valibot";
import { PartOfSchema } from "./by-spec.ts";
import { ExtensionsSchema } from "./extensions.ts";
import { named, strict } from "./named-schema.ts";

const positive = v.pipe(v.number(), v.integer(), v.minValue(1));

export const quantisation = "u8 values, then float32 (scale, offset) per head; value = offset + scale * u8" as const;

/** What stands in a spec whatever its rows hold. */
export const commonEntries = {
  table: v.string(),
  key: strict({ feature: v.string(), type: v.picklist(["int64", "string"]) }),
  producer: strict({
    graph: v.string(),
    inputs: v.array(v.string()),
    /** The projector's output of this table's rows [items, width], all parts. */
    output: v.string(),
    fingerprint: v.string(),
  }),
  coverage: strict({ target: v.number(), min_count: v.optional(v.number()) }),
  refresh: v.optional(strict({ seconds: v.number() })),
  shards: strict({ count: positive, by: v.literal("xxh64(key) mod count") }),
  on_miss: v.picklist(["mask", "zero", "compute"]),
  /** The largest it can get, where the key's vocabulary bounds it. */
  size: v.optional(strict({ rows: positive, bytes: positive })),
};

export const storedEntries = {
  precision: v.picklist(["float32", "float16", "uint8"]),
  /** uint8 only: value = offset + scale · u, per head; all bytes first, then (scale, offset) of each head as float32. */
  quantisation: v.optional(v.literal(quantisation)),
  /** Length of one stored row. */
  bytes: positive,
  order: v.literal("little-endian"),
};

export const TableSpecSchema = strict({
  format: v.literal(2),
  ...commonEntries,
  row: strict({
    layout: v.tuple([v.literal("heads"), v.literal("dim")]),
    /** One after the other. */
    parts: v.array(strict({ of: PartOfSchema, heads: positive, dim: positive })),
    ...storedEntries,
  }),
  /** By metric whose keys, or whose attend's values, a row holds: the fingerprint. */
  metrics: named(strict({ fingerprint: v.string() })),
  extensions: ExtensionsSchema,
});

export type TableSpec = v.InferOutput<typeof TableSpecSchema>;
