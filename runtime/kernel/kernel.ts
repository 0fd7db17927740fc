// The selection kernel as its host sees it: users are packed into its memory once, candidates are run against them.
import { TwinError } from "../../contract/error.ts";
import { breather } from "../threads/breather.ts";
import type { KernelOptions, KernelRun, KernelStatus, PackedUser } from "./face.ts";
import { type Job, Lane, type Phases, type Place } from "./lane.ts";
import { Lanes } from "./lanes.ts";
import { type KernelMemory, memoryFor, rounded } from "./memory.ts";
import { NoRoom } from "./no-room.ts";
import { checkOperands, type PackedOperands, pieces, rowsOf, writeOperands } from "./pack.ts";
import { type Given, Results } from "./results.ts";
import { checkShape, type KernelShape, type UserOperands } from "./shape.ts";
import { Staging, stagingBytes } from "./staging.ts";
import { instance, type KernelExports, kernelModule } from "./web-assembly.ts";
import { Working } from "./working.ts";

interface User extends PackedUser {
  readonly operands: PackedOperands;
  addresses: readonly number[];
  /** Runs that use it, or wait for it and cannot bring it back. */
  pins: number;
}

/** Milliseconds of work after which the calling thread lets others of its thread have a turn. */
const turn = 8;

export class Kernel {
  readonly #shape: KernelShape;
  readonly #memory: KernelMemory;
  readonly #exports: KernelExports;
  readonly #lane: Lane;
  readonly #lanes: Lanes;
  readonly #maxBytes: number;
  /** The least recently used first. */
  readonly #users = new Set<User>();
  readonly #working: Working;
  /** Whether a run is at work: what it works in stays. */
  #running = false;
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
    this.#working = new Working(shape, memory, exports, (bytes) => this.#take(bytes));
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
   * @throws NoRoom where it does not fit into `maxBytes` with a run of one candidate, or not beside the user of a run that is at
   * work; the graph can run it
   */
  pack(operands: UserOperands): PackedUser {
    this.#open();
    checkOperands(this.#shape, operands);
    const sizes = pieces(this.#shape, operands);
    const own = sizes.reduce((sum, bytes) => sum + (bytes === 0 ? 0 : rounded(bytes)), 0);
    const rows = rowsOf(this.#shape, operands);
    const beside = Math.max(rounded(stagingBytes(rows, 0)), this.#working.least(operands.lengths));
    if (own + beside > this.#memory.most) {
      throw new NoRoom(own + beside, 0, this.#maxBytes);
    }
    const user = this.#whole(() => this.#packed(operands, sizes));
    this.#users.add(user);
    return user;
  }

  /**
   * Scores, selects and attends for `candidates`, at least one.
   * @param user resident: packed by this kernel, and neither released nor dropped since. Or what brings it back when its turn
   * comes, where others may have taken its place
   * @param queries of each product float32 [heads, candidates, width]
   * @param rows of each product and each of what may agree int32 [candidates, rows]; none where no product has a `match`
   * @throws the signal's reason where it aborts; TwinError where a lane dies (`thread_ended`) or the kernel is closed
   */
  async run(
    user: PackedUser | (() => Promise<PackedUser>),
    queries: readonly Float32Array[],
    candidates: number,
    signal: AbortSignal | null = null,
    rows: Given["rows"] = [],
  ): Promise<KernelRun> {
    this.#open();
    const given = { queries, rows };
    for (const [i, { heads, width, match }] of this.#shape.products.entries()) {
      if (match.some(({ rows: wide }, j) => rows[i]?.[j]?.length !== candidates * wide)) {
        throw new Error(`rows of product ${i}: not of ${match.length} features of ${candidates} candidates`);
      }
      if (queries[i].length !== heads * candidates * width) {
        throw new Error(`queries of product ${i}: ${queries[i].length}, not ${heads} * ${candidates} * ${width}`);
      }
    }
    if (typeof user === "function") {
      return this.turn(async () => {
        signal?.throwIfAborted();
        try {
          return await this.#run(await this.#resident(user), given, candidates, signal);
        } catch (error) {
          if (!(error instanceof NoRoom)) {
            throw error;
          }
        }
        // There is room, but in pieces: all goes, and this one comes back.
        this.#clear();
        return this.#run(await this.#resident(user), given, candidates, signal);
      });
    }
    const mine = user as User;
    this.#use(mine);
    mine.pins++;
    try {
      return await this.turn(async () => {
        signal?.throwIfAborted();
        return this.#run(mine, given, candidates, signal);
      });
    } finally {
      mine.pins--;
    }
  }

  /** Does something while no run is at work, after those that were asked for before. */
  async turn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(work);
    this.#last = mine.catch(() => undefined);
    return mine;
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

  /** @throws NoRoom */
  #packed(operands: UserOperands, sizes: readonly number[]): User {
    const addresses: number[] = [];
    let written: PackedOperands;
    try {
      for (const bytes of sizes) {
        addresses.push(bytes === 0 ? 0 : this.#take(bytes));
      }
      written = writeOperands(this.#exports, this.#staging(operands), this.#shape, operands, addresses);
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
    return user;
  }

  /** As much as brings all operands over at once, or what there is room for. */
  #staging(operands: UserOperands): Staging {
    const rows = rowsOf(this.#shape, operands);
    for (let most = Math.ceil(this.#maxBytes / 4); ; most = most < 2 ** 16 ? 0 : most / 4) {
      const bytes = stagingBytes(rows, Math.floor(most));
      try {
        return new Staging(this.#memory, this.#working.piece("staging", bytes), bytes);
      } catch (error) {
        if (!(error instanceof NoRoom) || most === 0) {
          throw error;
        }
      }
    }
  }

  /** Tried again without what runs work in, where that takes the room. */
  #whole<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (this.#running || !(error instanceof NoRoom)) {
        throw error;
      }
    }
    this.#working.free();
    return work();
  }

  /** @throws Error where it is not in the kernel's memory */
  #use(user: User): void {
    if (!this.#users.delete(user)) {
      throw new Error("this user is not in the kernel's memory: pack it again");
    }
    this.#users.add(user);
  }

  async #resident(bring: () => Promise<PackedUser>): Promise<User> {
    for (;;) {
      const user = (await bring()) as User;
      if (this.#users.has(user)) {
        this.#use(user);
        return user;
      }
    }
  }

  /** Drops every user, and what runs work in. */
  #clear(): void {
    for (const user of [...this.#users]) {
      this.#drop(user);
    }
    this.#working.free();
  }

  #open(): void {
    if (this.#closed) {
      throw new TwinError("the selection kernel was closed", { code: "closed" });
    }
  }

  /** @throws NoRoom where not even one candidate has room */
  async #run(user: User, given: Given, candidates: number, signal: AbortSignal | null): Promise<KernelRun> {
    const taken = this.#lanes.take();
    const results = new Results(this.#shape, candidates);
    user.pins++;
    this.#running = true;
    try {
      // Where there is no room for all lanes and candidates at once, even without what packing and other runs worked in, one lane
      // takes some after the others.
      let [helpers, most, alone] = [taken, candidates, false];
      for (let from = 0; from < candidates; ) {
        const count = Math.min(most, candidates - from);
        let made: ReturnType<Working["job"]>;
        try {
          made = this.#working.job(user.operands, count, 1 + helpers.length);
        } catch (error) {
          if (!(error instanceof NoRoom) || (alone && most === 1 && helpers.length === 0)) {
            throw error;
          }
          if (alone) {
            [helpers, most] = helpers.length > 0 ? [[], most] : [helpers, Math.ceil(count / 2)];
          }
          this.#working.free();
          alone = true;
          continue;
        }
        results.bring(this.#memory, made.job, given, from);
        results.add(await this.#work(made.job, made.places, helpers, signal));
        results.take(this.#memory, made.job, from);
        from += count;
        alone = false;
      }
      return results.run;
    } finally {
      this.#running = false;
      user.pins--;
      this.#lanes.give(taken);
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

  /** @throws NoRoom where there is none even without the users that nobody runs */
  #take(bytes: number): number {
    for (;;) {
      const at = this.#memory.take(bytes);
      if (at !== null) {
        return at;
      }
      const idle = [...this.#users].find(({ pins }) => pins === 0);
      if (idle === undefined) {
        throw new NoRoom(bytes, this.#memory.used, this.#maxBytes);
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
