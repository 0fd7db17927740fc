// `twin train FILE --data DATA -o RUN`: learns a model's parameters from data, in a folder that can always go on.
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { env } from "onnxruntime-node";
import {
  type ArtefactFile,
  compile,
  featureSpecs,
  initialValues,
  load,
  type Model,
  type Parameter,
  parameters,
} from "../../compiler/index.ts";
import { TwinError } from "../../contract/error.ts";
import type { Manifest } from "../../contract/manifest.ts";
import { manifestFile, manifestJsonFile } from "../../contract/manifest-write.ts";
import { type Binding, expectSameVectors, prepareDataset, readBinding } from "../../runtime/data/index.ts";
import {
  contractDifferences,
  contractFingerprint,
  type ReadParameter,
  type TrainReport,
  type UserDraw,
} from "../../runtime/learn/index.ts";
import {
  cacheOf,
  createRun,
  defaultThreads,
  expectFolder,
  expectListed,
  hasCheckpoint,
  isEnsemble,
  isOwnCache,
  listRunFiles,
  openEarlierRun,
  performRun,
  type RunFile,
  type RunRecord,
  readNumbers,
  readRun,
  readRunManifest,
  readVectors,
  readVocabularies,
  recordedCache,
  runManifestFile,
  updateRun,
  warmStart,
  warmStartText,
} from "../../runtime/train/index.ts";
import { type Learned, learn } from "../learned.ts";
import { quietNativeLog } from "../native-log.ts";
import { expectProviders } from "../open-twin.ts";
import { print, printJson, say } from "../output.ts";
import { showLine, showProgress, stoppable } from "../progress.ts";
import { reader } from "../sources.ts";
import { ensembleText, trainEnsemble } from "../train-ensemble.ts";
import { evaluationLine, reportText, trainLine } from "../train-text.ts";
import { version } from "../version.ts";
import { digest } from "../weights.ts";
import { checked } from "./show.ts";

export interface TrainOptions {
  readonly data: string;
  readonly output: string;
  readonly from?: string;
  readonly resume?: boolean;
  readonly threads?: number;
  readonly providers?: readonly string[];
  readonly epochs?: number;
  readonly steps?: number;
  readonly seed?: number;
  readonly cache?: string;
  readonly evaluateEvery?: number;
  readonly checkpointEvery?: number;
  /** Whose samples are trained on; default everybody's. */
  readonly users?: UserDraw;
  /** Members of an ensemble. */
  readonly ensemble?: number;
  readonly json?: boolean;
}

export async function train(file: string, options: TrainOptions): Promise<void> {
  if (options.ensemble !== undefined || isEnsemble(options.output)) {
    await trainMembers(file, options);
    return;
  }
  const report = await trainTo(file, options);
  if (options.json) {
    printJson({ run: options.output, ...report });
  } else {
    print(reportText(report, options.output, file));
  }
}

async function trainMembers(file: string, options: TrainOptions): Promise<void> {
  const { name, train: learning } = checked(file);
  const members = await trainEnsemble({ name, seed: learning.seed }, options, (own, first) =>
    trainTo(file, own, first),
  );
  if (options.json) {
    printJson({ run: options.output, members });
  } else {
    print(ensembleText(members, options.output, file, options.data));
  }
}

/**
 * Trains without printing results; progress and what was read are said.
 * @param like a run whose vocabularies, scales and edges are taken; null: they are learned
 */
export async function trainTo(file: string, options: TrainOptions, like: string | null = null): Promise<TrainReport> {
  quietNativeLog();
  const { output, resume = false, providers = ["cpu"] } = options;
  expectProviders(providers);
  expectFolder(output, resume);
  const own = [file, options.data].map((path) => relative(output, path).replaceAll("\\", "/"));
  // The run's copies, where they are what is named.
  if (resume) {
    expectListed(output, (path) => own.includes(path) || (path.startsWith("model/") && own[0].startsWith("model/")));
  }
  const model = checked(file);
  const binding = readBinding(options.data);
  const known = resume ? output : like;
  for (const earlier of [known, options.from].filter((dir) => dir !== null && dir !== undefined)) {
    await expectSameVectors(binding, featureSpecs(model), readVectors(earlier), earlier);
  }
  const learned = known === null ? await learn(model, options.data, keptNumbers(options.from)) : learnedBefore(known);
  const { vocabularies } = learned;
  const { files, manifest } = compiled(file, learned);
  const record = resume
    ? resumed(output, manifest, options)
    : await started(file, manifest, files, { ...options, model, binding });
  const cache = cacheOf(output, record.cache);
  const prepared = await stoppable((signal) =>
    prepareDataset(binding, manifest, cache, {
      vocabularies,
      owner: isOwnCache(output, cache) ? "run" : "shared",
      signal,
      onProgress: showProgress(),
      note: (message) => say(`note: ${message}`),
    }),
  );
  const { training, validation, test } = prepared.spec.samples;
  say(
    `samples: ${training} training, ${validation} validation, ${test} test${prepared.reused ? " (prepared before)" : ""}`,
  );
  for (const warning of prepared.report.warnings) {
    say(`warning: ${warning}`);
  }
  const stopOn = manifest.train.stop?.on;
  if (prepared.spec.negatives !== null && stopOn !== undefined && stopOn !== "logloss") {
    say(`note: negatives are drawn, so training stops by the logloss of the drawn sample, not by its ${stopOn}`);
  }
  const start = await startValues(model, record, { ...manifest, vocabularies }, resume, output);
  const show = showLine();
  try {
    return await stoppable((signal) =>
      performRun({
        dir: output,
        data: { folder: cache, module: null },
        start: start.read,
        learned: start.learned,
        checkpointEvery: options.checkpointEvery ?? null,
        signal,
        warn: (message) => say(`warning: ${message}`),
        providers,
        onProgress: (progress) => show(trainLine(progress), progress.finished),
        onEvaluation: (evaluation) => {
          show(evaluationLine(evaluation), true);
          if (evaluation.warning !== null) {
            say(`warning: ${evaluation.warning}`);
          }
        },
      }),
    );
  } finally {
    start.close();
  }
}

/** What the run has learned of its data. */
const learnedBefore = (dir: string): Learned => ({
  vocabularies: readVocabularies(join(dir, "vocabularies")),
  numbers: readNumbers(dir),
  vectors: readVectors(dir),
});

/** Scales and edges of the run that is started from: its weights mean them. */
function keptNumbers(from: string | undefined): Learned["numbers"] {
  const numbers: Learned["numbers"] = from === undefined ? new Map() : readNumbers(from);
  if (numbers.size > 0) {
    say(`note: the scales and edges of ${from} are kept (${[...numbers.keys()].join(", ")}): its weights mean them`);
  }
  return numbers;
}

function compiled(file: string, learned: Learned) {
  const { files, manifest } = compile(file, { resolve: reader(file), version, digest, only: "training", ...learned });
  if (manifest === null) {
    throw new TwinError(`${file} has no model to train`);
  }
  return { files, manifest };
}

interface Starting extends TrainOptions {
  readonly model: Model;
  readonly binding: Binding;
}

/** Makes the folder of a new run. */
async function started(
  file: string,
  manifest: Manifest,
  files: readonly ArtefactFile[],
  options: Starting,
): Promise<RunRecord> {
  const { output, model, data, binding } = options;
  const record: RunRecord = {
    format: 2,
    model: model.name,
    source: relative(dirname(file), file),
    data: resolve(data),
    cache: recordedCache(output, options.cache),
    started: new Date().toISOString(),
    versions: { twin: version, node: process.version, onnxruntime: env.versions.node ?? "unknown" },
    seed: options.seed ?? manifest.train.seed,
    threads: options.threads ?? defaultThreads(),
    batch: manifest.train.batch,
    epochs: options.epochs ?? null,
    steps: options.steps ?? null,
    evaluate_every: options.evaluateEvery ?? null,
    from: options.from === undefined ? null : resolve(options.from),
    fingerprints: { spec: contractFingerprint(manifest), data: null },
    samples: null,
    files: null,
    ...(options.users && { users: { by: options.users, drawn: null } }),
  };
  if (options.from !== undefined) {
    (await openEarlierRun(options.from)).weights.close();
  }
  return createRun(output, record, runFiles(file, binding, files));
}

function* runFiles(file: string, binding: Binding, files: readonly ArtefactFile[]): Generator<RunFile> {
  for (const { source } of load(file, reader(file)).files) {
    yield { path: `model/${relative(dirname(file), source.path)}`, content: source.text };
  }
  yield { path: "data.yaml", content: readFileSync(binding.path) };
  for (const { path, content } of files) {
    const taken = path.startsWith("train/") || path.startsWith("vocabularies/");
    if (taken && content instanceof Uint8Array) {
      yield { path, content };
    }
    if ((path === manifestFile || path === manifestJsonFile) && content instanceof Uint8Array) {
      yield { path: `${dirname(runManifestFile)}/${path}`, content };
    }
  }
}

/** What a run that goes on was started with; the command line may say how long it is to train, and with how many threads. */
function resumed(output: string, manifest: Manifest, options: TrainOptions): RunRecord {
  const record = readRun(output);
  expectListed(output, (path) => path.startsWith("train/"));
  const differences = contractDifferences(readRunManifest(output), manifest);
  if (differences.length > 0) {
    throw new TwinError(
      `the run in ${output} belongs to another model or other settings:\n  ${differences.join("\n  ")}\nGo on with the model in ${join(output, "model")}, or start a new run from what this one learned: --from ${output} -o another folder`,
    );
  }
  if (options.seed !== undefined && options.seed !== record.seed) {
    throw new TwinError(`the run in ${output} has the seed ${record.seed}: leave out --seed, or start a new run`);
  }
  const next: RunRecord = {
    ...record,
    files: record.files ?? listRunFiles(output),
    epochs: options.epochs ?? record.epochs,
    steps: options.steps ?? record.steps,
    threads: options.threads ?? record.threads,
    evaluate_every: options.evaluateEvery ?? record.evaluate_every,
    cache: options.cache === undefined ? record.cache : recordedCache(output, options.cache),
    versions: { twin: version, node: process.version, onnxruntime: env.versions.node ?? "unknown" },
  };
  updateRun(output, next);
  return next;
}

/** Start values by the run's seed; of a warm start, what still fits of the earlier run. A run with a checkpoint needs none. */
async function startValues(
  model: Model,
  record: RunRecord,
  now: Parameters<typeof warmStart>[4],
  resume: boolean,
  dir: string,
): Promise<{ readonly read: ReadParameter; readonly learned: ReadonlySet<string>; close(): void }> {
  const all: readonly Parameter[] = parameters(model);
  const fresh = initialValues(all, record.seed);
  const alone = resume && (hasCheckpoint(dir) || (record.from !== null && !existsSync(record.from)));
  if (record.from === null || alone) {
    return { read: fresh.read, learned: new Set(), close: () => undefined };
  }
  const earlier = await openEarlierRun(record.from);
  const { read, report } = warmStart(all, fresh.read, earlier.weights, earlier, now);
  if (!resume) {
    for (const line of warmStartText(report)) {
      say(line);
    }
  }
  return { read, learned: new Set(report.kept), close: () => earlier.weights.close() };
}
