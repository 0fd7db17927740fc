// The selection kernel, tried: opened with as many lanes as a request has, and held against the literal loops.
import { availableParallelism } from "node:os";
import { Kernel, type KernelShape, select } from "../runtime/kernel/index.ts";
import { startLane } from "../runtime/serve/index.ts";

export interface KernelFinding {
  /** Whether it opened, and every list and number was right. */
  readonly runs: boolean;
  /** Why not; empty where it runs. */
  readonly reason: string;
  readonly lanes: number;
  /** Whether its memory is shared among lanes. */
  readonly shared: boolean;
  readonly milliseconds: { readonly open: number; readonly run: number } | null;
}

const [heads, width, history, candidates, keep] = [2, 4, 600, 24, 20];

const shape: KernelShape = {
  histories: 1,
  products: [{ history: 0, heads, width, match: [] }],
  searches: [{ product: 0, rule: "round_robin", keep }],
  attends: [{ product: 0, over: { search: 0 }, searched: true, width, strength: false }],
};

/** Small whole numbers: every score is exact, whatever the order of its sums, and many are equal. */
const whole = (count: number, stride: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => ((i * stride) % 13) - 6);

export async function examineKernel(): Promise<KernelFinding> {
  const none = { lanes: 0, shared: false, milliseconds: null };
  let kernel: Kernel | null = null;
  try {
    const begun = performance.now();
    const warnings: string[] = [];
    const warn = (warning: string): unknown => warnings.push(warning);
    const options = { lanes: Math.min(2, availableParallelism()), startLane, maxBytes: 2 ** 24, warn };
    kernel = await Kernel.open(shape, options);
    await kernel.joined();
    const open = performance.now() - begun;
    const keys = { data: whole(history * heads * width, 7), rows: null, offset: 0, rowStride: heads * width };
    const user = kernel.pack({
      lengths: [history],
      products: [{ keys, bias: null, match: [] }],
      searches: [{ mask: null }],
      attends: [{ mask: null, values: [keys] }],
    });
    const queries = whole(heads * candidates * width, 5);
    await kernel.run(user, [queries], candidates);
    const start = performance.now();
    const { kept } = await kernel.run(user, [queries], candidates);
    const run = performance.now() - start;
    const scores = scoresOf(queries, keys.data);
    let wrong = 0;
    for (let n = 0; n < candidates; n++) {
      const [list] = select("round_robin", scores, { heads, candidates, history }, n, keep);
      wrong += list.reduce((sum, position, j) => sum + Number(kept[0][n * keep + j] !== position), 0);
    }
    const { lanes, shared } = kernel.status();
    const reason = wrong > 0 ? `${wrong} of ${candidates * keep} places are wrong` : warnings.join("; ");
    return { runs: wrong === 0, reason, lanes, shared, milliseconds: { open, run } };
  } catch (error) {
    return { ...none, runs: false, reason: error instanceof Error ? error.message : String(error) };
  } finally {
    await kernel?.close();
  }
}

/** [heads, candidates, history] */
function scoresOf(queries: Float32Array, keys: Float32Array): Float32Array {
  return Float32Array.from({ length: heads * candidates * history }, (_, at) => {
    const [head, i] = [Math.floor(at / (candidates * history)), at % history];
    const query = Math.floor(at / history) * width;
    const key = (i * heads + head) * width;
    return Array.from({ length: width }, (_, j) => queries[query + j] * keys[key + j]).reduce((a, b) => a + b);
  });
}
