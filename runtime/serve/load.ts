// `load`: a build folder becomes something that ranks.

import type { ModelTypes, Twin, Typed } from "../twin/index.ts";
import { ReleasedTwin } from "./released.ts";
import { checkOptions, type LoadOptions, LocalTwin } from "./twin.ts";
import { WorkerTwin } from "./workers/pool.ts";

/**
 * Opens what `twin build` and `twin table build` wrote.
 *
 * A folder that `twin release` was asked for is served by its releases: whichever its pointer names, also when that moves. One
 * that has none is served as it lies until its first release.
 * Every file is checked against the manifest; sessions are opened when they are first needed. A folder without built
 * tables loads: such a request must bring the features of the items in its history.
 * `load<Model>(…)`, with the `Model` that `twin types` wrote, knows the model's columns and labels; requests are checked either way.
 * @throws TwinError naming the file, or the option, and the way out
 */
export function load(dir: string, options?: LoadOptions): Promise<Twin>;
export function load<M extends ModelTypes>(dir: string, options?: LoadOptions): Promise<Typed<Twin, M>>;
export async function load(dir: string, options: LoadOptions = {}): Promise<Twin> {
  const { workers, release } = checkOptions(options);
  const open = (folder: string): Promise<Twin> =>
    workers === 0 ? LocalTwin.open(folder, options) : WorkerTwin.open(folder, options, workers);
  return release === "follow" ? ReleasedTwin.open(dir, open) : open(dir);
}
