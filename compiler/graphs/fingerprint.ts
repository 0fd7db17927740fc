// What makes two builds' tables interchangeable (semantics.md 2): hashes of the metric, of a table's producer, of all weights.

import { digestOf } from "../../contract/digest.ts";
import { recordOf } from "../../contract/record.ts";
import { eachValue, type Graph, type Node, topological, type Value } from "../ir/graph.ts";
import { canonical } from "../ir/hash.ts";
import { vocabularyOwner } from "../model/embeddings.ts";
import { allFeatures } from "../model/features.ts";
import type { Feature, Model, Table } from "../model/model.ts";
import type { Parameter } from "../model/parameter.ts";
import { projectorPort } from "../model/ports.ts";
import { metricValues } from "./index.ts";

export interface Fingerprints {
  /** By metric. */
  readonly metric: Readonly<Record<string, string>>;
  /** By table. */
  readonly producer: Readonly<Record<string, string>>;
  readonly weights: string;
}

export interface Evidence {
  readonly parameters: readonly Parameter[];
  /** SHA-256 of each parameter's values. */
  readonly digests: ReadonlyMap<string, string>;
  /** SHA-256 of each vocabulary's entries, by the feature that owns it. */
  readonly vocabularies: ReadonlyMap<string, string>;
  /** Unrewritten, every embedding inside; absent where the model has no table. */
  readonly projector: Graph | undefined;
}

/** A renamed feature counts under its `formerly` name, so that a rename leaves tables valid as long as it is said. */
export function fingerprints(model: Model, evidence: Evidence): Fingerprints {
  return {
    metric: metricFingerprints(model, evidence.parameters),
    producer: recordOf(model.tables.map((table) => [table.name, producerFingerprint(model, table, evidence)])),
    weights: weightsFingerprint(evidence.parameters, (name) => evidence.digests.get(name)),
  };
}

/** @param digest SHA-256 of each parameter's values */
export const weightsFingerprint = (
  parameters: readonly Pick<Parameter, "name" | "shape">[],
  digest: (name: string) => string | undefined,
): string => digestOf(parameters.map(({ name, shape }) => `${name} ${shape} ${digest(name)}\n`).join(""));

/** By metric: hash of its unrewritten subgraph in canonical order. Weights do not count; heads, widths and features do. */
export function metricFingerprints(model: Model, parameters: readonly Parameter[]): Record<string, string> {
  const former = formerNames(model, parameters);
  return recordOf(
    model.metrics.map((metric) => [metric.name, digestOf(canonical(renamed(metricValues(model, metric), former)))]),
  );
}

/** What a table's columns of the projector depend on. */
export interface ProducerParts {
  readonly output: Value;
  readonly parameters: readonly Node<"parameter">["attributes"][];
  readonly features: readonly Feature[];
}

export function producerParts(model: Model, table: Table, projector: Graph | undefined): ProducerParts {
  const name = projectorPort(model, table);
  const output = projector?.outputs.find((candidate) => candidate.name === name);
  if (!output) {
    throw new Error(`the projector has no output ${name} for table ${table.name}`);
  }
  const nodes = topological([output.value]).map(({ node }) => node);
  const features = new Map(allFeatures(model).map((feature) => [feature.qualified, feature]));
  return {
    output: output.value,
    parameters: nodes.filter(isParameter).map(({ attributes }) => attributes),
    features: nodes.filter(isInput).map(({ attributes }) => {
      const feature = features.get(attributes.name);
      if (feature === undefined) {
        throw new Error(`the projector reads ${attributes.name}, which is no feature of the model`);
      }
      return feature;
    }),
  };
}

/**
 * Hash of all that decides a row of the table: the projector's formula, its parameters' values, its inputs' encoders.
 * Evidence is needed for what this table's projector reads only.
 */
export function producerFingerprint(model: Model, table: Table, evidence: Evidence): string {
  const { output, parameters, features } = producerParts(model, table, evidence.projector);
  const former = formerNames(model, evidence.parameters);
  const old = (name: string) => former.get(name) ?? name;
  const lines = [
    ...parameters.map(({ name, shape }) => `parameter ${old(name)} ${shape} ${evidence.digests.get(name)}`),
    ...features.map(
      (feature) => `encoder ${old(feature.qualified)} ${encoderText(model, feature, evidence.vocabularies)}`,
    ),
  ];
  const formula = digestOf(canonical(renamed([output], former)));
  return digestOf(["twin producer 1", `formula ${formula}`, ...[...new Set(lines)].sort()].join("\n"));
}

/** How a feature becomes rows, as text: equal text, equal rows for every raw value. */
export function encoderText(model: Model, feature: Feature, vocabularies: ReadonlyMap<string, string>): string {
  const owner = vocabularyOwner(model, feature);
  const vocabulary = owner === null ? "" : ` vocabulary ${vocabularies.get(owner.qualified)}`;
  return stableJson(feature.encoder) + vocabulary;
}

/** JSON with sorted keys. */
export function stableJson(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    inner !== null && typeof inner === "object" && !Array.isArray(inner)
      ? recordOf(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

/** Present name → former name, of parameters and of graph inputs. */
function formerNames(model: Model, parameters: readonly Parameter[]): Map<string, string> {
  const names = new Map<string, string>();
  for (const { name, formerly } of parameters) {
    if (formerly !== null) {
      names.set(name, formerly);
    }
  }
  for (const feature of allFeatures(model)) {
    if (feature.formerly === null) {
      continue;
    }
    const prefixes =
      feature.group === "item"
        ? ["item.", "candidate.item.", ...model.histories.map(({ name }) => `${name}.item.`)]
        : [feature.qualified.slice(0, -feature.name.length)];
    for (const prefix of prefixes) {
      names.set(prefix + feature.name, prefix + feature.formerly);
    }
  }
  return names;
}

const isParameter = (node: Node): node is Node<"parameter"> => node.op === "parameter";
const isInput = (node: Node): node is Node<"input"> => node.op === "input";

/** The same expressions over inputs and parameters of other names. */
function renamed(values: readonly Value[], names: ReadonlyMap<string, string>): Value[] {
  if (names.size === 0) {
    return [...values];
  }
  const called = (name: string) => names.get(name) ?? name;
  const made = eachValue<Value>(topological(values), (value, inputs) => {
    const { node } = value;
    switch (node.op) {
      case "parameter":
        return { ...value, node: { ...node, attributes: { ...node.attributes, name: called(node.attributes.name) } } };
      case "input":
        return { ...value, node: { ...node, attributes: { ...node.attributes, name: called(node.attributes.name) } } };
      default:
        return { ...value, node: { ...node, inputs } };
    }
  });
  return values.map((value) => made.of(value));
}
