// A log in memory, encoded: raw columns of items, users and events → a data set. For data that is small, or made up.
import { digestOf } from "../../contract/digest.ts";
import { isComputed } from "../../contract/encoder-spec.ts";
import { TwinError } from "../../contract/error.ts";
import type { FeatureSpec, Manifest } from "../../contract/manifest.ts";
import { recordOf } from "../../contract/record.ts";
import { encodeColumn, encodedWidth } from "../encode/column.ts";
import type { EncodeContext } from "../encode/context.ts";
import type { Encoded } from "../encode/encoded.ts";
import { keyText, parseKeys } from "../encode/keys.ts";
import type { RawColumn, RawValue } from "../encode/raw.ts";
import { EqualBefore } from "../stats/gaps.ts";
import type { HistoryColumns } from "./batch-history.ts";
import type { ItemFeatures, Part } from "./dataset.ts";
import { MemoryDataset, memoryColumn, type PartSamples } from "./memory-dataset.ts";
import { pastOf } from "./pasts.ts";
import { pickRows } from "./pick-rows.ts";
import { frozenColumn, overColumn, popularityFeatures, samplePopularity } from "./sample-popularity.ts";
import { SampleStats, statsOf } from "./sample-stats.ts";
import { storedFeature } from "./stored-feature.ts";

/** Raw columns side by side, by name. */
export interface RawTable {
  readonly rows: number;
  readonly columns: Readonly<Record<string, readonly RawValue[]>>;
}

export interface RawLog {
  readonly items: RawTable & { readonly key: string };
  readonly users: RawTable & { readonly key: string };
  /** Every event is a behaviour, and a sample where it has a label. */
  readonly events: RawTable & { readonly user: string; readonly item: string; readonly time: string };
  /** The first share of each user's events, in time order, is trained on; the next up to `validation` validates. */
  readonly split: { readonly train: number; readonly validation: number };
}

type Encodes = Pick<Manifest, "features" | "histories" | "labels">;

/**
 * Features take the column of their own name: single values, lists for tags, null where there is none. Every history holds
 * all events, and each reads cross features of its own. What `data.yaml` binds otherwise (columns of other names, histories
 * of other files or of some events, lists instead of events, drawn negatives, text dates) is for `twin data prepare`. The samples are those that `twin data prepare` makes of the same log by
 * `split: {by: share}`, in the same order.
 * @throws TwinError naming column and row
 */
export function encodeLog(log: RawLog, manifest: Encodes, context: (where: string) => EncodeContext): MemoryDataset {
  const items = numbered(log.items, log.items.key, "items");
  const users = numbered(log.users, log.users.key, "users");
  const { events } = log;
  const time = timesOf(column(events, events.time, "events"), events.time);
  const ofUser = found(users, events, events.user);
  const ofItem = found(items, events, events.item);
  const order = newestFirst(ofUser, time);
  const sorted: SortedEvents = {
    user: Uint32Array.from(order, (row) => ofUser[row]),
    // Ordinal 0 is the unknown item.
    item: Int32Array.from(order, (row) => ofItem[row] + 1),
    time: pickRows(time, order),
  };
  const ends = userEnds(sorted.user, users.size);
  const encoded = (feature: FeatureSpec, from: RawTable, rows: Iterable<number>, where: string): Encoded => {
    const values = column(from, feature.column, where);
    const raw: RawColumn = Array.from(rows, (row) => (row < 0 ? null : values[row]));
    return encodeColumn(feature, raw, raw.length, context(where));
  };
  /** Of the events in their order; computed ones from their times. */
  const ofEvents = (feature: FeatureSpec): Encoded =>
    isComputed(feature.encoder)
      ? encodeColumn(feature, undefined, order.length, { ...context("events"), now: sorted.time })
      : encoded(feature, events, order, "events");
  const of = (...groups: FeatureSpec["group"][]) =>
    manifest.features.filter(({ group, encoder }) => groups.includes(group) && encoder.kind !== "key");
  const itemOrdinals = Array.from({ length: items.size + 1 }, (_, i) => i - 1);
  const itemFeatures = of("item").map((one) => [one.name, encoded(one, log.items, itemOrdinals, "items")] as const);
  const histories = manifest.histories.map(
    ({ name, max, cross }): HistoryColumns => ({
      name,
      max,
      item: memoryColumn(sorted.item),
      time: memoryColumn(sorted.time),
      same: null,
      ends: memoryColumn(ends),
      cross: manifest.features
        .filter((feature) => cross.includes(feature.name))
        .map((feature) => {
          const spec = storedFeature(feature);
          const column = spec.edges === null ? encoded(feature, events, order, `history ${name}`) : null;
          const on = manifest.features.find((one) => one.name === spec.gap?.on);
          return {
            spec,
            column: column && memoryColumn(column, spec.width),
            known: null,
            distance: on === undefined ? null : memoryColumn(distancesOf(on, recordOf(itemFeatures), sorted.item)),
          };
        }),
    }),
  );
  const counters = manifest.histories.flatMap((one, h) => {
    const own = statsOf(manifest.features, one);
    if (own.length === 0) {
      return [];
    }
    const stats = new SampleStats(histories[h], own, manifest.features, recordOf(itemFeatures));
    return [{ history: one.name, stats }];
  });
  const single = [
    ...of("user").map((one) => {
      const byUser = encoded(
        one,
        log.users,
        Array.from({ length: users.size }, (_, i) => i),
        "users",
      );
      return { name: one.name, values: pickRows(byUser, sorted.user, encodedWidth(one)), width: encodedWidth(one) };
    }),
    ...of("context", "candidate").map((one) => ({
      name: one.name,
      values: ofEvents(one),
      width: encodedWidth(one),
    })),
  ];
  const labels = manifest.labels.map(({ name }) => {
    const values = column(events, name, "events");
    return [name, Float32Array.from(order, (row) => labelOf(values[row]))] as const;
  });
  const bounds = new Int32Array(ends.length + 1);
  bounds.set(ends, 1);
  const all = new Int32Array(order.length).fill(1);
  const starts = Uint32Array.from(pastOf(bounds, sorted.time, all, 0).first);
  const logged: Record<Part, PartSamples> = recordOf(
    Object.entries(partsOf(sorted, ends, log.split)).map(([part, places]) => {
      const kept = places.filter((place) => labels.some(([, values]) => !Number.isNaN(values[place])));
      const samples = {
        user: pickRows(sorted.user, kept),
        time: pickRows(sorted.time, kept),
        row: Float64Array.from(kept, (place) => order[place]),
        candidate: pickRows(sorted.item, kept),
        start: recordOf(manifest.histories.map(({ name }) => [name, pickRows(starts, kept)])),
        labels: recordOf(labels.map(([name, values]) => [name, pickRows(values, kept)])),
      };
      const given = single.map(
        ({ name, values, width }) => [name, { values: pickRows(values, kept, width), width }] as const,
      );
      const counted = counters.flatMap(({ history, stats }) => {
        const { user, time, candidate } = samples;
        const columns = stats.of({ user, time, candidate, start: samples.start[history], same: null });
        return Object.entries(columns).map(([name, values]) => [name, { values, width: 1 }] as const);
      });
      return [part, { ...samples, single: recordOf([...given, ...counted]) }] as const;
    }),
  );
  const popular = popularityFeatures(manifest.features).map((feature) => {
    const column = overColumn(feature, recordOf(itemFeatures));
    const { training } = logged;
    const rows = { ...training, label: (name: string) => training.labels[name] ?? null };
    return { name: feature.name, column, counts: samplePopularity(feature, column, rows, 0) };
  });
  const parts: Record<Part, PartSamples> = recordOf(
    Object.entries(logged).map(([part, samples]) => {
      const counted = popular.map(({ name, column, counts }) => {
        const values = part === "training" ? counts.training : frozenColumn(counts, column, samples.candidate);
        return [name, { values, width: counts.width }] as const;
      });
      return [part, { ...samples, single: recordOf([...Object.entries(samples.single), ...counted]) }];
    }),
  );
  const occurrences = new Uint32Array(items.size + 1);
  for (const item of parts.training.candidate) {
    occurrences[item]++;
  }
  const features: ItemFeatures = { count: items.size + 1, columns: recordOf(itemFeatures), occurrences };
  const fingerprint = digestOf(JSON.stringify([log.split, manifest.features, [...time], [...ofItem]]));
  const counted = recordOf(popular.map(({ name, counts }) => [name, counts.frozen] as const));
  return new MemoryDataset({ fingerprint, items: features, users: users.size, counted, histories, parts });
}

/** By event, how many further the next older one with an equal feature of the item stands; beyond the user's it does not count. */
const distancesOf = (on: FeatureSpec, items: Readonly<Record<string, Encoded>>, item: Int32Array): Int32Array =>
  new EqualBefore(storedFeature(on)).distances(items[on.name], item);

function column({ columns, rows }: RawTable, name: string, where: string): readonly RawValue[] {
  if (!Object.hasOwn(columns, name)) {
    throw new TwinError(`the ${where} have no column ${name}, which the model needs`);
  }
  if (columns[name].length !== rows) {
    throw new TwinError(`the ${where} have ${rows} rows, and the column ${name} has ${columns[name].length}`);
  }
  return columns[name];
}

/** @throws TwinError naming the row of what is no time: an order of events by it would be none */
function timesOf(values: readonly RawValue[], name: string): Float64Array {
  return Float64Array.from(values, (value, row) => {
    const time = typeof value === "number" || typeof value === "bigint" ? Number(value) : Number.NaN;
    if (!Number.isFinite(time)) {
      throw new TwinError(
        `events: ${name}[${row}] is no number. A log in memory has its times in the unit that the model's features count in; text dates are read by \`twin data prepare\``,
      );
    }
    return time;
  });
}

/** Keys as texts: integers and texts alike are told apart by them. */
function texts(table: RawTable, name: string, where: string): string[] {
  const values = column(table, name, where);
  const type = values.some((value) => typeof value === "string") ? "string" : "int64";
  const keys = parseKeys(values, type, `${where}: ${name}`);
  return Array.from({ length: keys.length }, (_, row) => keyText(keys, row));
}

/** Row of each key. */
function numbered(table: RawTable, key: string, where: string): Map<string, number> {
  const rows = new Map(texts(table, key, where).map((text, row) => [text, row] as const));
  if (rows.size < table.rows) {
    throw new TwinError(`the ${where} have a key in ${key} twice. Keys must be unique`);
  }
  return rows;
}

/** The row that each event names; −1: it is not among the known. */
function found(known: ReadonlyMap<string, number>, events: RawTable, name: string): Int32Array {
  return Int32Array.from(texts(events, name, "events"), (text) => known.get(text) ?? -1);
}

/** Rows by user, newest first; of the same time the later row first. Events of users who are not known are left out. */
function newestFirst(user: Int32Array, time: Float64Array): Uint32Array {
  const rows = Uint32Array.from(user.keys()).filter((row) => user[row] >= 0);
  return rows.sort((a, b) => user[a] - user[b] || time[b] - time[a] || b - a);
}

/** By user, where its events end. */
function userEnds(user: ArrayLike<number>, users: number): Uint32Array {
  const ends = new Uint32Array(users);
  for (let i = 0; i < user.length; i++) {
    ends[user[i]] = i + 1;
  }
  for (let i = 1; i < users; i++) {
    ends[i] = Math.max(ends[i], ends[i - 1]);
  }
  return ends;
}

interface SortedEvents {
  readonly user: Uint32Array;
  readonly item: Int32Array;
  readonly time: Float64Array;
}

/** Places of each part: the share of a user's events that are not later decides. */
function partsOf({ user, time }: SortedEvents, ends: Uint32Array, split: RawLog["split"]) {
  const parts: Record<Part, number[]> = { training: [], validation: [], test: [] };
  for (let i = 0; i < time.length; i++) {
    const end = ends[user[i]];
    const begin = user[i] === 0 ? 0 : ends[user[i] - 1];
    let newest = i;
    while (newest > begin && time[newest - 1] === time[i]) {
      newest--;
    }
    const share = (end - newest) / (end - begin);
    parts[share <= split.train ? "training" : share <= split.validation ? "validation" : "test"].push(i);
  }
  return parts;
}

function labelOf(value: RawValue): number {
  return value === null || value === undefined ? Number.NaN : Number(value);
}
