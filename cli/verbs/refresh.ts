// `twin table refresh DIR --data DATA`: newest items and weights, built, tried, published and released, again and again.
import { join } from "node:path";
import { defaultOutsideAbove } from "../../compiler/plan/plan.ts";
import type { Manifest } from "../../contract/manifest.ts";
import { storedTypes } from "../../contract/port-spec.ts";
import { readBinding } from "../../runtime/data/index.ts";
import { refreshPath } from "../../runtime/host/build-folder.ts";
import { readManifest } from "../../runtime/host/manifest-file.ts";
import { type CycleEnd, drive, periodOf, refreshOnce } from "../../runtime/refresh/index.ts";
import { readRefresh, refreshStatus } from "../../runtime/release/index.ts";
import { recovered } from "../../runtime/serve/index.ts";
import { type RunWeights, readRun } from "../../runtime/train/index.ts";
import type { RefreshStatus } from "../../runtime/twin/index.ts";
import { secondsOf } from "../duration.ts";
import { WrongUsage } from "../failure.ts";
import { quietNativeLog } from "../native-log.ts";
import { expectProviders } from "../open-twin.ts";
import { print, printJson, say } from "../output.ts";
import { showProgress, stoppable } from "../progress.ts";
import { buildTo } from "./build.ts";

interface RefreshOptions {
  readonly data?: string;
  readonly weightsFrom?: string;
  readonly every?: string;
  readonly keep: number;
  readonly grace: string;
  readonly workers: number;
  readonly providers: readonly string[];
  readonly status?: boolean;
  readonly json?: boolean;
}

export async function refreshTables(dir: string, options: RefreshOptions): Promise<void> {
  if (options.status) {
    showStatus(dir, options.json ?? false);
    return;
  }
  const { data, weightsFrom: run, keep, workers, providers, json = false } = options;
  if (data === undefined) {
    throw new WrongUsage("say where the items come from: --data data.yaml (or --status, for how a refresh stands)");
  }
  expectProviders(providers);
  const grace = secondsOf(options.grace, "--grace");
  const asked = options.every === undefined ? null : secondsOf(options.every, "--every");
  if (asked !== null && asked < 1) {
    throw new WrongUsage(`--every: ${options.every} is less than a second`);
  }
  // What is named wrongly is no failure that might pass: it is said before anything begins.
  readBinding(data);
  if (run !== undefined) {
    readRun(run);
  }
  quietNativeLog();
  const warn = (message: string): void => say(`warning: ${message}`);
  const every = asked ?? periodOf(readManifest(recovered(dir, warn)));
  await stoppable((signal) =>
    drive({
      ...{ dir, every, signal, warn },
      told: (end) => tell(dir, end, json),
      cycle: (notes) =>
        refreshOnce(
          {
            ...{ dir, keep, grace, workers, providers, signal, warn },
            run: run ?? null,
            binding: () => readBinding(data),
            build: (weights, manifest, stop) => buildAgain(dir, run ?? "", weights, manifest, stop),
            onProgress: showProgress(),
          },
          notes,
        ),
    }),
  );
}

/** Builds a run's model into the folder, with the options that the build there had. */
async function buildAgain(
  dir: string,
  run: string,
  weights: RunWeights,
  { embeddings, graphs }: Manifest,
  signal: AbortSignal,
): Promise<void> {
  const outside = embeddings.filter(({ placement }) => placement.kind === "outside");
  const narrow = storedTypes.find((type) => Object.values(graphs).some((graph) => graph?.variants?.[type]));
  const told = outside.some(({ rows, dim }) => 4 * rows * dim <= defaultOutsideAbove);
  await buildTo(
    join(run, "model", readRun(run).source),
    {
      output: dir,
      embeddings: outside.length === 0 ? "inside" : told ? "outside" : "auto",
      ...(narrow && { tableInput: narrow }),
    },
    { learned: { weights, run }, signal },
  );
}

function tell(dir: string, end: CycleEnd, json: boolean): void {
  if (json) {
    print(JSON.stringify(end));
    return;
  }
  const next = end.next === null ? "" : `; next in ${secondsText(end.next)}`;
  const took = `in ${secondsText(end.seconds)}`;
  if (end.outcome === "failed") {
    say(`${dir}: failed ${took}${end.failures > 1 ? `, ${end.failures} times in a row` : ""}: ${end.because}`);
    say(`${dir}: the release before serves on${next}`);
  } else {
    print(
      end.outcome === "released"
        ? `${dir}: release ${end.release} serves, made ${took}: ${end.because}${next}`
        : `${dir}: nothing new (${end.because}); release ${end.release} serves${next}`,
    );
  }
}

const secondsText = (seconds: number): string =>
  seconds < 120 ? `${seconds.toFixed(1)} s` : `${(seconds / 60).toFixed(1)} min`;

function showStatus(dir: string, json: boolean): void {
  const file = readRefresh(refreshPath(dir));
  const status = file && refreshStatus(file);
  if (json) {
    printJson(status);
  } else {
    print(
      status === null ? `nobody has refreshed ${dir} yet: twin table refresh ${dir} --data DATA` : statusText(status),
    );
  }
}

function statusText({ owner, every, doing, next, last, failures, succeeded }: RefreshStatus): string {
  const who =
    owner === null || owner.state === "ended"
      ? "nobody refreshes it now"
      : `process ${owner.pid}${owner.state === "elsewhere" ? " of another machine or container" : ""} refreshes it${every === null ? ", once" : `, every ${secondsText(every)}`}`;
  const running = owner !== null && owner.state !== "ended";
  return [
    who,
    ...(doing === null ? [] : [`${running ? "now   " : "ended in "}${doing}`]),
    ...(running && next !== null ? [`next  ${next}`] : []),
    ...(last === null ? [] : [`last  ${last.outcome}, ${last.begun} to ${last.ended}: ${last.because}`]),
    ...(failures > 0 ? [`      ${failures} in a row failed${running ? "; the release before serves on" : ""}`] : []),
    ...(succeeded === null ? [] : [`new   as of ${succeeded}`]),
  ].join("\n");
}
