// `load`: a build folder becomes something that ranks.
import type { Twin } from "../twin/index.ts";
import { checkOptions, type LoadOptions, LocalTwin } from "./twin.ts";
import { WorkerTwin } from "./workers/pool.ts";

/**
 * Opens what `twin build` and `twin table build` wrote.
 *
 * Every file is checked against the manifest; sessions are opened when they are first needed. A folder without built
 * tables loads: such a request must bring the features of the items in its history.
 * @throws TwinError naming the file, or the option, and the way out
 */
export async function load(dir: string, options: LoadOptions = {}): Promise<Twin> {
  const { workers } = checkOptions(options);
  return workers === 0 ? LocalTwin.open(dir, options) : WorkerTwin.open(dir, options, workers);
}
