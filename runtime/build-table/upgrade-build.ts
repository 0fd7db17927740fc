// `twin upgrade`: a build folder of an earlier format in the present one. Graphs, weights and tables stay byte for byte.
import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { cp } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { BlockHashing, hashesText } from "../../contract/block-hashes.ts";
import { digestOf } from "../../contract/digest.ts";
import { TwinError } from "../../contract/error.ts";
import { hasher } from "../../contract/hash.ts";
import type { Manifest } from "../../contract/manifest.ts";
import { manifestFile, manifestJsonFile, manifestTexts } from "../../contract/manifest-write.ts";
import { recordOf } from "../../contract/record.ts";
import { EarlierTableSpecSchema, upgradedTableSpec } from "../../contract/table-spec-earlier.ts";
import { parseYaml } from "../../contract/yaml-text.ts";
import { yamlText } from "../../contract/yaml-write.ts";
import { holdBuild, previousOf, stageOf } from "../host/build-folder.ts";
import { attempt, readText, syncFolder, writeFileAtomic } from "../host/files.ts";
import { readBuild } from "../host/manifest-file.ts";
import { openTensors } from "../host/tensor-file.ts";
import type { VerifyOptions } from "../host/verify-folder.ts";
import { currentGeneration, generationsFolder, readGeneration, writeGeneration } from "../store/index.ts";
import { currentText } from "../table/generation-description.ts";
import { verifyBuild } from "./verify-build.ts";

/**
 * Everything is read and verified first; then the folder is replaced as a whole: killed at any moment, the one before or the
 * new one is there.
 * @returns the files that were written anew, relative, with `/`; empty: all were in the present format
 * @throws TwinError where something is damaged, or another process writes the folder: nothing is changed then
 */
export async function upgradeBuild(dir: string, options: VerifyOptions = {}): Promise<string[]> {
  const release = holdBuild(dir);
  const folder = resolve(dir);
  const stage = stageOf(folder);
  try {
    if (outdated(dir).length === 0) {
      return [];
    }
    const { lines } = await verifyBuild(dir, options);
    const damaged = lines.find((line) => line.startsWith("damaged"));
    if (damaged !== undefined) {
      throw new TwinError(`${dir} is not sound, so it is left as it is: ${damaged.slice("damaged".length).trim()}`);
    }
    rmSync(stage, { recursive: true, force: true });
    await linkAll(folder, stage);
    const changed = outdated(dir);
    const { manifest } = readBuild(stage);
    for (const file of changed) {
      await renew(stage, file, manifest);
    }
    syncFolders(stage);
    renameSync(folder, previousOf(folder));
    renameSync(stage, folder);
    syncFolder(dirname(folder));
    rmSync(previousOf(folder), { recursive: true, force: true });
    return changed;
  } finally {
    rmSync(stage, { recursive: true, force: true });
    release();
  }
}

const currentFile = "tables/current";
const generationFile = /^tables\/generations\/(\d+)\/generation\.json$/;

/** What is of an earlier format. */
function outdated(dir: string): string[] {
  const { manifest, earlier } = readBuild(dir);
  const found: string[] = [];
  if (earlier !== null || !Object.hasOwn(manifest.files, manifestJsonFile)) {
    found.push(manifestJsonFile, manifestFile);
  }
  const specs = Object.values(manifest.tables).flatMap(({ spec }) => (isEarlierSpec(dir, spec) ? [spec] : []));
  if (specs.length > 0) {
    // The manifest lists them.
    found.unshift(...specs, ...(found.length === 0 ? [manifestJsonFile, manifestFile] : []));
  }
  const generations = generationsFolder(dir);
  const numbers = existsSync(generations) ? readdirSync(generations).filter((name) => /^[1-9]\d*$/.test(name)) : [];
  for (const number of numbers.sort((a, b) => Number(a) - Number(b))) {
    if (readGeneration(join(generations, number)).format < 2) {
      found.push(`tables/generations/${number}/generation.json`);
    }
  }
  const current = currentGeneration(dir);
  if (current !== null && readText(join(dir, currentFile)) !== currentText(current)) {
    found.push(currentFile);
  }
  return found;
}

/** Writes one file anew in the folder that takes the place of the build. */
async function renew(stage: string, file: string, manifest: Manifest): Promise<void> {
  const [, number] = generationFile.exec(file) ?? [];
  if (number !== undefined) {
    const folder = join(generationsFolder(stage), number);
    writeGeneration(folder, readGeneration(folder));
  } else if (Object.values(manifest.tables).some(({ spec }) => spec === file)) {
    const path = join(stage, file);
    const kind = { what: "a lookup-table spec of Twin", cure: "Build the model again" };
    const spec = parseYaml(readText(path, 1 << 24), path, EarlierTableSpecSchema, kind);
    writeFileAtomic(path, yamlText(upgradedTableSpec(spec, manifest)));
  } else if (file === currentFile) {
    const current = currentGeneration(stage);
    if (current !== null) {
      writeFileAtomic(join(stage, file), currentText(current));
    }
  } else if (file === manifestFile) {
    const { json, yaml } = manifestTexts(await listedAnew(stage, manifest));
    writeFileAtomic(join(stage, manifestJsonFile), json);
    writeFileAtomic(join(stage, manifestFile), yaml);
  }
}

const isEarlierSpec = (dir: string, spec: string): boolean => /^format: 1$/m.test(readText(join(dir, spec), 1 << 24));

/** Format 1 has no hashes of the blocks of its tensors; specs of tables are written anew before the manifest is. */
async function listedAnew(dir: string, manifest: Manifest): Promise<Manifest> {
  const hash = await hasher();
  const specs = new Set(Object.values(manifest.tables).map(({ spec }) => spec));
  const files = Object.entries(manifest.files).map(([name, known]) => {
    if (specs.has(name)) {
      const bytes = attempt("read", join(dir, name), () => readFileSync(join(dir, name)));
      return [name, { bytes: bytes.length, sha256: digestOf(bytes) }] as const;
    }
    if (known.blocks !== undefined || !name.endsWith(".safetensors")) {
      return [name, known] as const;
    }
    const file = openTensors(join(dir, name));
    try {
      const hashing = new BlockHashing(hash);
      for (const piece of file.whole()) {
        hashing.update(piece);
      }
      return [name, { ...known, blocks: hashesText(hashing.hashes) }] as const;
    } finally {
      file.close();
    }
  });
  return { ...manifest, files: recordOf(files) };
}

/** The same files under another folder: linked, and copied where links cannot be had. */
async function linkAll(from: string, to: string): Promise<void> {
  mkdirSync(to);
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) {
      if (!entry.name.endsWith(".partial")) {
        await linkAll(source, target);
      }
      continue;
    }
    try {
      linkSync(source, target);
    } catch {
      await cp(source, target);
    }
  }
}

function syncFolders(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) {
      syncFolders(join(folder, entry.name));
    }
  }
  syncFolder(folder);
}
