// Cases for the selection kernel: shapes and operands at random, and what plain loops make of them.
import {
  type AgreementShape,
  agrees,
  Kernel,
  type KernelRun,
  type KernelShape,
  type Rows,
  select,
  type UserOperands,
} from "../../runtime/kernel/index.ts";

export interface KernelCase {
  readonly shape: KernelShape;
  readonly user: UserOperands;
  readonly queries: readonly Float32Array[];
  /** Of each product and each of what may agree int32 [candidates, rows]. */
  readonly rows: readonly (readonly Int32Array[])[];
  readonly candidates: number;
}

/** Numbers from 0 up to 1, the same for a seed. */
export function numbers(seed: number): () => number {
  let state = (seed ^ 0x9e3779b9) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** How scores come about. */
export const kinds = ["uniform", "normal", "heavy", "coarse", "equal", "zeros", "alike", "doubled", "odd"] as const;
export type Kind = (typeof kinds)[number];

const normal = (next: () => number): number => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());

function value(kind: Kind, next: () => number): number {
  switch (kind) {
    case "uniform":
      return next() * 2 - 1;
    case "heavy":
      return normal(next) / (Math.abs(normal(next)) + 1e-3);
    case "coarse":
      return Math.round(normal(next) * 2);
    case "equal":
      return 0.5;
    case "zeros":
      return next() < 0.5 ? -0 : 0;
    case "odd": {
      const one = next();
      return one < 0.002 ? Number.NaN : one < 0.004 ? Number.POSITIVE_INFINITY : one < 0.006 ? -1e38 : normal(next);
    }
    default:
      return normal(next);
  }
}

export interface Draw {
  readonly kind: Kind;
  readonly seed: number;
  readonly length: number;
  readonly heads: number;
  readonly width: number;
  readonly keep: number;
  readonly candidates: number;
  readonly rule: "round_robin" | "per_head" | "max";
  /** Share of behaviours that are masked. */
  readonly masked: number;
  /** Behaviours at the end that are padding, so that fewer may be left than are kept. */
  readonly padding?: number;
  /** Columns of values. */
  readonly values: number;
  /** Whether attend and search go by one product. */
  readonly searched: boolean;
  /** Rows by number, of a table with other columns. */
  readonly table: boolean;
  /** How many features the first product's scores gain by; none unless said. */
  readonly matches?: number;
}

/** One row, two of one value, and lists in which any may be common. */
const agreements: readonly AgreementShape[] = [
  { rows: 1, any: false },
  { rows: 3, any: true },
  { rows: 2, any: false },
];

/** Rows [length, heads, width], alone or among others in a table. */
function rowsOf(
  fill: (i: number, a: number, j: number) => number,
  draw: Draw,
  width: number,
  next: () => number,
): Rows {
  const { length, heads } = draw;
  const row = heads * width;
  if (!draw.table) {
    const data = new Float32Array(length * row);
    for (let i = 0; i < length; i++) {
      for (let c = 0; c < row; c++) {
        data[i * row + c] = fill(i, Math.floor(c / width), c % width);
      }
    }
    return { data, rows: null, offset: 0, rowStride: row };
  }
  const rowStride = row + 3;
  const extra = 5;
  const data = new Float32Array((length + extra) * rowStride).fill(Number.NaN);
  const rows = Int32Array.from({ length }, (_, i) => i);
  for (let i = length - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1));
    [rows[i], rows[j]] = [rows[j], rows[i]];
  }
  for (let i = 0; i < length; i++) {
    rows[i] += extra;
    for (let c = 0; c < row; c++) {
      data[rows[i] * rowStride + 2 + c] = fill(i, Math.floor(c / width), c % width);
    }
  }
  return { data, rows, offset: 2, rowStride };
}

export function drawn(draw: Draw): KernelCase {
  const next = numbers(draw.seed);
  const { kind, length, heads, width, candidates, keep, rule, searched } = draw;
  const match = agreements.slice(0, draw.matches ?? 0);
  const upTo = (count: number) => Math.floor(next() * count);
  const base = Float32Array.from({ length: length * width }, () => value(kind, next));
  const cell = (i: number, a: number, j: number): number => {
    const at = kind === "doubled" ? i >> 1 : i;
    return kind === "alike" || kind === "doubled"
      ? base[at * width + j]
      : a === 0
        ? base[i * width + j]
        : value(kind, next);
  };
  const keys = rowsOf(cell, draw, width, next);
  const other = rowsOf(() => normal(next), draw, width, next);
  const values = [
    rowsOf(() => normal(next), draw, draw.values, next),
    rowsOf(() => normal(next), { ...draw, table: false }, draw.values, next),
  ];
  const { masked, padding = 0 } = draw;
  const mask =
    masked === 0 && padding === 0
      ? null
      : Float32Array.from({ length }, (_, i) => Number(i < length - padding && next() >= masked));
  const weighed = mask === null ? null : mask.map((one) => one * Number(next() >= 0.1));
  const first = Float32Array.from({ length: heads * candidates * width }, () =>
    kind === "equal" ? 0.25 : normal(next),
  );
  if (kind === "alike") {
    for (let a = 1; a < heads; a++) {
      first.copyWithin(a * candidates * width, 0, candidates * width);
    }
  }
  const bias =
    kind === "equal" || kind === "alike"
      ? null
      : Float32Array.from({ length: heads * length }, () => value(kind, next) / 4);
  return {
    rows: [match.map(({ rows }) => Int32Array.from({ length: candidates * rows }, () => upTo(4) || -2)), []],
    shape: {
      histories: 1,
      products: [
        { history: 0, heads, width, match },
        { history: 0, heads, width, match: [] },
      ],
      searches: [{ product: 0, rule, keep }],
      attends: [
        { product: searched ? 0 : 1, over: { search: 0 }, searched, width: draw.values, strength: true },
        {
          product: match.length > 0 ? 0 : 1,
          over: { last: Math.max(1, keep >> 1) },
          searched: false,
          width: draw.values,
          strength: false,
        },
      ],
    },
    user: {
      lengths: [length],
      products: [
        {
          keys,
          bias,
          match: match.map(({ rows }) => ({
            behaviours: Int32Array.from({ length: length * rows }, () => upTo(5) - 1),
            worth: Float32Array.from({ length: heads * length }, () => normal(next)),
          })),
        },
        { keys: other, bias: null, match: [] },
      ],
      searches: [{ mask }],
      attends: [
        { mask: weighed, values },
        { mask: weighed, values: values.slice(0, 1) },
      ],
    },
    queries: [first, Float32Array.from({ length: heads * candidates * width }, () => normal(next))],
    candidates,
  };
}

export const element = (
  { data, rows, offset, rowStride }: Rows,
  width: number,
  a: number,
  i: number,
  j: number,
): number => data[offset + (rows === null ? i : rows[i]) * rowStride + a * width + j];

/** float32 [heads, candidates, length] in the kernel's order of operations. */
export function scoresOf(
  { shape, user, queries, rows, candidates }: KernelCase,
  product: number,
  mask: Float32Array | null,
): Float32Array {
  const { heads, width, history, match } = shape.products[product];
  const length = user.lengths[history];
  const { keys, bias } = user.products[product];
  const all = match.map((one, i) => ({
    ...one,
    ...user.products[product].match[i],
    candidates: rows[product][i],
  }));
  const round = Math.fround;
  const scores = new Float32Array(heads * candidates * length);
  for (let a = 0; a < heads; a++) {
    for (let i = 0; i < length; i++) {
      const start = round((bias?.[a * length + i] ?? 0) + (mask === null ? 0 : round((mask[i] - 1) * round(1e30))));
      const key = Float32Array.from({ length: width }, (_, j) => element(keys, width, a, i, j));
      for (let n = 0; n < candidates; n++) {
        let x = all.reduce((sum, one) => (agrees(one, n, i) ? round(sum + one.worth[a * length + i]) : sum), start);
        for (let j = 0; j < width; j++) {
          x = round(x + round(queries[product][(a * candidates + n) * width + j] * key[j]));
        }
        scores[(a * candidates + n) * length + i] = x;
      }
    }
  }
  return scores;
}

/** The lists of every search by the literal loop, as `KernelRun.kept`. */
export function literalLists(one: KernelCase): Int32Array[] {
  const { shape, user, candidates } = one;
  return shape.searches.map(({ product, rule, keep }, s) => {
    const { heads, history } = shape.products[product];
    const scores = scoresOf(one, product, user.searches[s].mask);
    const lists = rule === "per_head" ? heads : 1;
    const kept = new Int32Array(lists * candidates * keep);
    for (let n = 0; n < candidates; n++) {
      const found = select(rule, scores, { heads, candidates, history: user.lengths[history] }, n, keep);
      for (let list = 0; list < lists; list++) {
        kept.set(found[list], (list * candidates + n) * keep);
      }
    }
    return kept;
  });
}

/** What an attend pools, in float64, of the lists that the kernel kept; with `strength` two numbers behind each head's. */
export function pooledBy(one: KernelCase, kept: readonly Int32Array[], index: number): Float64Array {
  const { shape, user, candidates } = one;
  const attend = shape.attends[index];
  const { heads, history } = shape.products[attend.product];
  const length = user.lengths[history];
  const over = attend.over;
  const searchMask = attend.searched && "search" in over ? user.searches[over.search].mask : null;
  const scores = scoresOf(one, attend.product, searchMask);
  const { mask, values } = user.attends[index];
  const columns = attend.width + (attend.strength ? 2 : 0);
  const out = new Float64Array(candidates * heads * columns);
  const keep = "search" in over ? shape.searches[over.search].keep : over.last;
  for (let n = 0; n < candidates; n++) {
    for (let a = 0; a < heads; a++) {
      const list = Array.from({ length: keep }, (_, j) => {
        if ("last" in over) {
          return j;
        }
        const apart = shape.searches[over.search].rule === "per_head" ? a * candidates : 0;
        return kept[over.search][(apart + n) * keep + j];
      });
      const masked = list.map((i) => scores[(a * candidates + n) * length + i] + ((mask?.[i] ?? 1) - 1) * 1e30);
      const top = Math.max(...masked);
      const shares = masked.map((x) => Math.exp(x - top));
      const sum = shares.reduce((x, y) => x + y, 0);
      for (const [j, i] of list.entries()) {
        const weight = (shares[j] / sum) * (mask?.[i] ?? 1);
        for (let c = 0; c < attend.width; c++) {
          const v = values.reduce((x, rows) => x + element(rows, attend.width, a, i, c), 0);
          out[(n * heads + a) * columns + c] += weight * v;
        }
      }
      if (attend.strength) {
        out.set([top, sum], (n * heads + a) * columns + attend.width);
      }
    }
  }
  return out;
}

export async function runCase(one: KernelCase, kernel?: Kernel): Promise<KernelRun> {
  const mine = kernel ?? (await Kernel.open(one.shape, { lanes: 1, startLane: null, maxBytes: 2 ** 30 }));
  try {
    return await mine.run(mine.pack(one.user), one.queries, one.candidates, null, one.rows);
  } finally {
    if (kernel === undefined) {
      await mine.close();
    }
  }
}
