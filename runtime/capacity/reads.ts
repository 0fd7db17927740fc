// What a request asks of stores, told by the inputs of the graphs that rank.
import type { Manifest } from "../../contract/manifest.ts";
import { graphInputs, type PortSource } from "../../contract/ports.ts";
import { encodedWidth } from "../encode/column.ts";
import { rankGraphs, route } from "../request/index.ts";
import { storedFeatures } from "../table/item-store-writer.ts";

/** What records of items are called among rows; no table has such a name. */
export const records = "item records";

/** Keys of a request, by whose rows they ask for: a table's, records of items, an embedding's outside the graphs. */
export interface Reads {
  readonly user: ReadonlyMap<string, number>;
  readonly candidates: ReadonlyMap<string, number>;
}

/** @param lengthOf behaviours of a history @param candidates of the request */
export function readsOf(manifest: Manifest, lengthOf: (history: string) => number, candidates: number): Reads {
  const inputs = graphInputs(manifest);
  const ports = rankGraphs(route(manifest, false)).flatMap((graph) => (graph && inputs.get(graph)) ?? []);
  // Both graphs take what it has once.
  const sources = [...new Map(ports.map(({ name, source }) => [name, source])).values()];
  const user = new Map<string, number>();
  const ofCandidates = new Map<string, number>();
  const add = (to: Map<string, number>, name: string, keys: number) => to.set(name, (to.get(name) ?? 0) + keys);
  for (const source of sources) {
    if (source.kind === "row") {
      add(user, source.table, lengthOf(source.entry.history));
    }
  }
  for (const history of lookedUp(manifest, sources)) {
    add(user, records, lengthOf(history));
  }
  if (sources.some((source) => source.kind === "candidate-item" && inRecords(source))) {
    add(ofCandidates, records, candidates);
  }
  // As many as there are values: a request asks once for those that are equal.
  for (const { parameter, readers, placement } of manifest.embeddings) {
    for (const source of sources) {
      if (placement.kind !== "outside" || !("feature" in source) || !readers.includes(source.feature.name)) {
        continue;
      }
      const width = encodedWidth(source.feature);
      if (source.kind === "candidate" || source.kind === "candidate-item") {
        add(ofCandidates, parameter, candidates * width);
      } else {
        add(user, parameter, ("history" in source ? lengthOf(source.history) : 1) * width);
      }
    }
  }
  return { user, candidates: ofCandidates };
}

/** Histories of whose items features are looked up: for a graph, or to count by. */
function lookedUp({ histories }: Manifest, sources: readonly PortSource[]): Set<string> {
  const taken = new Set(sources.flatMap((source) => ("feature" in source ? [source.feature] : [])));
  const named = new Set([...taken].map(({ name }) => name));
  const found = new Set<string>();
  for (const source of sources) {
    if (source.kind === "history-item" && inRecords(source)) {
      found.add(source.history);
    }
  }
  for (const { name, stats = [], cross } of histories) {
    const compares = [...taken].some(
      (feature) =>
        [...stats, ...cross].includes(feature.name) && "on" in feature.encoder && feature.encoder.on !== undefined,
    );
    if (compares && [...stats, ...cross].some((one) => named.has(one))) {
      found.add(name);
    }
  }
  return found;
}

/** The key itself is known without a store. */
const inRecords = (source: PortSource): boolean => "feature" in source && source.feature.encoder.kind !== "key";

/** Bytes of an item's record in an item store. */
export const recordBytes = ({ features }: Manifest): number =>
  storedFeatures(features).reduce((sum, feature) => sum + 4 * encodedWidth(feature), 0);
