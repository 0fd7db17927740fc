// Embedding tables that no graph holds: the rows that a request may need, read at once, and those of one run out of them.

import { TwinError } from "../../contract/error.ts";
import type { IntTensor, StoredTensor, Tensor } from "../session/session.ts";
import { floats, ints } from "../session/session.ts";
import { bytesOf, type ReadOptions, rowNumbers } from "../table/table-store.ts";
import type { OutsideTables } from "./artefacts.ts";

/** Indices into one embedding table, and which of their leading rows a graph will read (all, where not said). */
export interface OutsideUse {
  readonly indices: IntTensor;
  readonly needed: Uint8Array | null;
}

/** One embedding table. */
export interface OutsideTable {
  readonly parameter: string;
  readonly dim: number;
}

/** Rows of one table, ascending, and where each lies. */
interface Held {
  readonly places: ReadonlyMap<number, number>;
  readonly rows: Float32Array;
}

/** The rows that a user's side, or the candidates of a request, name. */
export class OutsideRows {
  readonly #held = new Map<string, Held[]>();

  /** Reads the rows that some index tensors name and that are not at hand yet. */
  async fetch(
    tables: OutsideTables,
    { parameter, dim }: OutsideTable,
    indices: readonly IntTensor[],
    options?: ReadOptions,
  ): Promise<void> {
    const uses = indices.map((tensor) => ({ indices: tensor, needed: null }));
    const due = union(uses).filter((row) => this.find(parameter, row) === null);
    if (due.length === 0) {
      return;
    }
    const rows = await readRows(tables, { parameter, dim }, due, options);
    const held = this.#held.get(parameter) ?? [];
    this.#held.set(parameter, [...held, { places: placesOf(due), rows }]);
  }

  /** Where a row lies; null where it is not at hand. */
  find(parameter: string, row: number): { readonly rows: Float32Array; readonly place: number } | null {
    for (const { places, rows } of this.#held.get(parameter) ?? []) {
      const place = places.get(row);
      if (place !== undefined) {
        return { rows, place };
      }
    }
    return null;
  }
}

/**
 * The union of the rows that some index tensors name, out of what was fetched.
 * Row 0 of the result is the table's row 0, the unknown; −1 (no tag) stays −1; what is not needed points to row 0.
 * @returns rows [union, dim], and each index tensor counted in those rows
 */
export function outsideOf(
  fetched: readonly OutsideRows[],
  { parameter, dim }: OutsideTable,
  uses: readonly OutsideUse[],
): { rows: Tensor; indices: IntTensor[] } {
  const rows = union(uses);
  const values = new Float32Array(rows.length * dim);
  for (let i = 0; i < rows.length; i++) {
    let found: ReturnType<OutsideRows["find"]> = null;
    for (let k = 0; found === null && k < fetched.length; k++) {
      found = fetched[k].find(parameter, rows[i]);
    }
    if (found === null) {
      throw new Error(`row ${rows[i]} of ${parameter} was not fetched`);
    }
    const from = found.place * dim;
    for (let j = 0; j < dim; j++) {
      values[i * dim + j] = found.rows[from + j];
    }
  }
  return { rows: floats(values, rows.length, dim), indices: counted(uses, rows) };
}

/** The same, read from the table itself. */
export async function fetchOutside(
  tables: OutsideTables,
  table: OutsideTable,
  uses: readonly OutsideUse[],
  options?: ReadOptions,
): Promise<{ rows: Tensor; indices: IntTensor[] }> {
  const rows = union(uses);
  const values = await readRows(tables, table, rows, options);
  return { rows: floats(values, rows.length, table.dim), indices: counted(uses, rows) };
}

async function readRows(
  tables: OutsideTables,
  { parameter, dim }: OutsideTable,
  rows: Int32Array,
  options?: ReadOptions,
): Promise<Float32Array> {
  const store = tables.rows(parameter, dim);
  const values = new Float32Array(rows.length * dim);
  const piece = { from: 0, bytes: 4 * dim, into: bytesOf(values) };
  const hits = await store.read(rowNumbers(rows), [piece], options);
  const absent = hits.indexOf(0);
  if (absent >= 0) {
    throw new TwinError(`${store.where} has no row ${rows[absent]}, which a request needs`);
  }
  return values;
}

/** The rows of an embedding that an input names. @throws Error where it holds anything else: a fault of ours */
export function rowTensor(tensor: Tensor | StoredTensor, name: string): IntTensor {
  if (tensor.dtype !== "int32") {
    throw new Error(`input ${name} is ${tensor.dtype}, and should name rows`);
  }
  return tensor;
}

/** The rows that are needed, ascending, row 0 among them. */
function union(uses: readonly OutsideUse[]): Int32Array {
  const found = new Set<number>([0]);
  for (const use of uses) {
    eachNeeded(use, (_, row) => found.add(row));
  }
  return Int32Array.from(found).sort();
}

function placesOf(rows: Int32Array): Map<number, number> {
  const places = new Map<number, number>();
  for (let i = 0; i < rows.length; i++) {
    places.set(rows[i], i);
  }
  return places;
}

function counted(uses: readonly OutsideUse[], rows: Int32Array): IntTensor[] {
  const places = placesOf(rows);
  return uses.map((use) => {
    const data = new Int32Array(use.indices.data.length);
    for (let i = 0; i < data.length; i++) {
      data[i] = Math.min(use.indices.data[i], 0);
    }
    eachNeeded(use, (at, row) => {
      const place = places.get(row);
      if (place === undefined) {
        throw new Error(`row ${row} is not among the rows that were gathered`);
      }
      data[at] = place;
    });
    return ints(data, ...use.indices.shape);
  });
}

function eachNeeded({ indices, needed }: OutsideUse, visit: (at: number, row: number) => void): void {
  const { data, shape } = indices;
  const width = shape.length === 0 || shape[0] === 0 ? 1 : data.length / shape[0];
  for (let at = 0; at < data.length; at++) {
    if (needed !== null && needed[Math.floor(at / width)] === 0) {
      continue;
    }
    if (data[at] >= 0) {
      visit(at, data[at]);
    }
  }
}
