// The stages of a comparison for one model: settings chosen by trials, runs of fresh seeds, what it costs to serve.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fingerprintOf } from "../../contract/fingerprint.ts";
import { streams } from "../../contract/random.ts";
import type { Binding } from "../../runtime/data/index.ts";
import { readText, writeFileAtomic } from "../../runtime/host/files.ts";
import type { UserCount } from "../../runtime/learn/index.ts";
import { searchPrice } from "../search-price.ts";
import type { Contender } from "./contenders.ts";
import type { Figure } from "./outcome.ts";
import type { Tried } from "./report.ts";
import { type Done, type Job, runOnce, type Shared } from "./run-once.ts";
import type { RunProgress } from "./run-progress.ts";
import { type Served, serve } from "./served.ts";
import { type Trial, trialsOf } from "./trials.ts";

/** What all models of a comparison share. */
export interface Comparing {
  readonly data: string;
  readonly output: string;
  readonly binding: Binding;
  readonly dataFingerprint: string;
  readonly label: string;
  readonly by: keyof Figure;
  readonly seed: number;
  readonly seeds: number;
  readonly trials: number;
  /** Whose samples trials train on; null: everybody's. */
  readonly trialUsers: UserCount | null;
  readonly length: Length;
  readonly trialLength: Length;
  readonly threads: number | null;
  readonly historyEdges: readonly number[] | null;
  /** Requests on which searches are held against their oracles. */
  readonly hitRate: number;
  /** Behaviours of a list of which hits are counted. */
  readonly k: number;
  readonly progress: RunProgress;
}

/** How long a run is; null: the model's. */
export type Length = Pick<Job, "epochs" | "steps">;

/** A model with the settings that were chosen for it. */
export interface Chosen {
  readonly contender: Contender;
  readonly trials: readonly Tried[];
  readonly best: Trial;
}

/** What the searches cost by the label that is compared. */
export type SearchPrice = Pick<Figure, "auc" | "gauc">;

export const jobsOf = (
  { data, output, dataFingerprint, label, threads, historyEdges }: Comparing,
  { name }: Contender,
): Shared => ({ data, dataFingerprint, cache: join(output, "data", name), label, threads, historyEdges });

/** Folder of one of a model's runs: `seed-1`, which keeps its weights, or another. */
export const runOf = ({ output }: Pick<Comparing, "output">, { name }: Contender, of = "seed-1"): string =>
  join(output, "runs", name, of);

/** Trains with each trial's settings and takes the best on the validation part; of one trial the file as it stands. */
export async function choose(one: Contender, shared: Comparing): Promise<Chosen> {
  const { by, seed, trialUsers, trialLength, progress } = shared;
  const trials = trialsOf(one.text, one.model, shared.trials, seed);
  if (trials.length === 1) {
    return { contender: one, trials: [], best: trials[0] };
  }
  const tried: Tried[] = [];
  for (const trial of trials) {
    const { number, changes, text } = trial;
    const what = `${one.name}, trial ${number} of ${trials.length}${changes.length === 0 ? " (as written)" : `: ${changes.join(", ")}`}`;
    const job: Job = {
      dir: runOf(shared, one, `trial-${number}`),
      text,
      seed: one.model.train.seed,
      part: "validation",
      ...trialLength,
      users: trialUsers === null ? null : { ...trialUsers, seed },
    };
    const { outcome } = await progress.step(what, () => runOnce(job, jobsOf(shared, one), false));
    tried.push({ number, changes, users: outcome.users, validation: figureOf(outcome) });
  }
  const merit = ({ validation }: Tried) => (by === "logloss" ? -validation.logloss : validation[by]);
  const best = tried.reduce((found, next) => (merit(next) > merit(found) ? next : found));
  return { contender: one, trials: tried, best: trials[best.number - 1] };
}

const figureOf = ({ auc, gauc, logloss }: Figure): Figure => ({ auc, gauc, logloss });

/** Trains with fresh seeds, of which each looks at the test part once. @param from number of the first run, from 1 */
export async function judge(
  { contender: one, best }: Chosen,
  shared: Comparing,
  from: number,
  to: number,
): Promise<Done[]> {
  const done: Done[] = [];
  for (let i = from; i <= to; i++) {
    const job: Job = {
      dir: runOf(shared, one, `seed-${i}`),
      text: best.text,
      // The model's own seed is that of the trials, by which it was chosen.
      seed: streams.ensemble(one.model.train.seed, i + 1),
      part: "test",
      ...shared.length,
      users: null,
    };
    const what = `${one.name}, seed ${i} of ${to}`;
    done.push(await shared.progress.step(what, () => runOnce(job, jobsOf(shared, one), i === 1)));
  }
  return done;
}

/** What the first run costs to serve, and what its searches do. */
export async function measure(
  { contender: one, best }: Chosen,
  first: Done,
  shared: Comparing,
): Promise<{ readonly served: Served; readonly price: SearchPrice | null }> {
  const { binding, dataFingerprint: data, hitRate: hitRequests, k, threads } = shared;
  const dir = runOf(shared, one);
  const { text } = best;
  const { outcome, weights } = first;
  const fingerprint = fingerprintOf({ text, data, step: outcome, hitRate: hitRequests, k, threads });
  const served = await keptJson<Served>(join(dir, "served.json"), fingerprint, () =>
    serve({ dir, file: join(dir, "model.twin"), text, weights, binding, hitRequests, k, threads }),
  );
  const { cache, label } = jobsOf(shared, one);
  const price = await keptJson<SearchPrice | null>(join(dir, "price.json"), fingerprint, async () => {
    const how = { cache, part: "test", ...(threads !== null && { threads }) } as const;
    const { auc, gauc } = outcome;
    const found = await searchPrice({ dir, text, model: one.model, weights, binding, ...how }, [{ label, auc, gauc }]);
    return found && { auc: found[0].auc, gauc: found[0].gauc };
  });
  return { served, price };
}

async function keptJson<T>(path: string, fingerprint: string, make: () => Promise<T>): Promise<T> {
  if (existsSync(path)) {
    const kept = JSON.parse(readText(path)) as { fingerprint: string; value: T };
    if (kept.fingerprint === fingerprint) {
      return kept.value;
    }
  }
  const value = await make();
  writeFileAtomic(path, JSON.stringify({ fingerprint, value }));
  return value;
}
