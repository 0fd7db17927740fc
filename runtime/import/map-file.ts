// map.yaml: which foreign array becomes which parameter, where names, orientation or rows differ.

import * as v from "valibot";
import { named, strict } from "../../contract/named-schema.ts";
import { parseYaml } from "../../contract/yaml-text.ts";
import { readText } from "../host/files.ts";

const natural = v.pipe(v.number(), v.integer(), v.minValue(0));
const name = v.pipe(v.string(), v.minLength(1));

const SliceSchema = strict({ axis: natural, start: natural, end: natural });

/** Where a foreign embedding table holds what. Twin: row 0 is the unknown, row 1 + i the i-th value. */
export const RowsSchema = strict({
  /** The row that stands for padding, which Twin does not store; `none` where there is none. */
  padding: v.optional(v.union([natural, v.literal("none")]), "none"),
  /** The row that stands for unknown values; `zero`: there is none, and Twin's row 0 becomes zeros. */
  unknown: v.union([natural, v.picklist(["first", "last", "zero"])]),
  /**
   * `packed`: the other rows in their order are Twin's rows 1, 2, …; `index`: row i, whatever it stands for, is Twin's row
   * i + 1, as `id` features need whose ids are the foreign indices.
   */
  order: v.optional(v.picklist(["packed", "index"]), "packed"),
});

const PartSchema = strict({ name, slice: v.optional(v.union([SliceSchema, v.array(SliceSchema)])) });

const EntrySchema = strict({
  /** A name; a pattern, whose `*` is any text without a dot; or several arrays, put side by side along `concat`. */
  from: v.union([name, PartSchema, v.pipe(v.array(v.union([name, PartSchema])), v.minLength(1))]),
  /** A parameter; for a pattern, with as many `*`, which stand for the same texts in order. */
  to: name,
  concat: v.optional(natural, 0),
  transpose: v.optional(v.boolean()),
  /** One number becomes all numbers of a vector, such as a shared slope. */
  repeat: v.optional(v.boolean(), false),
  rows: v.optional(RowsSchema),
});

export const MapSchema = strict({
  format: v.literal(1),
  map: v.optional(v.array(EntrySchema), []),
  /** Arrays that nobody needs: names or patterns. */
  ignore: v.optional(v.array(name), []),
  /** FuxiCTR: what a feature is called here, qualified, where the names differ. */
  features: v.optional(named(name), {}),
});

export type MapFile = v.InferOutput<typeof MapSchema>;
export type MapEntry = v.InferOutput<typeof EntrySchema>;
export type Slice = v.InferOutput<typeof SliceSchema>;
export type RowLayout = v.InferOutput<typeof RowsSchema>;

export const emptyMap: MapFile = { format: 1, map: [], ignore: [], features: {} };

/** @throws TwinError with line and column of the first mistake */
export function readMap(path: string): MapFile {
  return parseYaml(readText(path, 1 << 24), path, MapSchema, {
    what: "a map of names",
    cure: "docs/import.md shows the form",
  });
}
