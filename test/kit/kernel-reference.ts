// What the selection kernel does, as plain loops in float64: scores, the literal selection, softmax, weighted sums.
import type { Tensor } from "../../compiler/ir/rule.ts";
import type { KernelAttend, KernelOperand, KernelPlanSpec, KernelProduct } from "../../contract/kernel-spec.ts";
import { select } from "../../runtime/kernel/round-robin.ts";

export interface KernelFeeds {
  /** Outputs of the plan's `user` and `query` graphs, by name. */
  readonly outputs: Readonly<Record<string, Tensor>>;
  /** Of each table that the plan names: its rows, [rows, width], and the row of each behaviour. */
  readonly tables: Readonly<Record<string, { readonly rows: Tensor; readonly row: ArrayLike<number> }>>;
}

export interface KernelResults {
  /** By search: [candidates, keep], of `per_head` [heads, candidates, keep]. */
  readonly kept: Readonly<Record<string, Tensor>>;
  /** By input of the head's graph: [candidates, heads · columns]. */
  readonly pooled: Readonly<Record<string, Tensor>>;
}

/** The lists of one search: of a candidate under a head; of other rules than `per_head` the same under every head. */
type Lists = (head: number, candidate: number) => ArrayLike<number>;

export function runKernel(plan: KernelPlanSpec, feeds: KernelFeeds): KernelResults {
  const products = new Map(plan.products.map((product) => [product.name, scored(product, feeds)]));
  const lists = new Map<string, Lists>();
  const kept: Record<string, Tensor> = {};
  for (const { search, product, rule, keep, mask } of plan.searches) {
    const { scores, heads, candidates, history } = products.get(product)!;
    const masked = withMask(scores, feeds.outputs[mask].data, history);
    const found = Array.from({ length: candidates }, (_, n) =>
      select(rule, masked, { heads, candidates, history }, n, keep),
    );
    lists.set(search, (head, n) => found[n][rule === "per_head" ? head : 0]);
    kept[search] =
      rule === "per_head"
        ? {
            shape: [heads, candidates, keep],
            data: Array.from({ length: heads }, (_, a) => found.flatMap((own) => [...own[a]])).flat(),
          }
        : { shape: [candidates, keep], data: found.flatMap(([one]) => [...one]) };
  }
  const pooled: Record<string, Tensor> = {};
  for (const attend of plan.attends) {
    const { over } = attend;
    const newest = over.kind === "last" ? Int32Array.from({ length: over.count }, (_, i) => i) : null;
    const read = over.kind === "search" ? lists.get(over.search)! : () => newest!;
    pooled[attend.pooled] = attended(attend, products.get(attend.product)!, read, feeds);
  }
  return { kept, pooled };
}

interface Scored {
  /** [heads, candidates, history] */
  readonly scores: Float64Array;
  readonly heads: number;
  readonly candidates: number;
  readonly history: number;
}

function scored({ heads, width, query, keys, bias, match = [] }: KernelProduct, feeds: KernelFeeds): Scored {
  const queries = feeds.outputs[query];
  const candidates = queries.shape[1];
  const key = reader(keys, width, feeds);
  const biases = bias === null ? null : feeds.outputs[bias].data;
  const history = lengthOf(keys, feeds);
  const scores = new Float64Array(heads * candidates * history);
  const gained = (a: number, n: number, i: number): number =>
    match.reduce((sum, { candidates: ours, behaviours, worth, rows, any }) => {
      const [mine, theirs] = [
        Array.from(feeds.outputs[ours].data).slice(n * rows, (n + 1) * rows),
        Array.from(feeds.outputs[behaviours].data).slice(i * rows, (i + 1) * rows),
      ];
      const same = any ? mine.some((row) => theirs.includes(row)) : mine.every((row, c) => row === theirs[c]);
      return same ? sum + feeds.outputs[worth].data[a * history + i] : sum;
    }, 0);
  for (let a = 0; a < heads; a++) {
    for (let n = 0; n < candidates; n++) {
      for (let i = 0; i < history; i++) {
        let sum = 0;
        for (let j = 0; j < width; j++) {
          sum += queries.data[(a * candidates + n) * width + j] * key(a, i, j);
        }
        scores[(a * candidates + n) * history + i] =
          sum + gained(a, n, i) + (biases === null ? 0 : biases[a * history + i]);
      }
    }
  }
  return { scores, heads, candidates, history };
}

/** Score + (mask − 1) · 1e30. */
const withMask = (scores: Float64Array, mask: ArrayLike<number>, history: number): Float64Array =>
  scores.map((score, at) => score + (mask[at % history] - 1) * 1e30);

/** Of each head softmax over what the attend reads, weights taken away where nothing counts, times the values. */
function attended(
  { mask: port, values, width, strength }: KernelAttend,
  { scores, heads, candidates, history }: Scored,
  read: Lists,
  feeds: KernelFeeds,
): Tensor {
  const mask = feeds.outputs[port].data;
  const masked = withMask(scores, mask, history);
  const value = values.map((operand) => reader(operand, width, feeds));
  const columns = width + (strength ? 2 : 0);
  const data = new Float64Array(candidates * heads * columns);
  for (let n = 0; n < candidates; n++) {
    for (let a = 0; a < heads; a++) {
      const list = Array.from(read(a, n));
      const own = list.map((i) => masked[(a * candidates + n) * history + i]);
      const most = Math.max(...own);
      const powers = own.map((score) => Math.exp(score - most));
      const total = powers.reduce((sum, power) => sum + power, 0);
      list.forEach((i, at) => {
        const weight = (powers[at] / total) * mask[i];
        for (let j = 0; j < width; j++) {
          const sum = value.reduce((all, one) => all + one(a, i, j), 0);
          data[(n * heads + a) * columns + j] += weight * sum;
        }
      });
      if (strength) {
        data.set([most, total], (n * heads + a) * columns + width);
      }
    }
  }
  return { shape: [candidates, heads * columns], data };
}

/** The number of an operand at head, behaviour and column. */
function reader(operand: KernelOperand, width: number, { outputs, tables }: KernelFeeds) {
  if (operand.kind === "output") {
    const { shape, data } = outputs[operand.output];
    return (a: number, i: number, j: number) => data[(i * shape[1] + a) * width + j];
  }
  if (operand.kind === "lookup") {
    const [rows, row] = [outputs[operand.rows], outputs[operand.row]];
    return (a: number, i: number, j: number) => rows.data[(row.data[i] * rows.shape[1] + a) * width + j];
  }
  const { rows, row } = tables[operand.table];
  const { offset } = operand;
  return (a: number, i: number, j: number) => rows.data[row[i] * rows.shape[1] + offset + a * width + j];
}

const lengthOf = (keys: KernelProduct["keys"], { outputs, tables }: KernelFeeds): number =>
  keys.kind === "output" ? outputs[keys.output].shape[0] : tables[keys.table].row.length;
