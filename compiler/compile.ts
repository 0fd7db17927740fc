// The driver: source text to artefacts, each phase one call. Pure: texts come through `resolve`, results are bytes.

import { type Digest, portableDigest } from "../contract/digest.ts";
import type { LearnedNumbers } from "../contract/learned-numbers.ts";
import type { GraphName, Manifest, StoredType } from "../contract/manifest.ts";
import { parityFile, smallParityFile } from "../contract/parity-place.ts";
import { recordOf } from "../contract/record.ts";
import { weightsFile } from "../contract/safetensors.ts";
import { type VectorsSection, vectorsSection } from "../contract/vectors-section.ts";
import type { Diagnostic } from "../grammar/diagnostic.ts";
import { check } from "./check/check.ts";
import { type ArtefactFile, bytesFile, filesOf, manifestFiles, tensorsFile, yamlFile } from "./emit/files.ts";
import { servingBytes, trainingBytes } from "./emit/graph-files.ts";
import { manifestOf } from "./emit/manifest.ts";
import type { Origin } from "./emit/metadata.ts";
import { parityBytes, smallParityBytes } from "./emit/parity.ts";
import { referenceParameters, rowsToKeep, wholeParameters } from "./emit/reference.ts";
import { tableSpec } from "./emit/table-spec.ts";
import { vocabularyFiles } from "./emit/vocabulary.ts";
import { type WeightsFile, weightsOf } from "./emit/weights.ts";
import { fingerprints, metricFingerprints, stableJson } from "./graphs/fingerprint.ts";
import { lowerGraphs, pooledGraph, wholeProjector } from "./graphs/index.ts";
import type { Graph } from "./ir/graph.ts";
import { print } from "./ir/print.ts";
import type { Model } from "./model/model.ts";
import { searchedMetrics, withSearchCopies } from "./model/searched.ts";
import { parameters } from "./parameters/parameters.ts";
import { foldParameters, rewrite } from "./passes/index.ts";
import { type CostReport, costReport, costText } from "./plan/cost-report.ts";
import { type Fit, fitSaid, fitted, keptEntries, keptRows } from "./plan/fit.ts";
import { emptyVocabularies, type PlanOptions, plan, rewriteChoices, variantChoices } from "./plan/plan.ts";
import { searchWeightsSaid } from "./plan/search-weights-said.ts";
import { checkTableInput, storedVariants } from "./plan/stored-tables.ts";
import { unlearnedNumbers } from "./plan/unlearned-numbers.ts";
import { showModel } from "./show/show-model.ts";
import { showParameters } from "./show/show-parameters.ts";
import { load, type Read } from "./source/load.ts";
import { trainGraphs } from "./train/graphs.ts";
import { checkCalibrations } from "./values/calibrations.ts";
import { pickedRows } from "./values/picked-rows.ts";
import { expectSameMetrics, type SearchWeights, withSearchValues } from "./values/search-weights.ts";
import { givenValues, initialValues, type ParameterValues, type WeightSource } from "./values/values.ts";

export interface BuildOptions extends PlanOptions {
  /** Version of the compiler, for the artefacts. */
  readonly version: string;
  /** Trained weights; without them start values are drawn and the artefacts say `untrained`. */
  readonly weights?: WeightSource;
  /** Another run's, by whose metrics searches go; attends and all else keep to `weights`. */
  readonly searchWeights?: SearchWeights;
  /** Of the start values; default: the model's `train { seed }`. */
  readonly seed?: number;
  /** Learned vocabularies, by feature; one that is not given is empty, and all its values are unknown. */
  readonly vocabularies?: ReadonlyMap<string, readonly string[]>;
  /** What given vectors were made of that the weights were trained on, or vocabularies learned of, for the manifest. */
  readonly vectors?: VectorsSection;
  /** Features that the data makes from other columns, for the manifest: serving repeats them. */
  readonly derived?: Manifest["derived"];
  /** What is given up for a budget: some entries of vocabularies, with their rows, and precision of tables. */
  readonly fit?: Fit;
  /** Emit the graphs that read tables for rows as they are stored, too; all tables must have this precision. */
  readonly tableInput?: StoredType;
  /** `training`: of the graphs and their reference numbers those of training alone; the manifest lists no others. Default: all. */
  readonly only?: "training";
  /** SHA-256 of the host, if it has a fast one. */
  readonly digest?: Digest;
  /** Told what each phase made, as a text. */
  readonly show?: (phase: Phase, text: string) => void;
}

/** In their order; `graph`: as lowered; `stored`: over tables as they are stored, where that was asked for. */
export type Phase =
  | "model"
  | "parameters"
  | "plan"
  | "graph"
  | "rewritten"
  | "folded"
  | "stored"
  | "training"
  | "fingerprints"
  | "cost"
  | "manifest";

export interface CompileOptions extends BuildOptions {
  readonly resolve: Read;
  /** Refuse a model whose parameters and tables need more. */
  readonly maxBytes?: number;
  /**
   * Learned scales and edges, by feature. Without them a build without weights says so, takes numbers as they are and has no
   * edges; with weights, which mean them, there is no build.
   */
  readonly numbers?: ReadonlyMap<string, LearnedNumbers>;
}

export interface Compiled {
  readonly diagnostics: readonly Diagnostic[];
  /** Null where the source has errors. */
  readonly model: Model | null;
  /** In the order in which they are to be written, manifest.yaml last; none where there are errors. */
  readonly files: readonly ArtefactFile[];
  readonly manifest: Manifest | null;
}

/**
 * Compiles the model in `entry`. Errors of the source are in `diagnostics`; throws `InputError` where weights or
 * vocabularies do not fit the model. The same source, weights and options give the same bytes on every machine.
 */
export function compile(entry: string, options: CompileOptions): Compiled {
  const program = load(entry, options.resolve);
  const { model, diagnostics } = check(program, {
    ...(options.maxBytes !== undefined && { maxBytes: options.maxBytes }),
    ...(options.numbers && { numbers: options.numbers }),
  });
  if (!model) {
    return { diagnostics, model, files: [], manifest: null };
  }
  options.show?.("model", showModel(model));
  return { diagnostics, model, ...build(model, options) };
}

/** The artefacts of a checked model. */
export function build(given: Model, options: BuildOptions): Pick<Compiled, "files"> & { readonly manifest: Manifest } {
  const { version, digest = portableDigest, tableInput, fit, searchWeights } = options;
  const trained = fit === undefined ? given : fitted(given, fit);
  const model = searchWeights === undefined ? trained : withSearchCopies(trained);
  const dump = (phase: Phase, text: () => string) => options.show?.(phase, text());
  if (tableInput) {
    checkTableInput(model, tableInput);
  }

  // What goes in: parameters with their values, scales, vocabularies, and where embeddings lie.
  const lacking = unlearnedNumbers(model, options.weights !== undefined);
  const all = parameters(model);
  const entries = options.vocabularies ?? new Map();
  const { outside, choices } = plan(model, options);
  if (searchWeights !== undefined) {
    const metric = metricFingerprints(given, parameters(given));
    expectSameMetrics(given, searchWeights, { metric, vocabularies: entries, outside, vectors: options.vectors ?? [] });
  }
  const values = valuesOf(given, options);
  const vocabularies = vocabularyFiles(model, fit === undefined ? entries : keptEntries(given, entries, fit));
  dump("parameters", () => showParameters(model));
  dump("plan", () => choices.map(({ choice, because }) => `${choice}: ${because}\n`).join(""));

  // Graphs: the formulas as they stand, rewritten, with what is fixed folded, and over tables as they are stored.
  const lowered = lowerGraphs(model, { layout: "request", outside });
  dump("graph", () => printAll(lowered));
  const rewritten = each(lowered, (graph) => rewrite(graph));
  dump("rewritten", () => printAll(rewritten));
  const weights = weightsOf({ model: model.name, parameters: all, values, digest, keep: rowsToKeep(model) });
  const whole = wholeParameters(all, values);
  const graphs = each(rewritten, (graph) => foldParameters(graph, whole));
  dump("folded", () => printAll(graphs));
  const variants = tableInput ? storedVariants(model, graphs, tableInput) : null;
  if (variants) {
    dump("stored", () => printAll(variants.graphs));
  }
  const training = trainGraphs(model);
  dump("training", () => printAll(training.graphs));

  // What says of them which build they are, and what they cost.
  const prints = fingerprints(model, {
    parameters: all,
    digests: weights.digests,
    vocabularies: new Map(vocabularies.map(({ name, digest }) => [name, digest])),
    projector: wholeProjector(model, lowered, outside),
  });
  dump("fingerprints", () => `${stableJson(prints)}\n`);
  const { untrained, step } = values;
  const origin: Origin = { model: model.name, version, untrained, step, fingerprints: prints };
  const report = costReport(model, {}, { before: lowered, after: graphs });
  dump("cost", () => costText(report));

  // Files, the manifest last.
  const parityFiles = () => {
    const reference = {
      model,
      graphs: lowered,
      variants: tableInput ? storedVariants(model, lowered, tableInput) : null,
      pooled: pooledGraph(model, outside),
      outside,
      parameter: referenceParameters(all, values, weights),
    };
    return [
      tensorsFile(parityFile, parityBytes(reference), digest),
      tensorsFile(smallParityFile, smallParityBytes(reference), digest),
    ];
  };
  const serves = options.only !== "training";
  const served = serves ? [...graphs.values(), ...(variants?.graphs.values() ?? [])] : [];
  const files = [
    ...served.map((graph) => bytesFile(`${graph.name}.onnx`, servingBytes(graph, weights, whole, origin), digest)),
    ...[...training.graphs].map(([name, graph]) =>
      bytesFile(training.spec.graphs[name]!.file, trainingBytes(graph, model, version), digest),
    ),
    ...model.tables.map((table) =>
      yamlFile(`tables/${table.name}.yaml`, tableSpec(model, table, graphs.get("projector")!, prints), digest),
    ),
    ...vocabularies.map(({ file, text }) => bytesFile(file, text, digest)),
    weightsArtefact(weights),
    ...(serves ? parityFiles() : []),
  ];
  const said = [
    ...(fit === undefined ? [] : [fitSaid(given, fit)]),
    ...(searchWeights === undefined
      ? []
      : [
          searchWeightsSaid(
            all,
            searchedMetrics(trained).map(({ name }) => name),
            searchWeights,
            values,
            weights.digests,
          ),
        ]),
  ];
  const described = manifestOf(model, {
    origin,
    graphs,
    variants,
    outside,
    choices: [
      ...choices,
      ...rewriteChoices(report),
      ...variantChoices(variants),
      ...emptyVocabularies(vocabularies),
      ...lacking,
      ...said.flatMap(({ choices }) => choices),
    ],
    files: filesOf(files),
    vocabularies: vocabularies.map(({ name, file, entries }) => ({ name, file, entries })),
    train: training.spec,
    derived: options.derived ?? [],
    costs: costsOf(report),
    extensions: Object.assign(vectorsSection(options.vectors ?? []), ...said.map(({ section }) => section)),
  });
  const { manifest, files: manifests } = manifestFiles(described, digest);
  dump("manifest", () => manifests.map(({ content }) => new TextDecoder().decode(content)).join("\n"));
  return { files: [...files, ...manifests], manifest };
}

/** The values of all parameters: given or drawn as the whole model has them, without the rows that a fit leaves out. */
function valuesOf(model: Model, { weights, searchWeights, seed, fit }: BuildOptions): ParameterValues {
  const own = parameters(model);
  const values = weights ? givenValues(own, weights) : initialValues(own, seed ?? model.train.seed);
  checkCalibrations(model, values);
  const whole = searchWeights === undefined ? model : withSearchCopies(model);
  const all = searchWeights === undefined ? own : parameters(whole);
  const joined = searchWeights === undefined ? values : withSearchValues(all, values, searchWeights);
  return fit === undefined ? joined : pickedRows(all, joined, keptRows(whole, fit));
}

/** Its content may be a stream. */
const weightsArtefact = ({ bytes, sha256, blocks, content }: WeightsFile): ArtefactFile => ({
  path: weightsFile,
  bytes,
  sha256,
  blocks,
  content,
});

type Graphs = ReadonlyMap<GraphName, Graph>;

const each = (graphs: Graphs, change: (graph: Graph) => Graph): Graphs =>
  new Map([...graphs].map(([name, graph]) => [name, change(graph)]));

const printAll = (graphs: ReadonlyMap<string, Graph>): string => [...graphs.values()].map(print).join("\n");

/** Counted for 100 candidates and histories at their longest. */
function costsOf({ candidates, histories, graphs, parameters }: CostReport): Manifest["costs"] {
  return {
    candidates,
    history: Math.max(1, ...Object.values(histories)),
    multiply_adds: recordOf(graphs.map(({ name, after }) => [name, after])),
    parameters: parameters.count,
    parameter_bytes: parameters.bytes,
  };
}
