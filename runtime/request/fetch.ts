// The fetch phase of a request: all that its graphs need of stores, read together before the first graph runs. Items are
// read by their keys; then the embedding rows outside the graphs, which the items' features name.

import type { FeatureSpec, GraphName } from "../../contract/manifest.ts";
import { countedIn, type PortSource } from "../../contract/ports.ts";
import type { Tensor } from "../session/session.ts";
import type { ReadOptions } from "../table/table-store.ts";
import type { Candidates } from "./candidates.ts";
import type { Engine } from "./engine.ts";
import type { HistorySide } from "./history.ts";
import { type OutsideRows, rowTensor } from "./outside.ts";
import { comparesItems, overFeature } from "./over-feature.ts";

/** What is read for the user's side, and kept with it. */
export interface FetchedSide {
  readonly histories: ReadonlyMap<string, HistorySide>;
  readonly single: ReadonlyMap<string, Tensor>;
  readonly outside: OutsideRows;
}

/** The history of that name. @throws Error where the side has none: a fault of ours */
export function historyOf(histories: ReadonlyMap<string, HistorySide>, name: string): HistorySide {
  const history = histories.get(name);
  if (history === undefined) {
    throw new Error(`the user's side has no history ${name}`);
  }
  return history;
}

/** The sources of what some graphs take. */
export function sourcesOf({ artefacts }: Engine, graphs: readonly (GraphName | null)[]): PortSource[] {
  return graphs.flatMap((graph) =>
    graph === null ? [] : (artefacts.inputs.get(graph) ?? []).map(({ source }) => source),
  );
}

/** The features of the histories' items that some graphs take. */
export async function fetchItems(
  engine: Engine,
  histories: ReadonlyMap<string, HistorySide>,
  graphs: readonly (GraphName | null)[],
  options?: ReadOptions,
): Promise<void> {
  const sources = sourcesOf(engine, graphs);
  await together(
    [...histories.values()].map((history) => {
      const name = history.spec.name;
      const own = sources.flatMap((one) => (one.kind === "history-item" && one.history === name ? [one.feature] : []));
      const counted = engine.artefacts.statsTaken.find((taken) => taken.history === name)?.on ?? [];
      const compared = sources.flatMap((one) =>
        one.kind === "cross" && one.history === name && comparesItems(one.feature)
          ? [overFeature(engine.artefacts.itemFeatures, one.feature)]
          : [],
      );
      return history.items.fetch([...own, ...counted, ...compared], options);
    }),
  );
}

/** Rows of outside embeddings that some graphs need of the user: of the histories' items, fetched before, and of its features. */
export async function fetchSideRows(
  engine: Engine,
  side: FetchedSide,
  graphs: readonly (GraphName | null)[],
  options?: ReadOptions,
): Promise<void> {
  await fetchRows(engine, side.outside, graphs, options, (source) => {
    if (source.kind === "history-item") {
      return historyOf(side.histories, source.history).item(source.feature);
    }
    if (source.kind === "cross") {
      return historyOf(side.histories, source.history).cross(source.feature);
    }
    return source.kind === "single" ? (side.single.get(source.feature.name) ?? null) : null;
  });
}

/** Whatever further graphs (an explanation, an oracle) need of a user's side that is prepared. */
export async function fetchSide(
  engine: Engine,
  side: FetchedSide,
  graphs: readonly (GraphName | null)[],
  options?: ReadOptions,
): Promise<void> {
  await fetchItems(engine, side.histories, graphs, options);
  await fetchSideRows(engine, side, graphs, options);
}

/** What some graphs need of candidates. */
export async function fetchCandidates(
  engine: Engine,
  candidates: Candidates,
  graphs: readonly (GraphName | null)[],
  options?: ReadOptions,
): Promise<void> {
  const features: FeatureSpec[] = [];
  for (const source of sourcesOf(engine, graphs)) {
    if (source.kind === "candidate-item") {
      features.push(source.feature);
    } else if (source.kind === "candidate" && source.feature.encoder.kind === "popularity") {
      features.push(overFeature(engine.artefacts.itemFeatures, source.feature));
    }
  }
  for (const { on } of engine.artefacts.statsTaken) {
    features.push(...on);
  }
  await candidates.items.fetch(features, options, true);
  const { count } = candidates;
  await fetchRows(engine, candidates.outside, graphs, options, (source) => {
    if (source.kind === "candidate-item") {
      return candidates.item(source.feature, 0, count);
    }
    if (source.kind === "candidate" && source.feature.group !== "stats") {
      return candidates.own(source.feature, 0, count);
    }
    return source.kind === "single" ? (candidates.context.get(source.feature.name) ?? null) : null;
  });
}

async function fetchRows(
  engine: Engine,
  into: OutsideRows,
  graphs: readonly (GraphName | null)[],
  options: ReadOptions | undefined,
  indices: (source: PortSource) => Tensor | null,
): Promise<void> {
  const { manifest, outside } = engine.artefacts;
  if (outside === null) {
    return;
  }
  const sources = sourcesOf(engine, graphs);
  const wanted = new Set(sources.flatMap((source) => (source.kind === "embedding" ? [source.parameter] : [])));
  await together(
    manifest.embeddings
      .filter(({ parameter }) => wanted.has(parameter))
      .map((table) => {
        const users = sources.filter((one) => countedIn(one, table.parameter));
        const tensors = users.flatMap((one) => {
          const tensor = indices(one);
          return tensor === null ? [] : [rowTensor(tensor, `of ${table.parameter}`)];
        });
        return into.fetch(outside, table, tensors, options);
      }),
  );
}

/** Waits for all of them, also where one fails: nothing goes on writing behind an error. */
export async function together<T>(jobs: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(jobs);
  return Promise.all(jobs);
}
