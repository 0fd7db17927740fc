// The fields of data.yaml as a schema: what may be written, before any meaning is given to it.

import * as v from "valibot";
import { named, strict } from "../../contract/named-schema.ts";
import { formats } from "./files/file-form.ts";

const text = v.pipe(v.string("a text is due here"), v.minLength(1, "this is empty"));
const scalar = v.union([v.string(), v.number(), v.boolean()], "a text, a number or true/false is due here");
const number = v.pipe(v.number("a number is due here"), v.finite("a finite number is due here"));

export const timeUnits = ["s", "ms", "us", "ns", "min", "h", "d"] as const;

const time = v.union(
  [text, strict({ column: text, unit: v.optional(v.picklist(timeUnits)), format: v.optional(text) })],
  `name the clock's column or an expression, or {column: ts, unit: ms} (units: ${timeUnits.join(", ")}), or {column: ts, format: "%d/%m/%Y"}`,
);

/** Beside `file`: how it is written, where its name and lines do not say. */
export const formEntries = {
  format: v.optional(v.picklist(formats, `one of ${formats.join(", ")} is due here`)),
  separator: v.optional(text),
  header: v.optional(v.boolean("true (the first line holds headings) or false is due here")),
  encoding: v.optional(text),
};

/** Beside what makes a behaviour's value: when it became known. */
const knownAt = v.optional(time);
const Plain = strict({ column: text, known_at: knownAt });
const AtLeast = strict({ at_least: strict({ column: text, value: number }), known_at: knownAt });
const Split = strict({ split: strict({ column: text, by: text }), known_at: knownAt });
const MapTo = strict({
  known_at: knownAt,
  map: strict({
    column: text,
    values: named(scalar),
    otherwise: v.optional(v.nullable(scalar)),
  }),
});
const Scale = strict({
  known_at: knownAt,
  scale: strict({ column: text, by: v.optional(number, 1), plus: v.optional(number, 0) }),
});

/** Names of the derivations, for messages. */
export const derivationNames = ["at_least", "split", "map", "scale"] as const;

/** By what is written in it: the union would say only that nothing fits. */
const Column = v.lazy((input) => {
  if (typeof input !== "object" || input === null) {
    return v.pipe(
      v.string("a column's name, an SQL expression or a derivation is due here"),
      v.minLength(1, "this is empty"),
    );
  }
  if ("at_least" in input) {
    return AtLeast;
  }
  if ("split" in input) {
    return Split;
  }
  if ("map" in input) {
    return MapTo;
  }
  if ("scale" in input) {
    return Scale;
  }
  if ("column" in input) {
    return Plain;
  }
  return v.never(`a derivation is one of ${derivationNames.join(", ")}`);
}) as v.GenericSchema<
  unknown,
  string | v.InferOutput<typeof AtLeast | typeof Split | typeof MapTo | typeof Scale | typeof Plain>
>;

const share = v.union([v.string(), v.number()], "a share such as 80% or 0.8, an end such as ..2018-06-30, or rest");

/** Rows of one part lie in files of their own, or all in one file or glob. */
const rowsFile = v.union(
  [text, strict({ train: text, validation: v.optional(text), test: v.optional(text) })],
  "a file or glob is due here, or {train: …, validation: …, test: …} where the parts are files of their own",
);

/** One history of `samples:`: the lists that each row brings. */
const ListedHistory = strict({
  item: text,
  by: v.optional(text),
  newest: v.optional(v.picklist(["last", "first"], "last or first: at which end the newest behaviour stands"), "last"),
  padding: v.optional(v.union([scalar, v.array(scalar)], "a value, or a list of values, is due here")),
  time: v.optional(time),
  columns: v.optional(named(Column), {}),
  clusters: v.optional(
    strict({
      on: text,
      width: v.optional(number),
      within: v.optional(text),
      edges: v.optional(v.array(number)),
      size: v.pipe(number, v.integer("a whole number is due here"), v.minValue(1, "at least 1 is due here")),
      vectors: v.optional(text),
    }),
  ),
});

const Samples = strict({
  file: rowsFile,
  ...formEntries,
  user: v.optional(text),
  item: text,
  time: v.optional(time),
  where: v.optional(text),
  histories: named(ListedHistory),
});

const values = v.union([scalar, v.array(scalar)], "a value, or a list of values, is due here");
const PartSplit = strict({
  by: v.literal("part"),
  column: text,
  train: values,
  validation: v.optional(values),
  test: v.optional(values),
});
const heldOut = v.optional(
  v.pipe(
    v.number("a number of samples is due here"),
    v.integer("a whole number is due here"),
    v.minValue(0, "0 or more is due here"),
  ),
  0,
);
const LastSplit = strict({ by: v.literal("last"), validation: heldOut, test: heldOut });
const CutSplit = strict({
  by: v.optional(v.picklist(["time", "share"], "time, share, part or last")),
  holdout: v.optional(v.literal("users", "users is all that can be held out")),
  train: share,
  validation: v.optional(share),
  test: v.optional(share),
});

/** By what it goes by: the union would say only that nothing fits. */
const SplitSchema: v.GenericSchema<
  unknown,
  v.InferOutput<typeof CutSplit> | v.InferOutput<typeof PartSplit> | v.InferOutput<typeof LastSplit>
> = v.lazy((input) => {
  const by = typeof input === "object" && input !== null && "by" in input ? input.by : undefined;
  return by === "part" ? PartSplit : by === "last" ? LastSplit : CutSplit;
});

export const BindingSchema = strict({
  events: v.optional(
    strict({
      file: rowsFile,
      ...formEntries,
      user: text,
      item: text,
      time: v.optional(time),
      order: v.optional(text),
      where: v.optional(text),
    }),
  ),
  samples: v.optional(Samples),
  items: v.optional(strict({ file: text, ...formEntries, key: text })),
  users: v.optional(strict({ file: text, ...formEntries, key: text })),
  vectors: v.optional(strict({ file: text, ...formEntries, key: text })),
  samples_from: v.optional(
    v.union([text, v.number()], "a day such as 2018-06-30, a timestamp, or a number is due here"),
  ),
  history: v.optional(
    named(
      strict({
        where: v.optional(text),
        delay: v.optional(v.union([v.string(), v.number()], "a duration such as 30s, 15min or 1h")),
        exclude_same: v.optional(text),
      }),
    ),
    {},
  ),
  columns: v.optional(named(Column), {}),
  negatives: v.optional(
    strict({
      per_positive: v.pipe(number, v.integer("a whole number is due here"), v.minValue(1, "at least 1 is due here")),
      by: v.optional(v.picklist(["popularity", "uniform"], "popularity or uniform"), "popularity"),
      met: v.optional(
        v.picklist(["exclude", "allow"], "exclude (items that the user has met are not drawn) or allow"),
        "exclude",
      ),
    }),
  ),
  weight: v.optional(text),
  split: v.optional(SplitSchema),
});

export type WrittenBinding = v.InferOutput<typeof BindingSchema>;

/** The keys that may stand at a path of data.yaml, for suggestions. */
export function keysAt(path: readonly (string | number)[]): readonly string[] {
  const [head, second] = path.map(String);
  if (head === undefined) {
    return Object.keys(BindingSchema.entries);
  }
  if (head === "events") {
    return second === "time"
      ? timeKeys
      : second === "file"
        ? partKeys
        : ["file", ...Object.keys(formEntries), "user", "item", "time", "order", "where"];
  }
  if (head === "samples") {
    return samplesKeys(path);
  }
  if (head === "items" || head === "users" || head === "vectors") {
    return ["file", ...Object.keys(formEntries), "key"];
  }
  if (head === "history") {
    return second === undefined ? [] : ["where", "delay", "exclude_same"];
  }
  if (head === "negatives") {
    return ["per_positive", "by", "met"];
  }
  if (head === "split") {
    return ["by", "holdout", "column", "train", "validation", "test"];
  }
  return head === "columns" ? columnKeys(path.slice(1)) : [];
}

const timeKeys = ["column", "unit", "format"];
const partKeys = ["train", "validation", "test"];

function samplesKeys(path: readonly (string | number)[]): readonly string[] {
  const [, second, , inner] = path;
  if (second === undefined) {
    return Object.keys(Samples.entries);
  }
  if (second === "time") {
    return timeKeys;
  }
  if (second === "file") {
    return partKeys;
  }
  if (second !== "histories" || path.length < 3) {
    return [];
  }
  if (inner === undefined) {
    return Object.keys(ListedHistory.entries);
  }
  if (inner === "clusters") {
    return ["on", "width", "within", "edges", "size", "vectors"];
  }
  return inner === "time" ? timeKeys : columnKeys(path.slice(4));
}

/** @param path from the column's name on */
function columnKeys(path: readonly (string | number)[]): readonly string[] {
  const [, derivation] = path;
  if (path.length === 1) {
    return [...derivationNames, "column", "known_at"];
  }
  if (path.length !== 2) {
    return [];
  }
  if (derivation === "at_least") {
    return ["column", "value"];
  }
  if (derivation === "split") {
    return ["column", "by"];
  }
  return derivation === "map" ? ["column", "values", "otherwise"] : ["column", "by", "plus"];
}
