// Embedding tables that no graph holds, in memory: fetched whole when a request first needs a row, where they are small.
import { TwinError } from "../../contract/error.ts";
import type { EmbeddingEntry, Manifest } from "../../contract/manifest.ts";
import { headerLength, parseSafetensors, type TensorEntry, weightsFile } from "../../contract/safetensors.ts";
import type { OutsideTables } from "../request/index.ts";
import { byNumber } from "../table/locate.ts";
import {
  bytesOf,
  expectRoom,
  type HitMask,
  type Piece,
  putRow,
  type ReadOptions,
  type RowKeys,
  type TableStore,
} from "../table/table-store.ts";
import type { Weights } from "./weights.ts";

/** Some rows of an embedding table. */
export interface HeldRows {
  readonly values: Float32Array;
  /** Place of a row among them; −1 where it is not. */
  place(row: number): number;
}

/** The tables of a manifest that lie outside; null where there is none. */
export function outsideTables(
  manifest: Manifest,
  rowsOf: (table: EmbeddingEntry, signal: AbortSignal | null) => Promise<HeldRows>,
  where: (parameter: string) => string,
): OutsideTables | null {
  const apart = manifest.embeddings.filter(({ placement }) => placement.kind === "outside");
  if (apart.length === 0) {
    return null;
  }
  return {
    rows(parameter, dim) {
      const table = apart.find((one) => one.parameter === parameter && one.dim === dim);
      if (table === undefined) {
        throw new TwinError(
          `${where(parameter)}: there is no embedding ${parameter} of width ${dim} outside the graphs`,
        );
      }
      return new HeldStore(where(parameter), dim, (signal) => rowsOf(table, signal));
    },
  };
}

/** Row 0 is one as any other. */
class HeldStore implements TableStore {
  readonly where: string;
  readonly rowBytes: number;
  readonly absent: Uint8Array;
  readonly #dim: number;
  readonly #rows: (signal: AbortSignal | null) => Promise<HeldRows>;

  constructor(where: string, dim: number, rows: (signal: AbortSignal | null) => Promise<HeldRows>) {
    this.where = where;
    this.rowBytes = 4 * dim;
    this.absent = new Uint8Array(4 * dim);
    this.#dim = dim;
    this.#rows = rows;
  }

  async read(keys: RowKeys, into: readonly Piece[], { signal = null }: ReadOptions = {}): Promise<HitMask> {
    signal?.throwIfAborted();
    expectRoom(this, keys, into);
    const wanted = byNumber(keys);
    const { values, place } = await this.#rows(signal);
    const bytes = bytesOf(values);
    const hits = new Uint8Array(wanted.length);
    for (let i = 0; i < wanted.length; i++) {
      const at = place(wanted[i]);
      hits[i] = at >= 0 ? 1 : 0;
      putRow(at >= 0 ? bytes : this.absent, at >= 0 ? at * 4 * this.#dim : 0, i, into);
    }
    return hits;
  }
}

/** Rows out of the weights themselves: of a small table, fetched whole, so that no request tells which rows it is for. */
export function rowsOfWeights(
  weights: Weights,
  largest: number,
  place: string,
): (table: EmbeddingEntry, signal: AbortSignal | null) => Promise<HeldRows> {
  let head: ReadonlyMap<string, TensorEntry> | null = null;
  return async ({ parameter, rows, dim }, signal) => {
    const bytes = 4 * rows * dim;
    if (bytes > largest) {
      throw new TwinError(
        `the embedding ${parameter} has ${bytes} bytes, and at most ${largest} are fetched of one. Cut a pack for the items that this page ranks (twin pack DIR --items ids.txt -o pack.bin) and load it with the folder, or allow more with \`memory.table\``,
      );
    }
    head ??= await readHead(weights, place, signal);
    const entry = head.get(parameter);
    if (entry === undefined || entry.dtype !== "F32" || entry.shape.join() !== `${rows},${dim}`) {
      throw new TwinError(
        `${place} has no tensor ${parameter} [${rows}, ${dim}] of float32, which its manifest promises`,
      );
    }
    const { start, end } = entry;
    await weights.need([[start, end]], signal);
    const { buffer, byteOffset } = weights.data;
    // The header's length is a multiple of 8.
    const aligned = (byteOffset + start) % 4 === 0;
    const values = aligned
      ? new Float32Array(buffer, byteOffset + start, rows * dim)
      : new Float32Array(weights.data.slice(start, end).buffer);
    return { values, place: (row) => (row >= 0 && row < rows ? row : -1) };
  };
}

async function readHead(
  weights: Weights,
  place: string,
  signal: AbortSignal | null,
): Promise<ReadonlyMap<string, TensorEntry>> {
  const { bytes } = weights;
  await weights.need([[0, Math.min(8, bytes)]], signal);
  const promised = bytes >= 8 ? headerLength(weights.data.subarray(0, 8)) : 0n;
  const length = promised < BigInt(bytes) ? Math.min(bytes, 8 + Number(promised)) : Math.min(8, bytes);
  await weights.need([[0, length]], signal);
  return parseSafetensors(weights.data.subarray(0, length), bytes, `${place} (${weightsFile})`).entries;
}
