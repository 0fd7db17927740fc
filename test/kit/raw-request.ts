// Raw items and requests for any build, drawn from its manifest: values of every kind, unknown and missing ones among them.
import { isComputed, type RowEncoder } from "../../contract/encoder-spec.ts";
import type { FeatureSpec, Manifest } from "../../contract/manifest.ts";
import type { RawColumn, RawScalar, RawValue } from "../../runtime/encode/raw.ts";
import { uniform } from "./any-request.ts";

export type Draw = () => number;

export interface RawItems {
  readonly keys: readonly (number | string)[];
  /** By column. */
  readonly columns: Readonly<Record<string, RawColumn>>;
}

/** What vocabularies of such builds hold; draws name others, too. */
export const words = ["ä", "5", "-17", "9007199254740993", "a b", "x\u2028y", "日本", '"', "0"];

/** Integers as JSON may write them, texts that look like integers and are none, and values that no vocabulary has. */
const others: readonly RawScalar[] = ["05", "nobody", "", "🦉", 5, -17, 0, 123456789, "9007199254740993"];

const pick = <T>(from: readonly T[], draw: Draw): T => from[Math.floor(draw() * from.length)];

function rowValue(encoder: RowEncoder, draw: Draw): RawScalar {
  if (encoder.kind === "id") {
    return draw() < 0.1 ? encoder.vocab + 3 : Math.floor(draw() * encoder.vocab);
  }
  return draw() < 0.5 ? pick(words, draw) : pick(others, draw);
}

/** A raw value of a feature, as JSON can hold it; null where it is missing. */
export function rawValue({ encoder }: FeatureSpec, draw: Draw): RawValue {
  if (draw() < 0.15) {
    return null;
  }
  switch (encoder.kind) {
    case "id":
    case "vocabulary":
    case "hashed":
      return rowValue(encoder, draw);
    case "tags":
      return Array.from({ length: Math.floor(draw() * (encoder.max + 3)) }, () =>
        draw() < 0.1 ? null : rowValue(encoder.of, draw),
      );
    case "flag":
      return pick([true, false, 1, 0], draw);
    case "pretrained":
      return Array.from({ length: encoder.size }, () => draw() * 4 - 2);
    case "bucketed":
      // Edges themselves, too, and what lies right below.
      return draw() < 0.5 && encoder.edges.length > 0
        ? pick(encoder.edges, draw) - (draw() < 0.3 ? 1e-9 : 0)
        : Math.round(draw() * 300) / 2;
    case "number":
      return pick([0, -3.25, 1e6, draw() * 10, -draw()], draw);
    case "members":
      return pick([1, 2, 20, 0, 1e6], draw);
    case "elapsed":
    case "place":
    case "gap":
    case "hour":
    case "weekday":
    case "centroid":
    case "key":
      throw new Error(`${encoder.kind} has no raw value of its own`);
  }
}

/** Items with distinct keys of the form that the key's encoder takes. */
export function rawItems({ features }: Manifest, count: number, texts: boolean, seed = 7): RawItems {
  const draw = uniform(seed);
  const id = features.some(({ key, encoder }) => key && encoder.kind === "id");
  const integer = (i: number) => (id ? i : i === 0 ? "-9223372036854775808" : i % 2 === 0 ? i : String(i));
  const keys = Array.from({ length: count }, (_, i) => (texts ? `item ${i} ${pick(words, draw)}` : integer(i)));
  const own = features.filter(({ group, key, encoder }) => group === "item" && !key && encoder.kind !== "centroid");
  return {
    keys,
    columns: Object.fromEntries(
      own.map((feature) => [feature.column, keys.map(() => rawValue(feature, draw)) satisfies RawColumn]),
    ),
  };
}

export interface RawRequestOptions {
  readonly seed: number;
  readonly behaviours: number;
  readonly candidates: number;
  /** Without it the request says none. */
  readonly time?: number | string;
}

/** A request as a JSON file has it; of its items some are not in the generation. */
export function rawRequest(
  { features, histories }: Manifest,
  items: RawItems,
  { seed, behaviours, candidates, time }: RawRequestOptions,
) {
  const draw = uniform(seed);
  const texts = items.keys.every((key) => typeof key === "string");
  const keys = (count: number): (number | string)[] =>
    Array.from({ length: count }, () => (draw() < 0.1 ? (texts ? "no such" : 77_777) : pick(items.keys, draw)));
  const steps = features.some(({ encoder }) => encoder.kind === "elapsed" && encoder.unit === "steps");
  const now = steps ? 1000 : 1_700_000_000;
  const singles = (group: string) => {
    const own = features.filter(
      (one) => one.group === group && one.encoder.kind !== "key" && !isComputed(one.encoder) && draw() < 0.8,
    );
    return Object.fromEntries(own.map((one) => [one.column, rawValue(one, draw)]));
  };
  const columns = (own: readonly FeatureSpec[], count: number) => {
    const brought = own.filter(({ encoder }) => !isComputed(encoder));
    return Object.fromEntries(brought.map((one) => [one.column, keys(count).map(() => rawValue(one, draw))]));
  };
  const history = Object.fromEntries(
    histories.map(({ name, cross }) => {
      const own = features.filter((one) => cross.includes(one.name));
      // Some at one instant, some not before the request; out of order.
      const times = Array.from({ length: behaviours }, () => now + 5 - Math.floor(draw() ** 6 * (steps ? 900 : 1e8)));
      return [name, { item: keys(behaviours), time: times, ...columns(own, behaviours) }];
    }),
  );
  return {
    ...(time !== undefined && { time }),
    user: singles("user"),
    context: singles("context"),
    history,
    candidates: {
      item: keys(candidates),
      ...columns(
        features.filter(({ group }) => group === "candidate"),
        candidates,
      ),
    },
  };
}
