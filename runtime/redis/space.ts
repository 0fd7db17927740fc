// Names of rows in Redis: `twin:FP8:G:{bB}:KEY`, and of what stands beside them.
import { digestOf } from "../../contract/digest.ts";
import type { Hasher } from "../../contract/hash.ts";
import { keyText } from "../encode/keys.ts";
import type { RowKeys } from "../table/table-store.ts";

/** What rows are: equal rows of equal weights lie under one name, others under others. */
export interface RowsIdentity {
  /** `table video_keys`, `items`, `embedding item.video_id.table`. */
  readonly rows: string;
  /** Of what made them: of a table its producer, of items their encoders, of an embedding its numbers. */
  readonly fingerprint: string;
  /** How a row is laid out: precision and widths, or features and words. */
  readonly layout: string;
}

/** `twin:FP8`: 8 hexadecimal digits of a SHA-256 of what the rows are. Two models on one server do not meet. */
export function prefixOf({ rows, fingerprint, layout }: RowsIdentity): string {
  return `twin:${digestOf(JSON.stringify([rows, fingerprint, layout])).slice(0, 8)}`;
}

/** One generation of such rows. */
export interface Space {
  readonly prefix: string;
  /** Counted by Redis. */
  readonly generation: number;
  /** Hash tags over which the keys of the generation are spread; fixed with it. */
  readonly buckets: number;
}

export const metaKey = ({ prefix, generation }: Pick<Space, "prefix" | "generation">): string =>
  `${prefix}:${generation}:meta`;

/** Counts the generations of a prefix. */
export const counterKey = (prefix: string): string => `${prefix}:generations`;

/** Key i as it stands in a name: the decimal digits of an integer, or the text. */
const keyName = (keys: RowKeys, i: number): string => (keys.type === "row" ? String(keys.rows[i]) : keyText(keys, i));

/**
 * The keys of one bucket: names of one hash slot, which one command may name together.
 * The tag in braces is meant: Redis Cluster hashes it alone, so that a bucket lies on one node, and buckets on all.
 */
export interface BucketNames {
  readonly bucket: number;
  readonly names: string[];
  /** By name: its key's number among the distinct ones. */
  readonly places: number[];
}

/** Distinct keys by bucket, and the distinct number of each key. */
export function namesByBucket(
  { prefix, generation, buckets }: Space,
  keys: RowKeys,
  hasher: Hasher,
): { readonly groups: BucketNames[]; readonly distinct: Int32Array; readonly count: number } {
  const known = new Map<string, number>();
  const groups: (BucketNames & { readonly head: string })[] = [];
  const byBucket = new Map<number, (typeof groups)[number]>();
  const distinct = new Int32Array(keys.length);
  for (let i = 0; i < keys.length; i++) {
    const name = keyName(keys, i);
    let place = known.get(name);
    if (place === undefined) {
      place = known.size;
      known.set(name, place);
      const bucket = hasher.bucket(name, buckets);
      let group = byBucket.get(bucket);
      if (group === undefined) {
        group = { bucket, names: [], places: [], head: `${prefix}:${generation}:{b${bucket}}:` };
        byBucket.set(bucket, group);
        groups.push(group);
      }
      group.names.push(group.head + name);
      group.places.push(place);
    }
    distinct[i] = place;
  }
  return { groups, distinct, count: known.size };
}
