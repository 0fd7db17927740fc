// Virtual items, which stand for clusters of several behaviours: their keys, which hang on nothing but the members, and features.
import { createHash } from "node:crypto";
import { TwinError } from "../../../contract/error.ts";
import { type Clusters, clusterValues } from "../../cluster/virtual.ts";
import { type DataValue, valueAt } from "../../encode/data-column.ts";
import type { RawValue } from "../../encode/raw.ts";
import type { Past } from "../sample-requests.ts";
import type { ItemValues, Key } from "./item-values.ts";
import { itemAt, membersOf, type Snapshot } from "./snapshots.ts";

/** Keys of virtual items begin so where keys are texts; where they are numbers they lie below −2^62. */
const prefix = "cluster:";
const below = -(1n << 62n);

/** @throws TwinError where an item's key could be one of a virtual item */
export function refuseVirtualKeys(keys: Iterable<Key>, where: string): void {
  for (const key of keys) {
    if (typeof key === "bigint" ? key < below : key.startsWith(prefix)) {
      throw new TwinError(
        `${where}: the item's key ${key} lies among those that virtual items get (${typeof key === "bigint" ? "below −2^62" : `that begin with ${prefix}`}): give the items other keys`,
      );
    }
  }
}

/** The key of what stands for behaviours of a user: the same for the same ones, in whichever snapshot. */
function virtualKey(user: Key, history: string, past: Past, members: readonly number[]): Key {
  const lines = members.map((place) => `\n${past.time[place]} ${itemAt(past, place)}`);
  const digest = createHash("sha256")
    .update(JSON.stringify([String(user), history]) + lines.join(""))
    .digest();
  return typeof itemAt(past, members[0]) === "string"
    ? `${prefix}${digest.toString("hex", 0, 12)}`
    : below - 1n - (digest.readBigUInt64LE() & ((1n << 62n) - 2n));
}

/** Features of clusters of a past, as raw values by feature. */
export function clusterItems(
  past: Past,
  start: number,
  clusters: Clusters,
  { features, columns, numbersOf }: ItemValues,
): (readonly RawValue[])[] {
  const items = numbersOf(past.item).subarray(start);
  return features.map(({ name, encoder }) => {
    const column = columns.get(name)!;
    const values = Array.from(
      items,
      (item, at): DataValue => (item < 0 || clusters.of[at] < 0 ? null : valueAt(column, item)),
    );
    return clusterValues(encoder, values, clusters);
  });
}

export interface ClusterKeys {
  /** By cluster: that of the only member, or of its virtual item. */
  readonly keys: readonly Key[];
  /** Clusters with a virtual item. */
  readonly virtual: readonly number[];
}

export function keysOfClusters(user: Key, past: Past, snapshot: Snapshot): ClusterKeys {
  const virtual: number[] = [];
  const keys = membersOf(snapshot).map((members, cluster) => {
    if (members.length === 1) {
      return itemAt(past, members[0]) as Key;
    }
    virtual.push(cluster);
    return virtualKey(user, past.name, past, members);
  });
  return { keys, virtual };
}
