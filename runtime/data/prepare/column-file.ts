// A column of encoded values as a file of little-endian numbers: appended to, cut back to what is known to be whole, read.
import { closeSync, fsyncSync, ftruncateSync, mkdirSync, openSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { blockBytes } from "../../../contract/block-hashes.ts";
import { TwinError } from "../../../contract/error.ts";
import type { Hasher } from "../../../contract/hash.ts";
import type { Encoded } from "../../encode/encoded.ts";
import { attempt, readFully, writeFully } from "../../host/files.ts";
import { BlockHashes, blockRange, expectBlock, type FileBlocks, makeAnew } from "./file-blocks.ts";

export const columnTypes = {
  int32: Int32Array,
  uint32: Uint32Array,
  float32: Float32Array,
  float64: Float64Array,
} as const;

export type ColumnType = keyof typeof columnTypes;
export type ColumnArray = Int32Array | Uint32Array | Float32Array | Float64Array;

/** A column of a prepared data set: `file` in its folder, rows of `width` numbers. */
export interface ColumnSpec {
  readonly file: string;
  readonly type: ColumnType;
  readonly width: number;
}

export const rowBytes = ({ type, width }: Pick<ColumnSpec, "type" | "width">): number =>
  columnTypes[type].BYTES_PER_ELEMENT * width;

const bufferBytes = 1 << 18;

/**
 * Appends rows. What stands in the file beyond what is `kept` is cut off first: a killed process may have left a part. That
 * the kept bytes are sound is for the caller to know.
 */
export class ColumnWriter {
  readonly path: string;
  readonly spec: ColumnSpec;
  readonly #file: number;
  readonly #buffer: ColumnArray;
  readonly #hashes: BlockHashes;
  #filled = 0;
  #bytes: number;

  constructor(folder: string, spec: ColumnSpec, hasher: Hasher, kept: FileBlocks = { bytes: 0, blocks: [] }) {
    this.path = `${folder}/${spec.file}`;
    this.spec = spec;
    this.#bytes = kept.bytes;
    this.#file = attempt("write", this.path, () => {
      mkdirSync(dirname(this.path), { recursive: true });
      const file = openSync(this.path, kept.bytes === 0 ? "w" : "r+");
      ftruncateSync(file, this.#bytes);
      return file;
    });
    const whole = Math.floor(kept.bytes / blockBytes);
    this.#hashes = new BlockHashes(hasher, kept.blocks.slice(0, whole));
    const begun = new Uint8Array(kept.bytes - whole * blockBytes);
    attempt("read", this.path, () => readFully(this.#file, begun, whole * blockBytes));
    this.#hashes.update(begun);
    const length = Math.max(spec.width, Math.floor(bufferBytes / rowBytes(spec)) * spec.width);
    this.#buffer = new columnTypes[spec.type](length);
  }

  /** Appends all rows of `data`, or the given ones in that order. */
  write(data: ColumnArray, rows: Int32Array | null = null): void {
    const { width } = this.spec;
    const buffer = this.#buffer;
    if (rows === null) {
      for (let from = 0; from < data.length; ) {
        const count = Math.min(data.length - from, buffer.length - this.#filled);
        buffer.set(data.subarray(from, from + count), this.#filled);
        this.#filled += count;
        from += count;
        if (this.#filled === buffer.length) {
          this.flush();
        }
      }
      return;
    }
    for (let first = 0; first < rows.length; ) {
      const room = (buffer.length - this.#filled) / width;
      const last = Math.min(rows.length, first + room);
      let at = this.#filled;
      if (width === 1) {
        for (let i = first; i < last; i++) {
          buffer[at++] = data[rows[i]];
        }
      } else {
        for (let i = first; i < last; i++) {
          const from = rows[i] * width;
          for (let j = 0; j < width; j++) {
            buffer[at++] = data[from + j];
          }
        }
      }
      this.#filled = at;
      first = last;
      if (this.#filled === buffer.length) {
        this.flush();
      }
    }
  }

  flush(): void {
    const bytes = new Uint8Array(this.#buffer.buffer, 0, this.#filled * this.#buffer.BYTES_PER_ELEMENT);
    attempt("write", this.path, () => writeFully(this.#file, bytes, this.#bytes));
    this.#hashes.update(bytes);
    this.#bytes += bytes.length;
    this.#filled = 0;
  }

  /** What was flushed so far. */
  get blocks(): FileBlocks {
    return this.#hashes.get();
  }

  /** Everything written is on the disk afterwards. */
  sync(): void {
    this.flush();
    attempt("write", this.path, () => fsyncSync(this.#file));
  }

  close(): void {
    closeSync(this.#file);
  }
}

/** A column as another thread needs it; `memory` is shared, null where it is read from the file. */
export interface ColumnImage {
  readonly path: string;
  readonly type: ColumnType;
  readonly width: number;
  readonly rows: number;
  readonly memory: SharedArrayBuffer | null;
  /** What stood in the file when it was written. Memory was held against it when it was read. */
  readonly written: FileBlocks;
}

/**
 * Opens a file of `rows` rows.
 * @throws TwinError where it is missing or has another size, or is damaged and held in memory
 */
export function columnImage(
  folder: string,
  spec: ColumnSpec,
  rows: number,
  written: FileBlocks,
  inMemory: boolean,
  hasher: Hasher,
): ColumnImage {
  const path = `${folder}/${spec.file}`;
  const bytes = rows * rowBytes(spec);
  const found = attempt("read", path, () => statSync(path).size);
  if (found !== bytes) {
    throw new TwinError(`${path} has ${found} bytes, and ${bytes} are due: it is damaged. ${makeAnew}`);
  }
  if (written.bytes !== bytes || written.blocks.length !== Math.ceil(bytes / blockBytes)) {
    throw new TwinError(`${path}: the checksums of its folder are those of another file. ${makeAnew}`);
  }
  const memory = inMemory ? new SharedArrayBuffer(bytes) : null;
  if (memory !== null) {
    const file = attempt("read", path, () => openSync(path, "r"));
    try {
      for (let block = 0; block < written.blocks.length; block++) {
        const [from, to] = blockRange(written, block);
        readBlock(path, file, written, block, new Uint8Array(memory, from, to - from), hasher);
      }
    } finally {
      closeSync(file);
    }
  }
  return { path, type: spec.type, width: spec.width, rows, memory, written };
}

/** @throws TwinError where the file was cut off, or the block's bytes are not those that were written */
function readBlock(
  path: string,
  file: number,
  written: FileBlocks,
  block: number,
  into: Uint8Array,
  hasher: Hasher,
): void {
  if (attempt("read", path, () => readFully(file, into, block * blockBytes)) !== into.length) {
    throw new TwinError(`${path} was cut off while it was read. ${makeAnew}`);
  }
  expectBlock(path, written, block, into, hasher);
}

function over(type: ColumnType, memory: SharedArrayBuffer): ColumnArray {
  const Type: new (buffer: ArrayBufferLike) => ColumnArray = columnTypes[type];
  return new Type(memory);
}

/** Rows of a column, in memory or read from the file as they are asked for; a block of it is checked when it is first met. */
export class Column {
  readonly image: ColumnImage;
  readonly #hasher: Hasher;
  /** 1 for each block of the file that was found sound. */
  readonly #sound: Uint8Array;
  #block: Uint8Array | null = null;
  readonly #whole: ColumnArray | null;
  #file: number | null = null;
  #scratch: ColumnArray;

  constructor(image: ColumnImage, hasher: Hasher) {
    this.image = image;
    this.#hasher = hasher;
    this.#sound = new Uint8Array(image.written.blocks.length);
    this.#whole = image.memory && over(image.type, image.memory);
    this.#scratch = new columnTypes[image.type](0);
    if (image.memory === null) {
      this.#file = attempt("read", image.path, () => openSync(image.path, "r"));
    }
  }

  /** The whole column, which is in memory and of that type. */
  wholeAs<T extends ColumnArray>(kind: new (length: number) => T): T {
    if (this.#whole instanceof kind) {
      return this.#whole;
    }
    throw new TwinError(`${this.image.path} is not in memory as ${kind.name}. ${makeAnew}`);
  }

  /** The whole column of encoded values, which is in memory. */
  get encoded(): Encoded {
    return this.image.type === "float32" ? this.wholeAs(Float32Array) : this.wholeAs(Int32Array);
  }

  /** Numbers of rows from … to − 1. Valid until the next call: look at them or copy them. */
  range(from: number, to: number): ColumnArray {
    const { width, type, path } = this.image;
    if (this.#whole !== null) {
      return this.#whole.subarray(from * width, to * width);
    }
    const length = (to - from) * width;
    if (this.#scratch.length < length) {
      this.#scratch = new columnTypes[type](2 * length);
    }
    const part = this.#scratch.subarray(0, length);
    const bytes = new Uint8Array(part.buffer, 0, part.byteLength);
    const size = rowBytes(this.image);
    this.#check(from * size, to * size);
    if (attempt("read", path, () => readFully(this.#opened(), bytes, from * size)) !== bytes.length) {
      throw new TwinError(`${path} ends before row ${to}: it is damaged. ${makeAnew}`);
    }
    return part;
  }

  /** A copy of rows from … to − 1 of a column of that type, of one number each. */
  rangeAs<T extends ColumnArray>(kind: new (length: number) => T, from: number, to: number): T {
    const result = new kind(to - from);
    if (!(result instanceof columnTypes[this.image.type])) {
      throw new TwinError(`${this.image.path} holds ${this.image.type}, and ${kind.name} is due. ${makeAnew}`);
    }
    result.set(this.range(from, to));
    return result;
  }

  #opened(): number {
    if (this.#file === null) {
      throw new TwinError(`${this.image.path} is closed`);
    }
    return this.#file;
  }

  /** Every block that bytes from … end − 1 lie in. */
  #check(from: number, end: number): void {
    const { path, written } = this.image;
    for (let block = Math.floor(from / blockBytes); block * blockBytes < end; block++) {
      if (this.#sound[block] === 1) {
        continue;
      }
      const [start, stop] = blockRange(written, block);
      this.#block ??= new Uint8Array(Math.min(written.bytes, blockBytes));
      readBlock(path, this.#opened(), written, block, this.#block.subarray(0, stop - start), this.#hasher);
      this.#sound[block] = 1;
    }
  }

  /** The rows with these numbers, copied. */
  gather(rows: Uint32Array): ColumnArray {
    const { width, type } = this.image;
    return this.#filled(new columnTypes[type](rows.length * width), rows);
  }

  /** As `gather`, of a column of that type. */
  gatherAs<T extends ColumnArray>(kind: new (length: number) => T, rows: Uint32Array): T {
    const result = new kind(rows.length * this.image.width);
    if (!(result instanceof columnTypes[this.image.type])) {
      throw new TwinError(`${this.image.path} holds ${this.image.type}, and ${kind.name} is due. ${makeAnew}`);
    }
    return this.#filled(result, rows);
  }

  /** As `gather`, of encoded values. */
  gatherEncoded(rows: Uint32Array): Encoded {
    return this.image.type === "float32" ? this.gatherAs(Float32Array, rows) : this.gatherAs(Int32Array, rows);
  }

  #filled<T extends ColumnArray>(result: T, rows: Uint32Array): T {
    const { width } = this.image;
    const whole = this.#whole;
    for (let i = 0; i < rows.length; i++) {
      if (whole === null) {
        result.set(this.range(rows[i], rows[i] + 1), i * width);
        continue;
      }
      const from = rows[i] * width;
      for (let j = 0; j < width; j++) {
        result[i * width + j] = whole[from + j];
      }
    }
    return result;
  }

  close(): void {
    if (this.#file !== null) {
      closeSync(this.#file);
    }
    this.#file = null;
  }
}
