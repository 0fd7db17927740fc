// `twin import W --model FILE -o OUT`: weights from elsewhere under this model's names, proved by samples.

import { basename, dirname, join } from "node:path";
import { batchGraph, initialValues, type Model, oversOf, parameters } from "../../compiler/index.ts";
import { TwinError } from "../../contract/error.ts";
import { cell } from "../../contract/width.ts";
import { writeFileAtomic } from "../../runtime/host/files.ts";
import { openTensors } from "../../runtime/host/tensor-file.ts";
import {
  emptyMap,
  type ImportReport,
  type ImportRequest,
  importWeights,
  readFeatureMap,
  readFeatureVocabularies,
  readMap,
  readSamples,
  type Samples,
  type Verified,
  verifyLogits,
} from "../../runtime/import/index.ts";
import { openFile } from "../../runtime/session/session-node.ts";
import { WrongUsage } from "../failure.ts";
import { maskedAsThere, ownShortWindow } from "../fuxictr-mask.ts";
import { importTarget } from "../import-target.ts";
import { print, printJson, say } from "../output.ts";
import { stoppable } from "../progress.ts";
import { version } from "../version.ts";
import { checked } from "./show.ts";

interface ImportOptions {
  readonly model: string;
  readonly from: ImportRequest["from"];
  readonly output: string;
  readonly map?: string;
  readonly features?: string;
  readonly vocabulary?: string;
  readonly verify?: string;
  readonly tolerance: number;
  readonly partial?: boolean;
  readonly acceptFuxictrMask?: boolean;
  readonly json?: boolean;
}

export async function importFrom(file: string, options: ImportOptions): Promise<void> {
  const { from, output, verify, tolerance, partial = false, acceptFuxictrMask = false } = options;
  if (acceptFuxictrMask && (from !== "fuxictr" || verify === undefined)) {
    throw new WrongUsage(
      "--accept-fuxictr-mask goes with --from fuxictr and --verify, which proves that nothing else differs",
    );
  }
  if (from !== "fuxictr" && (options.features ?? options.vocabulary) !== undefined) {
    throw new WrongUsage("--features and --vocabulary are FuxiCTR's files: they go with --from fuxictr");
  }
  if (verify !== undefined && partial) {
    throw new WrongUsage(
      "--verify holds whole models against each other: with --partial most of the model keeps its start values",
    );
  }
  const model = checked(options.model);
  if (verify !== undefined) {
  }
  const start = initialValues(parameters(model), model.train.seed);
  let verified: Proof | null = null;
  const report = await stoppable((signal) =>
    importWeights({
      path: file,
      from,
      target: importTarget(model),
      map: options.map === undefined ? emptyMap : readMap(options.map),
      features: options.features === undefined ? null : readFeatureMap(options.features),
      vocabularies: options.vocabulary === undefined ? null : readFeatureVocabularies(options.vocabulary),
      partial,
      output,
      startValues: (name) => start.chunks(name),
      ...(verify !== undefined && {
        verify: async (weights, rowMaps) => {
          verified = await verifyWith(model, weights, verify, rowMaps, tolerance, from === "fuxictr");
          const { passed, fuxictrMask } = verified;
          if (passed || (fuxictrMask !== null && acceptFuxictrMask)) {
            return;
          }
          throw new TwinError(fuxictrMask === null ? failedText(verify, verified) : maskText(verify, verified));
        },
      }),
      signal,
    }),
  );
  if (options.json) {
    printJson({ ...report, verified });
  } else {
    print(reportText(report, { file, output, verified, partial }));
  }
  if (report.unnamed.length > 0) {
    say(
      `note: ${report.unnamed.join(", ")}: row 1 + i is the i-th value of the source's own vocabulary, and a build must have the same: --vocabulary feature_vocab.json writes it, \`twin build --vocabularies\` reads it`,
    );
  }
  if (verified === null && !partial) {
    say(
      `note: nothing was verified: --verify samples.npz holds the logits against those of the system that ${file} comes from`,
    );
  }
}

/** The model with the staged weights over a batch, in ONNX Runtime, as a build would run it. */
async function verifyWith(
  model: Model,
  weights: string,
  path: string,
  rowMaps: Parameters<NonNullable<ImportRequest["verify"]>>[1],
  tolerance: number,
  fuxictr: boolean,
): Promise<Proof> {
  const file = openTensors(weights);
  const places = new Map(
    [...file.entries].map(([name, { start, end }]) => [name, { offset: start, length: end - start }]),
  );
  file.close();
  const bounds = [
    ...model.attends.flatMap(oversOf).flatMap((over) => (over.kind === "last" ? [over.count] : [])),
    ...model.searches.map(({ keep }) => keep),
  ];
  const run = async (graphOf: Model, wanted: (ports: BatchPorts) => Promise<Samples>): Promise<Verified> => {
    const { ports, bytes } = batchGraph(graphOf, { version, location: basename(weights), places });
    const given = await wanted(ports);
    const graph = join(dirname(weights), "batch.onnx");
    writeFileAtomic(graph, bytes);
    const session = await openFile(graph, { providers: ["cpu"], threads: 2, warn: say });
    try {
      return await verifyLogits(session, given, tolerance, bounds);
    } finally {
      await session.close();
    }
  };
  const labels = model.towers.flatMap(({ tasks }) => tasks.map(({ label }) => label));
  let samples: Samples | null = null;
  const plain = await run(model, async (ports) => (samples = await readSamples({ path, ports, labels, rowMaps })));
  const window = plain.passed || !fuxictr ? null : ownShortWindow(model);
  if (window === null) {
    return { ...plain, fuxictrMask: null };
  }
  const there = await run(window.model, async (ports) => maskedAsThere(samples!, window, ports));
  const { attend, history, count } = window;
  return { ...plain, fuxictrMask: there.passed ? { attend, history, count, largest: there.largest } : null };
}

type BatchPorts = ReturnType<typeof batchGraph>["ports"];

/** What the comparison found; `fuxictrMask` where all that differs is the mask of FuxiCTR's short window. */
type Proof = Verified & {
  readonly fuxictrMask: {
    readonly attend: string;
    readonly history: string;
    /** Length of the window. */
    readonly count: number;
    /** Largest |Δ| with the short window masked as there. */
    readonly largest: number;
  } | null;
};

const lengthsText = ({ byLength, tolerance }: Verified): string =>
  byLength
    .map(({ history, from, to, samples, largest }) => {
      const range = to === null ? `${from} or more` : from === to ? `${from}` : `${from}–${to}`;
      return `${history} of ${range}: ${largest.toPrecision(2)} in ${samples} samples${largest <= tolerance ? ", which agree" : ""}`;
    })
    .join("; ");

const whyText = ({ attend, history, count, largest }: NonNullable<Proof["fuxictrMask"]>): string =>
  `FuxiCTR cuts the mask of its short window one behaviour too early, so that there a ${history} of 1–${count} behaviours loses its oldest one in ${attend}; masked as there, this model computes the same (largest difference ${largest.toPrecision(2)}): the weights are right`;

const maskText = (path: string, proof: Proof): string =>
  `the logits of ${path} differ by up to ${proof.largest.toPrecision(2)}, and nothing is wrong with the weights. ${whyText(proof.fuxictrMask!)}. By number of behaviours: ${lengthsText(proof)}. Nothing was written. \`--accept-fuxictr-mask\` takes the weights over; this model will see the behaviour that FuxiCTR drops`;

const failedText = (path: string, { largest, tolerance, sample, label, expected, actual, ...rest }: Verified): string =>
  `the imported model does not compute what ${path} says: the logits differ by up to ${largest.toPrecision(2)}, and at most ${tolerance} is allowed. Worst: ${label} of sample ${sample} is ${actual}, and ${expected} is expected. By number of behaviours: ${lengthsText({ ...rest, largest, tolerance, sample, label, expected, actual })}. Nothing was written. Look at the names that look alike, at the orientation of square matrices, at the order of features, and at the rows of padding and unknown values`;

interface Said {
  readonly file: string;
  readonly output: string;
  readonly verified: Proof | null;
  readonly partial: boolean;
}

function reportText(report: ImportReport, { file, output, verified, partial }: Said): string {
  const { taken, started, shared, ignored, unused } = report;
  const columns = Math.max(...taken.map(({ parameter }) => parameter.length));
  const lines = taken.map(({ parameter, shape, from, how }) => {
    const done = how.length === 0 ? "" : `: ${how.join(", ")}`;
    return `${parameter.padEnd(columns)}  [${shape.join(", ")}] from ${from.map((name) => cell(name)).join(" with ")}${done}`;
  });
  const list = (what: string, names: readonly string[]) =>
    names.length === 0 ? [] : [`${what}: ${names.map((name) => cell(name)).join(", ")}`];
  return [
    ...lines,
    ...list("the same numbers under another name", shared),
    ...list("ignored", ignored),
    ...list("not used", unused),
    ...list("start values", started),
    ...(verified === null ? [] : [verifiedText(verified)]),
    ...list("written too", report.vocabularies),
    `${output}: ${taken.length} of ${taken.length + started.length} parameters from ${file}${partial ? ", embeddings only" : ""}`,
  ].join("\n");
}

const verifiedText = (proof: Proof): string =>
  proof.fuxictrMask === null
    ? `verified: ${proof.logits} logits of ${proof.samples} samples, largest difference ${proof.largest.toPrecision(2)} (at most ${proof.tolerance})`
    : `verified but for FuxiCTR's mask: ${proof.logits} logits of ${proof.samples} samples. ${whyText(proof.fuxictrMask)}. By number of behaviours, as this model computes: ${lengthsText(proof)}`;
