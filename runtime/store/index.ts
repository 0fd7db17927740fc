// Rows, tables, items, generations and vocabularies in the files of this machine.
export { BlockFile } from "./block-file.ts";
export { newFile } from "./block-sink.ts";
export {
  adoptDeltas,
  commitDelta,
  deltaFolder,
  deltaNumbers,
  deltasFolder,
  deltasThrough,
  lastUnneeded,
  newDelta,
  openDelta,
  readDelta,
  removeDeltas,
  writeDelta,
} from "./delta-folder.ts";
export { DeltaLog } from "./delta-log.ts";
export { Generation } from "./generation.ts";
export {
  commitGeneration,
  currentGeneration,
  discardGeneration,
  generationFolder,
  generationsFolder,
  nextGeneration,
} from "./generation-commit.ts";
export { readGeneration, writeGeneration } from "./generation-file.ts";
export { GenerationTables, type SharedGeneration, type StoreKind } from "./generation-tables.ts";
export { ItemStore } from "./item-store.ts";
export { openKeyIndex } from "./key-index-file.ts";
export { type PendingDeltas, pendingDeltas } from "./pending-deltas.ts";
export { publishedBeforePath, publishedPath, readPublished, writePublished } from "./published-file.ts";
export { tensorRows } from "./tensor-rows.ts";
export { readVocabulary } from "./vocabulary-file.ts";
