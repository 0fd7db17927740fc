// Reads tensors from safetensors of any size, in pieces where asked, wherever its bytes lie.
import { CheckedBlocks, parseHashes } from "../../contract/block-hashes.ts";
import { elementCount } from "../../contract/element-count.ts";
import { TwinError } from "../../contract/error.ts";
import { halfToFloat } from "../../contract/half.ts";
import type { Hasher } from "../../contract/hash.ts";
import { headerLength, parseSafetensors, type TensorEntry } from "../../contract/safetensors.ts";
import type { ByteSource } from "./byte-source.ts";

export interface TensorFile {
  readonly path: string;
  readonly entries: ReadonlyMap<string, TensorEntry>;
  readonly metadata: Readonly<Record<string, string>>;
  /** All values of a floating tensor (F32; F64, F16, BF16 converted). */
  read(name: string): Float32Array;
  /** All values of an integer or boolean tensor; I64, U64 and U32 must fit. */
  readInt32(name: string): Int32Array;
  /**
   * Rows of a floating tensor [rows, …]: row `rows[i]` to `into[offset + i·width …]`.
   * @throws TwinError for a row that the tensor does not have
   */
  gather(name: string, rows: Int32Array, into: Float32Array, offset?: number): void;
  /** The stored bytes in order, in pieces of at most `bytes`, each in memory of its own. */
  chunks(name: string, bytes?: number): Iterable<Uint8Array>;
  /** Holds the blocks from byte `from` up to `to` that were not read yet against their hashes, where it has any. */
  check(from: number, to: number): void;
  /** The whole file in order: the header as one piece, then pieces of at most `bytes`, each in memory of its own. */
  whole(bytes?: number): Iterable<Uint8Array>;
  close(): void;
}

/** What a manifest says of a file, and the hash by which it says so. */
export interface TensorChecks {
  readonly bytes: number;
  /** 16 hexadecimal digits for each MiB. */
  readonly blocks: string;
  readonly hasher: Hasher;
}

const floats = ["F32", "F64", "F16", "BF16"];

/**
 * @param checks every block is held against its hash when it is first read
 * @throws TwinError where they are foreign, truncated, lie about their contents, or are damaged where they are read; the
 * source is then closed
 */
export function readTensors(source: ByteSource, checks?: TensorChecks): TensorFile {
  try {
    return new OpenTensors(source, checks);
  } catch (error) {
    source.close();
    throw error;
  }
}

const again = "Build the artefacts again: twin build FILE -o DIR";

class OpenTensors implements TensorFile {
  readonly path: string;
  readonly entries: ReadonlyMap<string, TensorEntry>;
  readonly metadata: Readonly<Record<string, string>>;
  readonly #head: Uint8Array;
  readonly #checked: CheckedBlocks | null;
  readonly #source: ByteSource;

  constructor(source: ByteSource, checks?: TensorChecks) {
    this.path = source.name;
    this.#source = source;
    const { bytes } = source;
    this.#checked = checks ? this.#checkedBy(checks, bytes) : null;
    const first = new Uint8Array(8);
    if (bytes > 0) {
      this.#checked?.check(0, 1);
    }
    const got = source.read(first, 0);
    const promised = got === 8 ? headerLength(first) : 0n;
    // Where the header claims too much, the first 8 bytes are enough for the parser to say so.
    const head = new Uint8Array(promised <= 100_000_000n && 8 + Number(promised) <= bytes ? 8 + Number(promised) : got);
    source.read(head, 0);
    this.#checked?.check(0, head.length);
    const { entries, metadata } = parseSafetensors(head, bytes, this.path);
    this.entries = entries;
    this.metadata = metadata;
    this.#head = head;
  }

  read(name: string): Float32Array {
    const entry = this.#floating(name);
    const data = this.#bytes(entry, entry.start, entry.end);
    return widen(data, entry.dtype);
  }

  readInt32(name: string): Int32Array {
    const entry = this.#entry(name);
    const { buffer } = this.#bytes(entry, entry.start, entry.end);
    switch (entry.dtype) {
      case "I32":
        return new Int32Array(buffer);
      case "I16":
        return Int32Array.from(new Int16Array(buffer));
      case "U16":
        return Int32Array.from(new Uint16Array(buffer));
      case "I8":
        return Int32Array.from(new Int8Array(buffer));
      case "U8":
      case "BOOL":
        return Int32Array.from(new Uint8Array(buffer));
      case "U32":
        return this.#narrow(name, new Uint32Array(buffer));
      case "I64":
        return this.#narrow(name, new BigInt64Array(buffer));
      case "U64":
        return this.#narrow(name, new BigUint64Array(buffer));
      default:
        throw new TwinError(`${this.path}: tensor \`${name}\` holds ${entry.dtype}, and integers are due`);
    }
  }

  gather(name: string, rows: Int32Array, into: Float32Array, offset = 0): void {
    const entry = this.#floating(name);
    const [count = 1, ...inner] = entry.shape;
    const width = elementCount(inner);
    const rowBytes = count > 0 ? (entry.end - entry.start) / count : 0;
    if (offset + rows.length * width > into.length) {
      throw new RangeError(`${rows.length} rows of ${width} do not fit`);
    }
    for (let i = 0; i < rows.length; ) {
      if (rows[i] < 0 || rows[i] >= count) {
        throw new TwinError(`${this.path}: tensor \`${name}\` has ${count} rows, and row ${rows[i]} was asked for`);
      }
      // Neighbouring rows are one read.
      let next = i + 1;
      while (next < rows.length && rows[next] === rows[next - 1] + 1 && rows[next] < count) {
        next++;
      }
      const start = entry.start + rows[i] * rowBytes;
      const data = this.#bytes(entry, start, start + (next - i) * rowBytes);
      into.set(widen(data, entry.dtype), offset + i * width);
      i = next;
    }
  }

  check(from: number, to: number): void {
    this.#checked?.check(from, to);
  }

  *chunks(name: string, bytes = 1 << 24): Iterable<Uint8Array> {
    const entry = this.#entry(name);
    for (let at = entry.start; at < entry.end; at += bytes) {
      yield this.#bytes(entry, at, Math.min(at + bytes, entry.end));
    }
  }

  *whole(bytes?: number): Iterable<Uint8Array> {
    yield this.#head;
    // They cover the rest without holes.
    const inOrder = [...this.entries.values()].sort((a, b) => a.start - b.start);
    for (const { name } of inOrder) {
      yield* this.chunks(name, bytes);
    }
  }

  close(): void {
    this.#source.close();
  }

  #checkedBy({ bytes, blocks, hasher }: TensorChecks, size: number): CheckedBlocks {
    const { path } = this;
    const hashes = parseHashes(blocks, bytes);
    if (size !== bytes || hashes === null) {
      throw new TwinError(
        `${path} has ${size} bytes and the manifest says ${bytes}: it is not the file of its build. ${again}`,
      );
    }
    const damaged = (block: number, from: number, to: number) =>
      new TwinError(
        `${path} is damaged: bytes ${from} to ${to} (block ${block}) do not match their checksum in the manifest. ${again}`,
      );
    return new CheckedBlocks({ bytes, hashes, damaged, fill: (into, offset) => this.#read(into, offset) }, hasher);
  }

  #entry(name: string): TensorEntry {
    const entry = this.entries.get(name);
    if (!entry) {
      throw new TwinError(`${this.path} has no tensor called \`${name}\``);
    }
    return entry;
  }

  #floating(name: string): TensorEntry {
    const entry = this.#entry(name);
    if (!floats.includes(entry.dtype)) {
      throw new TwinError(`${this.path}: tensor \`${name}\` holds ${entry.dtype}, and floats are due`);
    }
    return entry;
  }

  #bytes(entry: TensorEntry, start: number, end: number): Uint8Array<ArrayBuffer> {
    let bytes: Uint8Array<ArrayBuffer>;
    try {
      bytes = new Uint8Array(end - start);
    } catch {
      throw new TwinError(`${this.path}: tensor \`${entry.name}\` (${end - start} bytes) does not fit into memory`);
    }
    if (this.#checked) {
      this.#checked.read(start, bytes);
    } else {
      this.#read(bytes, start);
    }
    return bytes;
  }

  #read(into: Uint8Array, position: number): void {
    if (this.#source.read(into, position) < into.byteLength) {
      throw new TwinError(`${this.path} was cut short while it was read`);
    }
  }

  #narrow(name: string, values: Uint32Array | BigInt64Array | BigUint64Array): Int32Array {
    const result = new Int32Array(values.length);
    for (let i = 0; i < values.length; i++) {
      const value = Number(values[i]);
      if (value < -0x80000000 || value > 0x7fffffff) {
        throw new TwinError(`${this.path}: tensor \`${name}\` holds ${values[i]}, which does not fit into 32 bits`);
      }
      result[i] = value;
    }
    return result;
  }
}

function widen({ buffer }: Uint8Array<ArrayBuffer>, dtype: string): Float32Array {
  switch (dtype) {
    case "F32":
      return new Float32Array(buffer);
    case "F64":
      return Float32Array.from(new Float64Array(buffer));
    case "F16":
      return halfToFloat(new Uint16Array(buffer));
    default: {
      const words = Uint32Array.from(new Uint16Array(buffer), (bits) => bits << 16);
      return new Float32Array(words.buffer);
    }
  }
}
