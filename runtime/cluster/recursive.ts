// A user's behaviours → clusters of at most `size` members (TWIN V2, CIKM 2024, section 4.2): recursive k-means within groups.
import { streams } from "../../contract/random.ts";
import { kMeans } from "../vectors/k-means.ts";

export interface Behaviours {
  /** float32 [n, width]: the vectors that are clustered, newest behaviour first. One with an element that is not finite is missing. */
  readonly vectors: Float32Array;
  readonly width: number;
  /** [n]: behaviours of two groups are never together (the buckets of `within`); null: all are of one. */
  readonly groups: Int32Array | null;
  /** [n]: behaviours of one number, from 0, have equal vectors; below 0 nothing is known of one. It makes clustering faster, and changes nothing. */
  readonly items?: Int32Array | undefined;
}

export interface ClusterSettings {
  /** Members of a cluster at most, from 1. */
  readonly size: number;
  readonly seed: number;
}

/** Rounds of each k-means: what later ones move is little, beside what the next level divides again. */
const rounds = 6;

/** Into how many parts n behaviours are divided at once: the nearest whole number to n^0.3, at least 2. */
const children = (n: number): number => Math.max(2, Math.round(n ** 0.3));

/**
 * The number of each behaviour's cluster. Clusters count from 0 in the order of their newest members. Behaviours that no
 * vector tells apart (equal or missing ones) are cut in their order, so that neighbours in time stay together.
 * The same bytes on every machine for the same behaviours and seed, and a group's clusters rest on nothing but its members.
 */
export function clusterBehaviours(behaviours: Behaviours, settings: ClusterSettings): Int32Array {
  const { vectors, width, groups } = behaviours;
  const count = vectors.length / width;
  const open = byGroup(count, groups);
  const equal = firsts(behaviours.items);
  const of = new Int32Array(count).fill(-1);
  let made = 0;
  for (let members = open.pop(); members !== undefined; members = open.pop()) {
    if (members.length <= settings.size) {
      for (const member of members) {
        of[member] = made;
      }
      made++;
    } else {
      open.push(...divided(members, behaviours, settings, equal(members)));
    }
  }
  return inOrder(of, made);
}

/** The members of each group, ascending. */
function byGroup(count: number, groups: Int32Array | null): Int32Array[] {
  const lists = new Map<number, number[]>();
  for (let at = 0; at < count; at++) {
    const group = groups === null ? 0 : groups[at];
    const list = lists.get(group);
    if (list === undefined) {
      lists.set(group, [at]);
    } else {
      list.push(at);
    }
  }
  return Array.from(lists.values(), (list) => Int32Array.from(list));
}

/** Of members the place of the first with an equal vector, as far as it is known. */
function firsts(items: Int32Array | undefined): (members: Int32Array) => Int32Array | undefined {
  if (items === undefined) {
    return () => undefined;
  }
  const first = new Int32Array(items.reduce((most, item) => Math.max(most, item), -1) + 1);
  return (members) => {
    for (const member of members) {
      if (items[member] >= 0) {
        first[items[member]] = -1;
      }
    }
    return members.map((member, row) => {
      const item = items[member];
      if (item < 0) {
        return row;
      }
      if (first[item] < 0) {
        first[item] = row;
      }
      return first[item];
    });
  };
}

/** Members, more than a cluster may have, in parts of which none is empty and none holds all. @param same of k-means */
function divided(
  members: Int32Array,
  { vectors, width }: Behaviours,
  { size, seed }: ClusterSettings,
  same: Int32Array | undefined,
): Int32Array[] {
  const rows = new Float32Array(members.length * width);
  members.forEach((member, row) => {
    rows.set(vectors.subarray(member * width, (member + 1) * width), row * width);
  });
  const random = streams.behaviourClusters(seed, members.length);
  const { of, count } = kMeans(rows, width, Math.min(children(members.length), members.length), {
    ...{ random, rounds, same },
  });
  const parts = Array.from({ length: count + 1 }, (): number[] => []);
  members.forEach((member, row) => {
    // The last part is of those without a vector.
    parts[of[row] < 0 ? count : of[row]].push(member);
  });
  const filled = parts.filter((part) => part.length > 0).map((part) => Int32Array.from(part));
  return filled.length > 1 ? filled : cut(members, size);
}

function cut(members: Int32Array, size: number): Int32Array[] {
  return Array.from({ length: Math.ceil(members.length / size) }, (_, part) =>
    members.subarray(part * size, (part + 1) * size),
  );
}

/** Clusters counted anew by their first members. */
function inOrder(of: Int32Array, made: number): Int32Array {
  const places = new Int32Array(made).fill(-1);
  let next = 0;
  return of.map((cluster) => {
    if (places[cluster] < 0) {
      places[cluster] = next++;
    }
    return places[cluster];
  });
}
