// Every event as a sample: what was shown, and what the same user did strictly before it, shaped as the runtime's requests.

import { TwinError } from "../../contract/error.ts";
import type { Manifest } from "../../contract/manifest.ts";
import { emptyRecord, recordOf } from "../../contract/record.ts";
import { vectorsOf } from "../../contract/vectors-of.ts";
import { type DataColumn, joinColumns, keysOf, numbersOf, numbersOrNulls, sliceColumn } from "../encode/data-column.ts";
import { deriveColumn } from "../encode/derive.ts";
import { type Binding, boundFiles } from "./binding.ts";
import type { ListedChunk } from "./database/chunk.ts";
import { joinLists, sliceLists } from "./database/flat-lists.ts";
import { literal, Source } from "./database/source.ts";
import { openVectors } from "./item-vectors.ts";
import type { KeyType } from "./items.ts";
import { judgeVectors } from "./occurrence/judge-vectors.ts";
import { expectSameVectors } from "./occurrence/vector-origins.ts";
import { partNumbers } from "./row-part.ts";
import { flatColumns, type SampleColumns, sampleColumns, someUsers } from "./sample-columns.ts";
import { requestsOf, type SampleHistory, type SampleRequest, type UserRows } from "./sample-requests.ts";

export type { SampleHistory, SampleRequest } from "./sample-requests.ts";

/** All events of one user. */
export interface UserChunk {
  readonly user: bigint | string;
  /** Events of the user. */
  readonly events: number;
  /** The samples, newest first; those of one instant that share user and context are one request. Made one at a time. */
  readonly requests: Iterable<SampleRequest>;
}

export interface ReadOptions {
  /** `labelled`: only events with a label. Default: every event. */
  readonly samples?: "all" | "labelled";
  /** Samples of one part of the split; histories always hold whatever lies before. Default: every part. */
  readonly part?: "training" | "validation" | "test";
  /** At most so many users, the first by a hash of their key of those who have samples of the part. */
  readonly users?: number;
  /** How item keys are held; default: as the events' column says. */
  readonly keyType?: KeyType;
  /** At most so many candidates in one request. Default 4,096. */
  readonly candidates?: number;
  /** DuckDB's memory. */
  readonly memory?: string;
}

/**
 * Streams the samples user by user. Memory holds one user's events and DuckDB's bounded buffers.
 * @throws TwinError naming file, column and row of what cannot be read, or samples before the moment until which vectors were made
 */
export async function* readHistories(
  binding: Binding,
  manifest: Manifest,
  options: ReadOptions = {},
): AsyncGenerator<UserChunk> {
  await expectSameVectors(binding, manifest.features, vectorsOf(manifest), manifest.model);
  const source = await Source.open({ reads: boundFiles(binding), ...(options.memory && { memory: options.memory }) });
  try {
    const labelled = options.samples === "labelled";
    const columns = await sampleColumns(source, binding, manifest, options.keyType ?? null, labelled, true);
    const wanted = options.part === undefined ? null : partNumbers[options.part];
    const { users: most } = options;
    if (binding.vectors !== null) {
      const ofItems = manifest.features.filter(({ group }) => group === "item");
      const vectors = await openVectors(source, binding, ofItems, columns.events.keyType);
      const read = vectors?.features.map(({ feature }) => feature.name) ?? [];
      await judgeVectors(source, `(${columns.rows()})`, columns, binding, read, !labelled);
    }
    const query = columns.query(most === undefined ? undefined : someUsers(columns, most, wanted, labelled));
    for await (const rows of userRows(source, columns, query)) {
      const requests = requestsOf(rows, columns, binding, manifest, wanted, labelled, options.candidates ?? 4096);
      yield { user: rows.user, events: rows.times.length, requests };
    }
  } finally {
    source.close();
  }
}

/**
 * What one user did strictly before an instant (epoch seconds, or steps), newest first, by history.
 * A user without events has empty histories.
 */
export async function userHistory(
  binding: Binding,
  manifest: Manifest,
  user: bigint | number | string,
  before: number,
  options: Pick<ReadOptions, "keyType" | "memory"> = {},
): Promise<{
  user: Readonly<Record<string, unknown>>;
  time: number;
  history: Readonly<Record<string, SampleHistory>>;
}> {
  const source = await Source.open({ reads: boundFiles(binding), ...(options.memory && { memory: options.memory }) });
  try {
    const columns = await sampleColumns(source, binding, manifest, options.keyType ?? null, false, true);
    const { userType } = columns.events;
    if (userType === "int64" && !/^-?\d+$/.test(String(user))) {
      throw new TwinError(`user ${JSON.stringify(String(user))}: the events' users are whole numbers`);
    }
    const key = userType === "int64" ? `CAST(${literal(String(user))} AS BIGINT)` : literal(String(user));
    for await (const rows of userRows(source, columns, columns.query(`"#user" = ${key}`))) {
      const found = requestsOf(rows, columns, binding, manifest, null, false, 1).at(before);
      return { user: found.user, time: before, history: found.history };
    }
    const empty = manifest.histories.map(({ name }) => {
      const cross = (columns.cross.get(name) ?? []).map((column) => [bare(column.name), []] as const);
      return [name, { item: [], time: new Float64Array(0), ...recordOf(cross) }] as const;
    });
    return { user: {}, time: before, history: recordOf(empty) };
  } finally {
    source.close();
  }
}

const bare = (name: string): string => name.slice(name.lastIndexOf(".") + 1);

/** Cuts the stream, ordered by user, into users. @throws TwinError where a row has no user, no item, or no such time */
export async function* userRows(source: Source, columns: SampleColumns, query: string): AsyncGenerator<UserRows> {
  let pieces: ListedChunk[] = [];
  let current: bigint | string | null = null;
  for await (const chunk of source.stream(query, 16_384, columns.explain, flatColumns(columns))) {
    await columns.events.checkTimes(numbersOrNulls(chunk.columns["#time"]));
    const keys = keysOf(chunk.columns["#user"]);
    let start = 0;
    for (let row = 0; row < chunk.rows; row++) {
      if (row > 0 ? keys[row] === keys[row - 1] : keys[row] === current) {
        continue;
      }
      if (row > start) {
        pieces.push(piece(chunk, start, row));
      }
      if (pieces.length > 0) {
        yield join(current, pieces, columns);
      }
      pieces = [];
      start = row;
      current = keys[row];
    }
    current = keys[chunk.rows - 1];
    pieces.push(piece(chunk, start, chunk.rows));
  }
  if (pieces.length > 0) {
    yield join(current, pieces, columns);
  }
}

function piece(chunk: ListedChunk, start: number, end: number): ListedChunk {
  const columns = Object.entries(chunk.columns).map(
    ([name, column]) => [name, sliceColumn(column, start, end)] as const,
  );
  const lists = Object.entries(chunk.lists).map(([name, list]) => [name, sliceLists(list, start, end)] as const);
  return { rows: end - start, columns: recordOf(columns), lists: recordOf(lists) };
}

function join(user: bigint | string | null, pieces: readonly ListedChunk[], columns: SampleColumns): UserRows {
  const { events } = columns;
  const row = events.lists === null ? "an event" : "a sample";
  if (user === null) {
    throw new TwinError(`${events.relation.name}, column \`${events.user.shown}\`: ${row} has no user`);
  }
  const joined: Record<string, DataColumn> = emptyRecord();
  for (const name of Object.keys(pieces[0].columns)) {
    joined[name] = joinColumns(pieces.map((one) => one.columns[name]));
  }
  const items = joined["#item"];
  if (Array.isArray(items) && items.includes(null)) {
    throw new TwinError(`${events.relation.name}, column \`${events.item.shown}\`: ${row} of user ${user} has no item`);
  }
  const cross = [...columns.cross.values()].flat();
  const lists = recordOf(
    Object.keys(pieces[0].lists).map((name) => {
      const list = joinLists(pieces.map((one) => one.lists[name]));
      const own = cross.find((column) => column.name === name);
      return [
        name,
        own?.derive ? { ...list, values: deriveColumn(own.derive, list.values, own.shown) } : list,
      ] as const;
    }),
  );
  const ofRows = events.lists === null ? cross : [];
  const all = [...columns.context, ...columns.candidate, ...columns.user, ...ofRows, ...columns.labels];
  for (const column of all) {
    if (column.derive === null) {
      continue;
    }
    const where = `${events.relation.name}, column \`${column.shown}\``;
    joined[column.name] = deriveColumn(column.derive, joined[column.name], where);
  }
  return { user, times: Float64Array.from(numbersOf(joined["#time"])), columns: joined, lists };
}
