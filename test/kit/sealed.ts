// Build folders that were changed on purpose and vouch for the change: what a checksum cannot tell is to be found otherwise.
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { blockHashing, blocksText } from "../../compiler/emit/block-hashes.ts";

/**
 * Changes the text of a build's manifest, and gives it the checksum that fits. It no longer lists manifest.json, so that
 * what runs reads the YAML.
 */
export function changeManifest(dir: string, change: (text: string) => string): void {
  const path = join(dir, "manifest.yaml");
  const before = readFileSync(path, "utf8").replace(/(?<=\n)checksum: .*\n$/, "");
  const text = change(before).replace(/^ {2}manifest\.json: .*\n/m, "");
  const checksum = createHash("sha256").update(text).digest("hex");
  writeFileSync(path, `${text}checksum: sha256:${checksum}\n`);
}

/** Lets the manifest say of a file of the build what it is now. */
export function vouchFor(dir: string, file: string): void {
  const bytes = readFileSync(join(dir, file));
  const digest = createHash("sha256").update(bytes).digest("hex");
  const hashing = blockHashing();
  hashing.update(bytes);
  const name = file.replaceAll(".", "\\.");
  const before = new RegExp(
    `(${name}:\\s+(?:\\{\\s*)?bytes: )\\d+(,?\\s+sha256: )"?[0-9a-f]{64}"?((?:,?\\s+blocks: )"?[0-9a-f]*"?)?`,
  );
  changeManifest(dir, (text) => {
    if (!before.test(text)) {
      throw new Error(`the manifest does not list ${file}`);
    }
    return text.replace(before, (_, bytesOf, sha256, blocks) => {
      const rest = blocks === undefined ? "" : `${/,?\s+blocks: /.exec(blocks)![0]}"${blocksText(hashing)}"`;
      return `${bytesOf}${bytes.length}${sha256}"${digest}"${rest}`;
    });
  });
}
