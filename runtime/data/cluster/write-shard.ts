// Users of one shard: their samples, their virtual items and their newest snapshots, each a file of its own.
import { join } from "node:path";
import { TwinError } from "../../../contract/error.ts";
import { emptyRecord } from "../../../contract/record.ts";
import { someClusters } from "../../cluster/virtual.ts";
import { type DataColumn, valueAt } from "../../encode/data-column.ts";
import { writeFileAtomic } from "../../host/files.ts";
import type { Binding } from "../binding.ts";
import { type CellType, copyRows, RowWriter } from "../database/row-writer.ts";
import type { Source } from "../database/source.ts";
import type { SampleColumns } from "../sample-columns.ts";
import { type Past, pastOf, type UserRows } from "../sample-requests.ts";
import { cellOf } from "./cells.ts";
import { saveAs } from "./folder.ts";
import { itemColumns } from "./item-file.ts";
import type { ItemValues, Key } from "./item-values.ts";
import { clusteredRecord, plainRecord } from "./records.ts";
import {
  entryTable,
  knownNames,
  type ListedHistory,
  listQueries,
  sampleQuery,
  valueNames,
  viewTable,
} from "./sample-file.ts";
import type { Clustering, Every } from "./snapshots.ts";
import { type EntrySink, UserEntries } from "./user-entries.ts";
import { clusterItems } from "./virtual-items.ts";

/** What is the same for all shards. */
export interface Shards {
  readonly source: Source;
  readonly folder: string;
  readonly binding: Binding;
  readonly columns: SampleColumns;
  readonly histories: readonly (ListedHistory & {
    readonly by: Clustering | null;
    readonly types: readonly CellType[];
  })[];
  readonly items: ItemValues;
  readonly itemTypes: readonly CellType[];
  readonly features: Parameters<typeof sampleQuery>[2];
  readonly every: Every;
  readonly signal: AbortSignal | undefined;
}

export interface Counts {
  readonly users: number;
  readonly samples: number;
  readonly snapshots: number;
  /** In all snapshots. */
  readonly clusters: number;
  readonly virtual: number;
  /** Entries of all samples' lists. */
  readonly entries: number;
}

export const noCounts: Counts = { users: 0, samples: 0, snapshots: 0, clusters: 0, virtual: 0, entries: 0 };

export const plus = (a: Counts, b: Counts): Counts => ({
  users: a.users + b.users,
  samples: a.samples + b.samples,
  snapshots: a.snapshots + b.snapshots,
  clusters: a.clusters + b.clusters,
  virtual: a.virtual + b.virtual,
  entries: a.entries + b.entries,
});

/** Entries of lists in one file of samples, about: they lie in memory while it is written. */
const fileEntries = 1 << 22;
/** Samples whose lists are written at a time. */
const groupRows = 2048;

const sampleFile = (shard: number, part: number): string => join("samples", `${name(shard)}-${name(part)}.parquet`);
const itemFile = (shard: number): string => join("items", `clusters-${name(shard)}.parquet`);
const userFile = (shard: number): string => join("users", `${name(shard)}.jsonl`);

const name = (number: number): string => String(number).padStart(5, "0");

/** @param onRows told of the rows of each user that is done */
export async function writeShard(
  shards: Shards,
  shard: number,
  users: readonly UserRows[],
  onRows: (count: number) => void,
): Promise<Counts> {
  const { source, folder, histories } = shards;
  const sink = await Sink.create(shards);
  const records: string[] = [];
  let counts = noCounts;
  for (const rows of users) {
    goesOn(shards);
    records.push(await sink.add(rows));
    counts = plus(counts, { ...noCounts, users: 1 });
    onRows(rows.times.length);
  }
  sink.close();
  for (const query of listQueries(histories)) {
    await source.all(query);
  }
  for (const [part, range] of sink.files().entries()) {
    const query = sampleQuery(shards.columns, shards.binding, shards.features, histories, range);
    await saveAs(folder, sampleFile(shard, part), (path) => copyRows(source, query, path, { groupRows }));
  }
  await saveAs(folder, itemFile(shard), (path) => sink.saveItems(path));
  writeFileAtomic(join(folder, userFile(shard)), records.map((record) => `${record}\n`).join(""));
  return plus(counts, sink.counts);
}

/** @throws TwinError where the work is to stop */
function goesOn({ signal, folder }: Shards): void {
  if (signal?.aborted) {
    throw new TwinError(`${folder} is not ready; the same command goes on where it was`);
  }
}

class Sink {
  readonly #shards: Shards;
  readonly #views: RowWriter;
  readonly #entries: readonly RowWriter[];
  readonly #items: RowWriter;
  readonly #written = new Set<Key>();
  /** Of each view the entries of its lists, up to it and with it. */
  readonly #sums: number[] = [];
  #lists = 0;
  counts = noCounts;

  private constructor(shards: Shards, views: RowWriter, entries: readonly RowWriter[], items: RowWriter) {
    this.#shards = shards;
    this.#views = views;
    this.#entries = entries;
    this.#items = items;
  }

  static async create(shards: Shards): Promise<Sink> {
    const { source, histories, itemTypes, items } = shards;
    const key: CellType = items.keyType === "int64" ? "int64" : "text";
    const ofHistories = histories.flatMap((_, i): [string, CellType][] => [
      [`list${i}`, "int64"],
      [`count${i}`, "int32"],
    ]);
    const views = await RowWriter.create(source, viewTable, [["view", "int64"], ["row", "int64"], ...ofHistories]);
    const entries: RowWriter[] = [];
    for (const [i, { cross, types }] of histories.entries()) {
      const columns: [string, CellType][] = [
        ["list", "int64"],
        ["place", "int32"],
        ["item", key],
        ["time", "float64"],
        ["size", "int32"],
        ...valueNames(cross).map((one, c): [string, CellType] => [one, types[c]]),
        ...knownNames(cross).map((one): [string, CellType] => [one, "float64"]),
      ];
      entries.push(await RowWriter.create(source, entryTable(i), columns));
    }
    const virtual = await RowWriter.create(source, "twin_virtual", itemColumns(items, itemTypes));
    return new Sink(shards, views, entries, virtual);
  }

  /** The entries of one user's samples. @returns the user's record */
  async add(rows: UserRows): Promise<string> {
    const { histories, columns, binding, items, every } = this.#shards;
    const history = emptyRecord<unknown>();
    const views: { readonly row: number; readonly cells: number[] }[] = [];
    const samples = labelled(rows, columns).reverse();
    for (const [index, listed] of histories.entries()) {
      const past = pastOf(rows, columns, binding, { name: listed.name, max: Number.POSITIVE_INFINITY }, index);
      const { by, max, cross } = listed;
      const own = new UserEntries(rows.user, past, { by, every, max }, this.#sinkOf(index, past));
      for (const [i, row] of samples.entries()) {
        // Clusters of a long past take a while; in between a stop is heard.
        if (i % 256 === 0) {
          await new Promise(setImmediate);
          goesOn(this.#shards);
        }
        const { list, count } = own.at(rows.times[row]);
        views[i] ??= { row, cells: [] };
        views[i].cells.push(list, count);
      }
      const features = cross.map(({ feature }) => feature);
      history[listed.name] =
        by === null
          ? plainRecord(past, items, features, max)
          : clusteredRecord(past, own.newest(by), items, features, max);
    }
    for (const { row, cells } of views) {
      const entries = histories.reduce((sum, { max }, i) => sum + Math.min(max, cells[2 * i + 1]), 0);
      this.#views.add(
        BigInt(this.#sums.length),
        BigInt(Number(valueAt(rows.columns["#row"], row))),
        ...cells.map((cell, i) => (i % 2 === 0 ? BigInt(cell) : cell)),
      );
      this.#sums.push((this.#sums.at(-1) ?? 0) + entries);
      this.counts = plus(this.counts, { ...noCounts, samples: 1, entries });
    }
    return JSON.stringify({ user: String(rows.user), until: rows.times[0], history });
  }

  #sinkOf(index: number, past: Past): EntrySink {
    const { items } = this.#shards;
    const types = this.#shards.histories[index].types;
    let place = 0;
    return {
      list: () => {
        place = 0;
        return this.#lists++;
      },
      entry: (list, { item, time, size, cross, known }) => {
        const values = cross.map((value, c) => cellOf(types[c], value));
        this.#entries[index].add(BigInt(list), place++, item, time, size, ...values, ...known);
      },
      snapshot: (snapshot, { keys, virtual }) => {
        const { clusters, start } = snapshot;
        this.counts = plus(this.counts, { ...noCounts, snapshots: 1, clusters: clusters.sizes.length });
        const fresh = virtual.filter((cluster) => !this.#written.has(keys[cluster]));
        if (fresh.length === 0) {
          return;
        }
        const values = clusterItems(past, start, someClusters(clusters, fresh), items);
        for (const [place, cluster] of fresh.entries()) {
          this.#written.add(keys[cluster]);
          this.#items.add(keys[cluster], ...values.map((of, i) => cellOf(this.#shards.itemTypes[i], of[place])));
        }
        this.counts = plus(this.counts, { ...noCounts, virtual: fresh.length });
      },
    };
  }

  close(): void {
    this.#views.close();
    for (const entries of this.#entries) {
      entries.close();
    }
  }

  /** First and last view of each file. */
  files(): (readonly [number, number])[] {
    const ranges: (readonly [number, number])[] = [];
    let first = 0;
    this.#sums.forEach((sum, view) => {
      const before = first === 0 ? 0 : this.#sums[first - 1];
      if (sum - before > fileEntries || view === this.#sums.length - 1) {
        ranges.push([first, view]);
        first = view + 1;
      }
    });
    return ranges;
  }

  saveItems(path: string): Promise<void> {
    return this.#items.save(path);
  }
}

/** Rows with a label, newest first. */
function labelled(rows: UserRows, { labels }: SampleColumns): number[] {
  const own: DataColumn[] = labels.map(({ name }) => rows.columns[name]);
  return Array.from(rows.times.keys()).filter((row) => own.some((column) => isThere(column, row)));
}

const isThere = (column: DataColumn, row: number): boolean => {
  const value = valueAt(column, row);
  return value !== null && !Number.isNaN(value);
};
