// The feature kinds: what the user writes, what it becomes, and where it may stand. A new kind is a row here.
import type { Encoder, RowEncoder } from "../../contract/encoder-spec.ts";
import type { CallValue } from "../../grammar/ast.ts";
import type { GroupName } from "../model/model.ts";
import { edgeCalls } from "./edges.ts";
import {
  type Arguments,
  choice,
  duration,
  edges,
  flag,
  integer,
  maxRows,
  maxWidth,
  name,
  optional,
  quantity,
  type Reads,
  real,
  reference,
  required,
  type Signature,
  signature,
  text,
} from "./signature.ts";
import { wanted } from "./wanted.ts";
import { zoneNames } from "./zones.ts";

/** How the encoded value becomes columns. */
export type Columns =
  /** rows of a table [rows, dim] */
  | { readonly kind: "embedding"; readonly rows: number }
  /** the vector itself, or a projection of it to `dim` */
  | { readonly kind: "vector"; readonly size: number }
  | { readonly kind: "scalar" }
  | { readonly kind: "none" };

/** A way to name the rows of tags: the argument that was written, and the encoder it stands for. */
export interface FeatureKind<A extends Arguments = Arguments> extends Signature<A> {
  /** Where it may stand. */
  readonly groups: readonly GroupName[];
  /** Exactly one of these arguments must be given. */
  readonly oneOf: readonly (keyof A & string)[];
  readonly encoder: (values: { readonly [K in keyof A]: Reads<A[K]> }) => Encoder;
}

const kind = <const A extends Arguments>(
  doc: string,
  args: A,
  encoder: FeatureKind<A>["encoder"],
  { groups = anywhere, oneOf = [] }: { groups?: readonly GroupName[]; oneOf?: readonly (keyof A & string)[] } = {},
): FeatureKind<A> => ({ ...signature(doc, args), groups, oneOf, encoder });

const anywhere: readonly GroupName[] = ["item", "user", "context", "candidate", "cross"];

const formerly = optional(
  name("an earlier name", "new"),
  null,
  "The name before a rename: old weights and data stay readable.",
);
const dim = optional(integer(1, maxWidth), null, "Columns of the embedding; with `shares`, those of the shared table.");
const shares = optional(reference(wanted.feature), null, "Use this feature's table instead of an own one.");
const unknown = optional(
  real({ min: 0, below: 1 }),
  0.01,
  "Share of the ids masked while training, so that row 0 learns.",
);
const zone = optional(
  text("the name of a time zone", zoneNames),
  "UTC",
  'Name in the IANA database: `"Europe/Berlin"`.',
);
const key = optional(flag, false, "This feature identifies the item or the user.");

const embedded = { dim, shares, formerly };

const on = optional(
  reference(wanted.itemCategory),
  null,
  "Behaviours count whose value of this feature of `item` is the candidate's, of tags where one is; all unless said.",
);
const of = required(reference(wanted.rated), "A cross feature of the history: a flag, or a number from 0 to 1.");
const k = optional(real({ min: 1e-3 }), 5, "Behaviours' worth of the user's own rate that a rate is smoothed by.");
const base = optional(
  real({ above: 0, below: 1 }),
  null,
  "Rate that the user's own is smoothed to, by as much: learned on the training part unless given.",
);
/** Encoders before `on` and `of` are looked up: as they are written. */
const matching = (written: CallValue | null) => (written === null ? {} : { on: pathOf(written) });
const smoothed = (given: { readonly of: CallValue; readonly k: number; readonly base: number | null }) => ({
  of: pathOf(given.of),
  k: given.k,
  ...(given.base !== null && { base: given.base }),
});
const pathOf = ({ path }: CallValue): string => path.map(({ text }) => text).join(".");
const identified = { dim, key, unknown, shares, formerly };

export const featureKinds = {
  id: kind(
    "An integer from 0 to vocab - 1; anything else counts as unknown.",
    { vocab: required(integer(1, maxRows), "How many ids there are."), ...identified },
    ({ vocab }) => ({ kind: "id", vocab }),
  ),
  vocabulary: kind(
    "A string or 64-bit integer, looked up in a vocabulary learned on the training part and then frozen.",
    {
      max: required(integer(1, maxRows), "Entries at most: the most frequent ones."),
      min_count: optional(integer(1, maxRows), 1, "Occurrences that an entry needs."),
      ...identified,
    },
    ({ max, min_count }) => ({ kind: "vocabulary", max, minCount: min_count }),
  ),
  hashed: kind(
    "A string or integer, hashed into buckets by xxHash64.",
    {
      buckets: required(integer(1, maxRows), "How many buckets."),
      hashes: optional(
        integer(1, 2),
        1,
        "With 2, the sum of two rows of the table, by two hashes: hardly any two values share both.",
      ),
      ...identified,
    },
    ({ buckets, hashes }) => ({ kind: "hashed", buckets, ...(hashes === 2 && { hashes }) }),
  ),
  bucketed: kind(
    "A number, by the bucket it falls in.",
    {
      at: required(
        edges(edgeCalls, "count", "duration", "ratio"),
        "Edges, ascending; an edge belongs to the bucket above it.",
      ),
      ...embedded,
    },
    ({ at: { values, quantiles } }) => ({
      kind: "bucketed",
      edges: values,
      ...(quantiles !== null && { quantiles }),
    }),
  ),
  elapsed: kind(
    "Time between the behaviour and the request, by bucket; edges without a unit count steps.",
    {
      at: required(
        edges({ log: edgeCalls.log }, "duration", "count"),
        "Edges, ascending: durations, or steps where data has an order only.",
      ),
      ...embedded,
    },
    ({ at }) => ({ kind: "elapsed", edges: at.values, unit: at.dimension === "duration" ? "seconds" : "steps" }),
    { groups: ["cross"] },
  ),
  place: kind(
    "Place of the behaviour among those of its history that count, from the newest, which is 1, by bucket.",
    {
      at: required(edges({ log: edgeCalls.log }, "count"), "Edges, ascending: places."),
      ...embedded,
    },
    ({ at }) => ({ kind: "place", edges: at.values }),
    { groups: ["cross"] },
  ),
  gap: kind(
    "Time since the user's previous behaviour with an equal feature of the item, by bucket; edges without a unit count steps.",
    {
      on: optional(
        reference(wanted.itemCategory),
        null,
        "The feature of `item` that is equal, of tags in one; the previous behaviour at all unless said.",
      ),
      at: required(
        edges({ log: edgeCalls.log }, "duration", "count"),
        "Edges, ascending: durations, or steps where data has an order only.",
      ),
      ...embedded,
    },
    ({ on, at }) => ({
      kind: "gap",
      ...matching(on),
      edges: at.values,
      unit: at.dimension === "duration" ? "seconds" : "steps",
    }),
    { groups: ["cross"] },
  ),
  hour: kind(
    "Hour of the request's time on the clock of a zone, daylight saving included; nothing is brought for it.",
    { zone, ...embedded },
    ({ zone }) => ({ kind: "hour", zone }),
    { groups: ["context"] },
  ),
  weekday: kind(
    "Day of the week of the request's time on the clock of a zone, from Monday on; nothing is brought for it.",
    { zone, ...embedded },
    ({ zone }) => ({ kind: "weekday", zone }),
    { groups: ["context"] },
  ),
  flag: kind("True, false or missing.", embedded, () => ({ kind: "flag" })),
  tags: kind(
    "A list of ids or strings, pooled into one vector.",
    {
      vocab: optional(integer(1, maxRows), null, "Integers from 0 to vocab - 1."),
      buckets: optional(integer(1, maxRows), null, "Strings or integers, hashed into this many buckets."),
      vocabulary: optional(
        integer(1, maxRows),
        null,
        "Strings or integers, in a learned vocabulary of at most this size.",
      ),
      min_count: optional(integer(1, maxRows), null, "Occurrences that an entry of the vocabulary needs (1)."),
      max: required(integer(1, 4096), "Tags that count: the first ones."),
      pool: optional(choice("sum", "mean"), "sum", "How the rows become one."),
      dim,
      unknown,
      shares,
      formerly,
    },
    ({ vocab, buckets, vocabulary, min_count, max }) => ({
      kind: "tags",
      of: tagRows(vocab, buckets, vocabulary, min_count),
      max,
    }),
    { oneOf: ["vocab", "buckets", "vocabulary"] },
  ),
  pretrained: kind(
    "A vector of floats that comes with the data.",
    {
      size: required(integer(1, maxWidth), "Length of the vector."),
      dim: optional(integer(1, maxWidth), null, "Project the vector to this many columns."),
      formerly,
    },
    ({ size }) => ({ kind: "pretrained", size }),
  ),
  number: kind(
    "A number, taken as one column.",
    {
      scale: optional(
        choice("none", "log", "standard"),
        "none",
        "`log` is sign(x) ln(1 + |x|), `standard` (x - mean) / deviation.",
      ),
      mean: optional(real({}), null, "Of `standard`: learned on the training part where it is not given."),
      deviation: optional(
        real({ min: 0 }),
        null,
        "Of `standard`: given with the mean, or learned; 0 makes every value 0.",
      ),
      formerly,
    },
    ({ scale, mean, deviation }) => ({
      kind: "number",
      scale,
      ...(mean !== null && { mean }),
      ...(deviation !== null && { deviation }),
    }),
  ),
  met: kind(
    "How many behaviours match the candidate, as ln(1 + n).",
    { on, formerly },
    ({ on }) => ({ kind: "met", ...matching(on) }),
    { groups: ["stats"] },
  ),
  rate: kind(
    "Share of the matching behaviours in which `of` is true, smoothed to the user's own rate, as a logit.",
    { on, of, k, base, formerly },
    ({ on, ...rest }) => ({ kind: "rate", ...matching(on), ...smoothed(rest) }),
    { groups: ["stats"] },
  ),
  recent: kind(
    "The same where a behaviour's weight halves with its age.",
    {
      on,
      of,
      half: required(
        quantity({ above: 0 }, "count", "duration"),
        "Age at which a behaviour weighs half: a time, or a number of newer behaviours.",
      ),
      k,
      base,
      formerly,
    },
    ({ on, half, ...rest }) => ({
      kind: "recent",
      ...matching(on),
      ...smoothed(rest),
      half: half.value,
      unit: half.dimension === "duration" ? "seconds" : "places",
    }),
    { groups: ["stats"] },
  ),
  last: kind(
    "Value of a cross feature in the newest matching behaviour: embedded, or a number as it is.",
    {
      on,
      of: required(reference(wanted.last), "A cross feature of the history, of one value."),
      dim: optional(integer(1, maxWidth), null, "Columns of the embedding; of a number there is none."),
      formerly,
    },
    ({ on, of }) => ({ kind: "last", ...matching(on), of: pathOf(of) }),
    { groups: ["stats"] },
  ),
  since: kind(
    "Time since the newest matching behaviour, by bucket; edges without a unit count its place, of which 1 is the newest.",
    {
      on,
      at: required(edges({ log: edgeCalls.log }, "duration", "count"), "Edges, ascending: durations, or places."),
      ...embedded,
    },
    ({ on, at }) => ({
      kind: "since",
      ...matching(on),
      edges: at.values,
      unit: at.dimension === "duration" ? "seconds" : "places",
    }),
    { groups: ["stats"] },
  ),
  popularity: kind(
    "How often the candidate's value was met by all users, and how often with a label: counted on the training part.",
    {
      on: required(reference(wanted.itemRow), "The feature whose values are counted."),
      of: optional(name("a label", "label"), null, "A label whose smoothed rate comes beside the count."),
      k: optional(real({ min: 1e-3 }), 20, "Rows' worth of the training part's rate that a rate is smoothed by."),
      window: optional(duration({ above: 0 }), null, "Only rows of so long count; all unless said."),
      formerly,
    },
    ({ on, of, k, window }) => ({ kind: "popularity", on: pathOf(on), values: 1, of: of?.text ?? null, k, window }),
    { groups: ["item"] },
  ),
  key: kind(
    "Identity only: names the item or the user, and reaches no graph.",
    { type: optional(choice("int64", "string"), "int64", "How keys are stored."), formerly },
    ({ type }) => ({ kind: "key", type }),
    { groups: ["item", "user"] },
  ),
} as const;

/** Kinds of cross features that a rate is of. */
export const rated: ReadonlySet<string> = new Set(["flag", "number"]);
/** Kinds of cross features whose newest value is a statistic: of one value, which behaviours bring. */
export const single: ReadonlySet<string> = new Set([...rated, "id", "vocabulary", "hashed", "bucketed"]);

function tagRows(
  vocab: number | null,
  buckets: number | null,
  vocabulary: number | null,
  minCount: number | null,
): RowEncoder {
  if (vocab !== null) {
    return { kind: "id", vocab };
  }
  if (buckets !== null) {
    return { kind: "hashed", buckets };
  }
  return { kind: "vocabulary", max: vocabulary ?? 1, minCount: minCount ?? 1 };
}

/** What an encoder's output becomes. Row 0 is the missing or unknown value, so every table has one row more. */
export function columns(encoder: Encoder): Columns {
  switch (encoder.kind) {
    case "id":
      return { kind: "embedding", rows: encoder.vocab + 1 };
    case "vocabulary":
      return { kind: "embedding", rows: encoder.max + 1 };
    case "hashed":
      return { kind: "embedding", rows: encoder.buckets + 1 };
    case "bucketed":
      // Learned edges may be fewer than were asked for, where values repeat: the rows are there all the same.
      return { kind: "embedding", rows: (encoder.quantiles ?? encoder.edges.length + 1) + 1 };
    case "elapsed":
    case "place":
    case "gap":
      return { kind: "embedding", rows: encoder.edges.length + 2 };
    case "hour":
      return { kind: "embedding", rows: 24 + 1 };
    case "weekday":
      return { kind: "embedding", rows: 7 + 1 };
    case "flag":
      return { kind: "embedding", rows: 3 };
    case "tags":
      return columns(encoder.of);
    case "pretrained":
      return { kind: "vector", size: encoder.size };
    case "popularity":
      return encoder.of === null ? { kind: "scalar" } : { kind: "vector", size: 2 };
    case "last":
      return encoder.rows === undefined ? { kind: "scalar" } : { kind: "embedding", rows: encoder.rows };
    case "since":
      return { kind: "embedding", rows: encoder.edges.length + 2 };
    case "number":
    case "members":
    case "met":
    case "rate":
    case "recent":
      return { kind: "scalar" };
    case "key":
    case "centroid":
      return { kind: "none" };
  }
}
