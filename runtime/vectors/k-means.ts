// k-means (Lloyd 1982) from a seeded k-means++ start (Arthur & Vassilvitskii 2007): the same bytes on every machine.
import type { Random } from "../../contract/random.ts";
import { isPresent, nearestCentroid, squaredDistance } from "./nearest-centroid.ts";

export interface KMeansOptions {
  /** Where the start is drawn from. */
  readonly random: Random;
  /** Rounds at most; it ends sooner when no row changes its cluster. */
  readonly rounds?: number | undefined;
  /** [n]: of each row the first one that is equal to it, where that is known: distances are taken once, and all else is the same. */
  readonly same?: Int32Array | undefined;
}

export interface Clusters {
  /** Clusters that are there: fewer than asked for where there are fewer different rows. None is empty. */
  readonly count: number;
  /** [count, width], rounded to float32. */
  readonly centroids: Float32Array;
  /** [n]: the nearest of `centroids`, −1 for a row that is missing. */
  readonly of: Int32Array;
  /** [count]: rows of each. */
  readonly sizes: Int32Array;
  /** Rounds that were run. */
  readonly rounds: number;
}

/** Distances between two pauses. */
const pace = 1 << 20;

/** Rounds unless said: most of what they gain comes early. */
const usualRounds = 25;

/** Distances that `kMeansSteps` takes at most: its start, so many rounds, and the last assignment. */
export const mostDistances = (rows: number, groups: number, rounds = usualRounds): number =>
  rows * groups * (rounds + 2);

/**
 * Clusters rows, ties to the lower cluster. A row with an element that is not finite is missing and counts nowhere. A cluster
 * that falls empty takes the row farthest from its centroid, the lowest of equal ones, where that is away from it.
 * All sums are float64 in the order of the rows.
 * @param rows [n, width]
 * @param groups clusters to find, from 1
 * @yields the share that is done, up to 1, each million distances or so: the place to show it or to stop
 */
export function* kMeansSteps(
  rows: Float32Array,
  width: number,
  groups: number,
  { random, rounds = usualRounds, same }: KMeansOptions,
): Generator<number, Clusters> {
  const n = rows.length / width;
  const there = Int32Array.from({ length: n }, (_, row) => row).filter((row) => isPresent(rows, width, row));
  const of = new Int32Array(n).fill(-1);
  const distances = new Float64Array(n);
  const all = rounds + 2;
  const centroids = yield* plusPlus(rows, width, groups, there, { random, of, distances, all, same });
  const count = centroids.length / width;
  if (count === 0) {
    return { count, centroids: new Float32Array(0), of, sizes: new Int32Array(0), rounds: 0 };
  }
  let round = 0;
  for (let changed = true; changed && round < rounds; round++) {
    move(rows, width, centroids, there, of, distances);
    changed = yield* assign(rows, width, centroids, count, { there, of, distances, done: round + 1, all, same });
  }
  // Whoever has the centroids alone finds the same clusters, so that the rounded ones decide.
  const rounded = centroids.map(Math.fround);
  yield* assign(rows, width, rounded, count, { there, of, distances, done: all - 1, all, same });
  return { ...withoutEmpty(rounded, width, count, of), rounds: round };
}

/** The same in one go. */
export function kMeans(rows: Float32Array, width: number, groups: number, options: KMeansOptions): Clusters {
  const steps = kMeansSteps(rows, width, groups, options);
  for (let step = steps.next(); ; step = steps.next()) {
    if (step.done === true) {
      return step.value;
    }
  }
}

/** Rows drawn with chances as their squared distance from those drawn before; `of` and `distances` say the nearest one of each. */
function* plusPlus(
  rows: Float32Array,
  width: number,
  groups: number,
  there: Int32Array,
  place: { random: Random; of: Int32Array; distances: Float64Array; all: number; same: Int32Array | undefined },
): Generator<number, Float64Array> {
  const { random, of, distances, all, same } = place;
  const count = Math.min(groups, there.length);
  const centroids = new Float64Array(count * width);
  distances.fill(Number.POSITIVE_INFINITY);
  let work = 0;
  for (let one = 0; one < count; one++) {
    const drawn = one === 0 ? there[random.below(there.length)] : farDraw(random, there, distances);
    if (drawn === null) {
      return centroids.slice(0, one * width);
    }
    centroids.set(rows.subarray(drawn * width, (drawn + 1) * width), one * width);
    for (const row of there) {
      const first = same === undefined ? row : same[row];
      if (first !== row) {
        distances[row] = distances[first];
        of[row] = of[first];
        continue;
      }
      const distance = squaredDistance(rows, row, centroids, one, width, distances[row]);
      if (distance < distances[row]) {
        distances[row] = distance;
        of[row] = one;
      }
    }
    work += there.length;
    if (work >= pace) {
      work = 0;
      yield (one + 1) / count / all;
    }
  }
  return centroids;
}

/** A row drawn with chances as its distance; null where all are 0. */
function farDraw(random: Random, there: Int32Array, distances: Float64Array): number | null {
  let total = 0;
  for (const row of there) {
    total += distances[row];
  }
  if (total === 0) {
    return null;
  }
  const at = random.next() * total;
  let sum = 0;
  let last: number | null = null;
  for (const row of there) {
    if (distances[row] > 0) {
      sum += distances[row];
      last = row;
      if (sum > at) {
        break;
      }
    }
  }
  return last;
}

/** Sets every centroid to the mean of its rows; empty ones take a far row. */
function move(
  rows: Float32Array,
  width: number,
  centroids: Float64Array,
  there: Int32Array,
  of: Int32Array,
  distances: Float64Array,
): void {
  const count = centroids.length / width;
  const sizes = new Int32Array(count);
  for (const row of there) {
    sizes[of[row]]++;
  }
  for (let one = 0; one < count; one++) {
    if (sizes[one] > 0) {
      continue;
    }
    const far = farthest(there, of, distances, sizes);
    if (far === null) {
      break;
    }
    sizes[of[far]]--;
    sizes[one] = 1;
    of[far] = one;
    distances[far] = 0;
  }
  const sums = new Float64Array(centroids.length);
  for (const row of there) {
    const from = row * width;
    const into = of[row] * width;
    for (let i = 0; i < width; i++) {
      sums[into + i] += rows[from + i];
    }
  }
  for (let one = 0; one < count; one++) {
    // An empty one for which no row is left stays where it was.
    for (let i = one * width; sizes[one] > 0 && i < (one + 1) * width; i++) {
      centroids[i] = sums[i] / sizes[one];
    }
  }
}

/** The row farthest from its centroid, of clusters with others in them; null where none is away from it. */
function farthest(there: Int32Array, of: Int32Array, distances: Float64Array, sizes: Int32Array): number | null {
  let far: number | null = null;
  for (const row of there) {
    if (sizes[of[row]] > 1 && distances[row] > 0 && (far === null || distances[row] > distances[far])) {
      far = row;
    }
  }
  return far;
}

/** Gives each row its nearest centroid. @returns whether any row changed its own */
function* assign(
  rows: Float32Array,
  width: number,
  centroids: Float64Array,
  count: number,
  place: {
    there: Int32Array;
    of: Int32Array;
    distances: Float64Array;
    done: number;
    all: number;
    same: Int32Array | undefined;
  },
): Generator<number, boolean> {
  const { there, of, distances, done, all, same } = place;
  let changed = false;
  let work = 0;
  for (let index = 0; index < there.length; index++) {
    const row = there[index];
    const first = same === undefined ? row : same[row];
    if (first !== row) {
      changed ||= of[first] !== of[row];
      of[row] = of[first];
      distances[row] = distances[first];
      continue;
    }
    const { centroid, distance } = nearestCentroid(rows, row, centroids, width, count, of[row]);
    changed ||= centroid !== of[row];
    of[row] = centroid;
    distances[row] = distance;
    work += count;
    if (work >= pace) {
      work = 0;
      yield (done + (index + 1) / there.length) / all;
    }
  }
  return changed;
}

/** The clusters that have rows, in their order, counted anew. */
function withoutEmpty(centroids: Float64Array, width: number, count: number, of: Int32Array): Omit<Clusters, "rounds"> {
  const sizes = new Int32Array(count);
  for (const one of of) {
    if (one >= 0) {
      sizes[one]++;
    }
  }
  const kept = Int32Array.from({ length: count }, (_, one) => one).filter((one) => sizes[one] > 0);
  const place = new Int32Array(count);
  kept.forEach((one, index) => {
    place[one] = index;
  });
  const left = new Float32Array(kept.length * width);
  kept.forEach((one, index) => {
    left.set(centroids.subarray(one * width, (one + 1) * width), index * width);
  });
  return {
    count: kept.length,
    centroids: left,
    of: of.map((one) => (one < 0 ? -1 : place[one])),
    sizes: Int32Array.from(kept, (one) => sizes[one]),
  };
}
