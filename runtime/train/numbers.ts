// What a run, or a build, has learned of its data beside weights and vocabularies: scales and edges, which its encoders hold, and its vectors.
import { type LearnedNumbers, numbersOf } from "../../contract/learned-numbers.ts";
import type { Manifest } from "../../contract/manifest.ts";
import { vectorsOf } from "../../contract/vectors-of.ts";
import type { VectorsSection } from "../../contract/vectors-section.ts";
import { readManifestAt } from "../host/manifest-file.ts";
import { expectListed, manifestPath, runManifestFile } from "./run-files.ts";

/**
 * Scales and edges by feature; none where the folder is neither a run nor a build.
 * @throws TwinError where the run lists its manifest otherwise
 */
export function readNumbers(dir: string): ReadonlyMap<string, LearnedNumbers> {
  const manifest = manifestIn(dir);
  return manifest === null ? new Map() : numbersOf(manifest.features);
}

/** What the given vectors were made of that it was trained on, likewise. */
export function readVectors(dir: string): VectorsSection {
  const manifest = manifestIn(dir);
  return manifest === null ? [] : vectorsOf(manifest);
}

function manifestIn(dir: string): Manifest | null {
  const path = manifestPath(dir);
  if (path === null) {
    return null;
  }
  expectListed(dir, (file) => file === runManifestFile);
  return readManifestAt(path).manifest;
}
