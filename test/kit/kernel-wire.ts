// Cases of the selection kernel as they cross into a page, and their run there or here.
import type { KernelShape, Rows } from "../../runtime/kernel/index.ts";
import { type KernelCase, runCase } from "./kernel-case.ts";

type Numbers = readonly number[];
interface RowsWire extends Pick<Rows, "offset" | "rowStride"> {
  readonly data: Numbers;
  readonly rows: Numbers | null;
}

export interface CaseWire {
  readonly shape: KernelShape;
  readonly lengths: Numbers;
  readonly products: readonly {
    readonly keys: RowsWire;
    readonly bias: Numbers | null;
    readonly match: readonly { readonly behaviours: Numbers; readonly worth: Numbers }[];
  }[];
  readonly searches: readonly { readonly mask: Numbers | null }[];
  readonly attends: readonly { readonly mask: Numbers | null; readonly values: readonly RowsWire[] }[];
  readonly queries: readonly Numbers[];
  readonly rows: readonly (readonly Numbers[])[];
  readonly candidates: number;
}

export interface ResultWire {
  readonly kept: Numbers[];
  readonly pooled: Numbers[];
}

/** Runs cases, each in a kernel of its own. */
export type RunKernel = (cases: readonly CaseWire[]) => Promise<ResultWire[]>;

const listOf = (data: Float32Array | Int32Array | null): number[] | null => data && Array.from(data);
const rowsWire = ({ data, rows, offset, rowStride }: Rows): RowsWire => ({
  data: Array.from(data),
  rows: listOf(rows),
  offset,
  rowStride,
});

export const toWire = ({ shape, user, queries, rows, candidates }: KernelCase): CaseWire => ({
  shape,
  lengths: user.lengths,
  products: user.products.map(({ keys, bias, match }) => ({
    keys: rowsWire(keys),
    bias: listOf(bias),
    match: match.map(({ behaviours, worth }) => ({ behaviours: Array.from(behaviours), worth: Array.from(worth) })),
  })),
  searches: user.searches.map(({ mask }) => ({ mask: listOf(mask) })),
  attends: user.attends.map(({ mask, values }) => ({ mask: listOf(mask), values: values.map(rowsWire) })),
  queries: queries.map((one) => Array.from(one)),
  rows: rows.map((all) => all.map((one) => Array.from(one))),
  candidates,
});

const floatsOf = (data: Numbers | null): Float32Array | null => data && Float32Array.from(data);
const rowsOf = ({ data, rows, offset, rowStride }: RowsWire): Rows => ({
  data: Float32Array.from(data),
  rows: rows && Int32Array.from(rows),
  offset,
  rowStride,
});

/** In this thread, or in that of a page. */
export const runWires: RunKernel = async (cases) => {
  const results: ResultWire[] = [];
  for (const { shape, lengths, products, searches, attends, queries, rows, candidates } of cases) {
    const user = {
      lengths,
      products: products.map(({ keys, bias, match }) => ({
        keys: rowsOf(keys),
        bias: floatsOf(bias),
        match: match.map(({ behaviours, worth }) => ({
          behaviours: Int32Array.from(behaviours),
          worth: Float32Array.from(worth),
        })),
      })),
      searches: searches.map(({ mask }) => ({ mask: floatsOf(mask) })),
      attends: attends.map(({ mask, values }) => ({ mask: floatsOf(mask), values: values.map(rowsOf) })),
    };
    const { kept, pooled } = await runCase({
      shape,
      user,
      queries: queries.map((one) => Float32Array.from(one)),
      rows: rows.map((all) => all.map((one) => Int32Array.from(one))),
      candidates,
    });
    results.push({ kept: kept.map((one) => Array.from(one)), pooled: pooled.map((one) => Array.from(one)) });
  }
  return results;
};
