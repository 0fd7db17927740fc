/** The compiler's public face: source text in, artefacts out. Pure: it reads and writes nothing itself. */

export { buildable } from "./check/buildable.ts";
export { type Checked, type CheckOptions, check } from "./check/check.ts";
export { type BuildOptions, build, type Compiled, type CompileOptions, compile } from "./compile.ts";
export { type CostReport, costReport, costText, type RequestSize } from "./cost-report.ts";
export { type Built, type DiffReport, diff } from "./diff.ts";
export { diffText } from "./diff-text.ts";
export { type Digest, type Hashing, portableDigest } from "./digest.ts";
export type { ArtefactFile } from "./emit/files.ts";
export { featureSpecs } from "./emit/manifest.ts";
export { EmitError } from "./emit/onnx.ts";
export { probeModel } from "./emit/probe.ts";
export { type Fingerprints, metricFingerprints } from "./fingerprint.ts";
export { codes, explain } from "./hints/explain.ts";
export { InputError } from "./input-error.ts";
export { print as printGraph } from "./ir/print.ts";
export { load, type Program, type Read } from "./load.ts";
export { type Layout, type LowerOptions, lowerGraphs } from "./lower/index.ts";
export type * from "./model.ts";
export { type Init, type Parameter, parameters } from "./parameters.ts";
export { foldParameters, passes, rewrite } from "./passes/index.ts";
export { type Fallback, type Provider, placement } from "./placement.ts";
export { defaultOutsideAbove, type PlanOptions } from "./plan.ts";
export { showDiagram } from "./show-diagram.ts";
export { by as byText, showModel } from "./show-model.ts";
export { showParameters } from "./show-parameters.ts";
export { initialValues, type ParameterValues, type WeightSource } from "./values.ts";
