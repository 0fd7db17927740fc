// A user's behaviours → clusters of at most `size` members (TWIN V2, CIKM 2024, section 4.2): recursive k-means within groups.
import { ClusterTree, type MemberRows, type TreeSettings } from "./tree.ts";

export interface Behaviours {
  /** float32 [n, width]: the vectors that are clustered, newest behaviour first. One with an element that is not finite is missing. */
  readonly vectors: Float32Array;
  readonly width: number;
  /** [n]: behaviours of two groups are never together (the buckets of `within`); null: all are of one. */
  readonly groups: Int32Array | null;
  /** [n]: behaviours of one number, from 0, have equal vectors; below 0 nothing is known of one. It makes clustering faster, and changes nothing. */
  readonly items?: Int32Array | undefined;
}

export type ClusterSettings = TreeSettings;

/** By group its members, oldest first, and their clusters: what the clustering of an earlier instant leaves to the next. */
export type Grown = Map<number, { readonly members: Int32Array; readonly tree: ClusterTree }>;

/**
 * The number of each behaviour's cluster. Clusters count from 0 in the order of their newest members. Behaviours that no
 * vector tells apart (equal or missing ones) are cut in their order, so that neighbours in time stay together.
 * The same bytes on every machine for the same behaviours and seed, and a group's clusters rest on nothing but its members.
 * @param grown of the same user, of an instant before: it makes clustering faster, changes nothing, and goes on from there
 */
export function clusterBehaviours(
  behaviours: Behaviours,
  settings: ClusterSettings,
  grown: Grown = new Map(),
): Int32Array {
  const { vectors, width, groups, items } = behaviours;
  const count = vectors.length / width;
  // Members count from the oldest behaviour on, so that a later instant has them under the same numbers.
  const rowOf = (member: number): number => count - 1 - member;
  const rows: MemberRows = { vectors, width, rowOf, equal: firsts(items, rowOf) };
  const of = new Int32Array(count).fill(-1);
  let made = 0;
  for (const [group, members] of byGroup(count, groups)) {
    const known = grown.get(group);
    const tree = known !== undefined && begins(members, known.members) ? known.tree : new ClusterTree(settings);
    tree.grow(members, rows);
    grown.set(group, { members, tree });
    for (const cluster of tree.clusters()) {
      for (const member of cluster) {
        of[rowOf(member)] = made;
      }
      made++;
    }
  }
  return inOrder(of, made);
}

/** The members of each group, oldest first. */
function byGroup(count: number, groups: Int32Array | null): Map<number, Int32Array> {
  const lists = new Map<number, number[]>();
  for (let member = 0; member < count; member++) {
    const group = groups === null ? 0 : groups[count - 1 - member];
    const list = lists.get(group);
    if (list === undefined) {
      lists.set(group, [member]);
    } else {
      list.push(member);
    }
  }
  return new Map(Array.from(lists, ([group, list]) => [group, Int32Array.from(list)] as const));
}

/** Whether a list begins with another. */
const begins = (list: Int32Array, start: Int32Array): boolean =>
  start.length <= list.length && start.every((member, at) => member === list[at]);

function firsts(items: Int32Array | undefined, rowOf: (member: number) => number): MemberRows["equal"] {
  if (items === undefined) {
    return () => undefined;
  }
  const first = new Int32Array(items.reduce((most, item) => Math.max(most, item), -1) + 1);
  return (members) => {
    for (const member of members) {
      const item = items[rowOf(member)];
      if (item >= 0) {
        first[item] = -1;
      }
    }
    return Int32Array.from(members, (member, at) => {
      const item = items[rowOf(member)];
      if (item < 0) {
        return at;
      }
      if (first[item] < 0) {
        first[item] = at;
      }
      return first[item];
    });
  };
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
