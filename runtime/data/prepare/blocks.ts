// Rows streamed in the order of users → blocks that hold whole users, so that a user's past is at hand.
import { recordOf } from "../../../contract/record.ts";
import { type DataColumn, joinColumns, sliceColumn } from "../../encode/data-column.ts";
import type { Chunk, ListedChunk } from "../database/chunk.ts";
import { joinLists, sliceLists } from "../database/flat-lists.ts";

export interface Block {
  readonly rows: number;
  readonly columns: Readonly<Record<string, DataColumn>>;
  /** First row of each user, and the number of rows at the end. */
  readonly starts: Int32Array;
  /** Where each row brings its own history; null: the log says what was before, and users are whole. */
  readonly lists: ListedChunk["lists"] | null;
  /** Whether the first row is of the user of the row before the block. */
  readonly goesOn: boolean;
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

/**
 * Rows streamed in the order of users and times → blocks of `size` rows, or of so many more that rows of one user and time, of which
 * some are one request, stay together. The same rows make the same blocks wherever a stopped preparation goes on.
 * @param names of the columns that tell users and times apart; `time` null: rows may be parted anywhere
 * @param before user of the row before the first; undefined: there is none
 */
export async function* rowBlocks(
  chunks: AsyncIterable<ListedChunk>,
  names: { readonly user: string; readonly time: string | null },
  size: number,
  before: unknown,
): AsyncGenerator<Block> {
  let last = before;
  let pieces: ListedChunk[] = [];
  let rows = 0;
  const flush = () => {
    const made = block(pieces, names.user);
    const lists = recordOf(
      Object.keys(pieces[0].lists).map((name) => [name, joinLists(pieces.map((piece) => piece.lists[name]))]),
    );
    const keys = made.columns[names.user];
    const goesOn = keys[0] === last;
    last = keys[made.rows - 1];
    pieces = [];
    rows = 0;
    return { ...made, lists, goesOn };
  };
  const together = names.time === null ? [] : [names.user, names.time];
  /** Whether a row may not be parted from the one before it. */
  const joined = ({ columns }: ListedChunk, row: number): boolean => {
    const earlier = row > 0 ? columns : pieces.at(-1)?.columns;
    const at = row > 0 ? row - 1 : (pieces.at(-1)?.rows ?? 0) - 1;
    return (
      together.length > 0 && earlier !== undefined && together.every((name) => columns[name][row] === earlier[name][at])
    );
  };
  for await (const chunk of chunks) {
    for (let from = 0; from < chunk.rows; ) {
      let to = Math.min(chunk.rows, from + Math.max(0, size - rows));
      while (to < chunk.rows && joined(chunk, to)) {
        to++;
      }
      if (to > from) {
        pieces.push({ ...slice(chunk, from, to), lists: slicedLists(chunk.lists, from, to) });
        rows += to - from;
        from = to;
      }
      // What follows may belong to the last row, where the chunk ends with it.
      if (rows >= size && (to < chunk.rows || together.length === 0)) {
        yield flush();
      }
    }
  }
  if (rows > 0) {
    yield flush();
  }
}

const slicedLists = (lists: ListedChunk["lists"], from: number, to: number): ListedChunk["lists"] =>
  recordOf(Object.entries(lists).map(([name, list]) => [name, sliceLists(list, from, to)]));

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
  return { rows, columns, starts: Int32Array.from(starts), lists: null, goesOn: false };
}
