// What each graph input holds, resolved once: the manifest's names become its features, histories and tables.
import { TwinError } from "./error.ts";
import type {
  EmbeddingEntry,
  FeatureSpec,
  GraphName,
  Manifest,
  OutputPort,
  StoredType,
  TableEntry,
} from "./manifest.ts";
import { graphNames, type Result, type Source, storedTypes } from "./port-spec.ts";

/** Where the tensor of an input comes from. */
export type PortSource =
  | {
      readonly kind: "item" | "candidate-item" | "candidate" | "single";
      readonly feature: FeatureSpec;
      readonly raw?: true;
    }
  | { readonly kind: "history-item"; readonly history: string; readonly feature: FeatureSpec; readonly raw?: true }
  | { readonly kind: "cross"; readonly history: string; readonly feature: FeatureSpec }
  | { readonly kind: "valid"; readonly history: string }
  | { readonly kind: "row" | "table" | "table-scale"; readonly table: string; readonly entry: TableEntry }
  | { readonly kind: "embedding"; readonly parameter: string; readonly entry: EmbeddingEntry }
  | { readonly kind: "kept"; readonly search: string }
  | { readonly kind: "pooled"; readonly attend: string };

/** An input of a graph, or of its variant over stored rows. */
export interface SourcedInput {
  readonly name: string;
  readonly source: PortSource;
}

/** The inputs of every graph, and of every variant by `GRAPH.TYPE`, in their order. */
export type GraphInputs = ReadonlyMap<string, readonly SourcedInput[]>;

const keyOf = (graph: GraphName, variant: StoredType | null): string =>
  variant === null ? graph : `${graph}.${variant}`;

/** @throws TwinError where a source names what the manifest does not have */
export function graphInputs(manifest: Manifest): GraphInputs {
  const features = new Map(manifest.features.map((feature) => [feature.name, feature]));
  const resolve = resolver(manifest, features);
  const inputs = new Map<string, readonly SourcedInput[]>();
  for (const graph of graphNames) {
    const spec = manifest.graphs[graph];
    if (spec === undefined) {
      continue;
    }
    const sourced = (ports: readonly { readonly name: string; readonly source: Source }[]) =>
      ports.map(({ name, source }) => ({ name, source: resolve(graph, name, source) }));
    inputs.set(keyOf(graph, null), sourced(spec.inputs));
    for (const type of storedTypes) {
      const variant = spec.variants?.[type];
      if (variant !== undefined) {
        inputs.set(keyOf(graph, type), sourced(variant.inputs));
      }
    }
  }
  return inputs;
}

function resolver(manifest: Manifest, features: ReadonlyMap<string, FeatureSpec>) {
  const histories = new Set(manifest.histories.map(({ name }) => name));
  return (graph: GraphName, name: string, source: Source): PortSource => {
    const fail = (what: string): never => {
      throw new TwinError(
        `graph ${graph} of ${manifest.model} has an input ${name} of ${what}, which its manifest does not have: ` +
          "the manifest was edited or belongs to another build; build it again with `twin build`",
      );
    };
    const feature = (called: string) => features.get(called) ?? fail(`the feature ${called}`);
    const history = (called: string) => (histories.has(called) ? called : fail(`the history ${called}`));
    switch (source.kind) {
      case "item":
      case "candidate-item":
      case "candidate":
      case "single":
        return { kind: source.kind, feature: feature(source.feature), ...(source.raw && { raw: true }) };
      case "history-item":
        return {
          kind: source.kind,
          history: history(source.history),
          feature: feature(source.feature),
          ...(source.raw && { raw: true }),
        };
      case "cross":
        return { kind: source.kind, history: history(source.history), feature: feature(source.feature) };
      case "valid":
        return { kind: "valid", history: history(source.history) };
      case "row":
      case "table":
      case "table-scale": {
        const { table } = source;
        const entry = Object.hasOwn(manifest.tables, table) ? manifest.tables[table] : fail(`the table ${table}`);
        return { kind: source.kind, table, entry };
      }
      case "embedding": {
        const { parameter } = source;
        const entry =
          manifest.embeddings.find((one) => one.parameter === parameter) ?? fail(`the embedding ${parameter}`);
        return { kind: "embedding", parameter, entry };
      }
      case "kept": {
        const { search } = source;
        if (!manifest.searches.some((one) => one.name === search)) {
          fail(`the search ${search}`);
        }
        return { kind: "kept", search };
      }
      case "pooled": {
        const { attend } = source;
        if (!manifest.attends.some((one) => one.name === attend)) {
          fail(`the attend ${attend}`);
        }
        return { kind: "pooled", attend };
      }
    }
  };
}

/** Whether an input names rows of the embedding that count in the fetched ones where it lies outside. */
export function countedIn(source: PortSource, parameter: string): boolean {
  return "feature" in source && source.feature.embedding === parameter && !("raw" in source && source.raw === true);
}

/** The inputs of one graph. @throws TwinError where the build has no such graph, or no such variant of it */
export function inputsOf(
  { model }: Manifest,
  inputs: GraphInputs,
  graph: GraphName,
  variant: StoredType | null = null,
): readonly SourcedInput[] {
  const found = inputs.get(keyOf(graph, variant));
  if (found !== undefined) {
    return found;
  }
  if (variant === null) {
    throw new TwinError(`the artefacts of ${model} have no graph ${graph}`);
  }
  throw new TwinError(`graph ${graph} of ${model} has no variant ${variant}`);
}

/** The tables that a graph reads. */
export function tablesRead(manifest: Manifest, graph: GraphName): string[] {
  const inputs = manifest.graphs[graph]?.inputs ?? [];
  return inputs.flatMap(({ source }) => (source.kind === "table" ? [source.table] : []));
}

/** The first output of a graph that says this. */
export function outputOf(outputs: readonly OutputPort[], wanted: (result: Result) => boolean): OutputPort | undefined {
  return outputs.find(({ result }) => wanted(result));
}
