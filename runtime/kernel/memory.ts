// The kernel's one memory, given out in pieces and taken back: first fit, neighbours joined, grown where none fits.
import { mebibytes } from "./no-room.ts";
import { newMemory, pageBytes, type WasmMemory } from "./web-assembly.ts";

/** Every piece begins and ends at a multiple of this, a cache line of every processor that matters. */
const line = 128;

/** Addresses below are nobody's: 0 means none, and the words that lanes share stand there. */
const reserved = 4096;

/** Bytes that a piece of so many takes. */
export const rounded = (bytes: number): number => Math.ceil(Math.max(bytes, 1) / line) * line;

export class KernelMemory {
  readonly wasm: WasmMemory;
  readonly shared: boolean;
  readonly #maximum: number;
  /** Free pieces in the order of their addresses. */
  #free: { at: number; bytes: number }[] = [];
  readonly #given = new Map<number, number>();
  #end: number;
  #used = 0;
  #view: { buffer: ArrayBuffer | SharedArrayBuffer; f32: Float32Array; u32: Uint32Array } | null = null;

  /** @param maxBytes what it may grow to, at most 4 GiB @throws RangeError where the host has no such memory */
  constructor(maxBytes: number, shared: boolean) {
    this.#maximum = Math.max(2, Math.min(65_536, Math.floor(maxBytes / pageBytes)));
    this.shared = shared;
    this.wasm = newMemory(1, this.#maximum, shared);
    this.#end = pageBytes;
    this.#free = [{ at: reserved, bytes: pageBytes - reserved }];
  }

  /** Bytes given out. */
  get used(): number {
    return this.#used;
  }

  /** Bytes that may be given out at most. */
  get most(): number {
    return this.#maximum * pageBytes - reserved;
  }

  /** Bytes that the memory has taken of its host. */
  get bytes(): number {
    return this.#end;
  }

  /** All of it as numbers; not to be kept over a `take`. */
  get f32(): Float32Array {
    return this.#views().f32;
  }

  get u32(): Uint32Array {
    return this.#views().u32;
  }

  /** The address of a new piece; null: there is no room, and growing is over. Its bytes are what was there. */
  take(bytes: number): number | null {
    const wanted = rounded(bytes);
    let place = this.#free.findIndex((piece) => piece.bytes >= wanted);
    if (place < 0) {
      if (!this.#grow(wanted)) {
        return null;
      }
      place = this.#free.length - 1;
    }
    const piece = this.#free[place];
    const { at } = piece;
    if (piece.bytes === wanted) {
      this.#free.splice(place, 1);
    } else {
      this.#free[place] = { at: at + wanted, bytes: piece.bytes - wanted };
    }
    this.#given.set(at, wanted);
    this.#used += wanted;
    return at;
  }

  give(at: number): void {
    const bytes = this.#given.get(at);
    if (bytes === undefined) {
      throw new Error(`nothing was given out at ${at}`);
    }
    this.#given.delete(at);
    this.#used -= bytes;
    const after = this.#free.findIndex((piece) => piece.at > at);
    this.#free.splice(after < 0 ? this.#free.length : after, 0, { at, bytes });
    const joined: { at: number; bytes: number }[] = [];
    for (const piece of this.#free) {
      const last = joined.at(-1);
      if (last !== undefined && last.at + last.bytes === piece.at) {
        last.bytes += piece.bytes;
      } else {
        joined.push({ ...piece });
      }
    }
    this.#free = joined;
  }

  #grow(wanted: number): boolean {
    const last = this.#free.at(-1);
    const atEnd = last !== undefined && last.at + last.bytes === this.#end ? last : null;
    const pages = Math.ceil((wanted - (atEnd?.bytes ?? 0)) / pageBytes);
    if (this.#end / pageBytes + pages > this.#maximum) {
      return false;
    }
    try {
      this.wasm.grow(pages);
    } catch {
      return false;
    }
    if (atEnd === null) {
      this.#free.push({ at: this.#end, bytes: pages * pageBytes });
    } else {
      atEnd.bytes += pages * pageBytes;
    }
    this.#end += pages * pageBytes;
    return true;
  }

  #views(): { f32: Float32Array; u32: Uint32Array } {
    const { buffer } = this.wasm;
    // Shared memory that grows keeps the old, shorter buffer beside the new one.
    if (this.#view === null || this.#view.buffer !== buffer || this.#view.f32.byteLength !== buffer.byteLength) {
      this.#view = { buffer, f32: new Float32Array(buffer), u32: new Uint32Array(buffer) };
    }
    return this.#view;
  }
}

/** Memory for the kernel: shared where lanes are wanted and the host has such, and so much of it that may be set aside. */
export function memoryFor(maxBytes: number, shared: boolean, warn: (message: string) => void): KernelMemory {
  if (shared && typeof SharedArrayBuffer !== "undefined") {
    try {
      return new KernelMemory(maxBytes, true);
    } catch (error) {
      if (!(error instanceof RangeError)) {
        throw error;
      }
      warn(
        `the selection kernel runs in one thread: ${mebibytes(maxBytes)} of shared memory are not to be had (${error.message})`,
      );
    }
  }
  return new KernelMemory(maxBytes, false);
}
