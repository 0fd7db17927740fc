// `twin pack`: cuts the rows, item features and embedding rows of some items out of a build's current generation.
import * as v from "valibot";
import { checkedJson } from "../../contract/checked-json.ts";
import { encodersFingerprint } from "../../contract/encoders-fingerprint.ts";
import { TwinError } from "../../contract/error.ts";
import type { EmbeddingEntry, Manifest } from "../../contract/manifest.ts";
import { recordOf } from "../../contract/record.ts";
import { encodeSafetensors } from "../../contract/safetensors.ts";
import { rootOf } from "../bytes/block-reader.ts";
import { BlockWriter } from "../bytes/block-writer.ts";
import { MemorySink } from "../bytes/byte-sink.ts";
import { memorySource } from "../bytes/byte-source.ts";
import { parseKeys, pickKeys } from "../encode/keys.ts";
import { type Artefacts, openArtefacts } from "../serve/index.ts";
import { Generation } from "../store/index.ts";
import { GenerationSchema } from "../table/generation-description.ts";
import { writeKeyIndex } from "../table/key-index-build.ts";
import { descriptionPart, packBytes, rowsPart } from "../table/pack.ts";
import { type Precision, rowBytes } from "../table/precision.ts";
import { floatRows } from "../table/read-rows.ts";
import { bytesOf, rowNumbers } from "../table/table-store.ts";
import { TableWriter } from "../table/table-writer.ts";

export interface PackOptions {
  /** The build folder. */
  readonly dir: string;
  /** Keys of the items, in any order; one may come again. */
  readonly keys: readonly (bigint | string)[];
  /** Where they were named, for errors. */
  readonly where: string;
  /** Where key i was; default: `where` and its index. */
  readonly placeOf?: ((i: number) => string) | undefined;
  /** Rows that are stored wider are narrowed; default: as they are stored. */
  readonly precision?: Precision | undefined;
  readonly warn?: (message: string) => void;
}

export interface PackedTable {
  readonly name: string;
  /** The miss row among them. */
  readonly rows: number;
  readonly precision: Precision;
  /** Items of the pack that the table has no row of: its own `coverage` or `min_count` leaves them out. */
  readonly lacks: number;
  /** Whether it has a row of the item that was named at place i of the keys. */
  readonly has: (i: number) => boolean;
}

export interface PackReport {
  readonly bytes: Uint8Array;
  readonly generation: number;
  /** Items in it. */
  readonly items: number;
  /** Keys that were named and are not in the generation; some of them. */
  readonly unknown: number;
  readonly examples: readonly string[];
  /** Whether the item that was named at place i of the keys is in it. */
  readonly has: (i: number) => boolean;
  readonly tables: readonly PackedTable[];
  /** By embedding outside the graphs: rows of it. */
  readonly embeddings: readonly { readonly parameter: string; readonly rows: number }[];
}

const widths: Readonly<Record<Precision, number>> = { uint8: 1, float16: 2, float32: 4 };

/** @throws TwinError where nothing is built, nothing is left of the items, or the build does not fit its generation */
export async function cutPack(options: PackOptions): Promise<PackReport> {
  const { dir, where } = options;
  const artefacts = await openArtefacts(dir, options.warn ?? (() => undefined));
  try {
    await artefacts.weights.sound;
    const generation = await Generation.open(dir);
    try {
      return await cut(options, artefacts, generation);
    } finally {
      generation.close();
    }
  } catch (error) {
    throw error instanceof RangeError ? new TwinError(`${where}: ${error.message}`, { cause: error }) : error;
  } finally {
    artefacts.outside?.close();
  }
}

async function cut(options: PackOptions, artefacts: Artefacts, generation: Generation): Promise<PackReport> {
  const { manifest } = artefacts;
  const { description, index } = generation;
  if (description.fingerprints.encoders !== encodersFingerprint(manifest)) {
    throw new TwinError(
      `${options.dir}: the item features or their encoders have changed since its tables were built; build them again: twin table build ${options.dir} --data data.yaml`,
    );
  }
  const keys = parseKeys(options.keys, index.type, options.placeOf ?? options.where);
  const found = index.lookup(keys);
  const places = new Map<number, number>();
  const unknown: string[] = [];
  found.forEach((ordinal, i) => {
    if (ordinal > 0) {
      places.set(ordinal, i);
    } else {
      unknown.push(String(options.keys[i]));
    }
  });
  if (places.size === 0) {
    throw new TwinError(
      `${options.where}: none of the ${keys.length} keys is an item of generation ${description.number} of ${options.dir}`,
    );
  }
  // In the generation's order: every table holds a first part of the items here, too.
  const ordinals = Int32Array.from(places.keys()).sort();
  const parts = new Map<string, Uint8Array>();
  const keySink = new MemorySink(description.index);
  await writeKeyIndex(
    keySink,
    pickKeys(
      keys,
      ordinals.map((ordinal) => places.get(ordinal) ?? 0),
    ),
  );
  parts.set(description.index, keySink.bytes);
  parts.set(description.store, await records(generation, ordinals));
  const tables: PackedTable[] = [];
  for (const [name, { file }] of Object.entries(description.tables)) {
    const { bytes, held, ...table } = await tableRows(generation, name, ordinals, options.precision);
    parts.set(file, bytes);
    const lacks = ordinals.length + 1 - table.rows;
    tables.push({ name, ...table, lacks, has: (i) => found[i] > 0 && found[i] < held });
  }
  const rows = await embeddingRows(artefacts, generation, ordinals);
  const files = recordOf([...parts].map(([name, bytes]) => [name, rootOf(memorySource(name, bytes))] as const));
  const described = v.parse(GenerationSchema, {
    ...description,
    format: 2,
    items: ordinals.length,
    tables: recordOf(
      tables.map((table) => [
        table.name,
        { file: description.tables[table.name].file, rows: table.rows, coverage_reached: null },
      ]),
    ),
    files,
    checksum: undefined,
  });
  parts.set(descriptionPart, new TextEncoder().encode(checkedJson(described)));
  if (rows.length > 0) {
    parts.set(
      rowsPart,
      encodeSafetensors(
        rows.flatMap(({ table, numbers, values }) => [
          { name: `rows/${table.parameter}`, shape: [numbers.length], data: numbers },
          { name: `values/${table.parameter}`, shape: [numbers.length, table.dim], data: values },
        ]),
      ),
    );
  }
  const directory = {
    model: manifest.model,
    weights: manifest.fingerprints.weights,
    embeddings: rows.map(({ table }) => table.parameter),
  };
  return {
    bytes: await packBytes(directory, parts),
    generation: description.number,
    items: ordinals.length,
    unknown: unknown.length,
    examples: unknown.slice(0, 5),
    has: (i) => found[i] > 0,
    tables,
    embeddings: rows.map(({ table, numbers }) => ({ parameter: table.parameter, rows: numbers.length })),
  };
}

/** The item store of some items. */
async function records({ store }: Generation, ordinals: Int32Array): Promise<Uint8Array> {
  const { rowBytes: size, features } = store;
  const bytes = new Uint8Array(ordinals.length * size);
  if (size > 0) {
    await store.read(rowNumbers(ordinals), [{ from: 0, bytes: size, into: bytes }]);
  }
  const sink = new MemorySink(store.path);
  const writer = await BlockWriter.create(sink, "items");
  await writer.write(store.absent);
  await writer.write(bytes);
  const layout = new TextEncoder().encode(JSON.stringify(features));
  await writer.write(layout);
  await writer.finish({ records: ordinals.length + 1, words: size / 4, layout: layout.length });
  return sink.bytes;
}

/** A table's rows of some items: those of the first items, as the table itself holds them. */
async function tableRows(
  generation: Generation,
  name: string,
  ordinals: Int32Array,
  precision: Precision | undefined,
): Promise<{
  readonly rows: number;
  readonly precision: Precision;
  readonly bytes: Uint8Array;
  readonly held: number;
}> {
  const table = generation.tables.get(name);
  if (table === undefined) {
    throw new Error(`the generation has no table ${name}`);
  }
  const held = ordinals.filter((ordinal) => ordinal < table.rows);
  const narrower = precision !== undefined && widths[precision] < widths[table.format.precision];
  const format = narrower ? { ...table.format, precision } : table.format;
  const sink = new MemorySink(table.path);
  const writer = await TableWriter.create(sink, format);
  if (narrower) {
    await writer.write(await floatRows(table, rowNumbers(held)));
  } else {
    const size = rowBytes(format);
    const bytes = new Uint8Array(held.length * size);
    await table.read(rowNumbers(held), [{ from: 0, bytes: size, into: bytes }]);
    await writer.writeEncoded(bytes);
  }
  await writer.finish();
  return { rows: held.length + 1, precision: format.precision, bytes: sink.bytes, held: table.rows };
}

interface EmbeddingRows {
  readonly table: EmbeddingEntry;
  readonly numbers: Int32Array;
  readonly values: Float32Array;
}

/** Of the embeddings outside that only items read: the rows that these items name, and row 0. */
async function embeddingRows(
  { manifest, outside }: Artefacts,
  { store }: Generation,
  ordinals: Int32Array,
): Promise<EmbeddingRows[]> {
  const found: EmbeddingRows[] = [];
  for (const table of outside === null ? [] : itemEmbeddings(manifest)) {
    const named = new Set<number>([0]);
    for (const reader of table.readers) {
      const field = store.fields.get(reader);
      if (field === undefined) {
        throw new TwinError(`${store.where} holds no feature ${reader}. Build the tables again`);
      }
      const column = new Int32Array(ordinals.length * field.words);
      const piece = { from: field.from, bytes: 4 * field.words, into: bytesOf(column) };
      await store.read(rowNumbers(ordinals), [piece]);
      for (const row of column) {
        if (row > 0) {
          named.add(row);
        }
      }
    }
    const numbers = Int32Array.from(named).sort();
    const values = new Float32Array(numbers.length * table.dim);
    await outside
      ?.rows(table.parameter, table.dim)
      .read(rowNumbers(numbers), [{ from: 0, bytes: 4 * table.dim, into: bytesOf(values) }]);
    found.push({ table, numbers, values });
  }
  return found;
}

function itemEmbeddings({ embeddings, features }: Manifest): EmbeddingEntry[] {
  const ofItems = new Set(features.flatMap(({ name, group }) => (group === "item" ? [name] : [])));
  return embeddings.filter(
    ({ placement, readers }) => placement.kind === "outside" && readers.every((reader) => ofItems.has(reader)),
  );
}
