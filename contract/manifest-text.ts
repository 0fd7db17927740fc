// The texts of manifest.yaml, manifest.json and tables/NAME.yaml: read, checked, and brought into the present shape.
import { digestOf } from "./digest.ts";
import { TwinError } from "./error.ts";
import { type Manifest, ManifestSchema } from "./manifest.ts";
import { type EarlierManifest, EarlierManifestSchema } from "./manifest-earlier.ts";
import { cure, expectBlocks, expectSound } from "./manifest-sound.ts";
import { type Fail, upgradeManifest } from "./manifest-upgrade.ts";
import { parseYaml } from "./yaml-text.ts";

export interface ReadManifest {
  readonly manifest: Manifest;
  /** The format that an earlier version wrote; null: it is in the present shape. */
  readonly earlier: 1 | 2 | null;
}

/** Reads the text of a manifest. `path` is for errors. */
export const parseManifest = (text: string, path: string): Manifest => readManifestText(text, path).manifest;

/** The same, and whether it was of an earlier shape. */
export function readManifestText(text: string, path: string): ReadManifest {
  const read: Manifest | EarlierManifest = parseYaml(
    text,
    path,
    (value): typeof ManifestSchema | typeof EarlierManifestSchema =>
      value.format === 1 || !Object.hasOwn(value, "extensions") ? EarlierManifestSchema : ManifestSchema,
    { what: "a manifest of Twin", cure, formats: [1, 2] },
  );
  const fail: Fail = (what) => {
    throw new TwinError(`${path}: ${what}. ${cure}`);
  };
  if (read.format >= 2) {
    checkChecksum(text, fail);
  }
  const manifest = "extensions" in read ? read : upgradeManifest(read, fail);
  if (read.format >= 2) {
    expectBlocks(manifest, fail);
  }
  expectSound(manifest, fail);
  return { manifest, earlier: "extensions" in read ? null : read.format };
}

/** The last line vouches for all before it: a flipped digit is another edge, limit or fingerprint. */
function checkChecksum(text: string, fail: Fail): void {
  if (!checksumLine.test(text)) {
    fail("its last line is not its checksum: it is cut short, damaged, or was changed by hand");
  }
  if (soundChecksum(text) === null) {
    fail("its checksum does not fit its text: it is damaged, or was changed by hand");
  }
}

const checksumLine = /(?<=\n)checksum: (sha256:[0-9a-f]{64})\n$/;

/** The checksum that a text ends with; null: there is none, or it is not that of all before it. */
export function soundChecksum(text: string): string | null {
  const [line, stored] = checksumLine.exec(text) ?? [];
  return line !== undefined && `sha256:${digestOf(text.slice(0, -line.length))}` === stored ? stored : null;
}
