// Rows streamed in the order of users → blocks that hold whole users, so that a user's past is at hand.
import { recordOf } from "../../../contract/record.ts";
import { type DataColumn, joinColumns, sliceColumn } from "../../encode/data-column.ts";
import type { Chunk } from "../database/chunk.ts";

export interface Block {
  readonly rows: number;
  readonly columns: Readonly<Record<string, DataColumn>>;
  /** First row of each user, and the number of rows at the end. */
  readonly starts: Int32Array;
}

/** @param user name of the column that tells users apart; equal values stand together */
export async function* userBlocks(chunks: AsyncIterable<Chunk>, user: string): AsyncGenerator<Block> {
  let pieces: Chunk[] = [];
  for await (const chunk of chunks) {
    const keys = chunk.columns[user];
    const last = lastUser(keys);
    const before = pieces.at(-1)?.columns[user];
    const goesOn = before !== undefined && last === 0 && before[before.length - 1] === keys[0];
    if (goesOn || (pieces.length === 0 && last === 0)) {
      pieces.push(chunk);
      continue;
    }
    if (last > 0) {
      pieces.push(slice(chunk, 0, last));
    }
    yield block(pieces, user);
    pieces = [slice(chunk, last, chunk.rows)];
  }
  if (pieces.length > 0) {
    yield block(pieces, user);
  }
}

/** First row of the last user. */
function lastUser(keys: DataColumn): number {
  let row = keys.length - 1;
  while (row > 0 && keys[row - 1] === keys[row]) {
    row--;
  }
  return row;
}

function slice({ columns, rows }: Chunk, start: number, end: number): Chunk {
  if (start === 0 && end === rows) {
    return { rows, columns };
  }
  const cut = Object.entries(columns).map(([name, column]) => [name, sliceColumn(column, start, end)] as const);
  return { rows: end - start, columns: recordOf(cut) };
}

function block(pieces: readonly Chunk[], user: string): Block {
  const rows = pieces.reduce((sum, piece) => sum + piece.rows, 0);
  const names = Object.keys(pieces[0].columns);
  const columns = recordOf(names.map((name) => [name, joinColumns(pieces.map((one) => one.columns[name]))]));
  const keys = columns[user];
  const starts: number[] = [];
  if (keys instanceof BigInt64Array) {
    // Halves compare without making a BigInt of every key.
    const words = new Int32Array(keys.buffer, keys.byteOffset, 2 * rows);
    for (let row = 0; row < rows; row++) {
      const same = row > 0 && words[2 * row] === words[2 * row - 2] && words[2 * row + 1] === words[2 * row - 1];
      if (!same) {
        starts.push(row);
      }
    }
  } else {
    for (let row = 0; row < rows; row++) {
      if (row === 0 || keys[row] !== keys[row - 1]) {
        starts.push(row);
      }
    }
  }
  starts.push(rows);
  return { rows, columns, starts: Int32Array.from(starts) };
}
