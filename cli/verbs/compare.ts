// `twin compare FILE… --data DATA -o DIR`: models on the same data, with as many trials each, judged once on the test part.
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { TwinError } from "../../contract/error.ts";
import { bindingKey, readBinding } from "../../runtime/data/index.ts";
import { exportRows } from "../../runtime/evaluate/index.ts";
import { expectFile, writeFileAtomic } from "../../runtime/host/files.ts";
import { meter } from "../../runtime/host/progress.ts";
import type { UserCount } from "../../runtime/learn/index.ts";
import { type Contender, contendersAmong, expectLabel, labelOf } from "../compare/contenders.ts";
import { differsFrom } from "../compare/differs.ts";
import { otherSystem } from "../compare/others.ts";
import type { Figure } from "../compare/outcome.ts";
import { renderComparison } from "../compare/page.ts";
import { type ComparisonReport, type Measured, reportOf } from "../compare/report.ts";
import type { Done, Shared } from "../compare/run-once.ts";
import { RunProgress } from "../compare/run-progress.ts";
import { type Screening, screen } from "../compare/screening.ts";
import { type Chosen, type Comparing, choose, jobsOf, judge, measure, runOf } from "../compare/stages.ts";
import { comparisonCsv, comparisonText } from "../compare/text.ts";
import { WrongUsage } from "../failure.ts";
import { quietNativeLog } from "../native-log.ts";
import { print, printJson, say } from "../output.ts";
import { showProgress, stoppable } from "../progress.ts";

export interface CompareOptions {
  readonly data: string;
  readonly output: string;
  readonly seeds: number;
  readonly few?: number;
  readonly best?: number;
  readonly keep?: readonly string[];
  readonly trials: number;
  readonly trialUsers?: UserCount;
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

/** Systems that have all seeds for being the best, where nothing else is said. */
const best = 3;

export async function compareModels(files: readonly string[], options: CompareOptions): Promise<void> {
  quietNativeLog();
  const contenders = contendersAmong(files);
  expectScreening(options, contenders);
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
  const { data, output, by, seed, seeds, trials, hitRate } = options;
  const length = { epochs: options.epochs ?? null, steps: options.steps ?? null };
  const shared: Comparing = {
    ...{ data, output, by, seed, seeds, trials, hitRate, binding, label, length },
    // As the files are written, so that it does not hang on the trials.
    k: Math.max(1, ...contenders.flatMap(({ model }) => model.searches.map(({ keep }) => keep))),
    dataFingerprint: await bindingKey(binding),
    trialUsers: options.trialUsers ?? null,
    trialLength: {
      epochs: options.trialEpochs ?? length.epochs,
      steps: options.trialSteps ?? length.steps,
    },
    threads: options.threads ?? null,
    historyEdges: options.historyEdges ?? null,
    progress: new RunProgress(contenders.length * ((trials > 1 ? trials : 0) + (options.few ?? seeds))),
  };
  const chosen: Chosen[] = [];
  for (const one of contenders) {
    chosen.push(await choose(one, shared));
  }
  const { runs, screening } = await judgeAll(chosen, shared, options);
  const measured: Measured[] = [];
  for (const [i, one] of chosen.entries()) {
    const { contender, trials: tried, best: taken } = one;
    measured.push({
      name: contender.name,
      file: contender.file,
      differs: differsFrom(contenders[0].model, contender.model),
      trials: tried,
      chosen: taken.number,
      runs: runs[i],
      ...(await measure(one, runs[i][0], shared)),
    });
  }
  if (options.exportRows !== undefined) {
    await exported(options.exportRows, jobsOf(shared, contenders[0]));
  }
  const others = [];
  for (const file of options.predictions ?? []) {
    const first = jobsOf(shared, contenders[0]);
    others.push(await otherSystem(file, binding, measured[0], runOf(shared, contenders[0]), first));
  }
  write(reportOf({ data, label, by, screening }, measured, others, seed), options);
}

/** @throws WrongUsage where there is nothing to screen, or a model is named that is not compared */
function expectScreening({ few, seeds, best: most, keep }: CompareOptions, contenders: readonly Contender[]): void {
  if (few === undefined && (most !== undefined || keep !== undefined)) {
    throw new WrongUsage(
      `--${most === undefined ? "keep" : "best"} says who has all seeds where the others have few: add --few N`,
    );
  }
  if (few !== undefined && few >= seeds) {
    throw new WrongUsage(`--few ${few} leaves no seeds for the best: name fewer than the ${seeds} of --seeds`);
  }
  const unknown = keep?.find((name) => !contenders.some((one) => one.name === name));
  if (unknown !== undefined) {
    const names = contenders.map(({ name }) => name).join(", ");
    throw new WrongUsage(`--keep ${unknown}: there is no model of that name among these: ${names}`);
  }
}

/** All seeds of every model; with `few` so many, and all of those that come first on the validation part or are named. */
async function judgeAll(
  chosen: readonly Chosen[],
  shared: Comparing,
  { seeds, few, best: most = best, keep = [] }: CompareOptions,
): Promise<{ readonly runs: readonly (readonly Done[])[]; readonly screening: Screening | null }> {
  const runs: Done[][] = [];
  for (const one of chosen) {
    runs.push(await judge(one, shared, 1, few ?? seeds));
  }
  if (few === undefined) {
    return { runs, screening: null };
  }
  const found = chosen.map(({ contender: { name } }, i) => ({
    name,
    validation: runs[i].map(({ outcome }) => outcome.validation),
  }));
  const screening = screen(found, { few, best: most, by: shared.by, named: keep });
  const taken = screening.systems.flatMap(({ taken: why }, i) => (why === null ? [] : [i]));
  shared.progress.expect(taken.length * (seeds - few));
  for (const i of taken) {
    runs[i].push(...(await judge(chosen[i], shared, few + 1, seeds)));
  }
  return { runs, screening };
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
