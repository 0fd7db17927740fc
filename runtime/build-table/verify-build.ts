// `twin verify` of a build: every file that its manifest lists, and every generation of its tables.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { encodersFingerprint } from "../../contract/encoders-fingerprint.ts";
import { TwinError } from "../../contract/error.ts";
import type { Manifest } from "../../contract/manifest.ts";
import { parseManifestJson } from "../../contract/manifest-json.ts";
import { readManifestText } from "../../contract/manifest-text.ts";
import { bareManifest, manifestJsonFile } from "../../contract/manifest-write.ts";
import { weightsFile } from "../../contract/safetensors.ts";
import { readText } from "../host/files.ts";
import { buildManifest } from "../host/manifest-file.ts";
import { FolderCheck, type VerifyFolder } from "../host/verify-folder.ts";
import { expectOwnWeights, type Published } from "../redis/index.ts";
import {
  BlockFile,
  currentGeneration,
  Generation,
  generationFolder,
  generationsFolder,
  publishedPath,
  readGeneration,
  readPublished,
} from "../store/index.ts";
import { freshness } from "../table/freshness.ts";
import type { GenerationFile } from "../table/generation-description.ts";

const again = "Build the artefacts again: twin build FILE -o DIR";

export const verifyBuild: VerifyFolder = async (dir, options) => {
  // What is verified is the YAML itself: other commands read the JSON beside it.
  const path = buildManifest(dir);
  const { manifest, earlier } = readManifestText(readText(path, 1 << 26), path);
  const listed = Object.entries(manifest.files);
  const check = await FolderCheck.begin(
    options,
    listed.reduce((sum, [, { bytes }]) => sum + bytes, 0),
  );
  check.files++;
  check.lines.push(
    earlier === 1
      ? "sound    manifest.yaml: format 1, which has no checksum of its own: that it reads is all that can be said; `twin upgrade` gives it one"
      : "sound    manifest.yaml: as its checksum says",
  );
  for (const [name, known] of listed) {
    await check.check(name, () => check.whole(join(dir, name), known, again));
  }
  if (Object.hasOwn(manifest.files, manifestJsonFile)) {
    await check.check(`${manifestJsonFile} beside manifest.yaml`, () => {
      expectSame(dir, manifest);
      return `they say the same; a page pins it by its integrity, ${integrityOf(manifest.files[manifestJsonFile].sha256)}`;
    });
  }
  await tables(dir, manifest, check);
  await published(dir, manifest, check);
  return check.report("build");
};

/** As HTML writes it. */
const integrityOf = (sha256: string): string => `sha256-${Buffer.from(sha256, "hex").toString("base64")}`;

/** @throws TwinError where manifest.json says something else than manifest.yaml */
function expectSame(dir: string, manifest: Manifest): void {
  const path = join(dir, manifestJsonFile);
  const [one, other] = [parseManifestJson(readText(path, 1 << 26), path), manifest].map((said) =>
    JSON.stringify(bareManifest(said)),
  );
  if (one !== other) {
    throw new TwinError(`${path} says something else than manifest.yaml. ${again}`);
  }
}

async function tables(dir: string, manifest: Manifest, check: FolderCheck): Promise<void> {
  let current: number | null = null;
  if (existsSync(join(dir, "tables", "current"))) {
    await check.check("tables/current", () => {
      current = currentGeneration(dir);
      check.files++;
      return `generation ${current}`;
    });
  }
  const folder = generationsFolder(dir);
  const numbers = existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => /^[1-9]\d*$/.test(name))
        .map(Number)
    : [];
  if (current !== null && !numbers.includes(current)) {
    numbers.push(current);
  }
  for (const number of numbers.sort((a, b) => a - b)) {
    await generation(dir, number, manifest, check, number === current);
  }
}

/** What the folder says of rows in a Redis; the Redis itself is not asked. */
async function published(dir: string, manifest: Manifest, check: FolderCheck): Promise<void> {
  if (!existsSync(publishedPath(dir))) {
    return;
  }
  const place = "tables/published.json";
  let found: ReturnType<typeof readPublished> = null;
  await check.check(place, () => {
    found = readPublished(dir);
    check.files++;
    return `generation ${found?.described.number} in ${found?.address}, which was not asked`;
  });
  if (found !== null) {
    const known: Published = found;
    fits(known.described, manifest, check, place);
    try {
      expectOwnWeights(known, dir, manifest.files[weightsFile]?.sha256);
    } catch (error) {
      check.sound = false;
      check.lines.push(`refused  ${place}: ${error instanceof Error ? error.message : error}`);
    }
  }
}

async function generation(
  dir: string,
  number: number,
  manifest: Manifest,
  check: FolderCheck,
  isCurrent: boolean,
): Promise<void> {
  const folder = generationFolder(dir, number);
  const place = `tables/generations/${number}`;
  await check.check(place, async () => {
    const opened = await Generation.open(dir, { number, memoryLimit: 0 });
    opened.close();
    check.files++;
    const { items, key, made_at } = opened.description;
    return `${items} items by ${key.feature} (${key.type}), made ${made_at}, its files belong together`;
  });
  let described: ReturnType<typeof readGeneration>;
  try {
    described = readGeneration(folder);
  } catch {
    return;
  }
  const files = [
    [described.index, "index"],
    [described.store, "items"],
    ...Object.values(described.tables).map(({ file }) => [file, "table"] as const),
  ] as const;
  for (const [name, kind] of files) {
    await check.check(`${place}/${name}`, async () => {
      const file = await BlockFile.open(join(folder, name), kind);
      try {
        for (let at = 0; at < file.payload; at += step) {
          file.verify(at, Math.min(file.payload, at + step));
          await check.count(Math.min(step, file.payload - at));
        }
        check.files++;
        return `${file.payload} bytes, every block as its checksum says`;
      } finally {
        file.close();
      }
    });
  }
  if (!isCurrent) {
    return;
  }
  fits(described, manifest, check, place);
}

/** Whether tables are of this build's encoders and weights. */
function fits(described: GenerationFile, manifest: Manifest, check: FolderCheck, place: string): void {
  if (described.fingerprints.encoders !== encodersFingerprint(manifest)) {
    check.sound = false;
    check.lines.push(`refused  ${place}: made with other encoders or vocabularies; build the tables again`);
  }
  for (const name of Object.keys(manifest.tables)) {
    const made = { madeAt: described.made_at, fingerprints: described.fingerprints };
    const { state, because } = freshness(manifest, name, made, Date.now() / 1000);
    if (state === "refused") {
      check.sound = false;
    }
    check.lines.push(`${state.padEnd(8)} table ${name}: ${because || "made with these weights"}`);
  }
}

/** Bytes between two looks at whether it is to stop: whole blocks. */
const step = 16 * 1024 * 1024;
