// Tables of every item, made in memory with the weights at hand: what a precision costs, apart from coverage and age.

import { join } from "node:path";
import { recordOf } from "../../contract/record.ts";
import { projectionPlan, rowFormat } from "../build-table/plan.ts";
import { Projection, rowsIn, slotBytes } from "../build-table/projection.ts";
import { StoreReader } from "../build-table/store-reader.ts";
import type { Engine } from "../request/engine.ts";
import { Generation } from "../store/generation.ts";
import type { OpenTable } from "../table/live-tables.ts";
import { encodeRows, type Precision, type RowFormat } from "../table/precision.ts";
import { decodeStored, storedRows } from "../table/stored-rows.ts";
import { heldTable } from "./held-rows.ts";

/** Items projected at once. */
const PART = 4096;

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
  const plan = projectionPlan(dir, manifest, every, 2, false)!;
  const wide = {
    ...plan,
    tables: plan.tables.map((table) => ({ ...table, format: { ...table.format, precision: "float32" as const } })),
  };
  const projection = await Projection.open(wide);
  try {
    const tables = new Map(wide.tables.map(({ name, format }) => [name, new Float32Array(rows * format.width)]));
    const memory = new SharedArrayBuffer(slotBytes(wide, PART));
    for (let first = 1; first < rows; first += PART) {
      const items = Math.min(PART, rows - first);
      const columns = reader.read(first, items);
      const { bytes } = await projection.run(columns, first, items, new Uint8Array(memory));
      for (const [name, stored] of rowsIn(memory, bytes)) {
        const width = manifest.tables[name].width;
        tables.get(name)!.set(new Float32Array(stored.buffer, stored.byteOffset, items * width), first * width);
      }
    }
    return tables;
  } finally {
    await projection.close();
    reader.close();
    generation.close();
  }
}

/** The tables as they read back from a precision; narrower ones are held as they are stored. */
export function storedAs({ artefacts }: Engine, full: FullTables, precision: Precision): Map<string, OpenTable> {
  return new Map(
    [...full].map(([name, values]) => {
      const format = { ...rowFormat(artefacts.manifest.tables[name]), precision };
      return [name, precision === "float32" ? inMemory(values, format.width) : heldTable(narrow(values, format))];
    }),
  );
}

/** A table that a graph takes as float32, whatever it is read from. */
function asFloats(rows: number, width: number, own: Pick<OpenTable, "whole" | "gather">): OpenTable {
  const format = { precision: "float32", width, heads: [width] } as const;
  return { rows, format, stored: () => null, gatherStored: () => null, ...own };
}

function inMemory(values: Float32Array, width: number): OpenTable {
  return asFloats(values.length / width, width, {
    whole: () => values,
    gather(ordinals, into, offset) {
      for (let i = 0; i < ordinals.length; i++)
        into.set(values.subarray(ordinals[i] * width, (ordinals[i] + 1) * width), offset + i * width);
    },
  });
}

function narrow(values: Float32Array, format: RowFormat): OpenTable {
  const { width } = format;
  // Row 0, zeros, reads back as zeros.
  const stored = storedRows(encodeRows(values, format), format);
  return asFloats(values.length / width, width, {
    whole: () => null,
    gather(ordinals, into, offset) {
      for (let i = 0; i < ordinals.length; i++) decodeStored(stored, ordinals[i], format, into, offset + i * width);
    },
  });
}
