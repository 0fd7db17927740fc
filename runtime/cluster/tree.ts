// Clusters of behaviours that come one after the other: a tree of k-means, in which a node is divided anew once it has grown by so much.
import { streams } from "../../contract/random.ts";
import { kMeans } from "../vectors/k-means.ts";
import { isPresent, nearestCentroid } from "../vectors/nearest-centroid.ts";

export interface TreeSettings {
  /** Members of a cluster at most, from 1. */
  readonly size: number;
  readonly seed: number;
}

/** The vectors of members; what a member has stays the same while a tree grows. */
export interface MemberRows {
  /** float32 [rows, width]. One with an element that is not finite is missing. */
  readonly vectors: Float32Array;
  readonly width: number;
  /** The row of a member. */
  rowOf(member: number): number;
  /** Of members the place of the first with an equal vector, as far as it is known. */
  equal(members: readonly number[]): Int32Array | undefined;
}

/** Members in the order in which they came. */
type Node =
  | { readonly kind: "leaf"; readonly members: number[] }
  /** What k-means could not divide; `alike`: since all are equal, or all missing. Cut in their order. */
  | { readonly kind: "undivided"; readonly members: number[]; readonly made: number; readonly alike: boolean }
  | {
      readonly kind: "fork";
      /** [children, width]. */
      readonly centroids: Float64Array;
      /** Behind those of the centroids that of members without a vector; null: none has come. */
      readonly children: (Node | null)[];
      /** Members when it was divided, and now. */
      readonly made: number;
      count: number;
    };

/** Rounds of each k-means: what later ones move is little, beside what the next level divides again. */
const rounds = 6;

/** A node with more than so many times the members that it was divided with is divided anew. */
const growth = 2;

/** Into how many parts n behaviours are divided at once: the nearest whole number to n^0.3, at least 2. */
const parts = (n: number): number => Math.max(2, Math.round(n ** 0.3));

/**
 * What it is hangs on its members and their order alone: whether they were added at once or one by one makes no difference.
 * The root is divided at `size` + 1 members, and anew whenever it has more than twice those of the last time.
 */
export class ClusterTree {
  readonly #settings: TreeSettings;
  #root: Node = { kind: "leaf", members: [] };
  /** Members that the root was last divided with, and those that came. */
  #made = 0;
  #count = 0;

  constructor(settings: TreeSettings) {
    this.#settings = settings;
  }

  /** @param members all of them, of which the tree has the first already */
  grow(members: Int32Array, rows: MemberRows): void {
    const made = lastDivision(members.length, this.#settings.size);
    if (made > this.#made) {
      this.#root = this.#divided(Array.from(members.subarray(0, made)), rows);
      this.#made = made;
      this.#count = made;
    }
    for (; this.#count < members.length; this.#count++) {
      this.#add(members[this.#count], rows);
    }
  }

  /** The members of each cluster, none empty. */
  *clusters(): Generator<readonly number[]> {
    const { size } = this.#settings;
    const open: (Node | null)[] = [this.#root];
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      if (node?.kind === "fork") {
        open.push(...node.children);
      } else if (node !== null) {
        for (let at = 0; at < node.members.length; at += size) {
          yield node.members.slice(at, at + size);
        }
      }
    }
  }

  #add(member: number, rows: MemberRows): void {
    let node = this.#root;
    let put = (made: Node): void => {
      this.#root = made;
    };
    while (node.kind === "fork") {
      const { children, centroids, made }: Node & { kind: "fork" } = node;
      node.count++;
      if (node.count > growth * made) {
        put(this.#divided([...membersOf(node), member].sort(ascending), rows));
        return;
      }
      const child = childOf(centroids, member, rows);
      put = (one) => {
        children[child] = one;
      };
      children[child] ??= { kind: "leaf", members: [] };
      node = children[child];
    }
    node.members.push(member);
    const { length } = node.members;
    const full = node.kind === "leaf" && length > this.#settings.size;
    const grown =
      node.kind === "undivided" &&
      (node.alike ? !areEqual(node.members[0], member, rows) : length > growth * node.made);
    if (full || grown) {
      put(this.#divided(node.members, rows));
    }
  }

  #divided(all: number[], rows: MemberRows): Node {
    let root: Node | null = null;
    const open: { readonly members: number[]; put(node: Node): void }[] = [
      {
        members: all,
        put: (node) => {
          root = node;
        },
      },
    ];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const { members, put } = next;
      const found = members.length <= this.#settings.size ? null : this.#parts(members, rows);
      if (found === null) {
        put({ kind: "leaf", members });
      } else if (found.lists.filter((list) => list.length > 0).length === 1) {
        const alike = members.every((member) => areEqual(members[0], member, rows));
        put({ kind: "undivided", members, made: members.length, alike });
      } else {
        const children: (Node | null)[] = found.lists.map(() => null);
        put({ kind: "fork", centroids: found.centroids, children, made: members.length, count: members.length });
        found.lists.forEach((list, child) => {
          if (list.length > 0) {
            open.push({
              members: list,
              put: (node) => {
                children[child] = node;
              },
            });
          }
        });
      }
    }
    return root!;
  }

  /** Members in the parts of k-means, and behind them those without a vector. */
  #parts(members: readonly number[], { vectors, width, rowOf, equal }: MemberRows) {
    const rows = new Float32Array(members.length * width);
    members.forEach((member, at) => {
      const from = rowOf(member) * width;
      rows.set(vectors.subarray(from, from + width), at * width);
    });
    const random = streams.behaviourClusters(this.#settings.seed, members.length);
    const { of, count, centroids } = kMeans(rows, width, Math.min(parts(members.length), members.length), {
      ...{ random, rounds, same: equal(members) },
    });
    const lists = Array.from({ length: count + 1 }, (): number[] => []);
    members.forEach((member, at) => {
      lists[of[at] < 0 ? count : of[at]].push(member);
    });
    return { lists, centroids: Float64Array.from(centroids) };
  }
}

/** With how many of n members a root was last divided; 0: it never was. */
function lastDivision(n: number, size: number): number {
  let made = 0;
  for (let next = size + 1; next <= n; next = growth * made + 1) {
    made = next;
  }
  return made;
}

function childOf(centroids: Float64Array, member: number, { vectors, width, rowOf }: MemberRows): number {
  const count = centroids.length / width;
  const row = rowOf(member);
  return isPresent(vectors, width, row) ? nearestCentroid(vectors, row, centroids, width, count).centroid : count;
}

/** Whether two have the same vector, or neither has one. */
function areEqual(a: number, b: number, { vectors, width, rowOf }: MemberRows): boolean {
  const [first, second] = [rowOf(a), rowOf(b)];
  const there = isPresent(vectors, width, first);
  if (there !== isPresent(vectors, width, second)) {
    return false;
  }
  for (let j = 0; there && j < width; j++) {
    if (vectors[first * width + j] !== vectors[second * width + j]) {
      return false;
    }
  }
  return true;
}

function membersOf(root: Node): number[] {
  const members: number[] = [];
  const open: (Node | null)[] = [root];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (node?.kind === "fork") {
      open.push(...node.children);
    } else if (node !== null) {
      for (const member of node.members) {
        members.push(member);
      }
    }
  }
  return members;
}

const ascending = (a: number, b: number): number => a - b;
