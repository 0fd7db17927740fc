// The selection kernel as its host sees it: users are packed into its memory once, candidates are run against them.
import { TwinError } from "../../contract/error.ts";
import { breather } from "./breather.ts";
import { narrowed } from "./columns.ts";
import type { KernelOptions, KernelRun, KernelStatus, PackedUser } from "./face.ts";
import { type Job, Lane, type Phases, type Place } from "./lane.ts";
import { Lanes } from "./lanes.ts";
import { KernelMemory } from "./memory.ts";
import { checkOperands, type PackedOperands, pieces, rowsOf, writeOperands } from "./pack.ts";
import { chunkOf, keptCount, keptState, scratchOf } from "./plan.ts";
import { checkShape, type KernelShape, keptBy, padded, type UserOperands } from "./shape.ts";
import { Staging, stagingBytes } from "./staging.ts";
import { instance, type KernelExports, kernelModule } from "./web-assembly.ts";

interface User extends PackedUser {
  readonly operands: PackedOperands;
  addresses: readonly number[];
  /** Runs that wait for it or use it. */
  pins: number;
}

/** Milliseconds of work after which the calling thread lets others of its thread have a turn. */
const turn = 8;

/** The first word that no piece is given at. */
const nextAt = 128;

const mebibytes = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)} MiB`;

export class Kernel {
  readonly #shape: KernelShape;
  readonly #memory: KernelMemory;
  readonly #exports: KernelExports;
  readonly #lane: Lane;
  readonly #lanes: Lanes;
  readonly #maxBytes: number;
  /** The least recently used first. */
  readonly #users = new Set<User>();
  /** Pieces that runs use one after the other, by what for; grown where they are too small. */
  readonly #pieces = new Map<string, { at: number; bytes: number }>();
  #longest = 0;
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;

  private constructor(
    shape: KernelShape,
    memory: KernelMemory,
    exports: KernelExports,
    lanes: Lanes,
    maxBytes: number,
  ) {
    this.#shape = shape;
    this.#memory = memory;
    this.#exports = exports;
    this.#lane = new Lane(exports, memory.wasm, shape);
    this.#lanes = lanes;
    this.#maxBytes = maxBytes;
  }

  /** Lanes are started, and join when they are open. @throws TwinError where the shape is beyond the kernel */
  static async open(shape: KernelShape, options: KernelOptions): Promise<Kernel> {
    checkShape(shape);
    const { lanes, startLane, maxBytes } = options;
    const wanted = startLane !== null && lanes > 1 ? lanes - 1 : 0;
    const warn = options.warn ?? (() => undefined);
    const memory = memoryFor(maxBytes, wanted > 0, warn);
    const module = await kernelModule(memory.shared ? "shared" : "own");
    const exports = await instance(module, memory.wasm);
    const others = new Lanes(warn);
    if (startLane !== null && memory.shared) {
      others.start(wanted, startLane, { module, memory: memory.wasm, shape });
    }
    return new Kernel(shape, memory, exports, others, maxBytes);
  }

  /**
   * Copies a user's operands into the kernel's memory. Users that were not used for longest make room where it is wanted.
   * @throws TwinError where it does not fit into `maxBytes`; the graph can run it
   */
  pack(operands: UserOperands): PackedUser {
    this.#open();
    checkOperands(this.#shape, operands);
    const sizes = pieces(this.#shape, operands);
    const addresses: number[] = [];
    let written: PackedOperands;
    try {
      for (const bytes of sizes) {
        addresses.push(bytes === 0 ? 0 : this.#take(bytes));
      }
      written = this.#write(operands, addresses);
    } catch (error) {
      this.#give(addresses);
      throw error;
    }
    const users = this.#users;
    const free = (user: User): void => this.#drop(user);
    const user: User = {
      operands: written,
      bytes: sizes.reduce((sum, bytes) => sum + bytes, 0),
      addresses,
      pins: 0,
      get resident() {
        return users.has(user);
      },
      release: () => free(user),
    };
    users.add(user);
    return user;
  }

  /**
   * Scores, selects and attends for `candidates`, at least one.
   * @param user resident: packed by this kernel, and neither released nor dropped since
   * @param queries of each product float32 [heads, candidates, width]
   * @throws the signal's reason where it aborts; TwinError where a lane dies (`thread_ended`) or the kernel is closed
   */
  async run(
    user: PackedUser,
    queries: readonly Float32Array[],
    candidates: number,
    signal: AbortSignal | null = null,
  ): Promise<KernelRun> {
    this.#open();
    const mine = user as User;
    if (!this.#users.has(mine)) {
      throw new Error("this user is not in the kernel's memory: pack it again");
    }
    for (const [i, { heads, width }] of this.#shape.products.entries()) {
      if (queries[i].length !== heads * candidates * width) {
        throw new Error(`queries of product ${i}: ${queries[i].length}, not ${heads} * ${candidates} * ${width}`);
      }
    }
    mine.pins++;
    this.#users.delete(mine);
    this.#users.add(mine);
    const before = this.#last;
    const run = before.then(() => this.#run(mine, queries, candidates, signal));
    this.#last = run.catch(() => undefined);
    try {
      return await run;
    } finally {
      mine.pins--;
    }
  }

  /** Resolves when its lanes have joined, or there are none after all. Nobody need wait for it. */
  joined(): Promise<void> {
    return this.#lanes.started;
  }

  status(): KernelStatus {
    return {
      lanes: 1 + this.#lanes.alive,
      shared: this.#memory.shared,
      bytes: this.#memory.bytes,
      used: this.#memory.used,
      users: this.#users.size,
    };
  }

  /** Ends its lanes, after the runs that were asked for; its memory goes when nobody has it any more. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#last;
    this.#users.clear();
    await this.#lanes.close();
  }

  #write(operands: UserOperands, addresses: readonly number[]): PackedOperands {
    const bytes = stagingBytes(rowsOf(this.#shape, operands), Math.ceil(this.#maxBytes / 4));
    const staging = new Staging(this.#memory, this.#piece("staging", bytes), bytes);
    return writeOperands(this.#exports, staging, this.#shape, operands, addresses);
  }

  #open(): void {
    if (this.#closed) {
      throw new TwinError("the selection kernel was closed", { code: "closed" });
    }
  }

  async #run(
    user: User,
    queries: readonly Float32Array[],
    candidates: number,
    signal: AbortSignal | null,
  ): Promise<KernelRun> {
    signal?.throwIfAborted();
    const { products, searches, attends } = this.#shape;
    const { lengths } = user.operands;
    const helpers = this.#lanes.take();
    try {
      const chunk = chunkOf(this.#shape, lengths, candidates, 1 + helpers.length);
      const places = [null, ...helpers].map((_, i) => this.#place(i, lengths, chunk));
      const job: Job = {
        operands: user.operands,
        candidates,
        chunk,
        next: nextAt,
        ramp: this.#ramp(),
        queries: products.map(({ heads, width }, i) => this.#piece(`queries ${i}`, 4 * heads * candidates * width)),
        kept: searches.map((_, i) => this.#piece(`kept ${i}`, 4 * keptCount(this.#shape, i, candidates))),
        pooled: attends.map(({ product, width }, i) =>
          this.#piece(`pooled ${i}`, 4 * candidates * products[product].heads * padded(width)),
        ),
        longest: this.#longest,
      };
      for (const i of products.keys()) {
        this.#memory.f32.set(queries[i], job.queries[i] / 4);
      }
      const phases = await this.#work(job, places, helpers, signal);
      const { f32, u32 } = this.#memory;
      return {
        kept: searches.map((_, i) => {
          const from = job.kept[i] / 4;
          return Int32Array.from(u32.subarray(from, from + keptCount(this.#shape, i, candidates)));
        }),
        pooled: attends.map(({ product, width }, i) =>
          narrowed(f32, job.pooled[i] / 4, candidates * products[product].heads, width),
        ),
        phases,
      };
    } finally {
      this.#lanes.give(helpers);
    }
  }

  /** Every lane works on the job; this one gives way now and then. */
  async #work(
    job: Job,
    places: readonly Place[],
    helpers: ReturnType<Lanes["take"]>,
    signal: AbortSignal | null,
  ): Promise<Phases> {
    // Memory of its own moves when it grows, which packing another user may make it do meanwhile.
    const set = (next: number): void => {
      Atomics.store(new Int32Array(this.#memory.wasm.buffer, job.next, 1), 0, next);
    };
    set(0);
    const phases: Phases = { scores: 0, select: 0, attend: 0 };
    const others = helpers.map((thread, i) => thread.ask({ job, place: places[i + 1] }));
    let failure: { readonly reason: unknown } | null = null;
    const stop = (reason: unknown): void => {
      failure ??= { reason };
      set(job.candidates);
    };
    for (const other of others) {
      other.catch(stop);
    }
    try {
      for (;;) {
        const end = performance.now() + turn;
        if (this.#lane.work(job, places[0], phases, () => performance.now() > end)) {
          break;
        }
        await breather();
        if (signal?.aborted) {
          stop(signal.reason);
        }
      }
    } catch (error) {
      stop(error);
    }
    for (const result of await Promise.allSettled(others)) {
      if (result.status === "fulfilled") {
        phases.scores += result.value.scores;
        phases.select += result.value.select;
        phases.attend += result.value.attend;
      } else {
        stop(result.reason);
      }
    }
    if (failure !== null) {
      throw (failure as { readonly reason: unknown }).reason;
    }
    return phases;
  }

  #place(lane: number, lengths: readonly number[], chunk: number): Place {
    const { bytes } = scratchOf(this.#shape, lengths, chunk, this.#exports);
    // States have room for the longest history so far, and begin anew where it grows.
    const longest = Math.max(this.#longest, ...lengths);
    if (longest > this.#longest) {
      this.#longest = 2 ** Math.ceil(Math.log2(longest));
    }
    const layout = keptState(this.#shape, this.#longest, this.#exports);
    const known = this.#pieces.get(`state ${lane}`)?.bytes ?? 0;
    const state = this.#piece(`state ${lane}`, layout.bytes);
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
    return { scratch: this.#piece(`scratch ${lane}`, bytes), state };
  }

  #ramp(): number {
    const most = Math.max(0, ...this.#shape.attends.map((one) => ("last" in one.over ? keptBy(this.#shape, one) : 0)));
    const known = this.#pieces.get("ramp");
    if (most === 0 || known !== undefined) {
      return known?.at ?? 0;
    }
    const at = this.#piece("ramp", 4 * most);
    for (let i = 0; i < most; i++) {
      this.#memory.u32[at / 4 + i] = i;
    }
    return at;
  }

  /** A piece that is kept for later runs. Its bytes are what was there. */
  #piece(name: string, bytes: number): number {
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

  /** @throws TwinError where there is no room even without the users that nobody runs */
  #take(bytes: number): number {
    for (;;) {
      const at = this.#memory.take(bytes);
      if (at !== null) {
        return at;
      }
      const idle = [...this.#users].find(({ pins }) => pins === 0);
      if (idle === undefined) {
        throw new TwinError(
          `the selection kernel needs ${mebibytes(bytes)} more than the ${mebibytes(this.#memory.used)} in use, and may have ${mebibytes(this.#maxBytes)}: allow it more, or run the graph`,
        );
      }
      this.#drop(idle);
    }
  }

  #drop(user: User): void {
    if (user.pins > 0) {
      // Given back when its runs are over.
      void this.#last.then(() => this.#drop(user));
      return;
    }
    if (this.#users.delete(user)) {
      this.#give(user.addresses);
    }
  }

  #give(addresses: readonly number[]): void {
    for (const at of addresses) {
      if (at !== 0) {
        this.#memory.give(at);
      }
    }
  }
}

/** Memory for the kernel: shared where lanes are wanted and the host has such, and so much of it that may be set aside. */
function memoryFor(maxBytes: number, shared: boolean, warn: (message: string) => void): KernelMemory {
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
