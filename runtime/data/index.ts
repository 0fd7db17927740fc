// Data in: the binding of a model to files, their rows as columns, histories, vocabularies. DuckDB lives here alone.

export { type Derivation, deriveColumn, deriveValue } from "../encode/derive.ts";
export { type Binding, type ColumnBinding, parseBinding, readBinding } from "./binding.ts";
export { type CheckOptions, checkData } from "./check/check.ts";
export { type CountedHistory, countItems } from "./counts.ts";
export type { DataModel } from "./data-model.ts";
export { type Cell, type CellType, RowWriter } from "./database/row-writer.ts";
export { Source, type SourceOptions } from "./database/source.ts";
export { ambiguous, derivedFeatures } from "./derived-features.ts";
export { type Draft, type DraftOptions, draft } from "./draft/draft.ts";
export { type ItemChunk, type Items, openItems } from "./items.ts";
export { itemKeyType } from "./key-type.ts";
export { type LearnedOf, learnNumbers, numberFeatures } from "./learn-numbers.ts";
export { type Learned, learnVocabularies, vocabularyFeatures } from "./learn-vocabularies.ts";
export { learnVocabulary } from "./learn-vocabulary.ts";
export * from "./prepare/index.ts";
export type { DataReport } from "./report-schema.ts";
export {
  type ReadOptions,
  readHistories,
  type SampleHistory,
  type SampleRequest,
  type UserChunk,
  userHistory,
} from "./samples.ts";
export type { Split } from "./split.ts";
