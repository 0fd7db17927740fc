// A model built into a folder, with made-up items and a generation of tables, for tests of the runtime.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { BuildOptions } from "../../compiler/index.ts";
import { encodersFingerprint } from "../../contract/encoders-fingerprint.ts";
import { encodeColumn, encodedShape } from "../../runtime/encode/column.ts";
import { parseKeys, type RawKeys } from "../../runtime/encode/keys.ts";
import type { RawColumn } from "../../runtime/encode/raw.ts";
import { fetchOutside, rowTensor } from "../../runtime/request/outside.ts";
import { openArtefacts } from "../../runtime/serve/artefacts.ts";
import { floats, ints, type Tensor } from "../../runtime/session/session.ts";
import { openFile } from "../../runtime/session/session-node.ts";
import { newFile } from "../../runtime/store/block-sink.ts";
import { commitGeneration, nextGeneration } from "../../runtime/store/generation-commit.ts";
import { writeGeneration } from "../../runtime/store/generation-file.ts";
import { ItemStoreWriter, storedFeatures } from "../../runtime/table/item-store-writer.ts";
import { writeKeyIndex } from "../../runtime/table/key-index-build.ts";
import { headsOf } from "../../runtime/table/precision.ts";
import { TableWriter } from "../../runtime/table/table-writer.ts";
import { bytesOf, compiled } from "./small-model.ts";

const folders: string[] = [];

/** Removes every folder that this file made. */
export function cleanUp(): void {
  for (const folder of folders.splice(0)) {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), "twin-test-"));
  folders.push(folder);
  return folder;
}

/** Builds a model's source into `dir`. */
export function buildInto(dir: string, source: string, options: Partial<BuildOptions> = {}): string {
  for (const file of compiled(source, { vocabularies: new Map(), ...options }).files) {
    const path = join(dir, file.path);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytesOf(file));
  }
  return dir;
}

export function built(source: string, options: Partial<BuildOptions> = {}): string {
  return buildInto(join(temporary(), "build"), source, options);
}

export interface GenerationSettings {
  /** Items that the tables hold, from the first on; default all. */
  readonly covered?: number;
  readonly madeAt?: string;
  /** What the generation says of itself instead of the truth. */
  readonly producer?: string;
  readonly metric?: string;
  readonly encoders?: string;
}

/** Writes a generation of the items: `columns` by bare feature name, the key's among them. */
export async function writeTables(
  dir: string,
  keys: RawKeys,
  columns: Readonly<Record<string, RawColumn>>,
  settings: GenerationSettings = {},
): Promise<void> {
  const artefacts = await openArtefacts(dir, () => undefined);
  const { manifest } = artefacts;
  const { number, partial } = nextGeneration(dir);
  const items = keys.length;
  const covered = settings.covered ?? items;
  const stored = storedFeatures(manifest.features);
  const context = artefacts.context("items");
  const encoded = new Map(
    stored.map((feature) => [
      feature.name,
      encodeColumn(feature, feature.key ? (keys as RawColumn) : columns[feature.column], items, context),
    ]),
  );
  const store = await ItemStoreWriter.create(newFile(join(partial, "items.store")), manifest.features);
  await store.write(encoded, items);
  await store.finish();
  const texts = Array.isArray(keys) && keys.some((key) => typeof key === "string" && !/^\d+$/.test(key));
  const type = texts ? "string" : "int64";
  const parsed = parseKeys(keys, type, "items");
  await writeKeyIndex(newFile(join(partial, "keys.index")), parsed);

  const projector = manifest.graphs.projector;
  const tables: Record<string, { file: string; rows: number; coverage_reached: null }> = {};
  if (projector !== undefined && covered > 0) {
    const session = await openFile(join(dir, projector.file), {
      providers: ["cpu"],
      threads: 1,
      warn: () => undefined,
    });
    const feeds: Record<string, Tensor> = {};
    for (const feature of stored) {
      const data = encoded.get(feature.name)!;
      const shape = encodedShape(feature, items);
      feeds[feature.name] = data instanceof Float32Array ? floats(data, ...shape) : ints(data, ...shape);
    }
    for (const { name, source } of projector.inputs) {
      if (source.kind === "item" && source.raw === true) {
        feeds[name] = feeds[source.feature];
      }
    }
    for (const embedding of manifest.embeddings) {
      if (embedding.placement.kind === "inside") {
        continue;
      }
      const users = stored.filter((feature) => feature.embedding === embedding.parameter);
      const uses = users.map((feature) => ({
        indices: rowTensor(feeds[feature.name], feature.name),
        needed: null,
      }));
      const { rows, indices } = await fetchOutside(artefacts.outside!, embedding, uses);
      feeds[embedding.placement.input] = rows;
      users.forEach((feature, i) => {
        feeds[feature.name] = indices[i];
      });
    }
    const outputs = await session.run(feeds);
    for (const [name, entry] of Object.entries(manifest.tables)) {
      const port = projector.outputs.find((one) => one.name === name) ?? projector.outputs[0];
      const format = { precision: entry.precision, width: entry.width, heads: headsOf(entry.parts) };
      const table = await TableWriter.create(newFile(join(partial, `${name}.table`)), format);
      await table.write((outputs[port.name].data as Float32Array).subarray(0, covered * entry.width));
      await table.finish();
      tables[name] = { file: `${name}.table`, rows: covered + 1, coverage_reached: null };
    }
    await session.close();
  }
  artefacts.outside?.close();
  const all = <T extends string>(names: readonly string[], value: (name: string) => T) =>
    Object.fromEntries(names.map((name) => [name, value(name)]));
  const { fingerprints } = manifest;
  writeGeneration(partial, {
    format: 1,
    number,
    model: manifest.model,
    made_at: settings.madeAt ?? new Date().toISOString(),
    step: null,
    items,
    key: { feature: manifest.features.find((feature) => feature.key)!.name, type },
    fingerprints: {
      producer: all(Object.keys(manifest.tables), (name) => settings.producer ?? fingerprints.producer[name]),
      metric: all(Object.keys(fingerprints.metric), (name) => settings.metric ?? fingerprints.metric[name]),
      encoders: settings.encoders ?? encodersFingerprint(manifest),
    },
    tables,
    index: "keys.index",
    store: "items.store",
  });
  commitGeneration(dir, number, partial);
}
