// Prepared data: read once, encoded, sorted by user; then batches for training and evaluation, in any thread.

export { type DatasetSpec, parts, readDatasetSpec } from "./dataset-file.ts";
export type { Vocabularies } from "./encode-rows.ts";
export { attachDataset, type DatasetImage, type OpenOptions, openDataset, type StoredDataset } from "./open.ts";
export { type Prepared, type PrepareOptions, prepareDataset } from "./prepare.ts";
