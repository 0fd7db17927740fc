// Rows of the tables in use that hold for a new generation: those of items whose encoded features are the same, where the
// weights are.

import type { Manifest } from "../../contract/manifest.ts";
import type { KeyType } from "../data/index.ts";
import { madeAlike, madeBy } from "../delta/delta-description.ts";
import { overlaid } from "../delta/overlay.ts";
import { type Piece, rowFormat } from "../projection/index.ts";
import { DeltaLog, Generation } from "../store/index.ts";
import type { OpenParts } from "../table/opened-generation.ts";
import { sameFormat } from "../table/precision.ts";
import { type EncodedChunk, pickedChunk } from "./encoded-chunks.ts";

export class Reuse {
  readonly #generation: Generation;
  readonly #parts: OpenParts;
  /** Rows that any table has, the miss row among them: items beyond are in none. */
  readonly #most: number;
  #reused = 0;

  private constructor(generation: Generation, parts: OpenParts, most: number) {
    this.#generation = generation;
    this.#parts = parts;
    this.#most = most;
  }

  /**
   * The tables in use with what was put in since; null where they were made otherwise.
   * @param most rows of the largest new table
   */
  static async open(dir: string, manifest: Manifest, keyType: KeyType, most: number): Promise<Reuse | null> {
    if (Generation.current(dir) === null) {
      return null;
    }
    const generation = await Generation.open(dir);
    const stored = Object.entries(manifest.tables).every(([name, table]) => {
      const format = generation.tables.get(name)?.format;
      return format !== undefined && sameFormat(format, rowFormat(table));
    });
    if (!stored || !madeAlike(generation.description, madeBy(manifest, keyType))) {
      generation.close();
      return null;
    }
    const log = new DeltaLog(dir, generation.description, generation.tables, false);
    await log.look(true);
    const parts = log.delta === null ? generation : overlaid(generation, log.delta);
    return new Reuse(generation, parts, most);
  }

  /** Items whose rows were taken over so far. */
  get reused(): number {
    return this.#reused;
  }

  /** A piece of which only those items are projected whose rows are not there. @param records of the chunk's items */
  async piece(first: number, chunk: EncodedChunk, records: Uint8Array): Promise<Omit<Piece, "done">> {
    const { store, tables } = this.#parts;
    const items = chunk.keys.length;
    const { rowBytes } = store;
    const before = new Uint8Array(items * rowBytes);
    const known = await store.read(chunk.keys, [{ from: 0, bytes: rowBytes, into: before }]);
    const rows = new Map<string, Uint8Array>();
    for (const [name, table] of tables) {
      const into = new Uint8Array(items * table.rowBytes);
      const hits = await table.read(chunk.keys, [{ from: 0, bytes: table.rowBytes, into }]);
      rows.set(name, into);
      for (let i = 0; i < items; i++) {
        known[i] &= hits[i];
      }
    }
    const due = new Int32Array(items);
    let count = 0;
    // Items that no table holds are not projected either.
    const end = Math.min(items, this.#most - first);
    for (let i = 0; i < end; i++) {
      if (known[i] === 0 || !same(before, records, i * rowBytes, rowBytes)) {
        due[count++] = i;
      }
    }
    const changed = due.subarray(0, count);
    this.#reused += Math.max(0, end - count);
    const { columns } = pickedChunk(chunk, changed);
    return { first: 1, items: count, columns, kept: { first, items, changed, rows } };
  }

  close(): void {
    this.#generation.close();
  }
}

function same(a: Uint8Array, b: Uint8Array, from: number, bytes: number): boolean {
  for (let i = from; i < from + bytes; i++) {
    if (a[i] !== b[i]) {
      return false;
    }
  }
  return true;
}
