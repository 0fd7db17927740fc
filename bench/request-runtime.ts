// The benchmark's model as the runtime serves it: a generation of all items, and requests of a size by either plan.
import {
  Candidates,
  chunkSize,
  prepareSide,
  type RankRequest,
  rankingGraphs,
  runGraph,
  runKernel,
  type WantedPlan,
} from "../runtime/request/index.ts";
import { LocalTwin } from "../runtime/serve/index.ts";
import { writeTables } from "../test/kit/built-twin.ts";
import type { Contender } from "./measure.ts";
import type { Sizes } from "./opponents/sizes.ts";
import type { RequestModel } from "./request-model.ts";

const items = 49_999;
const at = 1.7e9;

/** Keys and values of all items, by the build's own projector. */
export async function writeGeneration({ dir }: RequestModel): Promise<void> {
  const ids = Int32Array.from({ length: items }, (_, i) => i + 1);
  const column = (vocabulary: number) => Int32Array.from({ length: items }, (_, i) => (i * 31) % vocabulary);
  await writeTables(dir, ids, {
    author_id: column(9999),
    category: column(500),
    duration: column(200),
    language: column(50),
  });
}

/** @param ordered whether behaviours come newest first */
export const user = ({ history }: Pick<Sizes, "history">, ordered = true) => {
  const place = (i: number) => (ordered ? i : (i * 7919) % history);
  const column = (most: number) => Int32Array.from({ length: history }, (_, i) => (i * 17) % most);
  return {
    time: at,
    history: {
      item: Int32Array.from({ length: history }, (_, i) => 1 + ((i * 7919) % items)),
      time: Float64Array.from({ length: history }, (_, i) => at - 40 * (place(i) + 1)),
      progress: Float64Array.from(column(10), (one) => one / 10),
      liked: Uint8Array.from(column(2)),
      surface: column(12),
      device: column(5),
    },
  };
};

export const asked = ({ candidates }: Pick<Sizes, "candidates">): RankRequest => ({
  candidates: { item: Int32Array.from({ length: candidates }, (_, i) => 1 + ((i * 13) % items)) },
});

export interface Served extends Contender {
  close(): Promise<void>;
}

/** Search and attention as the runtime calls them behind `rank`, by a plan: the labels' graph of the kernel's plan is left out. */
export async function searched(
  name: string,
  { dir }: RequestModel,
  size: Sizes,
  threads: number,
  plan: WantedPlan,
): Promise<Served> {
  const twin = await LocalTwin.open(dir, { threads, plan });
  const { engine } = twin;
  const side = await prepareSide(engine, user(size));
  const { kernel, route } = side;
  const candidates = await Candidates.fetch(engine, side, asked(size), rankingGraphs(side));
  const chunk = chunkSize(engine, side);
  return {
    name,
    async run() {
      for (let start = 0; start < size.candidates; start += chunk) {
        const part = { start, end: Math.min(start + chunk, size.candidates) };
        if (kernel === null) {
          await runGraph(engine, route.request!, side, candidates, part, {});
        } else {
          await runKernel(engine, { ...side, kernel }, candidates, part, null);
        }
      }
    },
    close: () => twin.close(),
  };
}

/** By each plan `rank`, and `prepare` with `rank`; and `kernel`, its search and attention alone. */
export async function served(model: RequestModel, size: Sizes, threads: number): Promise<Served[]> {
  const list: Served[] = [];
  for (const plan of ["graph", "kernel"] as const) {
    const twin = await LocalTwin.open(model.dir, { threads, plan });
    const [mine, theirs] = [user(size), asked(size)];
    const prepared = await twin.prepare(mine);
    list.push({ name: `rank, ${plan}`, run: () => prepared.rank(theirs), close: async () => undefined });
    list.push({
      name: `prepare and rank, ${plan}`,
      run: async () => (await twin.prepare(mine)).rank(theirs),
      close: () => twin.close(),
    });
  }
  return [...list, await searched("kernel", model, size, threads, "kernel")];
}
