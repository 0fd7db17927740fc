// Reads manifest.yaml of a build folder, or of a run: by the manifest.json beside it where the YAML vouches for that.
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { TwinError } from "../../contract/error.ts";
import type { Manifest } from "../../contract/manifest.ts";
import { parseManifestJson } from "../../contract/manifest-json.ts";
import { type ReadManifest, readManifestText, soundChecksum } from "../../contract/manifest-text.ts";
import { manifestFile, manifestJsonFile } from "../../contract/manifest-write.ts";
import { readText } from "./files.ts";

const most = 64 * 1024 * 1024;

/** DIR/manifest.yaml. @throws TwinError where it is missing, foreign, of another version or does not hang together */
export const readManifest = (dir: string): Manifest => readBuild(dir).manifest;

/** The same, and whether an earlier version wrote it. */
export const readBuild = (dir: string): ReadManifest => readManifestAt(buildManifest(dir));

/** The path of DIR/manifest.yaml. @throws TwinError where the folder has none, or is an ensemble */
export function buildManifest(dir: string): string {
  const path = join(dir, manifestFile);
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
  return path;
}

/**
 * The manifest in a file. Composing its YAML takes half a second of a command; where the text is as its checksum says, and
 * lists a manifest.json whose bytes are there, that is read, which says the same.
 */
export function readManifestAt(path: string): ReadManifest {
  const text = readText(path, most);
  return besideJson(text, path) ?? readManifestText(text, path);
}

/** The line of manifest.yaml that lists it. */
const listed = new RegExp(
  `^ {2}${manifestJsonFile.replace(".", "\\.")}: \\{bytes: (\\d+), sha256: ([0-9a-f]{64})\\}$`,
  "m",
);

/** Null where it cannot be had this way, for whatever reason: the YAML then says what is wrong. */
function besideJson(text: string, path: string): ReadManifest | null {
  const [, length, sha256] = listed.exec(text) ?? [];
  const checksum = length === undefined ? null : soundChecksum(text);
  if (checksum === null) {
    return null;
  }
  try {
    const json = join(dirname(path), manifestJsonFile);
    const bytes = readFileSync(json);
    if (bytes.length !== Number(length) || createHash("sha256").update(bytes).digest("hex") !== sha256) {
      return null;
    }
    const { checksum: _, ...said } = parseManifestJson(bytes.toString("utf8"), json);
    const files = { ...said.files, [manifestJsonFile]: { bytes: bytes.length, sha256 } };
    return { manifest: { ...said, files, checksum }, earlier: null };
  } catch {
    return null;
  }
}
