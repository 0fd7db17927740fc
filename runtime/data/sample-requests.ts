// One user's events → requests: the history of a sample is what the user did strictly before it, never the row itself.

import type { Manifest } from "../../contract/manifest.ts";
import { recordOf } from "../../contract/record.ts";
import { type DataColumn, type DataValue, sliceColumn, takeRows, valueAt } from "../encode/data-column.ts";
import { firstSeen } from "../encode/seen.ts";
import { timeUnit } from "../encode/time-unit.ts";
import type { Binding } from "./binding.ts";
import type { FlatLists } from "./database/flat-lists.ts";
import { knownValues } from "./known-at.ts";
import { listHistory } from "./lists/list-histories.ts";
import type { Resolved } from "./resolve.ts";
import type { SampleColumns } from "./sample-columns.ts";

/** A user's events, newest first (of one instant: the later row first), with all columns of the query. */
export interface UserRows {
  readonly user: bigint | string;
  readonly times: Float64Array;
  readonly columns: Readonly<Record<string, DataColumn>>;
  /** Where each row brings its own history. */
  readonly lists: Readonly<Record<string, FlatLists>>;
}

/** Equally long columns, newest first, at most the history's `max`. */
export interface SampleHistory {
  readonly item: DataColumn;
  readonly time: Float64Array;
  /** Cross features by bare name; elapsed ones are computed from the times. */
  readonly [cross: string]: DataColumn;
}

/** A request as `prepare` and `rank` take it, and what is known of its candidates. */
export interface SampleRequest {
  readonly userKey: bigint | string;
  readonly user: Readonly<Record<string, DataValue>>;
  readonly context: Readonly<Record<string, DataValue>>;
  /** Epoch seconds, or steps. */
  readonly time: number;
  /** Times are steps, and the model has no use for them: `prepare` is not to be given them, which would take them for seconds. */
  readonly untimed: boolean;
  readonly history: Readonly<Record<string, SampleHistory>>;
  readonly candidates: { readonly item: DataColumn; readonly [feature: string]: DataColumn };
  /** Number of each candidate's row in the event log, from 0. */
  readonly rows: Float64Array;
  /** By label; NaN is missing. Labels that the data does not have are left out. */
  readonly labels: Readonly<Record<string, Float64Array>>;
  /** Sample weights, or null. */
  readonly weight: Float64Array | null;
}

/** One history of the user: the events that became behaviours, newest first. */
export interface Past {
  readonly name: string;
  readonly max: number;
  readonly delay: number;
  readonly item: DataColumn;
  readonly time: Float64Array;
  readonly cross: readonly {
    readonly name: string;
    readonly column: DataColumn;
    /** When each value became known, NaN: never; null: with the behaviour. */
    readonly knownAt: Float64Array | null;
  }[];
  /** Value that excludes behaviours which share it, of each behaviour and of each event; null: none. */
  readonly same: { readonly behaviour: DataColumn; readonly event: DataColumn } | null;
}

export interface Requests extends Iterable<SampleRequest> {
  /** The request without candidates at an instant. */
  at(time: number): SampleRequest;
}

const bare = (name: string): string => name.slice(name.lastIndexOf(".") + 1);

/** @param part samples of this part only; null: all @param labelled samples with a label only */
export function requestsOf(
  rows: UserRows,
  columns: SampleColumns,
  binding: Binding,
  manifest: Manifest,
  part: number | null,
  labelled: boolean,
  most: number,
): Requests {
  const seen = manifest.histories.map((spec, i) => historyOf(rows, columns, binding, spec, i));
  const untimed = columns.events.steps && timeUnit(manifest) === "seconds";
  const build = (start: number, end: number, time: number, sample = start): SampleRequest => {
    const take = (name: string): DataColumn => sliceColumn(rows.columns[name], start, end);
    const values = (of: readonly Resolved[]) =>
      recordOf(
        of.map(({ name }) => [bare(name), start < rows.times.length ? valueAt(rows.columns[name], start) : null]),
      );
    return {
      userKey: rows.user,
      user: values(columns.user),
      context: values(columns.context),
      time,
      untimed,
      history: recordOf(manifest.histories.map(({ name }, h) => [name, seen[h].at(time, sample)])),
      candidates: {
        item: take("#item"),
        ...recordOf(columns.candidate.map(({ name }) => [bare(name), take(name)])),
      },
      rows: Float64Array.from<DataValue>(take("#row"), Number),
      labels: recordOf(columns.labels.map(({ name }) => [bare(name), numbers(take(name))])),
      weight: columns.weight === null ? null : numbers(take(columns.weight.name)),
    };
  };
  const wanted = (row: number): boolean =>
    (part === null || Number(valueAt(rows.columns["#part"], row)) === part) &&
    (!labelled || columns.labels.some(({ name }) => valueAt(rows.columns[name], row) !== null));
  const shared = [...columns.user, ...columns.context].map(({ name }) => rows.columns[name]);
  const together = (a: number, b: number): boolean =>
    rows.times[a] === rows.times[b] &&
    shared.every((column) => same(valueAt(column, a), valueAt(column, b))) &&
    seen.every((history) => history.together(a, b));
  return {
    *[Symbol.iterator]() {
      for (let start = 0; start < rows.times.length; ) {
        if (!wanted(start)) {
          start++;
          continue;
        }
        let end = start + 1;
        while (end < rows.times.length && end - start < most && together(start, end) && wanted(end)) {
          end++;
        }
        yield build(start, end, rows.times[start]);
        start = end;
      }
    },
    at(time) {
      // The user's features as of the newest event before the instant; nothing later is looked at.
      if (columns.events.lists !== null) {
        const start = upTo(rows.times, time);
        return build(start, start, time);
      }
      // The sample is the event at the instant, where there is one: what is excluded shares its value, not that of an event before.
      const at = rows.times.indexOf(time);
      const start = firstSeen(rows.times, time, 0);
      return build(start, start, time, at < 0 ? rows.times.length : at);
    },
  };
}

/** The first row, newest first, that is not later than an instant: its lists are what was known then. */
function upTo(times: Float64Array, time: number): number {
  const first = times.findIndex((one) => one <= time);
  return first < 0 ? times.length : first;
}

/** What samples see of one history. */
interface Seen {
  /** @param row of the sample; the number of rows where there is none */
  at(time: number, row: number): SampleHistory;
  /** Whether two rows of one instant may be one request. */
  together(a: number, b: number): boolean;
}

function historyOf(
  rows: UserRows,
  columns: SampleColumns,
  binding: Binding,
  spec: Manifest["histories"][number],
  index: number,
): Seen {
  const cross = columns.cross.get(spec.name)!;
  const list = columns.events.lists?.find(({ history }) => history === spec.name);
  if (list === undefined) {
    const past = pastOf(rows, columns, binding, spec, index);
    return {
      at: (time, row) => before(past, time, row),
      together: (a, b) => past.same === null || same(valueAt(past.same.event, a), valueAt(past.same.event, b)),
    };
  }
  const file = columns.events.relation.name;
  const own = listHistory(list, cross, rows.lists, rows.times, spec.max, file, bare);
  const none = {
    item: [],
    time: new Float64Array(0),
    ...recordOf(cross.map(({ name }) => [bare(name), []] as const)),
  };
  return {
    at: (_, row) => (row < rows.times.length ? own.of(row) : none),
    together: own.same,
  };
}

function same(a: DataValue, b: DataValue): boolean {
  if (typeof a !== "object" || a === null || typeof b !== "object" || b === null) {
    return Object.is(a, b);
  }
  return a.length === b.length && Array.from<DataValue>(a).every((value, i) => Object.is(value, b[i]));
}

function numbers(column: DataColumn): Float64Array {
  return Float64Array.from<DataValue>(column, (value) => (value === null ? Number.NaN : Number(value)));
}

export function pastOf(
  rows: UserRows,
  columns: SampleColumns,
  binding: Binding,
  spec: Pick<Manifest["histories"][number], "name" | "max">,
  index: number,
): Past {
  const bound = binding.history[spec.name];
  const keep = rows.columns[`#keep${index}`];
  const chosen: number[] = [];
  for (let row = 0; row < keep.length; row++) {
    if (keep[row]) {
      chosen.push(row);
    }
  }
  function pick(column: Float64Array): Float64Array;
  function pick(column: DataColumn): DataColumn;
  function pick(column: DataColumn): DataColumn {
    return chosen.length === keep.length ? column : takeRows(column, chosen);
  }
  const group = rows.columns[`#same${index}`];
  return {
    name: spec.name,
    max: spec.max,
    delay: bound?.delay ?? 0,
    item: pick(rows.columns["#item"]),
    time: pick(rows.times),
    cross: (columns.cross.get(spec.name) ?? []).map(({ name }) => {
      const known = columns.knownAt.get(name);
      const knownAt = known === undefined ? null : numbers(pick(rows.columns[known.name]));
      return { name: bare(name), column: pick(rows.columns[name]), knownAt };
    }),
    same: bound?.excludeSame ? { behaviour: pick(group), event: group } : null,
  };
}

/** The newest `max` behaviours that an event at `time` may see. */
function before(past: Past, time: number, event: number): SampleHistory {
  const start = firstSeen(past.time, time, past.delay);
  const excluded = past.same === null || event >= past.same.event.length ? null : valueAt(past.same.event, event);
  const all = past.same === null || excluded === null;
  const seen: number[] = [];
  for (let row = start; !all && row < past.time.length && seen.length < past.max; row++) {
    if (valueAt(past.same.behaviour, row) !== excluded) {
      seen.push(row);
    }
  }
  const end = Math.min(past.time.length, start + past.max);
  function take(column: Float64Array): Float64Array;
  function take(column: DataColumn): DataColumn;
  function take(column: DataColumn): DataColumn {
    return all ? sliceColumn(column, start, end) : takeRows(column, seen);
  }
  const cross = past.cross.map(({ name, column, knownAt }) => {
    const values = take(column);
    return [name, knownAt === null ? values : knownValues(values, take(knownAt), time, past.delay)] as const;
  });
  return { item: take(past.item), time: take(past.time), ...recordOf(cross) };
}
