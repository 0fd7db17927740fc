// Tables of every item, made in memory with the weights at hand: what a precision costs, apart from coverage and age.

import { join } from "node:path";
import { recordOf } from "../../contract/record.ts";
import { openProjection, projectorFiles, StoreReader } from "../build-table/index.ts";
import { projectionPlan, rowFormat, rowsIn, slotBytes } from "../projection/index.ts";
import type { Engine } from "../request/index.ts";
import { Generation } from "../store/index.ts";
import type { OpenTable } from "../table/live-tables.ts";
import { type Locate, within } from "../table/locate.ts";
import { MemoryRows } from "../table/memory-rows.ts";
import { encodeRows, type Precision, type RowFormat } from "../table/precision.ts";
import { decodeStored, storedRows } from "../table/stored-rows.ts";
import { bytesOf, expectRoom, putRow, type RowKeys } from "../table/table-store.ts";
import { heldTable } from "./held-rows.ts";

/** Items projected at once. */
const part = 4096;

/** Float32 rows of every item by table, [items + 1, width]; row 0 is the miss row, zeros. */
export type FullTables = ReadonlyMap<string, Float32Array>;

/** Bytes that the tables of so many items take in memory as float32. */
export function fullBytes({ artefacts }: Engine, items: number): number {
  return Object.values(artefacts.manifest.tables).reduce((sum, { width }) => sum + 4 * width * (items + 1), 0);
}

/** Projects every item of the current generation. @throws TwinError where none is built */
export async function fullTables({ artefacts }: Engine): Promise<FullTables> {
  const { dir, manifest } = artefacts;
  const generation = await Generation.open(dir, { memoryLimit: 0 });
  const rows = generation.description.items + 1;
  const reader = await StoreReader.open({
    path: join(generation.folder, generation.description.store),
    features: generation.store.features,
  });
  const every = recordOf(Object.keys(manifest.tables).map((name) => [name, rows]));
  const plan = projectionPlan(dir, manifest, every, false);
  if (plan === null) {
    reader.close();
    generation.close();
    return new Map();
  }
  const wide = {
    ...plan,
    tables: plan.tables.map((table) => ({ ...table, format: { ...table.format, precision: "float32" as const } })),
  };
  const projection = await openProjection(projectorFiles(dir, manifest, wide, 2));
  try {
    const tables = new Map(wide.tables.map(({ name, format }) => [name, new Float32Array(rows * format.width)]));
    const memory = new SharedArrayBuffer(slotBytes(wide, part));
    for (let first = 1; first < rows; first += part) {
      const items = Math.min(part, rows - first);
      const columns = reader.read(first, items);
      const { bytes } = await projection.run(columns, first, items, new Uint8Array(memory));
      for (const [name, stored] of rowsIn(memory, bytes)) {
        const width = manifest.tables[name].width;
        tables.get(name)?.set(new Float32Array(stored.buffer, stored.byteOffset, items * width), first * width);
      }
    }
    return tables;
  } finally {
    await projection.close();
    reader.close();
    generation.close();
  }
}

/**
 * The tables as they read back from a precision; narrower ones are held as they are stored. A graph takes them as float32.
 * @param locate ordinals of items
 */
export function storedAs(
  { artefacts }: Engine,
  full: FullTables,
  precision: Precision,
  locate: Locate,
): Map<string, OpenTable> {
  return new Map(
    [...full].map(([name, values]) => {
      const format = { ...rowFormat(artefacts.manifest.tables[name]), precision };
      return [name, precision === "float32" ? inMemory(values, format.width, locate) : narrow(values, format, locate)];
    }),
  );
}

const where = "tables made in memory";

export function inMemory(values: Float32Array, width: number, locate: Locate): OpenTable {
  const sections = [{ from: 0, bytes: 4 * width, memory: bytesOf(values) }];
  const rows = new MemoryRows(where, values.length / width, sections, locate);
  return Object.assign(rows, {
    format: { precision: "float32", width, heads: [width] } as const,
    floats: async () => ({ values, row: (keys: RowKeys) => rows.locate(keys) }),
    stored: async () => null,
  });
}

function narrow(values: Float32Array, format: RowFormat, locate: Locate): OpenTable {
  const { width } = format;
  const rows = values.length / width;
  // Row 0, zeros, reads back as zeros.
  const stored = storedRows(encodeRows(values, format), format);
  const own = within(locate, rows);
  return heldTable({
    where,
    rows,
    rowBytes: 4 * width,
    absent: new Uint8Array(4 * width),
    format: { precision: "float32", width, heads: [width] },
    locate: own,
    async read(keys, into, { signal } = {}) {
      signal?.throwIfAborted();
      expectRoom({ rowBytes: 4 * width }, keys, into);
      const ordinals = own(keys);
      const row = new Float32Array(width);
      const hits = new Uint8Array(ordinals.length);
      for (let i = 0; i < ordinals.length; i++) {
        hits[i] = ordinals[i] > 0 ? 1 : 0;
        decodeStored(stored, ordinals[i], format, row, 0);
        putRow(bytesOf(row), 0, i, into);
      }
      return hits;
    },
    floats: async () => null,
    stored: async () => null,
  });
}
