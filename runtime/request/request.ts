// What a caller brings: the user's side of a request and the candidates, as columns, and the check of their form.

import { isComputed } from "../../contract/encoder-spec.ts";
import { TwinError } from "../../contract/error.ts";
import type { FeatureSpec, Manifest } from "../../contract/manifest.ts";
import { emptyRecord, own } from "../../contract/record.ts";
import { computedFrom } from "../encode/column.ts";
import { isRecord, onlyKnown } from "../encode/columns.ts";
import { parseKeys, type RawKeys } from "../encode/keys.ts";
import type { RawColumn, RawValue } from "../encode/raw.ts";
import type { RawTime, RawTimes } from "../encode/time.ts";
import type { OpenGeneration } from "../table/live-tables.ts";
import type { RowKeys } from "../table/table-store.ts";

/** Item features brought along: columns, or one object an item. They win over the item store. */
export type InlineItems = Readonly<Record<string, RawColumn>> | readonly Readonly<Record<string, RawValue>>[];

/** One history: equally long columns, in any order of time. */
export interface HistoryColumns {
  /** Keys of the items. */
  readonly item: RawKeys;
  /** Epoch seconds, ISO texts or dates. Without it the behaviours must stand newest first. */
  readonly time?: RawTimes;
  readonly items?: InlineItems;
  /** The cross features by name. */
  readonly [column: string]: RawColumn | RawKeys | RawTimes | InlineItems | undefined;
}

/** The user's side of a request. */
export interface PrepareRequest {
  /** The user's features; one that is not given is unknown. */
  readonly user?: Readonly<Record<string, RawValue>>;
  /** The time of the request, default now. */
  readonly time?: RawTime;
  /** By history; where the model has one history its columns may stand here directly. */
  readonly history?: HistoryColumns | Readonly<Record<string, HistoryColumns>>;
}

export interface CandidateColumns {
  readonly item: RawKeys;
  readonly items?: InlineItems;
  /** The candidate features by name. */
  readonly [column: string]: RawColumn | RawKeys | InlineItems | undefined;
}

/** What is ranked. */
export interface RankRequest {
  /** The context's features; one that is not given is unknown. */
  readonly context?: Readonly<Record<string, RawValue>>;
  readonly candidates: CandidateColumns;
}

/** Columns or values as somebody brings them: each is checked when it is encoded. */
export type Given = Readonly<Record<string, unknown>>;

export interface BroughtHistory {
  readonly spec: Manifest["histories"][number];
  readonly columns: Given;
}

/** The columns of every history, whichever way they were given. */
export function historyColumns(manifest: Manifest, request: PrepareRequest): BroughtHistory[] {
  const { histories } = manifest;
  const names = histories.map((history) => history.name);
  const given: unknown = request.history;
  if (names.length === 0) {
    return [];
  }
  if (!isRecord(given)) {
    throw new TwinError(
      `the request has no history; for a user without one bring empty columns: {history: {${names[0]}: {item: []}}}`,
    );
  }
  if (
    names.length === 1 &&
    ((Object.hasOwn(given, "item") && !isRecord(given.item)) || !Object.hasOwn(given, names[0]))
  ) {
    return [{ spec: histories[0], columns: own(given) }];
  }
  onlyKnown(given, names, "history");
  return histories.map((spec) => {
    const { name } = spec;
    const columns = Object.hasOwn(given, name) ? given[name] : undefined;
    if (!isRecord(columns)) {
      throw new TwinError(`the request has no history \`${name}\`; for an empty one bring {${name}: {item: []}}`);
    }
    return { spec, columns: own(columns) };
  });
}

/**
 * Keys of items as the stores of a generation read them; null where there is none, and they are checked all the same.
 * @throws TwinError naming the index of what is no key
 */
export function rowKeysOf(
  { features }: Manifest,
  generation: OpenGeneration | null,
  keys: ArrayLike<unknown>,
  where: string,
): RowKeys | null {
  if (generation !== null) {
    return generation.keys(keys, where);
  }
  const encoder = features.find(({ group, key }) => group === "item" && key)?.encoder;
  const integers = encoder?.kind === "id" || (encoder?.kind === "key" && encoder.type === "int64");
  parseKeys(keys, integers ? "int64" : "string", where);
  return null;
}

/** Item features as columns. */
export function inlineColumns(items: unknown, features: readonly FeatureSpec[], rows: number, where: string): Given {
  if (items === undefined) {
    return emptyRecord();
  }
  const known = features.map((feature) => feature.column);
  if (!Array.isArray(items)) {
    if (!isRecord(items)) {
      throw new TwinError(`${where} must be columns by name, or a list of one object an item`);
    }
    onlyKnown(items, known, where);
    return own(items);
  }
  if (items.length !== rows) {
    throw new TwinError(`${where} has ${items.length} objects for ${rows} items`);
  }
  const columns: Record<string, unknown[]> = emptyRecord();
  items.forEach((item: unknown, i) => {
    if (!isRecord(item)) {
      throw new TwinError(`${where}[${i}] is no object of item features`);
    }
    onlyKnown(item, known, `${where}[${i}]`);
    for (const [name, value] of Object.entries(item)) {
      columns[name] ??= new Array(rows).fill(null);
      columns[name][i] = value;
    }
  });
  return columns;
}

/** Throws unless `value` is absent or an object with the features' names. */
export function singleValues(value: unknown, features: readonly FeatureSpec[], where: string): Given {
  if (value === undefined) {
    return emptyRecord();
  }
  if (!isRecord(value)) {
    throw new TwinError(`${where} must be an object of values by name`);
  }
  const made = features.find(({ encoder, column }) => isComputed(encoder) && Object.hasOwn(value, column));
  if (made !== undefined) {
    throw new TwinError(`${where}: ${made.name} is computed from ${computedFrom(made)}: leave it out`);
  }
  onlyKnown(
    value,
    features.map((feature) => feature.column),
    where,
  );
  return own(value);
}
