// The sizes of the request benchmark, its random numbers and its session options: the same for every contender.

export interface Sizes {
  readonly candidates: number;
  readonly history: number;
  readonly heads: number;
  /** Width per head. */
  readonly dim: number;
  readonly inherent: number;
  readonly cross: number;
  readonly items: number;
  readonly keep: number;
}

/** 4 heads of 16, inherent width 144, cross width 32, 50,000 items, 100 kept. */
export const sizes = (candidates: number, history: number): Sizes => ({
  candidates,
  history,
  heads: 4,
  dim: 16,
  inherent: 144,
  cross: 32,
  items: 50_000,
  keep: 100,
});

/** Uniform in ±0.5, the same for the same seed. */
export function draws(size: number, seed: number): Float32Array {
  const values = new Float32Array(size);
  for (let i = 0, x = 12345 + seed * 7919; i < size; i++) {
    x = (Math.imul(x, 1103515245) + 12345) & 0x7fffffff;
    values[i] = x / 0x7fffffff - 0.5;
  }
  return values;
}

/** Spinning is off: a session that spins slows down every other one on few cores. */
export const sessionOptions = (threads: number) => ({
  intraOpNumThreads: threads,
  logSeverityLevel: 3 as const,
  extra: { session: { intra_op: { allow_spinning: "0" } } },
});
