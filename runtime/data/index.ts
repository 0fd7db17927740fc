// Data in: the binding of a model to files, their rows as columns, histories, vocabularies. DuckDB lives here alone.

export { type Derivation, deriveColumn, deriveValue } from "../encode/derive.ts";
export { type Binding, boundFiles, type ColumnBinding, namedFiles, parseBinding, readBinding } from "./binding.ts";
export { type CheckOptions, checkData } from "./check/check.ts";
export { type Clustered, type ClusterOptions, clusterLog } from "./cluster/cluster-log.ts";
export type { GivenVectors } from "./cluster/item-values.ts";
export { verifyClusters } from "./cluster/verify-clusters.ts";
export { convert, logName, type Project } from "./convert/convert.ts";
export { countEntries } from "./count-entries.ts";
export { type CountedHistory, countItems } from "./counts.ts";
export type { DataModel } from "./data-model.ts";
export { castTo, familyOf, secondsOf } from "./database/cast.ts";
export { localFile } from "./database/local-file.ts";
export { type Cell, type CellType, RowWriter } from "./database/row-writer.ts";
export { fileList, quoted, Source, type SourceOptions } from "./database/source.ts";
export { ambiguous, derivedFeatures } from "./derived-features.ts";
export { type Draft, type DraftOptions, draft } from "./draft/draft.ts";
export { openEvents } from "./events.ts";
export { readError } from "./files/read-error.ts";
export { textName } from "./files/reading.ts";
export { type ItemChunk, type Items, type KeyType, openItems } from "./items.ts";
export { itemKeyType, keyColumn } from "./key-type.ts";
export { type LearnedOf, learnNumbers, numberFeatures } from "./learn-numbers.ts";
export { type Learned, learnVocabularies, vocabularyFeatures } from "./learn-vocabularies.ts";
export { learnVocabulary } from "./learn-vocabulary.ts";
export { type RowsKey, rowsKey } from "./listed-binding.ts";
export { listColumns } from "./lists/open-lists.ts";
export { featureText, type MadeVectors, makeVectors, type VectorOptions } from "./occurrence/make-vectors.ts";
export { expectSameVectors, vectorOrigins } from "./occurrence/vector-origins.ts";
export { bindingKey } from "./prepare/data-key.ts";
export { datasetFile } from "./prepare/dataset-file.ts";
export { encoders } from "./prepare/encode-rows.ts";
export * from "./prepare/index.ts";
export { openDataset, parts, prepareDataset, type StoredDataset } from "./prepare/index.ts";
export { numberItems, ordinalsOf } from "./prepare/items-phase.ts";
export { ListReader, rowsOfBlock } from "./prepare/list-reader.ts";
export { sameRequest } from "./prepare/sample-rows.ts";
export { dataQuery, itemTable } from "./prepare/select.ts";
export { verifyDataset } from "./prepare/verify-dataset.ts";
export { openRelation, type Relation, readAsIds, requireColumn, saidRenamed } from "./relation.ts";
export { manyRepeats } from "./report.ts";
export type { DataReport } from "./report-schema.ts";
export { explainRead } from "./resolve.ts";
export { partNumbers } from "./row-part.ts";
export { sampleColumns, someUsers } from "./sample-columns.ts";
export {
  type ReadOptions,
  readHistories,
  type SampleHistory,
  type SampleRequest,
  type UserChunk,
  userHistory,
} from "./samples.ts";
export type { Split } from "./split.ts";
export { chosenPairs, coverTables, type TableCover } from "./table-coverage.ts";
