// `twin evaluate DIR --data DATA`: how good a model is. `--self-test`: whether a build computes what it should.
import { join } from "node:path";
import { type Binding, readBinding } from "../../runtime/data/index.ts";
import {
  type BatchOptions,
  type BatchScoring,
  type EvaluateOptions,
  type EvaluationReport,
  ensembleText,
  evaluateEnsemble,
  evaluate as evaluateTwin,
  evaluationText,
  openBatchScoring,
} from "../../runtime/evaluate/index.ts";
import { meter } from "../../runtime/host/progress.ts";
import { selfTest, selfTestText } from "../../runtime/index.ts";
import type { Part } from "../../runtime/learn/index.ts";
import { LocalTwin } from "../../runtime/serve/index.ts";
import { isEnsemble } from "../../runtime/train/index.ts";
import { type EvaluatedPrice, evaluatedPrice, expectBuiltOf, priceText } from "../evaluated-price.ts";
import { Failed, WrongUsage } from "../failure.ts";
import { quietNativeLog } from "../native-log.ts";
import { loadOptions, type RuntimeOptions, warner } from "../open-twin.ts";
import { print, printJson, say } from "../output.ts";
import { showProgress, stoppable } from "../progress.ts";

interface Options extends RuntimeOptions {
  readonly data?: string;
  readonly part?: Part;
  readonly at: readonly number[];
  readonly users?: number;
  readonly historyEdges?: readonly number[];
  readonly requestColumn?: string;
  readonly predictions?: string;
  readonly positives?: number;
  readonly candidates?: number;
  readonly rows?: string;
  /** True where no number is given. */
  readonly hitRate?: number | true;
  /** True where no number is given. */
  readonly importance?: number | true;
  readonly repeats?: number;
  readonly table?: string;
  /** The file that the build was made of. */
  readonly searchPrice?: string;
  readonly serving?: boolean;
  readonly cache?: string;
  readonly selfTest?: boolean;
  readonly requests: number;
  readonly seed: number;
  readonly json?: boolean;
}

/** Requests of a hit rate where no number is given. */
const hitRequests = 200;

export async function evaluate(dir: string, options: Options): Promise<void> {
  quietNativeLog();
  if (isEnsemble(dir)) {
    await testEnsemble(dir, options);
  } else if (options.selfTest) {
    await testBuild(dir, options);
  } else if (options.data !== undefined) {
    await testModel(dir, options.data, options);
  } else {
    throw new WrongUsage("say what to evaluate on: --data DATA, or --self-test");
  }
}

async function testBuild(dir: string, options: Options): Promise<void> {
  const { requests, seed, json } = options;
  const { providers, threads, plan } = loadOptions(options);
  const report = await selfTest(dir, {
    requests,
    seed,
    warn: (message) => say(`warning: ${message}`),
    ...(providers !== undefined && { providers }),
    ...(threads !== undefined && { threads }),
    ...(plan !== undefined && { plan }),
  });
  if (json) {
    printJson(report);
  } else {
    print(selfTestText(report));
  }
  if (!report.passed) {
    throw new Failed(`${dir}: the self-test failed`);
  }
}

/** What is asked of one model alone. */
const ofOne = [
  ["selfTest", "self-test"],
  ["hitRate", "hit-rate"],
  ["table", "table"],
  ["importance", "importance"],
  ["repeats", "repeats"],
  ["serving", "serving"],
  ["searchPrice", "search-price"],
  ["requestColumn", "request-column"],
  ["predictions", "predictions"],
  ["positives", "positives"],
  ["candidates", "candidates"],
  ["rows", "rows"],
] as const;

async function testEnsemble(dir: string, options: Options): Promise<void> {
  const other = ofOne.find(([name]) => options[name] !== undefined);
  if (other !== undefined) {
    throw new WrongUsage(
      `--${other[1]} is of one model, and ${dir} is an ensemble: build a member (twin build FILE --weights ${join(dir, "1/weights.safetensors")} -o DIR) and evaluate that`,
    );
  }
  if (options.data === undefined) {
    throw new WrongUsage("say what to evaluate on: --data DATA");
  }
  // What is wrong with the options themselves.
  evaluateOptions(options);
  const binding = readBinding(options.data);
  const { at, historyEdges, part, users, cache, threads, providers } = options;
  const onProgress = showProgress();
  const report = await stoppable(async (signal) => {
    const progress = meter("rows", 0, onProgress);
    const found = await evaluateEnsemble(dir, binding, {
      ks: at,
      signal,
      onProgress,
      onRows: (count) => progress.add(count),
      note: (message) => say(`note: ${message}`),
      ...(historyEdges !== undefined && { historyEdges }),
      ...(part !== undefined && { part }),
      ...(users !== undefined && { users }),
      ...(cache !== undefined && { cache }),
      ...(threads !== undefined && { threads }),
      ...(providers !== undefined && { providers }),
    });
    progress.done();
    return found;
  });
  if (options.json) {
    printJson(report);
  } else {
    print(ensembleText(report));
  }
}

async function testModel(dir: string, data: string, options: Options): Promise<void> {
  const settings = loadOptions(options);
  const wanted = evaluateOptions(options);
  const binding = readBinding(data);
  const twin = await LocalTwin.open(dir, settings);
  const warn = warner(twin);
  try {
    warn();
    if (options.searchPrice !== undefined) {
      await expectBuiltOf(options.searchPrice, twin.engine.artefacts);
    }
    const onProgress = showProgress();
    const report = await stoppable(async (signal) => {
      const scoring = options.serving ? null : await batchScoring(twin, binding, options, signal);
      const progress = meter("rows", 0, onProgress);
      const onRows = (count: number): void => {
        progress.add(count);
        warn();
      };
      try {
        const found = await evaluateTwin(twin, binding, {
          ...wanted,
          signal,
          onRows,
          onProgress,
          ...(scoring && { scoring }),
        });
        progress.done();
        return found;
      } finally {
        await scoring?.close();
      }
    });
    const price = await priceAsked(twin, binding, report, options);
    if (options.json) {
      printJson({ ...report, ...(price && { searchPrice: price }) });
    } else {
      print(evaluationText(report));
      if (price !== null) {
        print(`\n${priceText(price).join("\n")}`);
      }
    }
  } finally {
    await twin.close();
  }
}

async function priceAsked(
  { engine }: LocalTwin,
  binding: Binding,
  report: EvaluationReport,
  { searchPrice, cache, threads, providers, part, users }: Options,
): Promise<EvaluatedPrice | null> {
  return searchPrice === undefined
    ? null
    : evaluatedPrice(engine.artefacts.dir, searchPrice, binding, report, {
        ...(cache !== undefined && { cache }),
        ...(threads !== undefined && { threads }),
        ...(providers !== undefined && { providers }),
        ...(part !== undefined && { part }),
        ...(users !== undefined && { users }),
      });
}

/** Prepares the data, or finds it prepared, and opens the graphs that score in batches. */
export function batchScoring(
  { engine }: LocalTwin,
  binding: Binding,
  { cache, threads, samples, providers }: Pick<BatchOptions, "cache" | "threads" | "samples" | "providers">,
  signal: AbortSignal,
): Promise<BatchScoring> {
  return openBatchScoring(engine.artefacts, binding, {
    signal,
    onProgress: showProgress(),
    note: (message) => say(`note: ${message}`),
    ...(samples !== undefined && { samples }),
    ...(cache !== undefined && { cache }),
    ...(providers !== undefined && { providers }),
    ...(threads !== undefined && { threads }),
  });
}

/** @throws WrongUsage naming the option */
function evaluateOptions(options: Options): EvaluateOptions {
  if (options.serving && options.cache !== undefined) {
    throw new WrongUsage("--cache is for scoring in batches: leave out --serving");
  }
  const modelOnly = (["positives", "candidates", "rows", "importance", "searchPrice"] as const).find(
    (name) => options[name] !== undefined,
  );
  if (options.serving && modelOnly !== undefined) {
    throw new WrongUsage(
      `--${modelOnly === "searchPrice" ? "search-price" : modelOnly} is for scoring by the model itself: leave out --serving`,
    );
  }
  const { historyEdges: edges, hitRate, table, part, users, requestColumn, predictions } = options;
  const { positives, candidates, rows, importance, repeats } = options;
  if (repeats !== undefined && importance === undefined) {
    throw new WrongUsage("--repeats is for the importance: add --importance");
  }
  if (edges?.some((edge, i) => i > 0 && edge <= edges[i - 1])) {
    throw new WrongUsage("--history-edges: the ends must ascend, as in 10,100");
  }
  if (table !== undefined && hitRate === undefined) {
    throw new WrongUsage("--table is for the hit rate: add --hit-rate");
  }
  return {
    ks: options.at,
    seed: options.seed,
    hitRequests: hitRate === undefined ? 0 : hitRate === true ? hitRequests : hitRate,
    ...(edges !== undefined && { historyEdges: edges }),
    ...(table !== undefined && { table }),
    ...(part !== undefined && { part }),
    ...(users !== undefined && { users }),
    ...(requestColumn !== undefined && { request: requestColumn }),
    ...(predictions !== undefined && { predictions }),
    ...(positives !== undefined && { positives }),
    ...(candidates !== undefined && { candidates }),
    ...(rows !== undefined && { rowFile: rows }),
    ...(importance !== undefined && {
      importance: { ...(importance !== true && { rows: importance }), ...(repeats !== undefined && { repeats }) },
    }),
  };
}
