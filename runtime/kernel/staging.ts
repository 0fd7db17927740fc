// Operands on their way into the kernel's memory: as they come, until the kernel has laid them out.
import { type KernelMemory, rounded } from "./memory.ts";
import type { Rows } from "./shape.ts";

/** Rows in the kernel's memory, of behaviours `from` … `to` − 1. */
export interface Staged {
  /** Address of the first one's first column. */
  readonly rows: number;
  readonly rowBytes: number;
  /** Address of the numbers of rows; 0: in the order of the behaviours. */
  readonly index: number;
  readonly from: number;
  readonly to: number;
}

/** Bytes of the rows that are picked at once: what is read again right away stays in a near cache. */
const slab = 2 ** 18;

/** Rows that an operand is made of. */
export interface Operand {
  readonly given: Rows;
  /** Numbers of each that count. */
  readonly row: number;
  /** Behaviours. */
  readonly length: number;
}

/** Bytes that the rows and their numbers take as they are. */
const bytesOf = ({ data, rows }: Rows): number =>
  rounded(data.byteLength) + (rows === null ? 0 : rounded(rows.byteLength));

/** Whether few of the rows are wanted, as of a whole table: then they are picked one by one. */
const isSparse = ({ given, row, length }: Operand): boolean => bytesOf(given) > 8 * row * length;

/** Bytes that bring all of these over at once, or what `most` leaves of them: with 0 those of eight behaviours' rows. */
export function stagingBytes(operands: readonly Operand[], most: number): number {
  const wanted = operands.reduce((sum, one) => sum + (isSparse(one) ? 0 : bytesOf(one.given)), 0);
  return Math.max(Math.min(wanted, most), ...operands.map(({ row }) => Math.max(32 * row, Math.min(slab, most))));
}

export class Staging {
  readonly memory: KernelMemory;
  readonly #at: number;
  readonly #bytes: number;
  readonly #placed = new Map<Float32Array | Int32Array, number>();
  #used = 0;

  /** @param bytes from `at` on, as many as `stagingBytes` says */
  constructor(memory: KernelMemory, at: number, bytes: number) {
    this.memory = memory;
    this.#at = at;
    this.#bytes = bytes;
  }

  /** Whole where they fit, or in slabs that take each other's place. */
  *bring(operand: Operand): Generator<Staged> {
    const { given, row, length } = operand;
    const { data, rows, offset, rowStride } = given;
    if (!isSparse(operand) && bytesOf(given) <= this.#bytes) {
      const missing = [data, ...(rows === null ? [] : [rows])].filter((one) => !this.#placed.has(one));
      if (missing.reduce((sum, { byteLength }) => sum + rounded(byteLength), this.#used) > this.#bytes) {
        this.#clear();
      }
      const at = this.#place(data) + 4 * offset;
      yield { rows: at, rowBytes: 4 * rowStride, index: rows === null ? 0 : this.#place(rows), from: 0, to: length };
      return;
    }
    this.#clear();
    const many = 8 * Math.max(1, Math.floor(Math.min(slab, this.#bytes) / (32 * row)));
    for (let from = 0; from < length; from += many) {
      const to = Math.min(from + many, length);
      const into = this.memory.f32.subarray(this.#at / 4, this.#at / 4 + (to - from) * row);
      pick(into, given, row, from, to);
      yield { rows: this.#at, rowBytes: 4 * row, index: 0, from, to };
    }
  }

  #clear(): void {
    this.#placed.clear();
    this.#used = 0;
  }

  #place(data: Float32Array | Int32Array): number {
    const known = this.#placed.get(data);
    if (known !== undefined) {
      return known;
    }
    const at = this.#at + this.#used;
    this.#used += rounded(data.byteLength);
    this.#placed.set(data, at);
    const { f32, u32 } = this.memory;
    if (data instanceof Float32Array) {
      f32.set(data, at / 4);
    } else {
      u32.set(data, at / 4);
    }
    return at;
  }
}

/** Rows of behaviours `from` … `to` − 1, one after the other. A function of its own, since loops in a generator stay slow. */
function pick(
  into: Float32Array,
  { data, rows, offset, rowStride }: Rows,
  row: number,
  from: number,
  to: number,
): void {
  for (let i = from, next = 0; i < to; i++, next += row) {
    const start = offset + (rows === null ? i : rows[i]) * rowStride;
    into.set(data.subarray(start, start + row), next);
  }
}
