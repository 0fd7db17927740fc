// What each graph input holds, found from its name once: the link between a manifest's ports and a request's columns.
import { TwinError } from "./error.ts";
import type { FeatureSpec, GraphName, Manifest, StoredType, TableEntry } from "./manifest.ts";

/** Where the tensor of an input comes from. */
export type PortSource =
  | { readonly kind: "candidate-item" | "candidate" | "single"; readonly feature: FeatureSpec }
  | { readonly kind: "history-item" | "cross"; readonly history: string; readonly feature: FeatureSpec }
  | { readonly kind: "valid"; readonly history: string }
  | { readonly kind: "row" | "table" | "table-scale"; readonly table: string; readonly entry: TableEntry }
  | { readonly kind: "embedding"; readonly parameter: string }
  | { readonly kind: "kept"; readonly search: string };

/** Every input that a request's graphs may have, by its name. */
export function portSources(manifest: Manifest): ReadonlyMap<string, PortSource> {
  const sources = new Map<string, PortSource>();
  const names = new Set(manifest.histories.map((history) => history.name));
  for (const feature of manifest.features) {
    switch (feature.group) {
      case "item":
        sources.set(`candidate.${feature.name}`, { kind: "candidate-item", feature });
        for (const history of names) {
          sources.set(`${history}.${feature.name}`, { kind: "history-item", history, feature });
        }
        break;
      case "candidate":
        sources.set(feature.name, { kind: "candidate", feature });
        break;
      case "user":
      case "context":
        sources.set(feature.name, { kind: "single", feature });
        break;
      case "cross":
        sources.set(feature.name, { kind: "cross", history: historyOf(feature, names), feature });
        break;
    }
  }
  for (const history of names) sources.set(`${history}.valid`, { kind: "valid", history });
  for (const [table, entry] of Object.entries(manifest.tables)) {
    sources.set(table, { kind: "table", table, entry });
    sources.set(`${table}.scale`, { kind: "table-scale", table, entry });
    sources.set(entry.row, { kind: "row", table, entry });
  }
  for (const embedding of manifest.embeddings) {
    if (embedding.input !== null) sources.set(embedding.input, { kind: "embedding", parameter: embedding.parameter });
  }
  for (const search of manifest.searches) sources.set(search.kept, { kind: "kept", search: search.name });
  return sources;
}

/** The sources of one graph's inputs, in order. */
export function graphSources(
  manifest: Manifest,
  sources: ReadonlyMap<string, PortSource>,
  graph: GraphName,
  variant: StoredType | null = null,
): { name: string; source: PortSource }[] {
  const spec = manifest.graphs[graph];
  if (spec === undefined) throw new TwinError(`the artefacts of ${manifest.model} have no graph ${graph}`);
  const inputs = variant === null ? spec.inputs : spec.variants?.[variant]?.inputs;
  if (inputs === undefined) throw new TwinError(`graph ${graph} of ${manifest.model} has no variant ${variant}`);
  return inputs.map(({ name }) => {
    const source = sources.get(name);
    if (source === undefined) {
      throw new TwinError(
        `graph ${graph} of ${manifest.model} has an input ${name} that its manifest does not explain: ` +
          "the manifest was edited or belongs to another build; build it again with `twin build`",
      );
    }
    return { name, source };
  });
}

function historyOf(feature: FeatureSpec, histories: ReadonlySet<string>): string {
  const name = feature.name.slice(0, feature.name.indexOf("."));
  if (!histories.has(name)) throw new TwinError(`manifest: cross feature ${feature.name} belongs to no history`);
  return name;
}
