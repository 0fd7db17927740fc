// Scores of candidates with histories of their own.
import type { Job } from "./lane.ts";
import { planOf, type Scratch } from "./plan.ts";
import { type KernelShape, tilesOf } from "./shape.ts";
import type { KernelExports, WasmMemory } from "./web-assembly.ts";

/** Behaviours that are scored for one candidate after the other: the keys that histories have in common stay in a near cache. */
const block = 512;

/** Scores of the candidates `from` …, with the greatest of each group beside, where the search's scratch has them. */
export function scoreOwn(
  kernel: KernelExports,
  memory: WasmMemory,
  shape: KernelShape,
  job: Job,
  at: number,
  scratch: Scratch,
  search: number,
  from: number,
  count: number,
): void {
  const { product } = shape.searches[search];
  const { heads, width, history } = shape.products[product];
  const { keys, own } = job.operands.products[product];
  if (own === null) {
    throw new Error(`the candidates of search ${search} have no histories of their own`);
  }
  const length = job.operands.lengths[history];
  const plan = planOf(shape, search, length);
  const group = Math.max(1, plan.group);
  const tiles = tilesOf(length);
  const [rows, maxima, features] = [at + scratch.rows, at + scratch.maxima, at + scratch.features];
  const [u32, f32] = [new Uint32Array(memory.buffer), new Float32Array(memory.buffer)];
  for (let row = 0; row < heads * count; row++) {
    const first = (maxima + row * plan.maximaBytes) / 4;
    f32.fill(Number.NEGATIVE_INFINITY, first + 4 * Math.ceil(tiles / group), first + plan.maximaBytes / 4);
  }
  const headBytes = 32 * tiles * count;
  for (let begin = 0; begin < 8 * tiles; begin += block) {
    const end = Math.min(8 * tiles, begin + block);
    for (let n = 0; n < count; n++) {
      const behind = 4 * length * (from + n);
      const row = rows + 32 * tiles * n;
      for (const [t, term] of own.terms.entries()) {
        for (const [f, feature] of term.features.entries()) {
          u32[features / 4 + 2 * f] = feature.at + behind;
          u32[features / 4 + 2 * f + 1] = feature.stride;
        }
        kernel.biases(term.rows, heads, features, term.features.length, Number(t > 0), begin, end, row, headBytes);
      }
      kernel.scoreItems(
        job.queries[product] + 4 * width * (from + n),
        4 * width * job.candidates,
        heads,
        width,
        keys,
        own.index + behind,
        own.valid[from + n],
        length,
        begin,
        end,
        group,
        row,
        headBytes,
        maxima + plan.maximaBytes * n,
        plan.maximaBytes * count,
      );
    }
  }
}
