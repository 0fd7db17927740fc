// manifest.yaml: what the model and its graphs are, for the runtime that never sees the source.

import { encodedShapeOf, isFloat } from "../../contract/encoder-spec.ts";
import type { FeatureSpec, GraphName, GraphSpec, Manifest, TableEntry, VariantInput } from "../../contract/manifest.ts";
import { recordOf } from "../../contract/record.ts";
import type { TrainSpec } from "../../contract/training-spec.ts";
import { vectorOf } from "../../contract/vocabulary-name.ts";
import { bySpec, byText } from "../by/kinds.ts";
import type { Graph, InputValue, Value } from "../ir/graph.ts";
import { trainingAlone } from "../model/bias.ts";
import { metricOf } from "../model/by.ts";
import { embeddingsOf, vocabularyOwner } from "../model/embeddings.ts";
import { allFeatures } from "../model/features.ts";
import type { Feature, History, Model, Search, Table } from "../model/model.ts";
import { oversOf } from "../model/over.ts";
import { tablesBeside } from "../model/own.ts";
import { keptPort, labelPort, rowPort, scoreOutput, scoresPort } from "../model/ports.ts";
import { layoutOf, partOf } from "../model/table-layout.ts";
import type { Choice } from "../plan/plan.ts";
import type { StoredVariants } from "../plan/stored-tables.ts";
import { documented } from "./documentation.ts";
import { kernelSection } from "./kernel-section.ts";
import { meanings } from "./meaning.ts";
import type { Origin } from "./metadata.ts";
import { inputSources, outputResults, overSpec } from "./port-sources.ts";

export interface ManifestParts {
  readonly origin: Origin;
  readonly graphs: ReadonlyMap<GraphName, Graph>;
  /** Of those that read tables, where `--table-input` asked for them. */
  readonly variants: StoredVariants | null;
  readonly outside: ReadonlySet<string>;
  readonly choices: readonly Choice[];
  readonly files: Manifest["files"];
  readonly vocabularies: Manifest["vocabularies"];
  readonly train: TrainSpec;
  readonly derived: Manifest["derived"];
  readonly costs: Manifest["costs"];
  readonly extensions: Manifest["extensions"];
}

export function manifestOf(model: Model, parts: ManifestParts): Manifest {
  const { origin, graphs, outside } = parts;
  const explained = { meaning: meanings(model), sources: inputSources(model), results: outputResults(model) };
  return {
    format: 2,
    model: model.name,
    doc: model.doc,
    compiler: origin.version,
    untrained: origin.untrained,
    step: origin.step,
    fingerprints: {
      metric: { ...origin.fingerprints.metric },
      producer: { ...origin.fingerprints.producer },
      weights: origin.fingerprints.weights,
    },
    files: parts.files,
    features: featureSpecs(model),
    histories: model.histories.map((history) => ({
      name: history.name,
      max: history.max,
      minimum: minimumOf(model, history.name),
      cross: history.cross.features.map(({ qualified }) => qualified),
      ...(history.stats.features.length > 0 && { stats: history.stats.features.map(({ qualified }) => qualified) }),
      ...(history.cluster && { cluster: clusterSpec(history.cluster) }),
    })),
    graphs: recordOf([...graphs].map(([name, graph]) => [name, graphSpec(explained, name, graph, parts.variants)])),
    metrics: recordOf(model.metrics.map(({ name, heads }) => [name, { heads }])),
    searches: model.searches.map((search) => {
      const scores = scoresPort(model, search);
      return {
        name: search.name,
        history: search.from.name,
        by: bySpec(search.by),
        written: byText(search.by),
        keep: search.keep,
        heads: search.heads,
        kept: keptPort(model, search),
        table: tableOf(model, graphs.get("search"), search),
        scores: graphs.get("oracle")?.outputs.some(({ name }) => name === scores) ? scores : null,
      };
    }),
    attends: model.attends.map(({ name, by, over, beside }) => ({
      name,
      by: bySpec(by),
      written: byText(by),
      over: overSpec(over),
      ...(beside.length > 0 && { beside: beside.map(overSpec) }),
      heads: metricOf(by)?.heads ?? 1,
    })),
    labels: model.towers.flatMap(({ tasks }) =>
      tasks.map(({ label, kind }) => ({ name: label, kind, output: labelPort(label), logit: `${label}.logit` })),
    ),
    ...(model.score !== null && { score: { output: scoreOutput, of: model.score.of.map((one) => ({ ...one })) } }),
    tables: recordOf(model.tables.map((table) => [table.name, tableEntry(model, table)])),
    embeddings: embeddingSpecs(model, outside),
    vocabularies: parts.vocabularies,
    train: parts.train,
    derived: [...parts.derived],
    plan: parts.choices.map(({ choice, because }) => ({ choice, because })),
    costs: parts.costs,
    extensions: {
      kernel: { required: false, content: kernelSection(model, outside) },
      ...documented(model),
      ...parts.extensions,
    },
  };
}

/** How every feature is encoded: what the manifest says, at hand before anything is built. */
export function featureSpecs(model: Model): FeatureSpec[] {
  const alone = trainingAlone(model);
  return allFeatures(model).map((feature) => ({
    ...featureSpec(model, feature),
    ...(alone.has(feature) && { training: true as const }),
  }));
}

/** Every embedding table, and who reads it. @param outside parameters that no graph holds */
/** By what a history is kept as clusters, by name. */
export function clusterSpec({
  on,
  within,
  size,
}: NonNullable<History["cluster"]>): NonNullable<Manifest["histories"][number]["cluster"]> {
  return { on: on.qualified, ...(within && { within: within.qualified }), size };
}

export function embeddingSpecs(model: Model, outside: ReadonlySet<string> = new Set()): Manifest["embeddings"] {
  const beside = tablesBeside(model).map(({ embedding: { parameter, rows, dim }, reader: { qualified } }) => ({
    parameter,
    rows,
    dim,
    readers: [qualified],
    placement: { kind: "inside" as const },
  }));
  const read = embeddingsOf(model).map(({ embedding: { parameter, rows, dim }, readers, input }) => ({
    parameter,
    rows,
    dim,
    readers: readers.map(({ qualified }) => qualified),
    placement: outside.has(parameter) ? { kind: "outside" as const, input } : { kind: "inside" as const },
  }));
  return [...read, ...beside];
}

function featureSpec(model: Model, feature: Feature): FeatureSpec {
  const { encoder } = feature;
  return {
    name: feature.qualified,
    group: feature.group,
    // Clusters are read from the column of their vector.
    column: encoder.kind === "centroid" ? vectorOf(feature.name) : feature.name,
    formerly: feature.formerly,
    key: feature === model.item.key || feature === model.user.key,
    encoder: structuredClone(encoder),
    dtype: isFloat(encoder) ? "float32" : "int32",
    shape: encodedShapeOf(encoder),
    embedding: feature.embedding?.parameter ?? null,
    vocabulary: vocabularyOwner(model, feature)?.qualified ?? null,
  };
}

/** The fewest behaviours that the graphs take: the largest `keep` or `last(n)` over the history. */
export function minimumOf(model: Model, history: string): number {
  const searched = model.searches.filter(({ from }) => from.name === history).map(({ keep }) => keep);
  const recent = model.attends
    .flatMap(oversOf)
    .flatMap((over) => (over.kind === "last" && over.history.name === history ? [over.count] : []));
  return Math.max(1, ...searched, ...recent);
}

/** What the ports of all graphs hold and say, by their names. */
interface Explained {
  readonly meaning: ReadonlyMap<string, string>;
  readonly sources: ReturnType<typeof inputSources>;
  readonly results: ReturnType<typeof outputResults>;
}

function graphSpec(
  { meaning, sources, results }: Explained,
  name: GraphName,
  graph: Graph,
  variants: StoredVariants | null,
): GraphSpec {
  const said = <T>(of: ReadonlyMap<string, T>, called: string): T => {
    const found = of.get(called);
    if (found === undefined) {
      throw new Error(`graph ${name} has a port ${called} that the manifest cannot explain`);
    }
    return found;
  };
  const port = <T extends VariantInput["dtype"]>(called: string, { dtype, shape }: Value, ...dtypes: readonly T[]) => {
    const found = dtypes.find((one) => one === dtype);
    if (found === undefined) {
      throw new Error(`graph ${name} has ${called} as ${dtype}, which the manifest cannot say`);
    }
    return { name: called, dtype: found, shape: [...shape], meaning: said(meaning, called) };
  };
  const input = <T extends VariantInput["dtype"]>(value: InputValue, ...dtypes: readonly T[]) => {
    const called = inputName(value);
    return { ...port(called, value, ...dtypes), source: { ...said(sources, called) } };
  };
  const variant = variants?.graphs.get(name);
  const inputs = graph.inputs.map((value) => input(value, "float32", "int32"));
  return {
    file: `${name}.onnx`,
    keys: inputs.some(({ source }) => source.kind === "table") ? "cached" : "fresh",
    inputs,
    outputs: graph.outputs.map((output) => ({
      ...port(output.name, output.value, "float32", "int32"),
      result: { ...said(results, output.name) },
    })),
    ...(variants &&
      variant && {
        variants: {
          [variants.type]: {
            file: `${variant.name}.onnx`,
            inputs: variant.inputs.map((value) => input(value, "float32", "int32", "float16", "uint8")),
          },
        },
      }),
  };
}

/** The name under which a graph takes an input. */
export function inputName({ node }: InputValue): string {
  return node.attributes.name;
}

function tableEntry(model: Model, table: Table): TableEntry {
  let offset = 0;
  return {
    spec: `tables/${table.name}.yaml`,
    history: table.history.name,
    row: rowPort(model, table),
    width: table.width,
    parts: table.of.map((part) => {
      const { heads, dim } = layoutOf(part);
      offset += part.width;
      return { of: partOf(part), offset: offset - part.width, width: part.width, heads, dim };
    }),
    precision: table.precision,
    on_miss: table.onMiss,
    coverage: table.coverage,
    min_count: table.minCount,
    refresh: table.refresh,
    shards: table.shards,
  };
}

/** The table whose keys or codes a search reads in the graph as it was made; null: it computes them. */
function tableOf(model: Model, graph: Graph | undefined, search: Search): string | null {
  const metric = metricOf(search.by);
  const read = new Set(graph?.inputs.map(inputName));
  const holds = (table: Table) =>
    table.of.some((part) =>
      part.kind === "codes" ? part.stage === search : part.kind === "keys" && part.metric === metric,
    );
  return model.tables.find((table) => read.has(table.name) && holds(table))?.name ?? null;
}
