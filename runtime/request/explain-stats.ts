// What was counted of the user's behaviours beside a candidate, as numbers and in words.

import { isStat, type StatEncoder } from "../../contract/encoder-spec.ts";
import type { FeatureSpec, Manifest } from "../../contract/manifest.ts";
import type { Candidates } from "./candidates.ts";
import type { UserSide } from "./prepare.ts";
import type { HistoryStats } from "./stats.ts";

/** A statistic of one candidate. */
export interface ExplainedStat {
  /** `watched.stats.seen` */
  readonly stat: string;
  /** As the graphs take it: ln(1 + n), a logit, a number, or a row of the statistic's table. */
  readonly value: number;
  /** In words: `3 behaviours`, `0.4213`, `true`, `1h to 1d`. */
  readonly says: string;
}

const units = [
  ["d", 86_400],
  ["h", 3600],
  ["min", 60],
  ["s", 1],
] as const;

interface Chunk {
  readonly start: number;
  readonly end: number;
}

/** The statistics of candidates start … end−1 that some graph takes. @returns by candidate of the chunk */
export function explainedStats(
  { features }: Manifest,
  taken: readonly HistoryStats[],
  side: UserSide,
  candidates: Candidates,
  { start, end }: Chunk,
): ExplainedStat[][] {
  const columns = taken.flatMap(({ stats }) =>
    stats.map((feature) => ({ feature, column: side.stats.column(feature, candidates, start, end).data })),
  );
  return Array.from({ length: end - start }, (_, n) =>
    columns.map(({ feature, column }) => {
      const value = Number(column[n]);
      return { stat: feature.name, value, says: words(feature, value, features) };
    }),
  );
}

function words({ name, encoder }: FeatureSpec, value: number, features: readonly FeatureSpec[]): string {
  if (!isStat(encoder)) {
    throw new Error(`${name} is no statistic`);
  }
  switch (encoder.kind) {
    case "met": {
      const count = Math.round(Math.expm1(value));
      return `${count} ${count === 1 ? "behaviour" : "behaviours"}`;
    }
    case "rate":
    case "recent":
      return (1 / (1 + Math.exp(-value))).toFixed(4);
    case "last":
      return lastWords(encoder, value, features);
    case "since":
      return bucketWords(encoder, value);
  }
}

function lastWords(
  { of, rows }: Extract<StatEncoder, { kind: "last" }>,
  value: number,
  features: readonly FeatureSpec[],
): string {
  if (rows === undefined) {
    return String(value);
  }
  if (value === 0) {
    return "none";
  }
  const flag = features.some(({ name, encoder }) => name === of && encoder.kind === "flag");
  return flag ? String(value === 2) : `row ${value}`;
}

function bucketWords({ edges, unit }: Extract<StatEncoder, { kind: "since" }>, row: number): string {
  const text = (edge: number): string => (unit === "seconds" ? about(edge) : `place ${edge}`);
  if (row === 0) {
    return "none";
  }
  if (row === 1) {
    return `below ${text(edges[0])}`;
  }
  return row > edges.length ? `${text(edges[row - 2])} or more` : `${text(edges[row - 2])} to ${text(edges[row - 1])}`;
}

/** A time by its largest unit, three digits of it: `1.5h`, `160d`. */
function about(seconds: number): string {
  const [unit, size] = units.find(([, size]) => seconds >= size) ?? units[units.length - 1];
  return `${Number((seconds / size).toPrecision(3))}${unit}`;
}

/** Those of each history in a line: `watched.stats: seen 3 behaviours, rate 0.4213`. */
export function statLines(stats: readonly ExplainedStat[]): string[] {
  const byGroup = new Map<string, string[]>();
  for (const { stat, says } of stats) {
    const end = stat.lastIndexOf(".");
    const group = stat.slice(0, end);
    byGroup.set(group, [...(byGroup.get(group) ?? []), `${stat.slice(end + 1)} ${says}`]);
  }
  return [...byGroup].map(([group, said]) => `  ${group}: ${said.join(", ")}`);
}
