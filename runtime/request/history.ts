// One history of a request: checked, sorted newest first, cut to its maximum, padded, and encoded when a graph asks.

import { type Encoder, isComputed, needsTimes } from "../../contract/encoder-spec.ts";
import { TwinError } from "../../contract/error.ts";
import type { FeatureSpec, Manifest } from "../../contract/manifest.ts";
import { computedFrom, encodeColumn, encodedShape, encodedWidth, fillOf } from "../encode/column.ts";
import { asGiven, isAsGiven, isColumn, newestFirst, onlyKnown, reorder } from "../encode/columns.ts";
import type { EncodeContext } from "../encode/context.ts";
import type { Encoded } from "../encode/encoded.ts";
import { isSeen } from "../encode/seen.ts";
import { parseTimes } from "../encode/time.ts";
import { timeUnit } from "../encode/time-unit.ts";
import { floats, type Tensor, tensorOf } from "../session/session.ts";
import { EqualBefore, gapBuckets } from "../stats/gaps.ts";
import { type BroughtItems, ItemColumns } from "../table/item-columns.ts";
import type { RowKeys } from "../table/table-store.ts";
import { overFeature } from "./over-feature.ts";
import type { Given } from "./request.ts";

export type HistorySpec = Manifest["histories"][number];

/** What a history may have beside its columns. */
export interface HistoryParts {
  /** Features that are encoded already, [length, …] by name. */
  readonly encoded?: ReadonlyMap<string, Tensor>;
  /** Time of the request: as in training, a behaviour counts only where it lies strictly before it. Default: all count. */
  readonly before?: number;
  /** By cross feature when each behaviour's value became known, in the caller's order; NaN: never. */
  readonly knownAt?: ReadonlyMap<string, Float64Array>;
  /** Features of the items, of which gaps compare some. */
  readonly compared?: readonly FeatureSpec[];
}

export class HistorySide {
  readonly spec: HistorySpec;
  /** Behaviours that are used: at most `spec.max`. */
  readonly count: number;
  /** Length of the tensors: `count`, padded to `spec.minimum`. */
  readonly length: number;
  /** Position in the caller's columns of each used behaviour, newest first. */
  readonly order: Int32Array;
  /** The behaviours' items, newest first, padded to `length`. */
  readonly items: ItemColumns;
  /** Epoch seconds (or steps) in the caller's order; null where none came. */
  readonly times: Float64Array | null;
  /** Behaviours that are left out, because they do not lie strictly before the request. */
  readonly late: number;
  readonly #columns: Given;
  readonly #context: EncodeContext;
  readonly #tensors: Map<string, Tensor>;
  readonly #knownAt: ReadonlyMap<string, Float64Array>;
  readonly #compared: readonly FeatureSpec[];

  constructor(
    spec: HistorySpec,
    columns: Given,
    items: BroughtItems,
    times: Float64Array | null,
    context: EncodeContext,
    { encoded, before, knownAt, compared = [] }: HistoryParts = {},
  ) {
    this.#compared = compared;
    this.#tensors = new Map(encoded);
    this.#knownAt = knownAt ?? new Map();
    this.spec = spec;
    this.times = times;
    this.late = times === null || before === undefined ? 0 : notBefore(times, before);
    // What is late is the newest, so it stands first.
    this.order =
      times === null
        ? asGiven(Math.min(items.keys.length, spec.max))
        : newestFirst(times, spec.max + this.late).subarray(this.late);
    this.count = this.order.length;
    this.length = Math.max(this.count, spec.minimum);
    this.items = new ItemColumns(items, this.order, this.length);
    this.#columns = columns;
    this.#context = times === null ? context : { ...context, times };
  }

  /** float32 [history]: 1 for a behaviour, 0 for padding. */
  valid(): Tensor {
    return this.#once("valid", () => floats(new Float32Array(this.length).fill(1, 0, this.count), this.length));
  }

  /** Keys of the behaviours as stores read them, newest first; null where there is no generation. */
  get rowKeys(): RowKeys | null {
    return this.items.rowKeys;
  }

  /** An item feature of the behaviours, [history, …]; it was fetched. */
  item(feature: FeatureSpec): Tensor {
    return this.#once(feature.name, () => asTensor(feature, this.items.encoded(feature), this.length));
  }

  /** Times of the used behaviours, newest first; null where none came. */
  usedTimes(): Float64Array | null {
    const { times, order } = this;
    return times === null || isAsGiven(order) ? times : Float64Array.from(order, (at) => times[at]);
  }

  /** A gap, [history]; what it compares of the items was fetched. */
  #gap(feature: FeatureSpec, { on, edges }: Extract<Encoder, { kind: "gap" }>): Tensor {
    const { count } = this;
    const compared = on === undefined ? null : overFeature(this.#compared, feature);
    const distance =
      compared &&
      new EqualBefore({
        width: encodedWidth(compared),
        fill: fillOf(compared),
      }).distances(this.items.encoded(compared), asGiven(count));
    const data = new Int32Array(this.length);
    gapBuckets(data, 0, count, { distance, time: this.usedTimes(), limit: count }, edges);
    return asTensor(feature, data, this.length);
  }

  /** A cross feature, [history, …]; one that compares items needs these to be fetched. */
  cross(feature: FeatureSpec): Tensor {
    return this.#once(feature.name, () => {
      if (feature.encoder.kind === "gap") {
        return this.#gap(feature, feature.encoder);
      }
      const values = this.#columns[feature.column];
      // A behaviour of which nothing else is said is a cluster of one.
      const needed = !isComputed(feature.encoder) && feature.encoder.kind !== "members";
      if (values === undefined && needed && this.items.rows > 0) {
        throw new TwinError(
          `${this.#context.where} has no column \`${feature.column}\`; bring one value for each behaviour (null where it is unknown)`,
        );
      }
      const raw = isComputed(feature.encoder) ? undefined : values;
      // A place is counted among those that are used, in their order.
      const placed = feature.encoder.kind === "place";
      const encoded = encodeColumn(feature, raw, placed ? this.count : this.items.rows, this.#context);
      const fill = fillOf(feature);
      const order = placed ? asGiven(this.count) : this.order;
      const data = reorder(encoded, encodedWidth(feature), order, this.length, fill);
      const knownAt = this.#knownAt.get(feature.name);
      if (knownAt !== undefined) {
        this.#forgetUnknown(data, encodedWidth(feature), fill, knownAt);
      }
      return asTensor(feature, data, this.length);
    });
  }

  /** A value that was not known before the request is missing, as in training. */
  #forgetUnknown(data: Encoded, width: number, fill: number, knownAt: Float64Array): void {
    const { now, where } = this.#context;
    if (typeof now !== "number") {
      throw new Error(`${where}: what was known depends on the request's time, which is not given`);
    }
    for (let i = 0; i < this.count; i++) {
      if (!isSeen(knownAt[this.order[i]], now)) {
        data.fill(fill, i * width, (i + 1) * width);
      }
    }
  }

  #once(name: string, make: () => Tensor): Tensor {
    let tensor = this.#tensors.get(name);
    if (tensor === undefined) {
      tensor = make();
      this.#tensors.set(name, tensor);
    }
    return tensor;
  }
}

/** Index of the first that is NaN; −1: none is. */
function firstMissing(times: Float64Array): number {
  for (let i = 0; i < times.length; i++) {
    if (Number.isNaN(times[i])) {
      return i;
    }
  }
  return -1;
}

function notBefore(times: Float64Array, time: number): number {
  let count = 0;
  for (let i = 0; i < times.length; i++) {
    if (!isSeen(times[i], time)) {
      count++;
    }
  }
  return count;
}

const asTensor = (feature: FeatureSpec, data: Encoded, rows: number): Tensor =>
  tensorOf(data, encodedShape(feature, rows));

/** The cross features of one history. */
export function crossFeatures(manifest: Manifest, history: string): FeatureSpec[] {
  const own = manifest.histories.find(({ name }) => name === history)?.cross ?? [];
  return manifest.features.filter(({ name }) => own.includes(name));
}

/** A history's behaviours in the caller's order. */
export interface ReadBehaviours {
  readonly keys: ArrayLike<unknown>;
  /** Null where none came and none are needed. */
  readonly times: Float64Array | null;
}

/** Checks the form of a history's columns and reads its times. */
export function readBehaviours(manifest: Manifest, spec: HistorySpec, columns: Given): ReadBehaviours {
  const where = `history ${spec.name}`;
  const cross = crossFeatures(manifest, spec.name);
  const made = cross.find(({ encoder, column }) => isComputed(encoder) && columns[column] !== undefined);
  if (made !== undefined) {
    throw new TwinError(`${where}: ${made.name} is computed from ${computedFrom(made)}: leave its column out`);
  }
  const known = knownColumns(manifest, spec.name).map(({ column }) => column);
  onlyKnown(columns, ["item", "time", "items", ...cross.map((feature) => feature.column), ...known], where);
  if (!isColumn(columns.item)) {
    throw new TwinError(`${where} has no column \`item\`: bring the items' keys as an array`);
  }
  const keys = columns.item;
  const rows = keys.length;
  if (columns.time === undefined) {
    const timed = [...cross, ...manifest.features.filter(({ name }) => spec.stats?.includes(name))].find(
      ({ encoder }) => needsTimes(encoder),
    );
    if (timed !== undefined && rows > 0) {
      throw new TwinError(`${where} has no column \`time\`: ${timed.name} needs the time of each behaviour`);
    }
    return { keys, times: rows === 0 ? new Float64Array(0) : null };
  }
  const times = parseTimes(columns.time, where, timeUnit(manifest));
  if (times.length !== rows) {
    throw new TwinError(`${where} has ${rows} items and ${times.length} times: columns must be equally long`);
  }
  const unknown = firstMissing(times);
  if (unknown >= 0) {
    throw new TwinError(`${where}, index ${unknown}: the time is missing, so the behaviour has no place`);
  }
  return { keys, times };
}

/** Cross features of a history whose values became known later, with the column that says when. */
function knownColumns(manifest: Manifest, history: string): { feature: string; column: string }[] {
  const own = manifest.histories.find(({ name }) => name === history)?.cross ?? [];
  return manifest.derived.flatMap((one) => (one.kind === "known_at" && own.includes(one.feature) ? [one] : []));
}

/**
 * When each behaviour's value became known, by cross feature, in the caller's order. A request that does not bring the
 * column brings only values that it knows.
 */
export function readKnownAt(
  manifest: Manifest,
  spec: HistorySpec,
  columns: Given,
  rows: number,
): ReadonlyMap<string, Float64Array> {
  const result = new Map<string, Float64Array>();
  for (const { feature, column } of knownColumns(manifest, spec.name)) {
    const given = columns[column];
    if (given === undefined) {
      continue;
    }
    const where = `history ${spec.name}: \`${column}\``;
    const times = parseTimes(given, where, timeUnit(manifest));
    if (times.length !== rows) {
      throw new TwinError(`${where} has ${times.length} times for ${rows} items: columns must be equally long`);
    }
    result.set(feature, times);
  }
  return result;
}
