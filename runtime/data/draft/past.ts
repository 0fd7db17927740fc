// How long users' pasts are and how far back they reach: what a draft's `max` and the edges of its `ago` are decided by.
import { clockFactors } from "../clock.ts";
import { familyOf, secondsOf } from "../database/cast.ts";
import { literal, numberList, quoted, type Source } from "../database/source.ts";
import { readError } from "../files/read-error.ts";
import type { Relation } from "../relation.ts";
import type { Roles } from "./roles.ts";

export interface Past {
  /** All events. */
  readonly total: number;
  /** As many events as 99 % of the users do not exceed. */
  readonly events: number;
  /** Of the time from a behaviour to a request that sees it, in seconds or steps: 2 % lie below, and 98 %; null: nobody comes back. */
  readonly ago: { readonly low: number; readonly high: number } | null;
  /** Whether each user's steps begin anew, so that they say nothing of other users' events. */
  readonly anew: boolean;
}

/** Events that are looked at for `ago`: those of some users, by a hash. */
const looked = 500_000;
/** Users' first steps lie so near to the least of all, by the range. */
const near = 0.05;

export async function pastOf(
  source: Source,
  relation: Relation,
  { user, clock }: Pick<Roles, "user" | "clock">,
): Promise<Past> {
  const time = timeSql(relation, clock);
  const all = `(SELECT ${quoted(user)} AS u, ${time} AS t FROM ${relation.sql()})`;
  try {
    const [row] = await source.all(
      `SELECT quantile_disc(n, 0.99)::DOUBLE AS events, sum(n)::DOUBLE AS total, quantile_disc(a, 0.5) AS first, min(a) AS least, max(b) AS most FROM (SELECT count(*) AS n, min(t) AS a, max(t) AS b FROM ${all} WHERE u IS NOT NULL GROUP BY u)`,
    );
    const [least, most] = [Number(row.least), Number(row.most)];
    const events = Math.max(1, Number(row.events ?? 1));
    const one = Math.max(1, Math.ceil(Number(row.total ?? 0) / looked));
    // Of each event one behaviour before it, any of the newest `events`.
    const placed = `(SELECT u, t, row_number() OVER (PARTITION BY u ORDER BY t) - 1 AS k FROM ${all} WHERE t IS NOT NULL AND hash(u) % ${one} = 0)`;
    const back = `1 + (hash(u::VARCHAR || ' ' || k::VARCHAR) % least(k, ${events})::UBIGINT)::BIGINT`;
    const pairs = `(SELECT now.t - past.t AS gap FROM (SELECT u, t, k - (${back}) AS k FROM ${placed} WHERE k > 0) now JOIN ${placed} past USING (u, k))`;
    const [found] = await source.all(
      `SELECT quantile_disc(gap, [0.02, 0.98]) AS quantiles FROM ${pairs} WHERE gap > 0`,
    );
    const [low, high] = found.quantiles === null ? [0, 0] : numberList(found.quantiles);
    return {
      total: Number(row.total ?? 0),
      events,
      ago: low > 0 ? { low, high } : null,
      anew: clock.unit === "steps" && Number(row.first) - least <= near * (most - least),
    };
  } catch (cause) {
    throw await readError(source, relation, cause);
  }
}

/** The clock of the events in seconds or steps. */
export function timeSql(relation: Relation, { column, unit, format }: Roles["clock"]): string {
  const type = relation.columns.get(column) ?? "";
  if (format !== undefined) {
    return `epoch(try_strptime(CAST(${quoted(column)} AS VARCHAR), ${literal(format)}))`;
  }
  return familyOf(type) === "time"
    ? secondsOf(quoted(column), type)
    : `try_cast(${quoted(column)} AS DOUBLE) / ${clockFactors[unit]}`;
}

/** Histories beyond this are no matter of a first draft. */
const longest = 10_000;

/** Two digits, above what 99 % of the users have. */
export const maxOf = ({ events }: Pick<Past, "events">): number => Math.min(longest, Math.max(20, twoDigits(events)));

/** The same as the language writes it. */
export const maxText = (past: Pick<Past, "events">): string => {
  const max = maxOf(past);
  return max % 1000 === 0 ? `${max / 1000}k` : String(max);
};

/** The least whole number of two digits and zeros that is as large. */
export function twoDigits(value: number): number {
  const power = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(1, value))) - 1);
  return Math.ceil(value / power) * power;
}

const durations: readonly (readonly [string, number])[] = [
  ...[1, 10, 100].map((n) => [`${n}ms`, n / 1000] as const),
  ...[1, 2, 5, 10, 20, 30].map((n) => [`${n}s`, n] as const),
  ...[1, 2, 5, 10, 20, 30].map((n) => [`${n}min`, 60 * n] as const),
  ...[1, 2, 6, 12].map((n) => [`${n}h`, 3600 * n] as const),
  ...[1, 2, 7, 14, 30, 90, 180, 365, 730, 1825, 3650, 7300].map((n) => [`${n}d`, 86_400 * n] as const),
];

/** Edges of `ago` as the language writes them: a list without its brackets, or `log(…)`. */
export function agoText({ ago }: Pick<Past, "ago">, steps: boolean): string {
  if (ago === null) {
    return steps ? "1, 10, 100" : "1h, 1d, 7d, 30d";
  }
  const { low, high } = ago;
  if (steps) {
    const [from, to] = [Math.max(1, Math.floor(low)), twoDigits(Math.ceil(high))];
    return to <= from + 16
      ? Array.from({ length: Math.max(1, to - from + 1) }, (_, i) => from + i).join(", ")
      : `log(${from}, ${to}, ${edgesFor(from, to)})`;
  }
  const from = durations.findLast(([, seconds]) => seconds <= low) ?? durations[0];
  const to = durations.find(([, seconds]) => seconds >= high) ?? durations[durations.length - 1];
  return to[1] < 2 * from[1] ? from[0] : `log(${from[0]}, ${to[0]}, ${edgesFor(from[1], to[1])})`;
}

/** Edges between two quantiles of the time since, in seconds or steps. */
export const edgesBetween = (low: number, high: number, steps: boolean): string =>
  agoText({ ago: low > 0 ? { low, high } : null }, steps);

/** Two edges to each doubling, sixteen at most. */
const edgesFor = (from: number, to: number): number =>
  Math.min(16, Math.max(2, 1 + Math.ceil(2 * Math.log2(to / from))));
