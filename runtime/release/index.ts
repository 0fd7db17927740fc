// Releases of a build folder: made, listed, which one serves, who reads them.
export { makeRelease, type Released, type ReleaseOptions, rollBack } from "./make.ts";
export type { Pointer } from "./pointer.ts";
export { readsRelease } from "./readers.ts";
export {
  type Built,
  type RefreshFile,
  type RefreshStep,
  readRefresh,
  readRefreshLater,
  refreshStatus,
  writeRefresh,
} from "./refresh-file.ts";
export type { ReleaseFile } from "./release-file.ts";
export {
  isReleased,
  numbersOf,
  type ReleaseLine,
  readPointer,
  readPointerLater,
  readRelease,
  releaseFolder,
  releasesFolder,
  releasesName,
  releasesOf,
  serveBy,
} from "./releases.ts";
