// How raw values become rows and columns: the part of the manifest that training, table building and serving share.
import * as v from "valibot";
import { strict } from "./named-schema.ts";

const positive = v.pipe(v.number(), v.integer(), v.minValue(1));
const edges = v.pipe(v.array(v.number()), v.readonly());
const zone = v.pipe(v.string(), v.regex(/^[A-Za-z0-9][A-Za-z0-9_+/-]*$/, "the name of an IANA time zone"));
/** One kind of encoder, with its settings. */
const kind = <const K extends string, const E extends v.ObjectEntries>(name: K, settings: E) =>
  v.pipe(strict({ kind: v.literal(name), ...settings }), v.readonly());

const above = v.pipe(v.number(), v.finite(), v.gtValue(0));
/** Smaller ones would leave a rate without a logit. */
const smoothing = v.pipe(v.number(), v.finite(), v.minValue(1e-3));
/** Which behaviours count in a statistic. */
const matching = { on: v.optional(v.string()) };
/** What it is of, and towards what it is smoothed. */
const smoothed = { of: v.string(), k: smoothing, base: v.optional(v.pipe(v.number(), v.gtValue(0), v.ltValue(1))) };

/** integer v in 0 … vocab−1 → v + 1 */
const id = kind("id", { vocab: positive });
/** string or 64-bit integer → 1 + its place in the frozen vocabulary of at most `max` entries */
const vocabulary = kind("vocabulary", { max: positive, minCount: positive });

/** Rows of an embedding table; row 0 stands for "missing or unknown" everywhere, and is trained. */
const RowEncoderSchema = v.variant("kind", [
  id,
  vocabulary,
  /** 1 + xxHash64(UTF-8 text, seed 0) mod buckets, unsigned */
  kind("hashed", { buckets: positive }),
]);

export const EncoderSchema = v.variant("kind", [
  id,
  vocabulary,
  /** 1 + xxHash64(UTF-8 text, seed) mod buckets, unsigned, by seed 0; with two `hashes` a second row by seed 1, and 0, 0 is missing */
  kind("hashed", { buckets: positive, hashes: v.optional(v.literal(2)) }),
  /**
   * 1 + number of edges <= value; missing, NaN → 0. `quantiles`: the edges are learned, for so many buckets at most; none
   * where they are not learned yet.
   */
  kind("bucketed", { edges, quantiles: v.optional(positive) }),
  /** request time minus behaviour time; `seconds`, or `steps` where the data has an order only; negative → 0 */
  kind("elapsed", { edges, unit: v.picklist(["seconds", "steps"]) }),
  /** place of the behaviour among those of its history that count, from the newest, which is 1 */
  kind("place", { edges }),
  /**
   * time since the user's previous behaviour whose `on`, a feature of the item, is equal (of tags: any in common), or the previous
   * one at all without it; none among those of the history that count → 0
   */
  kind("gap", { ...matching, edges, unit: v.picklist(["seconds", "steps"]) }),
  /** hour of the request's time in an IANA time zone, 0 … 23 → 1 + it; time missing → 0 */
  kind("hour", { zone }),
  /** weekday of the request's time in an IANA time zone, Monday 0 … Sunday 6 → 1 + it; time missing → 0 */
  kind("weekday", { zone }),
  /**
   * Statistics of a user's behaviours beside a candidate, over all that count: those whose `on`, a feature of the item, equals
   * the candidate's, or all without it. `of` is a cross feature: of a flag those that are known count, 0 or 1; of a number all,
   * within 0 … 1.
   */
  /** ln(1 + n) of n behaviours */
  kind("met", matching),
  /** logit of (Σc + k·p) / (n + k): p is (Σc + k·base) / (n + k) over all behaviours of the user; `base` 0.5 where it is not learned yet */
  kind("rate", { ...matching, ...smoothed }),
  /** the same with weights 2^(−age/half) but in p: age in seconds, or as the number of newer behaviours */
  kind("recent", { ...matching, ...smoothed, half: above, unit: v.picklist(["seconds", "places"]) }),
  /** encoded `of` of the newest one: a row of `rows`, 0 is none; without `rows` a number, 0 is none */
  kind("last", { ...matching, of: v.string(), rows: v.optional(positive) }),
  /** 1 + number of edges <= time since the newest one, or its place, of which 1 is the newest behaviour; none → 0 */
  kind("since", { ...matching, edges, unit: v.picklist(["seconds", "places"]) }),
  /**
   * Of the candidate's value of `on`, over all users' rows of the training part, in a training row over those before it:
   * ln(1 + n) and, of a label, the logit of (Σ label + k·base) / (n + k); rows of the last `window` seconds, null: all
   */
  kind("popularity", {
    on: v.string(),
    /** Rows that `on` has, the unknown one among them. */
    values: positive,
    of: v.nullable(v.string()),
    k: smoothing,
    window: v.nullable(above),
  }),
  /** 0 missing, 1 false, 2 true */
  kind("flag", {}),
  /** at most `max` rows by `of`, −1 fills up */
  kind("tags", { of: RowEncoderSchema, max: positive }),
  /** `size` floats; missing → zeros */
  kind("pretrained", { size: positive }),
  /**
   * 1 + the nearest of at most `groups` centroids to the vector of `of`, which has `size` floats: by squared distance in float64, of
   * equal ones the lowest; missing → 0. The centroids are the entries of a vocabulary: float32, little-endian, in base64
   */
  kind("centroid", { of: v.string(), groups: positive, size: positive }),
  /**
   * one float; missing → 0; log is sign(x)·ln(1 + |x|), standard (x − mean) / deviation, or 0 where the deviation is 0; x itself
   * where mean and deviation are not learned yet
   */
  kind("number", {
    scale: v.picklist(["none", "log", "standard"]),
    mean: v.optional(v.pipe(v.number(), v.finite())),
    deviation: v.optional(v.pipe(v.number(), v.finite(), v.minValue(0))),
  }),
  /** how many behaviours a cluster holds, one float: missing, NaN and less than 1 → 1; padding → 0 */
  kind("members", {}),
  /** identity only: reaches no graph */
  kind("key", { type: v.picklist(["int64", "string"]) }),
]);

export type RowEncoder = v.InferOutput<typeof RowEncoderSchema>;
export type Encoder = v.InferOutput<typeof EncoderSchema>;

/** Shape of one encoded value: [] for a row, [2] for two hashes, [max] for tags, [size] for a pretrained vector. */
export function encodedShapeOf(encoder: Encoder): number[] {
  switch (encoder.kind) {
    case "tags":
      return [encoder.max];
    case "pretrained":
      return [encoder.size];
    case "popularity":
      return encoder.of === null ? [] : [2];
    default:
      return together(encoder) === 1 ? [] : [together(encoder)];
  }
}

/** Kinds that are read off the request's time by a clock. */
export const isClock = ({ kind }: Pick<Encoder, "kind">): boolean => kind === "hour" || kind === "weekday";

const statKinds = ["met", "rate", "recent", "last", "since"] as const;
const computedKinds = ["elapsed", "place", "gap", "hour", "weekday", ...statKinds, "popularity"] as const;

type OfKinds<K extends readonly Encoder["kind"][]> = Extract<Encoder, { readonly kind: K[number] }>;

/** A statistic of a user's behaviours beside a candidate. */
export type StatEncoder = OfKinds<typeof statKinds>;

export type ComputedEncoder = OfKinds<typeof computedKinds>;

const stat: ReadonlySet<string> = new Set(statKinds);
const computed: ReadonlySet<string> = new Set(computedKinds);

/** Whether it is a statistic: computed beside a candidate from the behaviours that its sample or request sees. */
export const isStat = (encoder: Encoder): encoder is StatEncoder => stat.has(encoder.kind);

/** Whether it is computed from times, the order by them, or behaviours, so that neither data nor requests bring a column of it. */
export const isComputed = (encoder: Encoder): encoder is ComputedEncoder => computed.has(encoder.kind);

/** Whether it is computed from the times of behaviours, and not from their order alone. */
export const needsTimes = (encoder: Encoder): boolean =>
  isPassed(encoder) || ((encoder.kind === "recent" || encoder.kind === "since") && encoder.unit === "seconds");

/** Whether it counts what passed between two times, in seconds or in steps. */
export const isPassed = (encoder: Encoder): encoder is OfKinds<readonly ["elapsed", "gap"]> =>
  encoder.kind === "elapsed" || encoder.kind === "gap";

/** Whether it counts that in steps: its model has an order, and no clock. */
export const inSteps = (encoder: Encoder): boolean => isPassed(encoder) && encoder.unit === "steps";

/** Rows that are one value together: known or unknown, equal or not as one. */
export const together = (encoder: Encoder): number => (encoder.kind === "hashed" ? (encoder.hashes ?? 1) : 1);

const floatKinds: ReadonlySet<string> = new Set<Encoder["kind"]>([
  "number",
  "members",
  "pretrained",
  "met",
  "rate",
  "recent",
  "popularity",
]);

/** Whether its values are float32 numbers; otherwise they are int32 rows. */
export const isFloat = (encoder: Encoder): boolean =>
  encoder.kind === "last" ? encoder.rows === undefined : floatKinds.has(encoder.kind);
