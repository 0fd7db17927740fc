// What a kernel is opened for, and what a user brings to it.
import { TwinError } from "../../contract/error.ts";
import { kernelLimits as limits } from "../../contract/kernel-spec.ts";
import type { HeadRule } from "./round-robin.ts";

/** How rows of candidates and behaviours are compared. */
export interface AgreementShape {
  /** Rows of one value: at least 1. */
  readonly rows: number;
  /** Whether any one in common is enough; else all are equal, each at its place. */
  readonly any: boolean;
}

/** Scores of candidates with the behaviours of a history: query · key + bias, and the worth of what agrees. */
export interface ProductShape {
  /** Which of the histories. */
  readonly history: number;
  /** 1 to 16. */
  readonly heads: number;
  /** Of keys and queries, for each head: 1 to 256. */
  readonly width: number;
  readonly match: readonly AgreementShape[];
  /**
   * Given where each candidate has a history of its own, of items that all share: of each bias how many features name its row.
   * Nothing else then reads the history, and no search by it has the rule `max`.
   */
  readonly own?: readonly number[];
}

export interface SearchShape {
  /** Which of the products. */
  readonly product: number;
  readonly rule: HeadRule;
  /** 1 to 1000; histories are at least that long. */
  readonly keep: number;
}

export interface AttendShape {
  /** Whose scores it weighs by; as many heads. */
  readonly product: number;
  /** What the search of this number kept, or the first `last` of the history. */
  readonly over: { readonly search: number } | { readonly last: number };
  /** Whether its scores are those of the search, which go by the same product, masked as the search masks. */
  readonly searched: boolean;
  /** Of values, for each head: 1 to 256. */
  readonly width: number;
  /** Whether greatest score and Σ exp(score − greatest) stand behind each head's values. */
  readonly strength: boolean;
}

export interface KernelShape {
  /** How many; their lengths come with each user. */
  readonly histories: number;
  readonly products: readonly ProductShape[];
  readonly searches: readonly SearchShape[];
  readonly attends: readonly AttendShape[];
}

/** Element (head a, behaviour i, column j) of `data` at `offset + (rows?.[i] ?? i) * rowStride + a * width + j`. */
export interface Rows {
  readonly data: Float32Array;
  readonly rows: Int32Array | null;
  readonly offset: number;
  readonly rowStride: number;
}

/** Of behaviours: int32 [length, rows], and float32 [heads, length], what a score gains there. */
export interface AgreementOperands {
  readonly behaviours: Int32Array;
  readonly worth: Float32Array;
}

export interface ProductOperands {
  readonly keys: Rows;
  /** float32 [heads, length]; null: none. */
  readonly bias: Float32Array | null;
  readonly match: readonly AgreementOperands[];
  readonly own?: OwnOperands;
}

/** Histories of candidates' own, each padded to `length`. */
export interface OwnOperands {
  /** int32 [candidates, length], counted in the rows of the keys: [items, heads · width]. */
  readonly index: Int32Array;
  /** int32 [candidates]: behaviours that are no padding. */
  readonly valid: Int32Array;
  /** What scores gain: the row of float32 [rows, heads] that features name, Σ values · stride; values int32 [candidates, length]. */
  readonly terms: readonly {
    readonly rows: Float32Array;
    readonly features: readonly { readonly values: Int32Array; readonly stride: number }[];
  }[];
}

export interface UserOperands {
  /** Behaviours of each history, padding included. */
  readonly lengths: readonly number[];
  readonly products: readonly ProductOperands[];
  /** `mask` float32 [length]: 1 where a behaviour may be kept, else 0; null: all may. */
  readonly searches: readonly { readonly mask: Float32Array | null }[];
  /** `mask` likewise: 1 where it counts. `values`: their sum. */
  readonly attends: readonly { readonly mask: Float32Array | null; readonly values: readonly Rows[] }[];
}

/** A number of columns as the kernel has them: with zeros up to a multiple of four. */
export const padded = (width: number): number => (width + 3) & ~3;

/** Tiles of eight behaviours. */
export const tilesOf = (length: number): number => (length + 7) >> 3;

/** The history of an attend or search. */
export const historyOf = (shape: KernelShape, { product }: { readonly product: number }): number =>
  shape.products[product].history;

/** How many behaviours an attend is over, for each candidate. */
export const keptBy = (shape: KernelShape, { over }: AttendShape): number =>
  "search" in over ? shape.searches[over.search].keep : over.last;

/** Lists of a search for each candidate. */
export const listsOf = (shape: KernelShape, { product, rule }: SearchShape): number =>
  rule === "per_head" ? shape.products[product].heads : 1;

function within(what: string, value: number, most: number): void {
  if (!Number.isInteger(value) || value < 1 || value > most) {
    throw new TwinError(`the selection kernel takes ${what} from 1 to ${most}, and this is ${value}`);
  }
}

/** @throws TwinError naming what is beyond the kernel */
export function checkShape(shape: KernelShape): void {
  for (const { heads, width } of shape.products) {
    within("heads", heads, limits.heads);
    within("widths of keys", width, limits.width);
  }
  for (const { keep, product, rule } of shape.searches) {
    within("`keep`", keep, limits.keep);
    if (shape.products[product].own !== undefined && rule === "max") {
      throw new Error("a search of histories of candidates' own goes by the best of any head");
    }
  }
  for (const [i, { own, history, match }] of shape.products.entries()) {
    const alone = shape.attends.every((attend) => historyOf(shape, attend) !== history);
    if (own !== undefined && (match.length > 0 || !alone)) {
      throw new Error(`product ${i} is of histories of candidates' own, and something else reads them`);
    }
  }
  for (const attend of shape.attends) {
    within("widths of values", attend.width, limits.width);
    within("behaviours to attend to", keptBy(shape, attend), Number.MAX_SAFE_INTEGER);
    const { over, searched, product } = attend;
    if ("search" in over) {
      const { [over.search]: search } = shape.searches;
      if (historyOf(shape, search) !== historyOf(shape, attend) || (searched && search.product !== product)) {
        throw new Error("an attend is over a search of another history, or shares scores of another product");
      }
      if (search.rule === "per_head" && shape.products[search.product].heads !== shape.products[product].heads) {
        throw new Error("an attend over a list for each head has other heads than its search");
      }
    }
  }
}
