// The search over a batch by the selection kernel: keys stand once an item, and every sample reads its own behaviours'.
import { recordOf } from "../../contract/record.ts";
import type { TrainKernelSearch } from "../../contract/training-spec.ts";
import type { Kernel, KernelShape, UserOperands } from "../kernel/index.ts";
import { floatsOf, type Tensor } from "../session/session.ts";
import type { Assembled } from "./assemble.ts";

/** Behaviours that lie in the kernel's memory at once, padding included. */
const most = 2 ** 24;

/** What the kernel is opened for. */
export function kernelShape(searches: readonly TrainKernelSearch[]): KernelShape {
  const histories = historiesOf(searches);
  return {
    histories: histories.length,
    products: searches.map(({ history, heads, width, biases }) => ({
      history: histories.indexOf(history),
      heads,
      width,
      match: [],
      own: biases.map(({ features }) => features.length),
    })),
    searches: searches.map(({ rule, keep }, product) => ({ product, rule, keep })),
    attends: [],
  };
}

/**
 * Positions by search, best first: [B, keep], `per_head` [heads, B, keep].
 * @param outputs of the graph `operands` over the batch
 */
export async function kernelSearch(
  kernel: Kernel,
  searches: readonly TrainKernelSearch[],
  batch: Assembled,
  outputs: Readonly<Record<string, Tensor>>,
): Promise<Record<string, Int32Array>> {
  const longest = Math.max(...historiesOf(searches).map((name) => batch.histories[name].length));
  const piece = Math.max(1, Math.floor(most / longest));
  const kept = searches.map(
    ({ rule, heads, keep }) => new Int32Array((rule === "per_head" ? heads : 1) * batch.rows * keep),
  );
  for (let from = 0; from < batch.rows; from += piece) {
    const to = Math.min(batch.rows, from + piece);
    const user = kernel.pack(operandsOf(searches, batch, outputs, from, to));
    try {
      const queries = searches.map((search) => queriesOf(search, outputs, batch.rows, from, to));
      const found = await kernel.run(user, queries, to - from);
      for (const [s, { keep }] of searches.entries()) {
        put(found.kept[s], kept[s], (to - from) * keep, batch.rows * keep, from * keep);
      }
    } finally {
      user.release();
    }
  }
  return recordOf(searches.map(({ search }, s) => [search, kept[s]] as const));
}

const historiesOf = (searches: readonly TrainKernelSearch[]): string[] => [
  ...new Set(searches.map(({ history }) => history)),
];

/** Of the rows `from` … `to` of a batch. */
function operandsOf(
  searches: readonly TrainKernelSearch[],
  batch: Assembled,
  outputs: Readonly<Record<string, Tensor>>,
  from: number,
  to: number,
): UserOperands {
  return {
    lengths: historiesOf(searches).map((name) => batch.histories[name].length),
    products: searches.map(({ history, heads, width, keys, biases }) => {
      const { length, lengths, index, cross } = batch.histories[history];
      const own = (values: Int32Array): Int32Array => values.subarray(from * length, to * length);
      const named = (feature: string): Int32Array => {
        const values = cross[feature];
        if (!(values instanceof Int32Array)) {
          throw new Error(`${feature} names no rows`);
        }
        return own(values);
      };
      return {
        keys: { data: floatsOf(outputs[keys], keys), rows: null, offset: 0, rowStride: heads * width },
        bias: null,
        match: [],
        own: {
          index: own(index),
          valid: lengths.subarray(from, to),
          terms: biases.map(({ rows, features }) => ({
            rows: floatsOf(outputs[rows], rows),
            features: features.map(({ feature, stride }) => ({ values: named(feature), stride })),
          })),
        },
      };
    }),
    searches: searches.map(() => ({ mask: null })),
    attends: [],
  };
}

/** [heads, to − from, width] */
function queriesOf(
  { heads, width, query }: TrainKernelSearch,
  outputs: Readonly<Record<string, Tensor>>,
  rows: number,
  from: number,
  to: number,
): Float32Array {
  const all = floatsOf(outputs[query], query);
  if (to - from === rows) {
    return all;
  }
  const some = new Float32Array(heads * (to - from) * width);
  for (let a = 0; a < heads; a++) {
    some.set(all.subarray((a * rows + from) * width, (a * rows + to) * width), a * (to - from) * width);
  }
  return some;
}

/** Puts list after list of `some` numbers into lists of `all`, from `at` on. */
function put(found: Int32Array, into: Int32Array, some: number, all: number, at: number): void {
  for (let list = 0; list * some < found.length; list++) {
    into.set(found.subarray(list * some, (list + 1) * some), list * all + at);
  }
}
