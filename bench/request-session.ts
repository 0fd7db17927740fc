// A graph of the benchmark's model as a contender: its session, run in chunks of candidates as the runtime runs it.
import type { Contender } from "./measure.ts";
import type { Sizes } from "./opponents/sizes.ts";
import type { RequestModel } from "./request-model.ts";

/** Candidates are run in chunks whose scores fit in about a quarter of a gigabyte, as the runtime does it. */
const chunkOf = ({ candidates, history, heads }: Sizes) =>
  Math.max(1, Math.min(candidates, Math.floor(2 ** 26 / (heads * history))));

/** A session of one of the model's graphs, run for all candidates of a size. */
export async function contestant(
  name: string,
  model: RequestModel,
  graph: string,
  size: Sizes,
  threads: number,
): Promise<Contender & { close(): Promise<void> }> {
  const session = await model.session(graph, threads);
  const chunk = chunkOf(size);
  const pieces: { feeds: Awaited<ReturnType<RequestModel["feeds"]>>; count: number }[] = [];
  for (let done = 0; done < size.candidates; done += chunk) {
    const count = Math.min(chunk, size.candidates - done);
    const same = pieces.find((piece) => piece.count === count);
    const known = same?.feeds ?? (await model.feeds({ ...size, candidates: count }));
    const feeds = Object.fromEntries(session.inputNames.map((input) => [input, known[input]]));
    pieces.push({ feeds, count });
  }
  return {
    name,
    async run() {
      for (const { feeds } of pieces) {
        await session.run(feeds);
      }
    },
    close: () => session.release(),
  };
}
