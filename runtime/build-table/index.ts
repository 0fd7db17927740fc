// The table build and its verification.
export { type BuildReport, type BuildTablesOptions, buildTables, type Phases, type TableReport } from "./build.ts";
export { type CoveringItems, coveringItems } from "./covering-items.ts";
export { cutPack, type PackedTable, type PackReport } from "./cut-pack.ts";
export { openProjection, projectorFiles } from "./open-projection.ts";
export { type PageBytes, pageBytes } from "./page-bytes.ts";
export { type PublishOptions, type PublishReport, publishTables } from "./publish.ts";
export { StoreReader } from "./store-reader.ts";
export { upgradeBuild } from "./upgrade-build.ts";
export { type UpsertOptions, type UpsertReport, upsertItems } from "./upsert.ts";
export { type Verified, verifyTables } from "./verify.ts";
export { verifyBuild } from "./verify-build.ts";
