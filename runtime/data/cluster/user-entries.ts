// A user's samples of one history as prefixes of lists: a snapshot's clusters, then the behaviours since, oldest first.
import type { Grown } from "../../cluster/recursive.ts";
import type { DataValue } from "../../encode/data-column.ts";
import { valueAt } from "../../encode/data-column.ts";
import type { RawValue } from "../../encode/raw.ts";
import type { Past } from "../sample-requests.ts";
import type { Key } from "./item-values.ts";
import { type Clustering, type Every, instantBefore, itemAt, type Snapshot, seenAt, snapshotAt } from "./snapshots.ts";
import { type ClusterKeys, keysOfClusters } from "./virtual-items.ts";

/** One entry of a list: a cluster, or a behaviour. */
export interface Entry {
  readonly item: Key;
  readonly time: number;
  readonly size: number;
  readonly cross: readonly RawValue[];
  /** Of each cross feature that becomes known later when it did: NaN never, −∞ where what was not known is missing already. */
  readonly known: readonly number[];
}

export interface EntrySink {
  /** The number of a new list. */
  list(): number;
  /** Adds to a list; entries of a list come one after the other. */
  entry(list: number, entry: Entry): void;
  /** A snapshot that was made, with the keys of its clusters. */
  snapshot(snapshot: Snapshot, keys: ClusterKeys): void;
}

/** What a sample sees: the first so many entries of a list. */
export interface View {
  readonly list: number;
  readonly count: number;
}

/** How one history of the model is kept. */
export interface Kept {
  /** Null: behaviours as they are. */
  readonly by: Clustering | null;
  readonly every: Every;
  /** Entries that a sample sees at most. */
  readonly max: number;
}

/** Views of samples of one user, whose times are asked for in their order, oldest first. */
export class UserEntries {
  readonly #user: Key;
  readonly #past: Past;
  readonly #kept: Kept;
  readonly #sink: EntrySink;
  /** Each snapshot goes on where the one before ended. */
  readonly #grown: Grown = new Map();
  /** Which columns become known later. */
  readonly #later: readonly number[];
  #group: number | null | undefined;
  #list = -1;
  /** Entries of the list that are clusters, and the oldest behaviours that it begins after. */
  #clusters = 0;
  #base = 0;
  /** Behaviours up to which the list goes. */
  #written = 0;

  constructor(user: Key, past: Past, kept: Kept, sink: EntrySink) {
    this.#user = user;
    this.#past = past;
    this.#kept = kept;
    this.#sink = sink;
    this.#later = past.cross.flatMap(({ knownAt }, i) => (knownAt === null ? [] : [i]));
  }

  at(time: number): View {
    const { by, every, max } = this.#kept;
    const seen = seenAt(this.#past, time);
    // Without clusters a list begins anew after so many behaviours as a sample may see.
    const group = by === null ? Math.floor(seen / max) : instantBefore(this.#past, time, every);
    if (group !== this.#group) {
      this.#group = group;
      this.#list = this.#sink.list();
      this.#begin(group);
      this.#written = this.#base;
    }
    while (this.#written < seen) {
      this.#sink.entry(this.#list, this.#behaviour(this.#past.time.length - 1 - this.#written++));
    }
    return { list: this.#list, count: this.#clusters + seen - this.#base };
  }

  /** Of all behaviours. */
  newest(by: Clustering): Snapshot | null {
    return snapshotAt(this.#past, Number.POSITIVE_INFINITY, by, this.#grown);
  }

  #begin(group: number | null): void {
    const { by, max } = this.#kept;
    this.#clusters = 0;
    this.#base = 0;
    if (by === null) {
      this.#base = Math.max(0, (group ?? 0) - 1) * max;
      return;
    }
    const snapshot = group === null ? null : snapshotAt(this.#past, group, by, this.#grown);
    if (snapshot === null) {
      return;
    }
    const keys = keysOfClusters(this.#user, this.#past, snapshot);
    this.#sink.snapshot(snapshot, keys);
    for (const cluster of snapshot.order) {
      this.#sink.entry(this.#list, clusterEntry(snapshot, keys, cluster, this.#later.length));
    }
    this.#clusters = snapshot.order.length;
    this.#base = this.#past.time.length - snapshot.start;
  }

  #behaviour(place: number): Entry {
    const past = this.#past;
    return {
      item: itemAt(past, place) as Key,
      time: past.time[place],
      size: 1,
      cross: past.cross.map(({ column }): DataValue => valueAt(column, place)),
      known: this.#later.map((i) => past.cross[i].knownAt![place]),
    };
  }
}

const clusterEntry = (snapshot: Snapshot, { keys }: ClusterKeys, cluster: number, later: number): Entry => ({
  item: keys[cluster],
  time: snapshot.times[cluster],
  size: snapshot.clusters.sizes[cluster],
  cross: snapshot.cross.map((values) => values[cluster]),
  known: new Array<number>(later).fill(Number.NEGATIVE_INFINITY),
});
