// `twin compare FILE… --data DATA -o DIR`: models on the same data, with as many trials each, judged once on the test part.
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { check, joined, load, type Model } from "../../compiler/index.ts";
import { TwinError } from "../../contract/error.ts";
import { fingerprintOf } from "../../contract/fingerprint.ts";
import { streams } from "../../contract/random.ts";
import { type Binding, bindingKey, readBinding } from "../../runtime/data/index.ts";
import { exportRows } from "../../runtime/evaluate/index.ts";
import { expectFile, readText, writeFileAtomic } from "../../runtime/host/files.ts";
import { meter } from "../../runtime/host/progress.ts";
import { differsFrom } from "../compare/differs.ts";
import { otherSystem } from "../compare/others.ts";
import type { Figure } from "../compare/outcome.ts";
import { renderComparison } from "../compare/page.ts";
import { type ComparisonReport, type Measured, reportOf, type Tried } from "../compare/report.ts";
import { type Done, type Job, runOnce, type Shared } from "../compare/run-once.ts";
import { type SearchPrice, searchPrice } from "../compare/search-price.ts";
import { type Served, serve } from "../compare/served.ts";
import { comparisonCsv, comparisonText } from "../compare/text.ts";
import { type Trial, trialsOf } from "../compare/trials.ts";
import { WrongUsage } from "../failure.ts";
import { quietNativeLog } from "../native-log.ts";
import { print, printJson, say } from "../output.ts";
import { showProgress, stoppable } from "../progress.ts";
import { reader } from "../sources.ts";
import { checked } from "./show.ts";

export interface CompareOptions {
  readonly data: string;
  readonly output: string;
  readonly seeds: number;
  readonly trials: number;
  readonly epochs?: number;
  readonly steps?: number;
  readonly trialEpochs?: number;
  readonly trialSteps?: number;
  readonly label?: string;
  readonly by: keyof Figure;
  readonly seed: number;
  readonly threads?: number;
  readonly historyEdges?: readonly number[];
  readonly hitRate: number;
  readonly predictions?: readonly string[];
  readonly exportRows?: string;
  readonly json?: boolean;
}

interface Contender {
  readonly name: string;
  readonly file: string;
  readonly model: Model;
  /** Without imports. */
  readonly text: string;
}

export async function compareModels(files: readonly string[], options: CompareOptions): Promise<void> {
  quietNativeLog();
  const contenders = modelsAmong(files).map(contender);
  expectNames(contenders);
  const binding = readBinding(options.data);
  if (binding.split === null) {
    throw new TwinError(
      `${options.data}: there is no validation part to choose settings by, and no test part to judge on. Add \`split: {by: time, train: ..DATE, validation: ..DATE, test: rest}\``,
    );
  }
  const label = options.label ?? labelOf(contenders[0].model);
  for (const { file, model } of contenders) {
    expectLabel(file, model, label);
  }
  for (const file of options.predictions ?? []) {
    expectFile(file, "name the file with the other system's scores");
  }
  expectFolder(options.output);
  const shared = {
    options,
    binding,
    dataFingerprint: await bindingKey(binding),
    label,
    progress: new Progress(
      contenders.length * (options.trials > 1 ? options.trials : 0) + contenders.length * options.seeds,
    ),
  };
  const chosen: { readonly contender: Contender; readonly trials: readonly Tried[]; readonly best: Trial }[] = [];
  for (const one of contenders) {
    chosen.push({ contender: one, ...(await choose(one, shared)) });
  }
  const measured: Measured[] = [];
  for (const { contender: one, trials, best } of chosen) {
    measured.push(await measure(one, trials, best, contenders[0].model, shared));
  }
  if (options.exportRows !== undefined) {
    await exported(options.exportRows, jobsOf(shared, contenders[0]));
  }
  const others = [];
  for (const file of options.predictions ?? []) {
    others.push(
      await otherSystem(
        file,
        binding,
        measured[0],
        runOf(options.output, contenders[0].name),
        jobsOf(shared, contenders[0]),
      ),
    );
  }
  const about = { data: options.data, label, by: options.by };
  write(reportOf(about, measured, others, options.seed), options);
}

interface Comparing {
  readonly options: CompareOptions;
  readonly binding: Binding;
  readonly dataFingerprint: string;
  readonly label: string;
  readonly progress: Progress;
}

/** What the others import, and a shell's pattern brings along, is left out. */
function modelsAmong(files: readonly string[]): string[] {
  const models = files.filter((file) => {
    const { entry } = load(file, reader(file));
    const isLibrary = entry.model === undefined && entry.source.text !== "" && entry.sections.length > 0;
    if (isLibrary) {
      say(`note: ${file} has no \`model\`: it is left out`);
    }
    return !isLibrary;
  });
  if (models.length === 0) {
    throw new WrongUsage("there is no model among these files: name at least one");
  }
  return models;
}

function contender(file: string): Contender {
  checked(file);
  const text = joined(load(file, reader(file)));
  const alone = check(load(file, () => text)).model;
  if (alone === null) {
    throw new Error(`${file} without its imports is no model any more`);
  }
  return { name: basename(file, ".twin"), file, model: alone, text };
}

function expectNames(contenders: readonly Contender[]): void {
  const twice = contenders.find(({ name }, i) => contenders.findIndex((one) => one.name === name) !== i);
  if (twice !== undefined) {
    const { file } = contenders.find(({ name }) => name === twice.name)!;
    throw new WrongUsage(
      `${file} and ${twice.file} would have one name, ${twice.name}, in the report: give one file another name`,
    );
  }
}

const mark = "compare.json";

/** @throws TwinError where the folder holds something else */
function expectFolder(dir: string): void {
  mkdirSync(dir, { recursive: true });
  if (!existsSync(join(dir, mark))) {
    if (readdirSync(dir).length > 0) {
      throw new TwinError(`${dir} holds files that are no comparison; name a new or empty folder with -o`);
    }
    writeFileAtomic(join(dir, mark), `${JSON.stringify({ format: 1, what: "a comparison of twin compare" })}\n`);
  }
}

/** @throws TwinError naming the labels that there are */
function expectLabel(file: string, { towers }: Model, label: string): void {
  const names = towers.flatMap(({ tasks }) => tasks.filter(({ kind }) => kind === "binary").map((task) => task.label));
  if (!names.includes(label)) {
    throw new TwinError(
      names.length === 0
        ? `${file} has no binary label to be compared by`
        : `${file} has no binary label \`${label}\` to compare by; there are: ${names.join(", ")}`,
    );
  }
}

const labelOf = ({ towers }: Model): string =>
  towers.flatMap(({ tasks }) => tasks).find(({ kind }) => kind === "binary")?.label ?? "";

const jobsOf = ({ options, dataFingerprint, label }: Comparing, { name }: Contender): Shared => ({
  data: options.data,
  dataFingerprint,
  cache: join(options.output, "data", name),
  label,
  threads: options.threads ?? null,
  historyEdges: options.historyEdges ?? null,
});

const runOf = (output: string, name: string, of = "seed-1"): string => join(output, "runs", name, of);

/** What the first model's towers and attention can read of every row, for systems of others. */
async function exported(file: string, { cache, label }: Shared): Promise<void> {
  const rows = await stoppable(async (signal) => {
    const progress = meter("rows", 0, showProgress());
    const count = await exportRows(cache, label, file, { signal, onRows: (more) => progress.add(more) });
    progress.done();
    return count;
  });
  say(`${file}: ${rows.toLocaleString("en-GB")} rows, for other systems; their scores come back by --predictions`);
}

/** Trains with each trial's settings and takes the best on the validation part; of one trial the file as it stands. */
async function choose(one: Contender, shared: Comparing): Promise<{ trials: readonly Tried[]; best: Trial }> {
  const { options, progress } = shared;
  const trials = trialsOf(one.text, one.model, options.trials, options.seed);
  if (trials.length === 1) {
    return { trials: [], best: trials[0] };
  }
  const tried: Tried[] = [];
  for (const trial of trials) {
    const { number, changes, text } = trial;
    const what = `${one.name}, trial ${number} of ${trials.length}${changes.length === 0 ? " (as written)" : `: ${changes.join(", ")}`}`;
    const job: Job = {
      dir: runOf(options.output, one.name, `trial-${number}`),
      text,
      seed: one.model.train.seed,
      part: "validation",
      epochs: options.trialEpochs ?? options.epochs ?? null,
      steps: options.trialSteps ?? options.steps ?? null,
    };
    const { outcome } = await progress.step(what, () => runOnce(job, jobsOf(shared, one), false));
    tried.push({ number, changes, validation: figureOf(outcome) });
  }
  const merit = ({ validation }: Tried) => (options.by === "logloss" ? -validation.logloss : validation[options.by]);
  const best = tried.reduce((found, next) => (merit(next) > merit(found) ? next : found));
  return { trials: tried, best: trials[best.number - 1] };
}

const figureOf = ({ auc, gauc, logloss }: Figure): Figure => ({ auc, gauc, logloss });

/** Trains with fresh seeds, and looks at the test part once each. */
async function measure(
  one: Contender,
  trials: readonly Tried[],
  best: Trial,
  first: Model,
  shared: Comparing,
): Promise<Measured> {
  const { options, binding, progress, dataFingerprint } = shared;
  const done: Done[] = [];
  for (let i = 1; i <= options.seeds; i++) {
    const job: Job = {
      dir: runOf(options.output, one.name, `seed-${i}`),
      text: best.text,
      // The model's own seed is that of the trials, by which it was chosen.
      seed: streams.ensemble(one.model.train.seed, i + 1),
      part: "test",
      epochs: options.epochs ?? null,
      steps: options.steps ?? null,
    };
    done.push(
      await progress.step(`${one.name}, seed ${i} of ${options.seeds}`, () =>
        runOnce(job, jobsOf(shared, one), i === 1),
      ),
    );
  }
  const dir = runOf(options.output, one.name);
  const fingerprint = fingerprintOf({
    text: best.text,
    data: dataFingerprint,
    step: done[0].outcome,
    hitRate: options.hitRate,
    threads: options.threads,
  });
  const served = await keptJson<Served>(join(dir, "served.json"), fingerprint, () =>
    serve(dir, join(dir, "model.twin"), done[0].weights, binding, options.hitRate, options.threads ?? null),
  );
  const { cache, label, threads } = jobsOf(shared, one);
  const { text } = best;
  const price = await keptJson<SearchPrice | null>(join(dir, "price.json"), fingerprint, () =>
    searchPrice(
      { dir, text, model: one.model, weights: done[0].weights, binding, part: "test", label, cache, threads },
      done[0].outcome,
    ),
  );
  return {
    name: one.name,
    file: one.file,
    differs: differsFrom(first, one.model),
    trials,
    chosen: best.number,
    runs: done,
    served,
    price,
  };
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

function write(report: ComparisonReport, { output, json, data }: CompareOptions): void {
  const text = comparisonText(report);
  writeFileAtomic(join(output, "report.txt"), `${text}\n`);
  writeFileAtomic(join(output, "report.json"), `${JSON.stringify(report, null, 2)}\n`);
  writeFileAtomic(join(output, "report.csv"), comparisonCsv(report));
  writeFileAtomic(join(output, "report.html"), renderComparison(report));
  if (json) {
    printJson(report);
  } else {
    print(`${text}\n\nwritten: ${join(output, "report.html")}, .txt, .json and .csv; ${data} was read`);
  }
}

/** Which run is on, and how long the others may take. */
class Progress {
  readonly #all: number;
  #done = 0;
  #seconds = 0;
  #ran = 0;

  constructor(all: number) {
    this.#all = all;
  }

  async step<T>(what: string, job: () => Promise<T>): Promise<T> {
    const left =
      this.#ran === 0 ? "" : `, about ${minutes(((this.#all - this.#done) * this.#seconds) / this.#ran)} left`;
    say(`run ${this.#done + 1} of ${this.#all}${left}: ${what}`);
    const begun = performance.now();
    const result = await job();
    const seconds = (performance.now() - begun) / 1000;
    this.#done++;
    // What was done before takes no time, and says nothing of what is left.
    if (seconds > 1) {
      this.#ran++;
      this.#seconds += seconds;
    }
    return result;
  }
}

const minutes = (seconds: number): string =>
  seconds < 90
    ? `${Math.ceil(seconds)} s`
    : seconds < 5400
      ? `${Math.ceil(seconds / 60)} min`
      : `${(seconds / 3600).toFixed(1)} h`;
