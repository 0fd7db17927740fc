// What serving a model takes: rows, bytes, servers, bandwidth and cores, counted from the model and from what is assumed.
import type { Manifest } from "../../contract/manifest.ts";
import { recordOf } from "../../contract/record.ts";
import { readsOf } from "./reads.ts";
import { indexBytes, type RowSize, rowSizes } from "./sizes.ts";
import type { Timed } from "./timed.ts";
import { asked, type Way, waysOf } from "./ways.ts";

export interface CapacityQuestion {
  readonly items: number;
  readonly candidatesPerSecond: number;
  /** Of a request. */
  readonly candidates: number;
  /** Behaviours in each history; null: each history's `max`. */
  readonly history: number | null;
  /** Seconds in which all rows are made anew; null: what the tables say, and where they say nothing, never. */
  readonly refresh: number | null;
  /** Requests that a user's rows are kept for. */
  readonly session: number;
  /** Exponent of Zipf's law, by which items are asked for. */
  readonly skew: number;
  /** Users whose rows would lie beside their histories; null: it is said of a million. */
  readonly users: number | null;
  readonly server: ServerSize;
  /** What the graphs take; null: it was not measured. */
  readonly timed: Timed | null;
}

/** One server process of a store. */
export interface ServerSize {
  /** Bytes of memory, and the share of it that rows may fill. */
  readonly memory: number;
  readonly fill: number;
  readonly keysPerSecond: number;
  /** Of answers. */
  readonly bitsPerSecond: number;
  /** Of each row. */
  readonly copies: number;
  /** Characters of an item's key. */
  readonly keyLength: number;
}

export interface CapacityReport {
  readonly model: string;
  readonly question: CapacityQuestion;
  readonly requestsPerSecond: number;
  /** Keys of a request by whose rows they ask for, and the bytes of all answers. */
  readonly perRequest: {
    readonly user: Readonly<Record<string, number>>;
    readonly candidates: Readonly<Record<string, number>>;
    readonly bytes: number;
  };
  readonly rows: readonly RowSize[];
  readonly index: { readonly dense: number; readonly sparse: number; readonly parts: number };
  /** Bytes of everything, as the model says: in files, with an index of any keys, and in a Redis, one copy. */
  readonly whole: { readonly file: number; readonly redis: number };
  readonly ways: readonly Way[];
  /** Null: nothing is made anew. */
  readonly refresh: {
    readonly seconds: number;
    readonly rowsPerSecond: number;
    /** Into the store, all copies. */
    readonly bytesPerSecond: number;
    /** That project; null: not measured. */
    readonly cores: number | null;
  } | null;
  /** That rank; null: not measured. */
  readonly cores: number | null;
}

/** Behaviours of each history in a request of that question. */
export const lengthsOf =
  ({ histories }: Manifest, history: number | null) =>
  (name: string): number =>
    Math.min(history ?? Number.POSITIVE_INFINITY, histories.find((one) => one.name === name)!.max);

export function capacity(manifest: Manifest, question: CapacityQuestion): CapacityReport {
  const { items, server, candidates, history, timed } = question;
  const reads = readsOf(manifest, lengthsOf(manifest, history), candidates);
  const all = rowSizes(manifest, items, server.keyLength);
  const rows = all.filter(({ chosen }) => chosen);
  const index = indexBytes(items);
  const whole = {
    file: rows.reduce((sum, { file }) => sum + file, index.sparse),
    redis: rows.reduce((sum, { redis }) => sum + redis, 0),
  };
  const requestsPerSecond = question.candidatesPerSecond / candidates;
  const refresh = refreshOf(manifest, question, rows);
  return {
    model: manifest.model,
    question,
    requestsPerSecond,
    perRequest: {
      user: recordOf(reads.user),
      candidates: recordOf(reads.candidates),
      bytes: asked(reads.user, rows).bytes + asked(reads.candidates, rows).bytes,
    },
    rows: all,
    index,
    whole,
    ways: waysOf({ question, requestsPerSecond, whole, rows, reads, refresh: refresh?.seconds ?? null }),
    refresh,
    cores: timed && (requestsPerSecond * timed.requestMilliseconds) / 1000,
  };
}

function refreshOf(
  { tables }: Manifest,
  { items, refresh, timed, server }: CapacityQuestion,
  rows: readonly RowSize[],
): CapacityReport["refresh"] {
  const names = Object.keys(tables);
  const said = Object.values(tables).flatMap((table) => table.refresh ?? []);
  const seconds = refresh ?? (said.length === 0 ? null : Math.min(...said));
  if (seconds === null || names.length === 0) {
    return null;
  }
  const bytes = rows.filter(({ name }) => names.includes(name)).reduce((sum, { row }) => sum + items * row, 0);
  const able = timed?.itemsPerSecond ?? null;
  return {
    seconds,
    rowsPerSecond: (items * names.length) / seconds,
    bytesPerSecond: (server.copies * bytes) / seconds,
    cores: able && items / seconds / able,
  };
}
