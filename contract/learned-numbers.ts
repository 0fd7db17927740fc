// What is learned of a feature's numbers and frozen in its encoder: the scale of a `number`, the edges of a `bucketed`, the base
// rate of a statistic.
import type { Encoder } from "./encoder-spec.ts";

export type LearnedNumbers =
  | { readonly kind: "scale"; readonly mean: number; readonly deviation: number }
  /** `quantiles`: the buckets that were asked for. */
  /** Of what a rate is of: its mean, between 0 and 1. */
  | { readonly kind: "base"; readonly rate: number }
  | { readonly kind: "edges"; readonly edges: readonly number[]; readonly quantiles: number };

/** A feature as far as it matters here: `FeatureSpec` is one. */
interface Encoded {
  readonly name: string;
  readonly encoder: Encoder;
  /** The table that it reads: `item.price.table`, or that of the feature whose table it shares. */
  readonly embedding: string | null;
  readonly column: string;
  readonly formerly: string | null;
}

/** What is to be learned for an encoder and is not yet; null: nothing. */
export function unlearned(encoder: Encoder): LearnedNumbers["kind"] | null {
  if (encoder.kind === "number") {
    return encoder.scale === "standard" && encoder.mean === undefined ? "scale" : null;
  }
  if (encoder.kind === "rate" || encoder.kind === "recent") {
    return encoder.base === undefined ? "base" : null;
  }
  return encoder.kind === "bucketed" && encoder.quantiles !== undefined && encoder.edges.length === 0 ? "edges" : null;
}

/** The feature that a feature's numbers are learned for: the one whose table it shares, or itself. @param names of all features */
export const learnedFor = (
  { name, encoder, embedding }: Pick<Encoded, "name" | "encoder" | "embedding">,
  names: readonly string[],
): string => (encoder.kind === "bucketed" ? (names.find((other) => `${other}.table` === embedding) ?? name) : name);

/** The encoder with what was learned; as it is where nothing is to be learned, or what was learned is of something else. */
export function withLearned(encoder: Encoder, learned: LearnedNumbers | undefined): Encoder {
  if (learned === undefined || unlearned(encoder) !== learned.kind) {
    return encoder;
  }
  if (encoder.kind === "number" && learned.kind === "scale") {
    return { ...encoder, mean: learned.mean, deviation: learned.deviation };
  }
  if ((encoder.kind === "rate" || encoder.kind === "recent") && learned.kind === "base") {
    return { ...encoder, base: learned.rate };
  }
  return encoder.kind === "bucketed" && learned.kind === "edges" && encoder.quantiles === learned.quantiles
    ? { ...encoder, edges: learned.edges }
    : encoder;
}

/** Features with what was learned for them, under their names or their former ones. */
export function withNumbers<F extends Encoded>(
  features: readonly F[],
  numbers: ReadonlyMap<string, LearnedNumbers>,
): F[] {
  const former = new Map(
    features.flatMap(({ name, column, formerly }) =>
      formerly === null ? [] : [[name, name.slice(0, -column.length) + formerly]],
    ),
  );
  const names = features.map(({ name }) => name);
  return features.map((feature) => {
    const owner = learnedFor(feature, names);
    const learned = numbers.get(owner) ?? numbers.get(former.get(owner) ?? owner);
    return { ...feature, encoder: withLearned(feature.encoder, learned) };
  });
}

/** What the encoders of a build hold as learned, or as given, by the feature. */
export function numbersOf(features: readonly Pick<Encoded, "name" | "encoder">[]): Map<string, LearnedNumbers> {
  return new Map(
    features.flatMap(({ name, encoder }): [string, LearnedNumbers][] => {
      if (encoder.kind === "number" && encoder.mean !== undefined && encoder.deviation !== undefined) {
        return [[name, { kind: "scale", mean: encoder.mean, deviation: encoder.deviation }]];
      }
      if ((encoder.kind === "rate" || encoder.kind === "recent") && encoder.base !== undefined) {
        return [[name, { kind: "base", rate: encoder.base }]];
      }
      return encoder.kind === "bucketed" && encoder.quantiles !== undefined && encoder.edges.length > 0
        ? [[name, { kind: "edges", edges: encoder.edges, quantiles: encoder.quantiles }]]
        : [];
    }),
  );
}
