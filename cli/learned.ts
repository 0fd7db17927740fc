// What was learned of the data beside the weights: vocabularies, scales and edges. From the data, or as a run or a build has it.

import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { check, featureSpecs, load, type Model } from "../compiler/index.ts";
import { TwinError } from "../contract/error.ts";
import { type LearnedNumbers, unlearned, withNumbers } from "../contract/learned-numbers.ts";
import type { FeatureSpec } from "../contract/manifest.ts";
import type { VectorsSection } from "../contract/vectors-section.ts";
import { clusteringOf } from "../contract/vocabulary-name.ts";
import type { Binding } from "../runtime/data/index.ts";
import { readNumbers, readVectors } from "../runtime/train/index.ts";
import { say } from "./output.ts";
import { showProgress, stoppable } from "./progress.ts";
import { reader } from "./sources.ts";
import { checked } from "./verbs/show.ts";
import { readVocabularies } from "./vocabularies.ts";

export interface Learned {
  readonly vocabularies: ReadonlyMap<string, readonly string[]>;
  readonly numbers: ReadonlyMap<string, LearnedNumbers>;
  /** What given vectors were made of. */
  readonly vectors: VectorsSection;
}

interface Places {
  /** The folder of the run, import or build whose weights they are. */
  readonly home?: string;
  readonly data?: string;
  /** A folder `vocabularies` of a run or a build, or as an import wrote it. */
  readonly vocabularies?: string;
  /** Read in place of the imported feature file. */
  readonly features?: string;
}

/**
 * For a build: as the folder of the weights has it, whatever the data says now, because the weights mean it; else as a named
 * folder has it; else learned from the data. Scales and edges that no folder has are learned where data is named.
 */
export async function learnedFor(file: string, places: Places): Promise<Partial<Learned>> {
  const { home = null, data, vocabularies } = places;
  const folder = vocabularies ?? (home === null ? null : join(home, "vocabularies"));
  const kept = vocabularies !== undefined || (folder !== null && existsSync(folder));
  if (data !== undefined && kept) {
    say(`note: the vocabularies beside the weights are taken, from ${folder}, and none is learned`);
  }
  const found = folder !== null && kept ? { vocabularies: readVocabularies(folder) } : {};
  const homes = [folder === null ? null : dirname(folder), home].filter((dir) => dir !== null);
  const numbers = learnsNumbers(file, places) ? new Map(homes.flatMap((dir) => [...readNumbers(dir)])) : new Map();
  const vectors = readsVectors(file, places) ? (homes.map(readVectors).find((known) => known.length > 0) ?? []) : [];
  if (data === undefined) {
    return { ...found, numbers, vectors };
  }
  const model = checked(file);
  const features = featureSpecs(model);
  if (vectors.length > 0) {
    const { expectSameVectors, readBinding } = await import("../runtime/data/index.ts");
    await expectSameVectors(readBinding(data), features, vectors, home ?? folder ?? file);
  }
  return kept
    ? { ...found, vectors, numbers: await learnNumbers(data, withNumbers(features, numbers), numbers) }
    : learn(model, data, numbers);
}

/** Whether a model leaves a scale or edges to be learned: only then is it looked for. What is wrong with it is said later. */
function learnsNumbers(file: string, { features }: Places): boolean {
  const { model } = check(load(file, reader(file, features)));
  return model !== null && featureSpecs(model).some(({ encoder }) => unlearned(encoder) !== null);
}

/** Whether a model reads given vectors of items: only then is it looked for what these were made of. */
function readsVectors(file: string, { features }: Places): boolean {
  const { model } = check(load(file, reader(file, features)));
  return (
    model !== null &&
    featureSpecs(model).some(({ group, encoder }) => group === "item" && encoder.kind === "pretrained")
  );
}

/** What a model learns from the training part of the data. @param before scales and edges that are kept */
export async function learn(
  model: Model,
  data: string,
  before: ReadonlyMap<string, LearnedNumbers> = new Map(),
): Promise<Learned> {
  if (!existsSync(data)) {
    throw new TwinError(`${data}: there is no such file; --data names a data binding (data.yaml)`);
  }
  return learnOf(data, featureSpecs(model), before);
}

/** @param features as the model has them */
export async function learnOf(
  data: string | Binding,
  features: readonly FeatureSpec[],
  before: ReadonlyMap<string, LearnedNumbers> = new Map(),
): Promise<Learned> {
  const { learnVocabularies, readBinding, vectorOrigins } = await import("../runtime/data/index.ts");
  return stoppable(async (signal) => {
    const told = ({ feature, entries }: { readonly feature: string; readonly entries: number }): void => {
      const clustering = clusteringOf(feature);
      say(
        clustering === null
          ? `vocabulary of ${feature}: ${entries} entries`
          : `clustering of ${clustering.of}: ${entries} clusters`,
      );
    };
    const vocabularies = await learnVocabularies(data, features, told, { onProgress: showProgress(), signal });
    const numbers = await learnNumbers(data, withNumbers(features, before), before);
    if (signal.aborted) {
      throw new TwinError("nothing was built");
    }
    const vectors = await vectorOrigins(typeof data === "string" ? readBinding(data) : data, features);
    return { vocabularies, numbers, vectors };
  });
}

async function learnNumbers(
  data: string | Binding,
  features: readonly FeatureSpec[],
  before: ReadonlyMap<string, LearnedNumbers>,
): Promise<Learned["numbers"]> {
  const { learnNumbers: learnFrom } = await import("../runtime/data/index.ts");
  const found = await learnFrom(data, features, ({ feature, learned, values }) => {
    if (values === 0) {
      say(`warning: ${feature}: the training part has no number for it, so it tells nothing`);
    } else if (learned.kind === "scale") {
      say(`scale of ${feature}: mean ${learned.mean}, deviation ${learned.deviation}`);
    } else if (learned.kind === "base") {
      say(`base rate of ${feature}: ${learned.rate}`);
    } else {
      const { edges } = learned;
      say(`edges of ${feature}: ${edges.length}, from ${edges[0]} to ${edges.at(-1)}`);
    }
  });
  return new Map([...before, ...found]);
}
