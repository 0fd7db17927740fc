// The scales and edges that a run, or a build, has learned: its encoders hold them.
import { type LearnedNumbers, numbersOf } from "../../contract/learned-numbers.ts";
import { readManifestAt } from "../host/manifest-file.ts";
import { expectListed, manifestPath, runManifestFile } from "./run-files.ts";

/**
 * By feature; none where the folder is neither a run nor a build.
 * @throws TwinError where the run lists its manifest otherwise
 */
export function readNumbers(dir: string): ReadonlyMap<string, LearnedNumbers> {
  const path = manifestPath(dir);
  if (path === null) {
    return new Map();
  }
  expectListed(dir, (file) => file === runManifestFile);
  return numbersOf(readManifestAt(path).manifest.features);
}
