// The face of data that lie prepared, for whoever reads them without DuckDB: threads of batches, and what checks a run.
export { datasetFile } from "./prepare/dataset-file.ts";
export { openDataset } from "./prepare/open.ts";
export { verifyDataset } from "./prepare/verify-dataset.ts";
