// Embedding tables that no graph holds: the rows that one run needs, fetched from weights.safetensors.

import type { Tensor } from "../session/session.ts";
import { floats } from "../session/session.ts";
import type { RowReader } from "./artefacts.ts";

/** Indices into one embedding table, and which of their leading rows a graph will read (all, where not said). */
export interface OutsideUse {
  readonly indices: Tensor;
  readonly needed: Uint8Array | null;
}

/**
 * Fetches the union of the rows that some index tensors name.
 * Row 0 of the result is the table's row 0, the unknown; −1 (no tag) stays −1; what is not needed points to row 0.
 * @returns rows [union, dim], and each index tensor counted in those rows
 */
export function fetchOutside(
  source: RowReader,
  parameter: string,
  dim: number,
  uses: readonly OutsideUse[],
): { rows: Tensor; indices: Tensor[] } {
  const found = new Set<number>([0]);
  for (const use of uses) eachNeeded(use, (_, row) => found.add(row));
  const union = Int32Array.from(found).sort();
  const places = new Map<number, number>();
  for (let i = 0; i < union.length; i++) places.set(union[i], i);
  const rows = new Float32Array(union.length * dim);
  source.gather(parameter, union, rows);
  const indices = uses.map((use) => {
    const data = new Int32Array(use.indices.data.length);
    for (let i = 0; i < data.length; i++) data[i] = Math.min(use.indices.data[i], 0);
    eachNeeded(use, (at, row) => {
      data[at] = places.get(row)!;
    });
    return { ...use.indices, data };
  });
  return { rows: floats(rows, union.length, dim), indices };
}

function eachNeeded({ indices, needed }: OutsideUse, visit: (at: number, row: number) => void): void {
  const { data, shape } = indices;
  const width = shape.length === 0 || shape[0] === 0 ? 1 : data.length / shape[0];
  for (let at = 0; at < data.length; at++) {
    if (needed !== null && needed[Math.floor(at / width)] === 0) continue;
    if (data[at] >= 0) visit(at, data[at]);
  }
}
