// What a model's graphs take on this machine, with one thread: their milliseconds are those of a core.
import { availableParallelism, cpus } from "node:os";
import { join } from "node:path";
import type { GraphName, Manifest } from "../../contract/manifest.ts";
import { rankGraphs, route } from "../request/index.ts";
import { openFile } from "../session/session-node.ts";
import { type MadeUpSize, madeUp } from "./made-up.ts";

export interface Timed {
  /** Of the graphs that rank all candidates of one, by one core. */
  readonly requestMilliseconds: number;
  /** Rows of all tables together that one core projects; null: the model has no table. */
  readonly itemsPerSecond: number | null;
  readonly processor: string;
}

/** Items that are projected at a time. */
const batch = 4096;

/**
 * Times the graphs of a build by made-up inputs: some runs, of which the median counts.
 * @param signal stops between runs
 */
export async function timeGraphs(
  dir: string,
  manifest: Manifest,
  size: Omit<MadeUpSize, "items">,
  signal: AbortSignal,
): Promise<Timed> {
  const run = async (graph: GraphName): Promise<number> => {
    const spec = manifest.graphs[graph]!;
    const session = await openFile(join(dir, spec.file), { providers: ["cpu"], threads: 1, warn: () => undefined });
    try {
      const feeds = madeUp(manifest, graph, { ...size, lengthOf: size.lengthOf, items: batch });
      const times: number[] = [];
      const begun = performance.now();
      // The first is for the graph's memory; at least five more, and for a second.
      while (times.length < 6 || (performance.now() - begun < 1000 && times.length < 50)) {
        signal.throwIfAborted();
        const start = performance.now();
        await session.run(feeds);
        times.push(performance.now() - start);
      }
      const after = times.slice(1).sort((a, b) => a - b);
      return after[after.length >> 1];
    } finally {
      await session.close();
    }
  };
  const way = route(manifest, false);
  let requestMilliseconds = 0;
  for (const graph of way.request === null ? rankGraphs(way) : [way.request]) {
    requestMilliseconds += graph === null ? 0 : await run(graph);
  }
  const projector = manifest.graphs.projector === undefined ? null : await run("projector");
  return {
    requestMilliseconds,
    itemsPerSecond: projector === null ? null : (1000 * batch) / projector,
    processor: `${cpus()[0]?.model.trim() ?? "a processor"}, one of ${availableParallelism()} cores`,
  };
}
