/** Weights from elsewhere: safetensors, NumPy archives and PyTorch state dictionaries, read, mapped, verified. */

export { readFeatureMap } from "./fuxictr-features.ts";
export { type FuxiVocabularies, readFeatureVocabularies } from "./fuxictr-vocabulary.ts";
export type { ImportTarget } from "./import-target.ts";
export { type ImportReport, type ImportRequest, importWeights } from "./import-weights.ts";
export { emptyMap, type MapFile, readMap } from "./map-file.ts";
export { openForeign } from "./open-foreign.ts";
export { readSamples, type Samples } from "./samples.ts";
export { type Verified, verifyLogits } from "./verify.ts";
