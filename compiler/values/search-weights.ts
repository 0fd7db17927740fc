// Weights of another run for what searches go by: taken where their metrics mean the same, and put beside the model's own.
import type { Manifest } from "../../contract/manifest.ts";
import { vectorsOf } from "../../contract/vectors-of.ts";
import type { VectorsSection } from "../../contract/vectors-section.ts";
import { InputError, inputError } from "../diagnostics/input-error.ts";
import { stableJson } from "../graphs/fingerprint.ts";
import { embeddingsOf, givenName, vocabularyOwner } from "../model/embeddings.ts";
import { formerName } from "../model/features.ts";
import type { Feature, Metric, Model } from "../model/model.ts";
import type { Parameter } from "../model/parameter.ts";
import { copiedFrom, searchedMetrics } from "../model/searched.ts";
import { checkFinite, givenValues, type ParameterValues, type WeightSource } from "./values.ts";

/** A run, or a build, whose weights searches go by. */
export interface SearchWeights {
  readonly weights: WeightSource;
  readonly manifest: Pick<Manifest, "model" | "fingerprints" | "features" | "extensions">;
  /** True for start values. */
  readonly untrained: boolean;
  /** By the feature that owns each. */
  readonly vocabularies: ReadonlyMap<string, readonly string[]>;
}

/** What the build that takes them has. */
export interface Ours {
  /** By metric. */
  readonly metric: Readonly<Record<string, string>>;
  readonly vocabularies: ReadonlyMap<string, readonly string[]>;
  readonly outside: ReadonlySet<string>;
  /** What given vectors were made of. */
  readonly vectors: VectorsSection;
}

/**
 * The metrics of searches must be the same there, and so must be what their features' rows stand for.
 * @throws InputError naming each that differs, and where none goes by a metric
 */
export function expectSameMetrics(model: Model, { weights, manifest, vocabularies }: SearchWeights, ours: Ours): void {
  const metrics = searchedMetrics(model);
  if (metrics.length === 0) {
    throw new InputError(
      `No search of ${model.name} goes by a metric, so none would read the weights of ${weights.path}. Build without --search-weights.`,
    );
  }
  const theirs = new Map(manifest.features.map((feature) => [feature.name, feature]));
  const problems = metrics.flatMap(({ name }) => {
    const found = manifest.fingerprints.metric[name];
    if (found === undefined) {
      return [`metric ${name}: its model, ${manifest.model}, has none of this name`];
    }
    return found === ours.metric[name]
      ? []
      : [
          `metric ${name}: it is made of other features, heads or widths there (${short(found)} instead of ${short(ours.metric[name])})`,
        ];
  });
  // Where a metric differs, what differs in its features has been said by that.
  for (const feature of problems.length > 0 ? [] : readBy(metrics)) {
    const former = formerName(feature);
    const found = theirs.get(feature.qualified) ?? (former === null ? undefined : theirs.get(former));
    if (found === undefined || stableJson(found.encoder) !== stableJson(feature.encoder)) {
      problems.push(`feature ${feature.qualified}: its values become other rows or numbers there`);
      continue;
    }
    const [mine, others] = [ours.vectors, vectorsOf(manifest)].map((known) => madeOf(known, feature));
    if (mine !== undefined && others !== undefined && mine !== others) {
      problems.push(
        `vectors of ${feature.qualified}: they were made of other things there (${short(others)} instead of ${short(mine)})`,
      );
    }
    const owner = vocabularyOwner(model, feature);
    if (owner === null) {
      continue;
    }
    const [here, there] = [ours.vocabularies, vocabularies].map((known) => known.get(givenName(owner, known)) ?? []);
    if (here.length !== there.length || here.some((entry, i) => entry !== there[i])) {
      problems.push(
        `vocabulary of ${owner.qualified}: ${there.length} entries there, ${here.length} here, and not the same in the same order`,
      );
    }
  }
  if (problems.length > 0) {
    throw inputError(
      `${weights.path} cannot be what the searches of ${model.name} go by:`,
      problems,
      "Take a run of the same model on the same data: its metric, vocabularies, vectors, scales and edges must be this build's. Without --weights, --data or --vocabularies this build has no vocabularies.",
    );
  }
  expectCrossInside(model, metrics, ours.outside);
}

/** Rows of cross features are counted in one way: those of a table outside could not be read in a copy inside. */
function expectCrossInside(model: Model, metrics: readonly Metric[], outside: ReadonlySet<string>): void {
  const cross = new Set<Feature>(metrics.flatMap(({ bias, crossKeys }) => [...bias, ...crossKeys]));
  const found = embeddingsOf(model).find(
    ({ embedding, readers }) => outside.has(embedding.parameter) && readers.some((feature) => cross.has(feature)),
  );
  if (found !== undefined) {
    throw new InputError(
      `${found.embedding.parameter} lies outside the graphs, and the metric of a search reads it: with --search-weights it must lie inside. Build with --embeddings inside.`,
    );
  }
}

const madeOf = (known: VectorsSection, { qualified }: Feature): string | undefined =>
  known.find(({ feature }) => feature === qualified)?.fingerprint;

function readBy(metrics: readonly Metric[]): ReadonlySet<Feature> {
  return new Set(
    metrics.flatMap(({ keys, crossKeys, asked, bias, match }) => [...keys, ...crossKeys, ...asked, ...bias, ...match]),
  );
}

/**
 * The values of the copies beside the model's own.
 * @param parameters of the model with copies
 * @throws InputError for tensors that are missing or misshapen there; others of the run are not looked at
 */
export function withSearchValues(
  parameters: readonly Parameter[],
  own: ParameterValues,
  { weights }: SearchWeights,
): ParameterValues {
  const taken = copied(parameters);
  const theirs = givenValues(taken, weights, "some");
  const shapes = new Map(taken.map(({ name, shape }) => [name, shape]));
  return {
    untrained: own.untrained,
    step: own.step,
    read(name) {
      const original = copiedFrom(name);
      return original === null ? own.read(name) : theirs.read(original);
    },
    *chunks(name) {
      const original = copiedFrom(name);
      if (original === null) {
        yield* own.chunks(name);
        return;
      }
      let at = 0;
      for (const piece of theirs.chunks(original)) {
        checkFinite(piece, original, shapes.get(original)!, at, `${weights.path} holds`);
        at += piece.length / Float32Array.BYTES_PER_ELEMENT;
        yield piece;
      }
    },
  };
}

/** The parameters of the copies, as the run that they come from has them. */
export const copied = (parameters: readonly Parameter[]): Parameter[] =>
  parameters.flatMap((parameter) => {
    const name = copiedFrom(parameter.name);
    return name === null
      ? []
      : [{ ...parameter, name, formerly: parameter.formerly && copiedFrom(parameter.formerly) }];
  });

const short = (fingerprint: string): string => fingerprint.slice(0, 12);
