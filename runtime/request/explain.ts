// Why a candidate has its score: the behaviours that each attention used, with score, bias and weight of every head.

import { TwinError } from "../../contract/error.ts";
import type { GraphName, Manifest } from "../../contract/manifest.ts";
import { outputOf } from "../../contract/ports.ts";
import { type Named, recordOf } from "../../contract/record.ts";
import { aligned, cell } from "../../contract/width.ts";
import type { Tensor } from "../session/session.ts";
import { Candidates } from "./candidates.ts";
import type { Engine } from "./engine.ts";
import { type ExplainedStat, explainedStats, statLines } from "./explain-stats.ts";
import type { KeptTensors } from "./feeds.ts";
import { fetchSide, historyOf } from "./fetch.ts";
import { byKernel } from "./kernel-rank.ts";
import { rankingGraphs, type UserSide } from "./prepare.ts";
import { chunkSize, runSearch } from "./rank.ts";
import { type SearchSpec, selectable } from "./ranking.ts";
import type { RankRequest } from "./request.ts";
import { runGraph } from "./variants.ts";

/** One head's view of one behaviour. score = metric + bias; weight is what softmax makes of it. */
export interface HeadShare {
  readonly metric: number;
  readonly bias: number;
  readonly weight: number;
}

export interface ExplainedBehaviour {
  /** Position in the caller's own history columns. */
  readonly position: number;
  readonly key: string;
  /** Epoch seconds or steps; null where the history came without times. */
  readonly time: number | null;
  /** Whether a table of its history lacks its item. */
  readonly miss: boolean;
  /** By head; null where a head keeps its own list and this behaviour is not in it. */
  readonly heads: readonly (HeadShare | null)[];
  /** Mean of the heads' weights. */
  readonly weight: number;
}

export interface ExplainedAttend {
  readonly attend: string;
  /** The metric it attends by. */
  readonly by: string;
  /** The search or history that it reads. */
  readonly over: string;
  /** In the order in which they were kept, or newest first. */
  readonly behaviours: readonly ExplainedBehaviour[];
}

export interface Explanation {
  readonly candidate: number;
  readonly key: string;
  /** By label. */
  readonly scores: Named<number>;
  readonly logits: Named<number>;
  /** What the model says candidates are ordered by; null where it does not say. */
  readonly score: number | null;
  /** What was counted of the user's behaviours beside it; empty where the model counts nothing. */
  readonly stats: readonly ExplainedStat[];
  readonly attends: readonly ExplainedAttend[];
}

type AttendSpec = Manifest["attends"][number];

/** An attend, and the outputs that explain it. */
interface ExplainedPorts {
  readonly attend: AttendSpec;
  /** What it attends over the list of; null: it reads a history itself. */
  readonly search: SearchSpec | null;
  readonly weights: string;
  readonly metric: string;
  readonly bias: string;
}

/** The attends that a graph explains. */
function explainedAttends({ attends, searches, graphs }: Manifest, graph: GraphName): ExplainedPorts[] {
  const outputs = graphs[graph]?.outputs ?? [];
  return attends.flatMap((attend) => {
    const of = (part: "weights" | "metric" | "bias") =>
      outputOf(outputs, (one) => one.kind === "attention" && one.attend === attend.name && one.part === part)?.name;
    const [weights, metric, bias] = [of("weights"), of("metric"), of("bias")];
    return weights === undefined || metric === undefined || bias === undefined
      ? []
      : [{ attend, search: searchOf(searches, attend), weights, metric, bias }];
  });
}

function searchOf(searches: readonly SearchSpec[], { name, over }: AttendSpec): SearchSpec | null {
  if (over.kind !== "search") {
    return null;
  }
  const search = searches.find((one) => one.name === over.search);
  if (search === undefined) {
    throw new TwinError(
      `the attend ${name} reads the search ${over.search}, which its manifest does not have: build it again with \`twin build\``,
    );
  }
  return search;
}

/**
 * Explains every candidate of the request, in their order.
 * @param signal where it aborts, no store is read and no further graph is run, and its reason is thrown
 */
export async function explainCandidates(
  engine: Engine,
  side: UserSide,
  request: RankRequest,
  signal: AbortSignal | null = null,
): Promise<Explanation[]> {
  const { manifest } = engine.artefacts;
  const graph = side.route.explain;
  if (graph === null) {
    throw new TwinError(`${manifest.model} has no attention by a metric, so there is nothing to explain`);
  }
  const graphs = [...(byKernel(side) ? rankingGraphs(side) : [side.route.search]), graph];
  const candidates = await Candidates.fetch(engine, side, request, graphs, { signal });
  await fetchSide(engine, side, graphs, { signal });
  const size = chunkSize(engine, side);
  const explained = explainedAttends(manifest, graph);
  const result: Explanation[] = [];
  for (let start = 0; start < candidates.count; start += size) {
    const chunk = { start, end: Math.min(start + size, candidates.count) };
    signal?.throwIfAborted();
    const kept = await runSearch(engine, side, candidates, chunk, signal);
    const outputs = await runGraph(engine, graph, side, candidates, chunk, kept);
    const stats = explainedStats(manifest, engine.artefacts.statsTaken, side, candidates, chunk);
    const usable = explained.map((one) => ({ ...one, usable: usablePlaces(manifest, one, side) }));
    for (let n = 0; n < chunk.end - chunk.start; n++) {
      result.push({
        candidate: start + n,
        key: String(candidates.items.keys[start + n]),
        scores: byLabel(manifest, outputs, "output", n),
        logits: byLabel(manifest, outputs, "logit", n),
        score: manifest.score === undefined ? null : outputs[manifest.score.output].data[n],
        stats: stats[n],
        attends: usable.map((one) => explainAttend(manifest, side, one, outputs, kept, n)),
      });
    }
  }
  return result;
}

function byLabel(manifest: Manifest, outputs: Record<string, Tensor>, port: "output" | "logit", n: number) {
  return recordOf(manifest.labels.map((label) => [label.name, outputs[label[port]].data[n]] as const));
}

/** Which places of its history an attend may read. */
function usablePlaces(manifest: Manifest, { attend, search }: ExplainedPorts, side: UserSide): Usable {
  if (search === null) {
    const { count } = historyOf(side.histories, attend.over.history);
    return (place) => place < count;
  }
  const places = selectable(manifest, search, side);
  return (place) => places[place] >= 0;
}

type Usable = (place: number) => boolean;

function explainAttend(
  manifest: Manifest,
  side: UserSide,
  { attend, search, usable, ...ports }: ExplainedPorts & { readonly usable: Usable },
  outputs: Record<string, Tensor>,
  kept: KeptTensors,
  n: number,
): ExplainedAttend {
  const { over } = attend;
  const weights = outputs[ports.weights];
  const [heads, candidates, width] = weights.shape;
  const metric = outputs[ports.metric].data;
  const bias = outputs[ports.bias].data;
  const history = historyOf(side.histories, over.history);
  const list = search === null ? null : kept[search.kept];
  const found = new Map<number, (HeadShare | null)[]>();
  for (let a = 0; a < heads; a++) {
    for (let j = 0; j < width; j++) {
      const at = (a * candidates + n) * width + j;
      const place = list === null ? j : list.data[list.shape.length === 3 ? at : n * width + j];
      if (!usable(place)) {
        continue;
      }
      let shares = found.get(place);
      if (shares === undefined) {
        shares = new Array<HeadShare | null>(heads).fill(null);
        found.set(place, shares);
      }
      shares[a] = { metric: metric[at], bias: bias[at], weight: weights.data[at] };
    }
  }
  const behaviours = [...found].map(([place, shares]): ExplainedBehaviour => {
    const position = history.order[place];
    return {
      position,
      key: String(history.items.keys[position]),
      time: history.times?.[position] ?? null,
      miss: missed(manifest, side, over.history, place),
      heads: shares,
      weight: shares.reduce((sum, share) => sum + (share?.weight ?? 0), 0) / heads,
    };
  });
  const name = over.kind === "search" ? over.search : over.history;
  return { attend: attend.name, by: attend.written, over: name, behaviours };
}

function missed(manifest: Manifest, side: UserSide, history: string, place: number): boolean {
  for (const rows of side.tables.values()) {
    if (manifest.tables[rows.table].history === history && rows.missing.has(place)) {
      return true;
    }
  }
  return false;
}

/** The explanations as text: each candidate, its statistics, and of each attention the `most` behaviours of the largest weight. */
export function explanationText(explanations: readonly Explanation[], most = 5): string {
  const lines: string[] = [];
  for (const { key, scores, stats, attends } of explanations) {
    const numbers = Object.entries(scores).map(([label, value]) => `${label} ${value.toFixed(4)}`);
    lines.push(`${cell(key)}  ${numbers.join("  ")}`, ...statLines(stats));
    for (const { attend, by, over, behaviours } of attends) {
      lines.push(`  ${attend}, by ${by} over ${over}: ${behaviours.length} behaviours`);
      const heaviest = [...behaviours].sort((a, b) => b.weight - a.weight).slice(0, most);
      const rows = heaviest.map((behaviour) => [
        cell(behaviour.key),
        when(behaviour.time),
        behaviour.weight.toFixed(4),
        behaviour.heads.map((share) => (share === null ? "–" : share.weight.toFixed(3))).join(" "),
        behaviour.heads
          .map((share) => (share === null ? "–" : `${signed(share.metric)}${signed(share.bias)}`))
          .join(" "),
        behaviour.miss ? "not in the table" : "",
      ]);
      if (rows.length > 0) {
        lines.push(
          ...aligned([
            ["item", "time", "weight", "of each head", "score = metric + bias, of each head", ""],
            ...rows,
          ]).map((line) => `    ${line}`.trimEnd()),
        );
      }
    }
  }
  return `${lines.join("\n")}\n`;
}

/** A time as people read it: epoch seconds to the minute, steps as they are; nothing where there is none. */
export function when(time: number | null): string {
  if (time === null) {
    return "";
  }
  return time > 1e8 ? new Date(time * 1000).toISOString().slice(0, 16).replace("T", " ") : String(time);
}

function signed(value: number): string {
  return `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(3)}`;
}
