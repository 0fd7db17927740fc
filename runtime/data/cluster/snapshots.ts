// A user's past of one history → its snapshots: clusters of what was before an instant, and what came after them one by one.
import type { Encoder } from "../../../contract/encoder-spec.ts";
import { TwinError } from "../../../contract/error.ts";
import { type Behaviours, clusterBehaviours, type Grown } from "../../cluster/recursive.ts";
import { type Clusters, clusterTimes, clusterValues, describeClusters } from "../../cluster/virtual.ts";
import { type DataColumn, type DataValue, sliceColumn, valueAt } from "../../encode/data-column.ts";
import type { RawValue } from "../../encode/raw.ts";
import { firstSeen } from "../../encode/seen.ts";
import { knownValues } from "../known-at.ts";
import type { Past } from "../sample-requests.ts";
import { readDuration } from "../split.ts";

/** When snapshots are made: at multiples of so many seconds, or after each so many behaviours of the user. */
export type Every = { readonly seconds: number } | { readonly behaviours: number };

/** `30d`, `12h`: time; a plain number: behaviours. @throws TwinError for anything else, and for nothing */
export function readEvery(text: string): Every {
  const amount = readDuration(text, false, "--every");
  if (!(amount > 0)) {
    throw new TwinError(`--every: ${text} is no time between two snapshots; write it like 30d, or 500 (behaviours)`);
  }
  if (!/^\s*[\d.]+\s*$/.test(text)) {
    return { seconds: amount };
  }
  if (!Number.isInteger(amount)) {
    throw new TwinError(`--every: ${text} is no whole number of behaviours; a time has a unit, such as 30d`);
  }
  return { behaviours: amount };
}

/** How one history becomes clusters. */
export interface Clustering {
  readonly size: number;
  readonly seed: number;
  /** Of the past's behaviours from `start` on, newest first: vectors, and what keeps them apart. */
  behaviours(past: Past, start: number, cross: readonly DataColumn[]): Behaviours;
  /** Encoder of each cross feature, in the past's order. */
  readonly encoders: readonly Encoder[];
}

/** Clusters of all that a user did before an instant. */
export interface Snapshot {
  readonly clusters: Clusters;
  /** The first of its behaviours in the past's columns, newest first; all older ones are members, too. */
  readonly start: number;
  /** [clusters]: numbers of the clusters, oldest first. */
  readonly order: readonly number[];
  readonly times: Float64Array;
  /** Of each cross feature its values by cluster. */
  readonly cross: readonly (readonly RawValue[])[];
}

/** The latest instant before `time` at which there is a snapshot; null: none yet. Nothing at `time` or after is looked at. */
export function instantBefore(past: Past, time: number, every: Every): number | null {
  if ("seconds" in every) {
    const step = Math.ceil(time / every.seconds) - 1;
    const instant = step * every.seconds;
    return instant < time ? instant : (step - 1) * every.seconds;
  }
  // The behaviour after each so many, of those before the sample: it happened, and all that it saw can be clustered.
  const before = past.time.length - firstSeen(past.time, time);
  const whole = Math.floor((before - 1) / every.behaviours) * every.behaviours;
  return whole < 1 ? null : past.time[past.time.length - 1 - whole];
}

/** Behaviours that are seen at an instant. */
export const seenAt = (past: Past, time: number): number => past.time.length - firstSeen(past.time, time, past.delay);

/** What was known at an instant of the cross features of the behaviours that are seen then, newest first. */
export function crossAt(past: Past, time: number): DataColumn[] {
  const [start, end] = [firstSeen(past.time, time, past.delay), past.time.length];
  return past.cross.map(({ column, knownAt }) => {
    const values = sliceColumn(column, start, end);
    return knownAt === null ? values : knownValues(values, knownAt.subarray(start, end), time, past.delay);
  });
}

/** Null where nothing is seen at that instant. @param grown of `clusterBehaviours`, of the same past */
export function snapshotAt(past: Past, time: number, by: Clustering, grown?: Grown): Snapshot | null {
  const start = firstSeen(past.time, time, past.delay);
  if (start === past.time.length) {
    return null;
  }
  const known = crossAt(past, time);
  const behaviours = by.behaviours(past, start, known);
  const clusters = describeClusters(clusterBehaviours(behaviours, by, grown), behaviours);
  const times = clusterTimes(past.time.subarray(start), clusters);
  // Clusters count from that of the newest behaviour on: of equal times the newer stands later.
  const order = Array.from(times.keys()).sort((a, b) => times[a] - times[b] || b - a);
  return {
    clusters,
    start,
    order,
    times,
    cross: known.map((column, i) => clusterValues(by.encoders[i], rawColumn(column), clusters)),
  };
}

/** Values as whoever encodes them takes them. */
const rawColumn = (column: DataColumn): ArrayLike<RawValue> => column;

/** The behaviours of each cluster, newest first, as places in the past's columns. */
export function membersOf({ clusters: { of, sizes }, start }: Snapshot): number[][] {
  const members = Array.from(sizes, (): number[] => []);
  of.forEach((cluster, at) => {
    members[cluster].push(start + at);
  });
  return members;
}

/** A value of the past, by its place. */
export const itemAt = ({ item }: Past, place: number): DataValue => valueAt(item, place);
