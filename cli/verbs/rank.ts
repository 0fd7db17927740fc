// `twin rank DIR --request R.json`: probabilities for one request, best candidates first; with --explain, why.

import { cell, padded, width } from "../../contract/width.ts";
import { type Explanation, explanationText, type Ranking, type Twin } from "../../runtime/index.ts";
import { loadOptions, openTwin, type RuntimeOptions, warner } from "../open-twin.ts";
import { print, printJson, say } from "../output.ts";
import { readRequest } from "../read-request.ts";

interface RankOptions extends RuntimeOptions {
  readonly request: string;
  readonly explain?: boolean;
  readonly top?: number;
  readonly json?: boolean;
}

export async function rank(dir: string, options: RankOptions): Promise<void> {
  const settings = loadOptions(options);
  const request = await readRequest(options.request);
  const twin = await openTwin(dir, settings);
  const warn = warner(twin);
  try {
    warn();
    const prepared = await twin.prepare(request.prepare);
    const ranking = await prepared.rank(request.rank);
    const labels = twin.manifest.labels.map(({ name }) => name);
    const order = bestFirst(orderedBy(ranking, labels)).slice(0, options.top ?? Number.POSITIVE_INFINITY);
    const explanations = options.explain ? await explainSome(prepared, request.rank, order) : [];
    warn();
    if (options.json) {
      const { score, scores, logits, kept, tables, misses, coverage, stale, keys, untrained, late, plan } = ranking;
      const why = options.explain ? { explanations } : {};
      const by = score === null ? {} : { score };
      printJson({ ...by, scores, logits, kept, tables, misses, coverage, stale, keys, untrained, late, plan, ...why });
      return;
    }
    for (const notice of notices(ranking)) {
      say(`note: ${notice}`);
    }
    print(rankingText(labels, ranking, request.rank.candidates.item as ArrayLike<unknown>, order));
    if (options.explain) {
      print(`\n${explanationText(explanations)}`);
    }
  } finally {
    await twin.close();
  }
}

/** The model's score, or where it has none the logits of its first label, which lie apart where probabilities do not. */
export const orderedBy = ({ score, logits }: Ranking, [label]: readonly string[]): Float32Array =>
  score ?? logits[label];

export const bestFirst = (scores: ArrayLike<number>): number[] =>
  Array.from({ length: scores.length }, (_, i) => i).sort((a, b) => scores[b] - scores[a] || a - b);

type Rank = Awaited<ReturnType<Twin["prepare"]>>;

/** Explanations of these candidates, in this order. */
async function explainSome(
  prepared: Rank,
  request: Parameters<Rank["rank"]>[0],
  order: readonly number[],
): Promise<Explanation[]> {
  const all = await prepared.explain(request);
  return order.map((candidate) => all[candidate]);
}

export function notices(ranking: Ranking): string[] {
  const { untrained, stale, tables, missing, unknownCandidates, late } = ranking;
  return [
    ...(untrained ? ["the weights are start values: these numbers mean nothing yet"] : []),
    ...(stale
      ? tables
          .filter(({ state }) => state === "stale")
          .map(({ table, age }) => `${table} was made with other weights, ${Math.round(age ?? 0)} s ago`)
      : []),
    ...(unknownCandidates > 0
      ? [`${unknownCandidates} candidates are not in the item store: all their features are unknown`]
      : []),
    ...(late > 0
      ? [`behaviours left out, as they do not lie before the request's \`time\`: ${late} (as in training)`]
      : []),
    ...(missing.length > 0 ? [`not given, so unknown: ${missing.join(", ")}`] : []),
  ];
}

export function rankingText(
  labels: readonly string[],
  ranking: Ranking,
  keys: ArrayLike<unknown>,
  order: readonly number[],
): string {
  const candidates = new Map(order.map((candidate) => [candidate, cell(keys[candidate])]));
  const columnsOfKeys = Math.max(9, ...[...candidates.values()].map(width));
  const shown = [
    ...(ranking.score === null ? [] : [["score", ranking.score] as const]),
    ...labels.map((label) => [label, ranking.scores[label]] as const),
  ];
  const columns = shown.map(([name]) => name.padStart(Math.max(8, name.length)));
  const lines = order.map((candidate, place) => {
    const scores = shown.map(([name, values]) => values[candidate].toFixed(6).padStart(Math.max(8, name.length)));
    return `${String(place + 1).padStart(4)}  ${padded(candidates.get(candidate)!, columnsOfKeys)}  ${scores.join("  ")}`;
  });
  const { misses, coverage } = ranking;
  const found =
    misses === 0
      ? "every behaviour was found"
      : `${misses} behaviours not in the tables (coverage ${(100 * coverage).toFixed(1)} %)`;
  return [`rank  ${"candidate".padEnd(columnsOfKeys)}  ${columns.join("  ")}`, ...lines, found].join("\n");
}
