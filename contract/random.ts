// Everything that is drawn: generators that give the same numbers on every machine, of integer steps, + − × ÷ only, and the
// streams of Twin by name. A stream that exists keeps its numbers: runs, prepared data and examples are made of them.

export interface Random {
  /** Uniform in [0, 1), 32 bits. */
  next(): number;
  /** Integer in 0 … count−1. */
  below(count: number): number;
  /** About normal, mean 0, deviation 1: a sum of 12 uniforms. */
  normal(): number;
}

/** 32 bits, with a sign, each of which depends on all of the value's: the finaliser of MurmurHash3. */
export function mix32(value: number): number {
  let h = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** 32 bits of a key and a counter: draws that need no state, each of which can be asked for by itself. */
export const counted = (key: number, counter: number): number => mix32(key ^ Math.imul(counter, 0x9e3779b1)) >>> 0;

/**
 * xoshiro128** 1.1 (Blackman & Vigna, 2018): fills `draws` with unsigned 32-bit numbers and moves the state on, four words
 * that must not all be zero.
 */
export function drawInto(draws: Uint32Array, state: Int32Array): void {
  let [s0, s1, s2, s3] = state;
  for (let index = 0; index < draws.length; index++) {
    const scrambled = Math.imul(s1, 5);
    draws[index] = Math.imul((scrambled << 7) | (scrambled >>> 25), 9);
    const shifted = s1 << 9;
    s2 ^= s0;
    s3 ^= s1;
    s1 ^= s2;
    s0 ^= s3;
    s2 ^= shifted;
    s3 = (s3 << 11) | (s3 >>> 21);
  }
  state.set([s0, s1, s2, s3]);
}

/** The same generator, a number a call; it draws a few ahead. */
export function xoshiro(state: Int32Array): () => number {
  const ahead = new Uint32Array(16);
  let at = ahead.length;
  return () => {
    if (at === ahead.length) {
      drawInto(ahead, state);
      at = 0;
    }
    return ahead[at++];
  };
}

/** @param seed any integers; equal seeds give equal numbers */
export function random(...seed: readonly number[]): Random {
  // splitmix32 spreads the seed over the state.
  let mixed = 0x9e3779b9;
  const spread = (): number => {
    mixed = (mixed + 0x9e3779b9) | 0;
    return mix32(mixed) >>> 0;
  };
  for (const part of seed) {
    mixed = (mixed ^ (part | 0)) | 0;
    mixed = (spread() ^ Math.floor(part / 4294967296)) | 0;
  }
  const draw = xoshiro(Int32Array.of(spread(), spread(), spread(), spread() | 1));
  const next = (): number => draw() / 4294967296;
  return {
    next,
    below: (count) => Math.floor(next() * count),
    normal() {
      let sum = -6;
      for (let i = 0; i < 12; i++) {
        sum += next();
      }
      return sum;
    },
  };
}

/** Uniform in [0, 1), 53 bits, of a seed and a row's number (splitmix32): cheap to begin, for a few draws of each of many rows. */
function ofRow(seed: number, row: number): () => number {
  let state = mix32(mix32(mix32(seed | 0) ^ (row | 0)) ^ Math.floor(row / 4294967296));
  const word = (): number => {
    state = (state + 0x9e3779b9) | 0;
    return mix32(state) >>> 0;
  };
  return () => ((word() >>> 5) * 67108864 + (word() >>> 6)) / 9007199254740992;
}

/** Uniform in [0, 1), 32 bits (mulberry32). */
function mulberry(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 0x100000000;
  };
}

/** What is drawn from a user's seed, and how it is set apart. Start values have a stream a parameter: `compiler/values`. */
export const streams = {
  /** The order of the samples in one epoch. */
  epochOrder: (seed: number, epoch: number) => random(seed, 0x6f72646572, epoch),
  /** Where each user's samples are cut into groups, and in which order these come, in one epoch. */
  groupedOrder: (seed: number, epoch: number) => random(seed, 0x67726f757073, epoch),
  /** A key for `counted`: how many behaviours each sample sees in one epoch. */
  epochLengths: (seed: number, epoch: number) => random(seed, 0x6c656e677468, epoch).next() * 4294967296,
  /** A table's rows at the beginning of an epoch. */
  renewed: (seed: number, epoch: number, table: number) => random(seed, 0x72656e6577, epoch, table),
  /** A key for `counted`: one purpose (ids masked, dropout) at one step. */
  stepKey: (seed: number, step: number, purpose: number) => random(seed, step, purpose).next() * 4294967296,
  /** The seed of a member of an ensemble, from 1: of the first the seed itself. */
  ensemble: (seed: number, member: number) =>
    member === 1 ? seed : random(seed, 0x656e73656d, member).next() * 4294967296,
  /** Negatives of the positive in a row of the events. */
  negatives: (seed: number, row: number) => ofRow(seed, row),
  /** Which positives are ranked: a number of each row, the smallest are taken. */
  rankedPositives: (seed: number, row: number) => ofRow(seed, row),
  /** The candidates beside a positive that is ranked. */
  rankedCandidates: (seed: number, row: number) => ofRow(seed ^ 0x5bd1e995, row),
  /** Users drawn with replacement, for an interval. */
  bootstrap: (seed: number, users: number) => random(seed, users),
  /** Which row gives its values to which, in one shuffle; −1: which users are taken. */
  shuffledRows: (seed: number, repeat: number) => random(seed, 0x73687566, repeat),
  /** The order of a sample's behaviours. */
  shuffledHistory: (seed: number, sample: number) => random(seed, 0x77697468696e, sample),
  /** Random planes by which items are hashed. */
  planes: (seed: number, columns: number, bits: number) => random(seed, 0x706c616e, columns, bits),
  /** The start of k-means among so many behaviours of a user. */
  behaviourClusters: (seed: number, members: number) => random(seed, 0x6d656d62, members),
  /** Which vectors clusters are learned from, and where k-means starts. */
  clusters: (groups: number, size: number) => random(0x636c7573, groups, size),
  /** The order in which users are drawn, of whom some train. */
  someUsers: (seed: number) => random(seed, 0x736f6d65),
  /** What the range of a matrix of so many items is found from. */
  pairVectors: (seed: number, items: number) => random(seed, 0x70616972, items),
  /** The settings of one trial of a comparison. */
  trial: (seed: number, trial: number) => random(seed, 0x747269616c, trial),
  /** Users and runs drawn with replacement, for all pairs of systems. */
  runsAndUsers: (seed: number) => random(seed, 0x72756e73),
  /** Requests of the self-test. */
  selfTest: (seed: number) => mulberry(seed),
  /** The example's items, a user's life, the covers of items, and the users' ages. */
  exampleItems: (seed: number) => random(seed, 1),
  exampleLife: (seed: number, user: number) => random(seed, 2, user),
  exampleCovers: (seed: number) => random(seed, 3),
  exampleAges: (seed: number) => random(seed, 4),
} as const;

/** 1 / (1 + e^−x) by + − × ÷ only: a Taylor series of e^(x/1024), squared ten times. */
export function logistic(x: number): number {
  const bounded = Math.max(-30, Math.min(30, x));
  const small = -bounded / 1024;
  let power = 1 + small * (1 + (small / 2) * (1 + (small / 3) * (1 + (small / 4) * (1 + small / 5))));
  for (let i = 0; i < 10; i++) {
    power *= power;
  }
  return 1 / (1 + power);
}
