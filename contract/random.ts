// xoshiro128** (Blackman and Vigna): numbers that are the same on every machine, made of integer steps, + − × ÷ only.

export interface Random {
  /** Uniform in [0, 1), 32 bits. */
  next(): number;
  /** Integer in 0 … count−1. */
  below(count: number): number;
  /** About normal, mean 0, deviation 1: a sum of 12 uniforms. */
  normal(): number;
}

/** The generator itself, from its state of four 32-bit integers, not all zero. */
export function xoshiro(a: number, b: number, c: number, d: number): () => number {
  return () => {
    const times5 = Math.imul(b, 5);
    const result = Math.imul((times5 << 7) | (times5 >>> 25), 9) >>> 0;
    const t = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= t;
    d = (d << 11) | (d >>> 21);
    return result / 4294967296;
  };
}

/** @param seed any integers; equal seeds give equal numbers */
export function random(...seed: readonly number[]): Random {
  // splitmix32 spreads the seed over the state.
  let mixed = 0x9e3779b9;
  const spread = (): number => {
    mixed = (mixed + 0x9e3779b9) | 0;
    let z = mixed;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return (z ^ (z >>> 16)) >>> 0;
  };
  for (const part of seed) {
    mixed = (mixed ^ (part | 0)) | 0;
    mixed = (spread() ^ Math.floor(part / 4294967296)) | 0;
  }
  const next = xoshiro(spread(), spread(), spread(), spread() | 1);
  return {
    next,
    below: (count) => Math.floor(next() * count),
    normal() {
      let sum = -6;
      for (let i = 0; i < 12; i++) sum += next();
      return sum;
    },
  };
}

/** 1 / (1 + e^−x) by + − × ÷ only: a Taylor series of e^(x/1024), squared ten times. */
export function logistic(x: number): number {
  const bounded = Math.max(-30, Math.min(30, x));
  const small = -bounded / 1024;
  let power = 1 + small * (1 + (small / 2) * (1 + (small / 3) * (1 + (small / 4) * (1 + small / 5))));
  for (let i = 0; i < 10; i++) power *= power;
  return 1 / (1 + power);
}
