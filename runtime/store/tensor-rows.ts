// The store of a floating tensor's rows, by their numbers: an embedding table that no graph holds.
import { TwinError } from "../../contract/error.ts";
import type { TensorFile } from "../bytes/tensor-file.ts";
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
import { othersTurn, turn } from "./turn.ts";

/** The stores of a file's tensors, by name. */
export function tensorRows(file: TensorFile): (name: string, width: number) => TensorRows {
  const opened = new Map<string, TensorRows>();
  return (name, width) => {
    let rows = opened.get(name);
    if (rows === undefined) {
      rows = new TensorRows(file, name, width);
      opened.set(name, rows);
    }
    return rows;
  };
}

/** Rows as float32, whatever the file holds; unlike in tables and item stores row 0 is one as any other. */
export class TensorRows implements TableStore {
  readonly where: string;
  readonly rowBytes: number;
  readonly absent: Uint8Array;
  readonly #file: TensorFile;
  readonly #name: string;
  readonly #rows: number;

  /** @param width values of a row @throws TwinError where the file has no such tensor */
  constructor(file: TensorFile, name: string, width: number) {
    const entry = file.entries.get(name);
    if (entry === undefined) {
      throw new TwinError(`${file.path} has no tensor called \`${name}\``);
    }
    this.where = `${file.path}: tensor \`${name}\``;
    this.rowBytes = 4 * width;
    this.absent = new Uint8Array(this.rowBytes);
    this.#file = file;
    this.#name = name;
    this.#rows = entry.shape[0] ?? 0;
  }

  async read(keys: RowKeys, into: readonly Piece[], { signal }: ReadOptions = {}): Promise<HitMask> {
    signal?.throwIfAborted();
    expectRoom(this, keys, into);
    const rows = byNumber(keys);
    const hits = new Uint8Array(rows.length);
    for (let i = 0; i < rows.length; i++) {
      hits[i] = rows[i] >= 0 && rows[i] < this.#rows ? 1 : 0;
    }
    if (into.length === 0) {
      return hits;
    }
    const values = new Float32Array((Math.min(turn, rows.length) * this.rowBytes) / 4);
    for (let start = 0; start < rows.length; start += turn) {
      if (start > 0) {
        await othersTurn(signal);
      }
      const end = Math.min(start + turn, rows.length);
      // Row 0 stands for what is absent while neighbours are read together.
      const part = rows.slice(start, end).map((row, i) => (hits[start + i] === 1 ? row : 0));
      if (this.#rows > 0) {
        this.#file.gather(this.#name, part, values);
      }
      const bytes = bytesOf(values);
      for (let i = start; i < end; i++) {
        if (hits[i] === 1) {
          putRow(bytes, (i - start) * this.rowBytes, i, into);
        } else {
          putRow(this.absent, 0, i, into);
        }
      }
    }
    return hits;
  }
}
