// `twin capacity FILE`: what serving a model takes, before anything is built.
import { existsSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Manifest } from "../../contract/manifest.ts";
import { type CapacityQuestion, capacity, lengthsOf, type Timed, timeGraphs } from "../../runtime/capacity/index.ts";
import { readManifest } from "../../runtime/host/manifest-file.ts";
import { temporaryFolder } from "../../runtime/host/temporary-folder.ts";
import { capacityText } from "../capacity/text.ts";
import { secondsOf } from "../duration.ts";
import { quietNativeLog } from "../native-log.ts";
import { print, printJson } from "../output.ts";
import { stoppable } from "../progress.ts";
import { buildTo } from "./build.ts";

interface CapacityOptions {
  readonly items: number;
  readonly candidatesPerSecond: number;
  readonly candidates: number;
  readonly history?: number;
  readonly refresh?: string;
  readonly session: number;
  readonly users?: number;
  readonly skew: number;
  readonly serverMemory: number;
  readonly serverFill: number;
  readonly serverKeys: number;
  readonly serverNetwork: number;
  readonly copies: number;
  readonly keyLength: number;
  readonly requestMs?: number;
  readonly measure: boolean;
  readonly json?: boolean;
}

/** @param file a model, or the folder of a build */
export async function capacityOf(file: string, options: CapacityOptions): Promise<void> {
  quietNativeLog();
  const { items, candidatesPerSecond, candidates, history = null, session, users = null, skew } = options;
  const refresh = options.refresh === undefined ? null : secondsOf(options.refresh, "--refresh");
  const question = (timed: Timed | null): CapacityQuestion => ({
    items,
    candidatesPerSecond,
    candidates,
    history,
    refresh,
    session,
    skew,
    users,
    server: {
      memory: options.serverMemory,
      fill: options.serverFill,
      keysPerSecond: options.serverKeys,
      bitsPerSecond: options.serverNetwork,
      copies: options.copies,
      keyLength: options.keyLength,
    },
    timed,
  });
  const report = await withBuild(file, async (dir, manifest) => {
    const lengthOf = lengthsOf(manifest, history);
    const timed = options.measure
      ? await stoppable((signal) => timeGraphs(dir, manifest, { candidates, lengthOf }, signal))
      : null;
    return capacity(manifest, question(given(timed, options.requestMs)));
  });
  if (options.json) {
    printJson(report);
  } else {
    print(capacityText(report));
  }
}

const given = (timed: Timed | null, requestMilliseconds: number | undefined): Timed | null =>
  requestMilliseconds === undefined
    ? timed
    : { itemsPerSecond: null, ...timed, requestMilliseconds, processor: "as it was given" };

/** Of a folder as it lies; a model is built with start values into a folder that goes again. */
async function withBuild<T>(file: string, use: (dir: string, manifest: Manifest) => Promise<T>): Promise<T> {
  if (existsSync(file) && statSync(file).isDirectory()) {
    return await use(file, readManifest(file));
  }
  const folder = temporaryFolder("capacity");
  try {
    const output = join(folder, "build");
    const { manifest } = await buildTo(file, { output });
    return await use(output, manifest);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
