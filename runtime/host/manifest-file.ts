// Reads manifest.yaml of a build folder.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { TwinError } from "../../contract/error.ts";
import type { Manifest } from "../../contract/manifest.ts";
import { type ReadManifest, readManifestText } from "../../contract/manifest-text.ts";
import { readText } from "./files.ts";

const most = 64 * 1024 * 1024;

/** DIR/manifest.yaml. @throws TwinError where it is missing, foreign, of another version or does not hang together */
export const readManifest = (dir: string): Manifest => readBuild(dir).manifest;

/** The same, and whether an earlier version wrote it. */
export function readBuild(dir: string): ReadManifest {
  const path = join(dir, "manifest.yaml");
  if (existsSync(join(dir, "ensemble.yaml"))) {
    throw new TwinError(
      `${dir} is an ensemble, whose logits only \`twin evaluate\` averages, and no build: to serve one of its members, \`twin build FILE --weights ${join(dir, "1/weights.safetensors")} -o DIR\``,
    );
  }
  if (!existsSync(path)) {
    throw new TwinError(
      `cannot read ${path}: there is no such file, so ${dir} is no build. Name the folder of one; \`twin build FILE -o ${dir}\` makes it`,
    );
  }
  return readManifestText(readText(path, most), path);
}
