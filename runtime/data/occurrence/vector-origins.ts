// What a data set's vectors were made of, as far as it says so; and whether they are those that weights were trained on.
import { TwinError } from "../../../contract/error.ts";
import type { FeatureSpec } from "../../../contract/manifest.ts";
import type { VectorsSection } from "../../../contract/vectors-section.ts";
import { type Binding, boundFiles, namedFiles } from "../binding.ts";
import { Source } from "../database/source.ts";
import { besideIn } from "../item-vectors.ts";
import { openBound } from "../key-type.ts";
import { originOf, recordsIn } from "./record.ts";

interface Origin {
  /** Of the item, a vector. */
  readonly feature: string;
  /** SHA-256 of what its vectors were made of; null: nothing says it. */
  readonly fingerprint: string | null;
  /** Place in data.yaml, and what is named there. */
  readonly place: string;
  readonly what: string;
}

/** What vectors that a model reads were made of, of those that say it. @param features as the model has them */
export async function vectorOrigins(binding: Binding, features: readonly FeatureSpec[]): Promise<VectorsSection> {
  const found = await originsIn(binding, features);
  return found.flatMap(({ feature, fingerprint }) => (fingerprint === null ? [] : [{ feature, fingerprint }]));
}

/**
 * Refuses data whose vectors, or whose clusters, were made of other things than those that weights were trained on.
 * @param trained what they were trained on
 * @param features as the model has them: what it does not read is not looked at
 * @param weights whose they are, for messages
 * @throws TwinError naming the place, both fingerprints and the way out
 */
export async function expectSameVectors(
  binding: Binding,
  features: readonly FeatureSpec[],
  trained: VectorsSection,
  weights: string,
): Promise<void> {
  const read = vectorsAmong(features);
  const judged = trained.filter(({ feature }) => read.some(({ name }) => name === feature));
  const here = new Map(judged.length === 0 ? [] : (await originsIn(binding, read)).map((one) => [one.feature, one]));
  for (const { feature, fingerprint: due } of judged) {
    const { fingerprint, place, what } = here.get(feature) ?? { ...nowhere, place: binding.place("items") };
    if (fingerprint !== due) {
      const found =
        fingerprint === null ? "and nothing says how these were made" : `and these have ${short(fingerprint)}`;
      throw new TwinError(
        `${place}: ${feature} comes from ${what}, whose vectors are not those that the weights of ${weights} were trained on: those have the fingerprint ${short(due)}, ${found}. Name the vectors that they were trained on, or train anew on these`,
      );
    }
  }
}

const nowhere = { fingerprint: null, what: "the items" };

const vectorsAmong = (features: readonly FeatureSpec[]): FeatureSpec[] =>
  features.filter(({ group, encoder }) => group === "item" && encoder.kind === "pretrained");

async function originsIn(binding: Binding, features: readonly FeatureSpec[]): Promise<Origin[]> {
  const vectors = vectorsAmong(features);
  const clustered = Object.entries(binding.lists ?? {}).flatMap(([history, { clusters }]): Origin[] =>
    clusters?.vectors === undefined || !vectors.some(({ name }) => name === clusters.on)
      ? []
      : [
          {
            feature: clusters.on,
            fingerprint: clusters.vectors,
            place: binding.place("samples", "histories", history, "clusters", "vectors"),
            what: `the data of which \`${history}\` holds clusters`,
          },
        ],
  );
  return [...clustered, ...(await besideOrigins(binding, vectors))];
}

/** Of the features that the file of `vectors` has. */
async function besideOrigins(binding: Binding, vectors: readonly FeatureSpec[]): Promise<Origin[]> {
  if (binding.vectors === null || vectors.length === 0) {
    return [];
  }
  const { file } = binding.vectors;
  const source = await Source.open({ reads: boundFiles(binding) });
  try {
    const relation = await openBound(source, binding, "vectors");
    const fingerprint = originOf(await recordsIn(source, file));
    return besideIn(relation, binding, vectors).map(({ feature }) => ({
      feature: feature.name,
      fingerprint,
      place: binding.place("vectors", "file"),
      what: namedFiles(file).join(", "),
    }));
  } finally {
    source.close();
  }
}

const short = (fingerprint: string): string => fingerprint.slice(0, 12);
