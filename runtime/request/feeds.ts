// The inputs of one run: each port's tensor from the user's side, the candidates, or the search's result.

import { oversOf } from "../../contract/by-spec.ts";
import { TwinError } from "../../contract/error.ts";
import type { EmbeddingEntry, GraphName, Manifest, StoredType } from "../../contract/manifest.ts";
import { countedIn, inputsOf, type PortSource, type SourcedInput } from "../../contract/ports.ts";
import { emptyRecord } from "../../contract/record.ts";
import type { Feeds, StoredTensor, Tensor } from "../session/session.ts";
import type { Candidates } from "./candidates.ts";
import type { Engine } from "./engine.ts";
import { historyOf } from "./fetch.ts";
import { type OutsideUse, outsideOf, rowTensor } from "./outside.ts";
import type { UserSide } from "./prepare.ts";
import type { StoredInputs, TableRows } from "./table-rows.ts";

/** What comes of the stages before: the search's results, and what the kernel pooled, by the name of their port. */
export type KeptTensors = Readonly<Record<string, Tensor>>;

/** @param candidates null: of a graph that takes nothing of candidates */
export function feeds(
  engine: Engine,
  graph: GraphName,
  side: UserSide,
  candidates: Candidates | null,
  chunk: { readonly start: number; readonly end: number },
  kept: KeptTensors,
  variant: StoredType | null = null,
): Feeds {
  const { manifest, inputs } = engine.artefacts;
  const ports = inputsOf(manifest, inputs, graph, variant);
  const result: Record<string, Tensor | StoredTensor> = emptyRecord();
  for (const { name, source } of ports) {
    const stored = variant === null || !("table" in source) ? null : tableOf(side, source.table).stored;
    const tensor = stored ? storedTensor(source, stored) : portTensor(name, source, side, candidates, chunk, kept);
    if (tensor !== null) {
      result[name] = tensor;
    }
  }
  for (const { name, source } of ports) {
    if (source.kind === "embedding") {
      addOutside(engine, graph, name, source.entry, ports, result, side, candidates, kept);
    }
  }
  return result;
}

/** The rows of that table. @throws Error where the side has none: a fault of ours */
function tableOf({ tables }: UserSide, name: string): TableRows {
  const rows = tables.get(name);
  if (rows === undefined) {
    throw new Error(`the user's side has no rows of the table ${name}`);
  }
  return rows;
}

function portTensor(
  name: string,
  source: PortSource,
  side: UserSide,
  candidates: Candidates | null,
  { start, end }: { readonly start: number; readonly end: number },
  kept: KeptTensors,
): Tensor | null {
  switch (source.kind) {
    case "candidate-item":
      return candidates?.item(source.feature, start, end) ?? null;
    case "candidate":
      if (candidates === null) {
        return null;
      }
      if (source.feature.encoder.kind === "popularity") {
        return candidates.popular(source.feature, start, end);
      }
      return source.feature.group === "stats"
        ? side.stats.column(source.feature, candidates, start, end)
        : candidates.own(source.feature, start, end);
    case "single":
      return side.single.get(source.feature.name) ?? candidates?.contextOf(source.feature) ?? null;
    case "history-item":
      return historyOf(side.histories, source.history).item(source.feature);
    case "cross":
      return historyOf(side.histories, source.history).cross(source.feature);
    case "valid":
      return historyOf(side.histories, source.history).valid();
    case "row":
      return tableOf(side, source.table).row;
    case "table":
      return tableOf(side, source.table).rows;
    case "kept":
    case "pooled":
      return kept[name];
    // What is put in last, and what variants alone have.
    case "embedding":
    case "table-scale":
    // What the projector alone has, which is not fed here.
    case "item":
      return null;
  }
}

function storedTensor({ kind }: PortSource, { row, rows, scale }: StoredInputs): Tensor | StoredTensor | null {
  return kind === "row" ? row : kind === "table" ? rows : scale;
}

/** The rows of an embedding table that this run needs, out of those that were fetched; indices are counted in them. */
function addOutside(
  engine: Engine,
  graph: GraphName,
  input: string,
  embedding: EmbeddingEntry,
  ports: readonly SourcedInput[],
  result: Record<string, Tensor | StoredTensor>,
  side: UserSide,
  candidates: Candidates | null,
  kept: KeptTensors,
): void {
  const { manifest, outside } = engine.artefacts;
  const { parameter } = embedding;
  if (outside === null) {
    throw new TwinError(`graph ${graph} needs the rows of ${parameter}, and no weights are open`);
  }
  const users = ports.filter(({ source }) => countedIn(source, parameter));
  const uses: OutsideUse[] = users.map(({ name, source }) => ({
    indices: rowTensor(result[name], name),
    needed: source.kind === "history-item" ? neededBehaviours(manifest, graph, source.history, side, kept) : null,
  }));
  const needed = outsideOf(candidates === null ? [side.outside] : [side.outside, candidates.outside], embedding, uses);
  result[input] = needed.rows;
  users.forEach(({ name }, i) => {
    result[name] = needed.indices[i];
  });
}

/** Which behaviours a graph after the search reads: those that were kept, and the newest of an attend over them. */
function neededBehaviours(
  manifest: Manifest,
  graph: GraphName,
  history: string,
  side: UserSide,
  kept: KeptTensors,
): Uint8Array | null {
  const searches = manifest.searches.filter((search) => search.history === history);
  const inputs = manifest.graphs[graph]?.inputs ?? [];
  const ranksAfterSearch = inputs.some(({ source }) => source.kind === "kept");
  if (!ranksAfterSearch) {
    return null;
  }
  const { length } = historyOf(side.histories, history);
  const needed = new Uint8Array(length);
  for (const over of manifest.attends.flatMap(oversOf)) {
    if (over.history !== history) {
      continue;
    }
    if (over.kind === "history") {
      return null;
    }
    if (over.kind === "last") {
      needed.fill(1, 0, over.count);
    }
  }
  for (const search of searches) {
    const found = kept[search.kept];
    if (found === undefined) {
      continue;
    }
    for (const position of found.data) {
      needed[position] = 1;
    }
  }
  return needed;
}
