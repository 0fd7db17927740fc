// What runs work in: pieces of the kernel's memory that stay from run to run, are grown where they are too small, and may go
// whenever no run is in progress.
import { pooledColumns } from "../../contract/kernel-spec.ts";
import type { Job, Place } from "./lane.ts";
import { type KernelMemory, rounded } from "./memory.ts";
import type { PackedOperands } from "./pack.ts";
import { chunkOf, keptCount, keptState, scratchOf } from "./plan.ts";
import { type KernelShape, keptBy, padded } from "./shape.ts";
import type { KernelExports } from "./web-assembly.ts";

/** The first word that no piece is given at. */
const nextAt = 128;

/** Places that a lane has stamps for, where the longest history has `length`: it need not begin anew for each longer one. */
const stamped = (length: number): number => (length === 0 ? 0 : 2 ** Math.ceil(Math.log2(length)));

export class Working {
  readonly #shape: KernelShape;
  readonly #memory: KernelMemory;
  readonly #exports: KernelExports;
  readonly #take: (bytes: number) => number;
  readonly #pieces = new Map<string, { at: number; bytes: number }>();
  #longest = 0;

  /** @param take gives a new piece, or throws where there is no room */
  constructor(shape: KernelShape, memory: KernelMemory, exports: KernelExports, take: (bytes: number) => number) {
    this.#shape = shape;
    this.#memory = memory;
    this.#exports = exports;
    this.#take = take;
  }

  /** A piece that is kept for later. Its bytes are what was there. */
  piece(name: string, bytes: number): number {
    const known = this.#pieces.get(name);
    if (known !== undefined && known.bytes >= bytes) {
      return known.at;
    }
    if (known !== undefined) {
      this.#memory.give(known.at);
      this.#pieces.delete(name);
    }
    const at = this.#take(bytes);
    this.#pieces.set(name, { at, bytes });
    return at;
  }

  /** Gives everything back. */
  free(): void {
    for (const { at } of this.#pieces.values()) {
      this.#memory.give(at);
    }
    this.#pieces.clear();
    this.#longest = 0;
  }

  /** A job of `candidates`, and where each of so many lanes works on it. */
  job(operands: PackedOperands, candidates: number, lanes: number): { job: Job; places: readonly Place[] } {
    const { products, searches } = this.#shape;
    const chunk = chunkOf(this.#shape, operands.lengths, candidates, lanes);
    const places = Array.from({ length: lanes }, (_, i) => this.#place(i, operands.lengths, chunk));
    const job = {
      operands,
      candidates,
      chunk,
      next: nextAt,
      ramp: this.#ramp(),
      queries: products.map((_, i) => this.piece(`queries ${i}`, this.#queryBytes(i, candidates))),
      rows: products.map(({ match }, i) =>
        match.map(({ rows }, j) => this.piece(`rows ${i} ${j}`, 4 * rows * candidates)),
      ),
      kept: searches.map((_, i) => this.piece(`kept ${i}`, this.#keptBytes(i, candidates))),
      pooled: this.#shape.attends.map((_, i) => this.piece(`pooled ${i}`, this.#pooledBytes(i, candidates))),
      longest: this.#longest,
    };
    return { job, places };
  }

  /** Bytes that one lane needs for one candidate. */
  least(lengths: readonly number[]): number {
    const { products, searches, attends } = this.#shape;
    return [
      ...products.map((_, i) => this.#queryBytes(i, 1)),
      ...products.flatMap(({ match }) => match.map(({ rows }) => 4 * rows)),
      ...searches.map((_, i) => this.#keptBytes(i, 1)),
      ...attends.map((_, i) => this.#pooledBytes(i, 1)),
      4 * this.#rampLength(),
      scratchOf(this.#shape, lengths, 1, this.#exports).bytes,
      keptState(this.#shape, stamped(Math.max(...lengths)), this.#exports).bytes,
    ].reduce((sum, bytes) => sum + rounded(bytes), 0);
  }

  #queryBytes(product: number, candidates: number): number {
    const { heads, width } = this.#shape.products[product];
    return 4 * heads * candidates * width;
  }

  #keptBytes(search: number, candidates: number): number {
    return 4 * keptCount(this.#shape, search, candidates);
  }

  #pooledBytes(attend: number, candidates: number): number {
    const shape = this.#shape.attends[attend];
    return 4 * candidates * this.#shape.products[shape.product].heads * padded(pooledColumns(shape));
  }

  #place(lane: number, lengths: readonly number[], chunk: number): Place {
    const { bytes } = scratchOf(this.#shape, lengths, chunk, this.#exports);
    // States have room for the longest history so far, and begin anew where it grows.
    this.#longest = Math.max(this.#longest, stamped(Math.max(...lengths)));
    const layout = keptState(this.#shape, this.#longest, this.#exports);
    const known = this.#pieces.get(`state ${lane}`)?.bytes ?? 0;
    const state = this.piece(`state ${lane}`, layout.bytes);
    if (known < layout.bytes) {
      const words = this.#memory.u32.subarray(state / 4, (state + layout.bytes) / 4);
      words.fill(0);
      for (const [i, { product, keep }] of this.#shape.searches.entries()) {
        const { heads } = this.#shape.products[product];
        const at = (state + layout.searches[i]) / 4;
        this.#memory.u32[at] = Math.ceil((1.2 * keep) / heads) + 2;
        this.#memory.f32.fill(1.3, at + 1, at + 1 + heads);
      }
    }
    return { scratch: this.piece(`scratch ${lane}`, bytes), state };
  }

  #rampLength(): number {
    return Math.max(0, ...this.#shape.attends.map((one) => ("last" in one.over ? keptBy(this.#shape, one) : 0)));
  }

  #ramp(): number {
    const most = this.#rampLength();
    const known = this.#pieces.get("ramp");
    if (most === 0 || known !== undefined) {
      return known?.at ?? 0;
    }
    const at = this.piece("ramp", 4 * most);
    for (let i = 0; i < most; i++) {
      this.#memory.u32[at / 4 + i] = i;
    }
    return at;
  }
}
