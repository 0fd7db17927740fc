// The store of rows that lie in memory: of this thread, or shared with others.
import { type Locate, within } from "./locate.ts";
import {
  expectRoom,
  type HitMask,
  type Piece,
  type ReadOptions,
  type RowKeys,
  type TableStore,
} from "./table-store.ts";

/** The same bytes of every row, one after the other. */
export interface Section {
  /** First byte in a row. */
  readonly from: number;
  readonly bytes: number;
  /** rows · bytes, at a multiple of 4 where both are such. */
  readonly memory: Uint8Array;
}

/** Pieces of more words are copied as a whole. */
const words = 24;

/** Rows whose pieces are copied one after the other: they are still in the processor's cache for the next one. */
const together = 1024;

export class MemoryRows implements TableStore {
  readonly where: string;
  readonly rows: number;
  readonly rowBytes: number;
  readonly absent: Uint8Array;
  readonly locate: Locate;
  readonly #sections: readonly Section[];

  /**
   * @param rows how many; row 0 is the one of what is absent
   * @param sections bytes of the rows that lie together: all of them, or values and scales apart
   */
  constructor(where: string, rows: number, sections: readonly Section[], locate: Locate) {
    this.where = where;
    this.rows = rows;
    this.rowBytes = sections.reduce((sum, { bytes }) => sum + bytes, 0);
    this.absent = new Uint8Array(this.rowBytes);
    for (const { from, bytes, memory } of sections) {
      this.absent.set(memory.subarray(0, bytes), from);
    }
    this.#sections = sections;
    this.locate = within(locate, rows);
  }

  async read(keys: RowKeys, into: readonly Piece[], { signal }: ReadOptions = {}): Promise<HitMask> {
    signal?.throwIfAborted();
    expectRoom(this, keys, into);
    const rows = this.locate(keys);
    copyRows(this.#sections, rows, into);
    const hits = new Uint8Array(rows.length);
    for (let i = 0; i < rows.length; i++) {
      hits[i] = rows[i] > 0 ? 1 : 0;
    }
    return hits;
  }
}

/** Copies pieces of rows of memory. @param rows the row of each key */
export function copyRows(sections: readonly Section[], rows: Int32Array, into: readonly Piece[]): void {
  for (let start = 0; start < rows.length; start += together) {
    const end = Math.min(start + together, rows.length);
    for (const piece of into) {
      for (const section of sections) {
        copy(section, rows, piece, start, end);
      }
    }
  }
}

/** What a piece has of a section, for keys begin … stop−1. */
function copy(section: Section, rows: Int32Array, piece: Piece, begin: number, stop: number): void {
  const start = Math.max(section.from, piece.from);
  const bytes = Math.min(section.from + section.bytes, piece.from + piece.bytes) - start;
  if (bytes <= 0) {
    return;
  }
  const from = start - section.from;
  const to = start - piece.from;
  const sizes = section.bytes | piece.bytes | bytes | from | to | section.memory.byteOffset | piece.into.byteOffset;
  // Words where all sizes allow it, else bytes.
  if ((sizes & 3) !== 0) {
    copyElements(
      section.memory,
      section.bytes,
      from,
      rows.subarray(begin, stop),
      piece.into,
      piece.bytes,
      begin * piece.bytes + to,
      bytes,
    );
    return;
  }
  const some = rows.subarray(begin, stop);
  const first = (begin * piece.bytes + to) >>> 2;
  const [source, target] = [asWords(section.memory), asWords(piece.into)];
  if (bytes === 4) {
    copyWord(source, section.bytes >>> 2, from >>> 2, some, target, piece.bytes >>> 2, first);
  } else {
    copyElements(source, section.bytes >>> 2, from >>> 2, some, target, piece.bytes >>> 2, first, bytes >>> 2);
  }
}

const asWords = ({ buffer, byteOffset, length }: Uint8Array): Int32Array =>
  new Int32Array(buffer, byteOffset, length >>> 2);

/** Most features of items are one word: a loop of its own, over one type of array, is several times as fast. */
function copyWord(
  source: Int32Array,
  stride: number,
  from: number,
  rows: Int32Array,
  target: Int32Array,
  step: number,
  first: number,
): void {
  for (let i = 0, to = first; i < rows.length; i++, to += step) {
    target[to] = source[rows[i] * stride + from];
  }
}

function copyElements(
  source: Uint8Array | Int32Array,
  stride: number,
  from: number,
  rows: Int32Array,
  target: Uint8Array | Int32Array,
  step: number,
  first: number,
  count: number,
): void {
  if (count <= words) {
    for (let i = 0; i < rows.length; i++) {
      const at = rows[i] * stride + from;
      const to = i * step + first;
      for (let j = 0; j < count; j++) {
        target[to + j] = source[at + j];
      }
    }
  } else {
    for (let i = 0; i < rows.length; i++) {
      const at = rows[i] * stride + from;
      target.set(source.subarray(at, at + count), i * step + first);
    }
  }
}
