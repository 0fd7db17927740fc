// One lane: takes chunks of candidates until none is left, and runs the kernel on each. Whatever it knows stands in the
// memory that all lanes share, so that another can go on in its place.
import { pooledColumns } from "../../contract/kernel-spec.ts";
import { scoreOwn } from "./own.ts";
import type { PackedOperands } from "./pack.ts";
import { blockOf, keptState, planOf, type Scratch, scratchOf } from "./plan.ts";
import { select } from "./round-robin.ts";
import { type AttendShape, historyOf, type KernelShape, keptBy, listsOf, padded, tilesOf } from "./shape.ts";
import type { KernelExports, WasmMemory } from "./web-assembly.ts";

/** Milliseconds, of all lanes together. */
export interface Phases {
  scores: number;
  select: number;
  attend: number;
}

/** What a run is about: addresses and counts, the same for every lane. */
export interface Job {
  readonly operands: PackedOperands;
  readonly candidates: number;
  readonly chunk: number;
  /** The word that counts the candidates that were taken. */
  readonly next: number;
  /** 0, 1, 2, … for as many as the longest `last`. */
  readonly ramp: number;
  /** Of each product: [heads, candidates, width]. */
  readonly queries: readonly number[];
  /** Of each product and each of what may agree: int32 [candidates, rows]. */
  readonly rows: readonly (readonly number[])[];
  /** Of each search: [lists, candidates, keep]. */
  readonly kept: readonly number[];
  /** Of each attend: [candidates, heads, padded columns]. */
  readonly pooled: readonly number[];
  /** The longest history that states have stamps for. */
  readonly longest: number;
}

/** Where a lane works during a job. */
export interface Place {
  readonly scratch: number;
  readonly state: number;
}

/** Stamps are numbers of 32 bits; so many are left when they begin anew. */
const lastStamp = 0xffff_0000;

export class Lane {
  readonly #kernel: KernelExports;
  readonly #memory: WasmMemory;
  readonly #shape: KernelShape;

  constructor(kernel: KernelExports, memory: WasmMemory, shape: KernelShape) {
    this.#kernel = kernel;
    this.#memory = memory;
    this.#shape = shape;
  }

  /** Does chunks until none is left, or `enough` says so after one. @returns whether none is left */
  work(job: Job, place: Place, phases: Phases, enough: () => boolean): boolean {
    const scratch = scratchOf(this.#shape, job.operands.lengths, job.chunk, this.#kernel);
    const counter = new Int32Array(this.#memory.buffer, job.next, 1);
    for (;;) {
      const from = Atomics.add(counter, 0, job.chunk);
      if (from >= job.candidates) {
        return true;
      }
      this.#chunk(job, place, scratch, from, Math.min(job.chunk, job.candidates - from), phases);
      if (enough()) {
        return false;
      }
    }
  }

  #chunk(job: Job, place: Place, scratch: Scratch, from: number, count: number, phases: Phases): void {
    const { searches, attends } = this.#shape;
    for (let s = 0; s < searches.length; s++) {
      const rows = this.#search(job, place, scratch, s, from, count, phases);
      for (let i = 0; i < attends.length; i++) {
        const { over } = attends[i];
        if ("search" in over && over.search === s) {
          this.#attend(job, place, scratch, i, from, count, rows, phases);
        }
      }
    }
    for (let i = 0; i < attends.length; i++) {
      if ("last" in attends[i].over) {
        this.#attend(job, place, scratch, i, from, count, 0, phases);
      }
    }
  }

  /** @returns where the scores of all heads stand; 0: they are not kept */
  #search(
    job: Job,
    place: Place,
    scratch: Scratch,
    index: number,
    from: number,
    count: number,
    phases: Phases,
  ): number {
    const kernel = this.#kernel;
    const begun = performance.now();
    const { product, rule, keep } = this.#shape.searches[index];
    const { history, heads } = this.#shape.products[product];
    const length = job.operands.lengths[history];
    const tiles = tilesOf(length);
    const plan = planOf(this.#shape, index, length);
    const { width } = this.#shape.products[product];
    const block = blockOf(width, plan.group);
    const group = Math.max(1, plan.group);
    const { keys } = job.operands.products[product];
    const { bias } = job.operands.searches[index];
    const own = this.#biases(job, place, scratch, index, from, count);
    const headBytes = 32 * tiles * width;
    const queryBytes = 4 * width * job.candidates;
    const queries = job.queries[product] + 4 * width * from;
    const rows = plan.stored ? place.scratch + scratch.rows : 0;
    const maxima = place.scratch + scratch.maxima;
    const { own: apart } = job.operands.products[product];
    if (apart !== null) {
      scoreOwn(kernel, this.#memory, this.#shape, job, place.scratch, scratch, index, from, count);
    }
    for (let a = 0; a < heads && apart === null; a++) {
      const other = rule === "max" && a > 0;
      const rowsAt = other
        ? place.scratch + scratch.others
        : rule === "max" || !plan.stored
          ? rows
          : rows + a * count * 32 * tiles;
      const maximaAt = other
        ? place.scratch + scratch.otherMaxima
        : maxima + (rule === "max" ? 0 : a * count * plan.maximaBytes);
      kernel.score(
        queries + a * queryBytes,
        count,
        width,
        keys + headBytes * a,
        own === 0 ? bias + 32 * tiles * a : own + 32 * tiles * count * a,
        own === 0 ? 0 : 32 * tiles,
        tiles,
        group,
        block,
        rowsAt,
        maximaAt,
        plan.maximaBytes,
      );
      if (other) {
        kernel.greater(rows, rowsAt, count * 2 * tiles);
        kernel.greater(maxima, maximaAt, (count * plan.maximaBytes) / 16);
      }
    }
    const scored = performance.now();
    phases.scores += scored - begun;

    const state = keptState(this.#shape, job.longest, kernel);
    const ranked = rule === "max" ? 1 : heads;
    kernel.about(
      ranked,
      tiles,
      plan.group,
      plan.maximaBytes,
      width,
      keys,
      bias,
      block,
      keep,
      place.scratch + scratch.select,
      place.scratch + scratch.whole,
      place.state + state.searches[index],
    );
    const lists = listsOf(this.#shape, this.#shape.searches[index]);
    const kept = job.kept[index] + 4 * keep * from;
    const keptBytes = 4 * keep * job.candidates;
    const failed = kernel.select(
      count,
      rows,
      maxima,
      queries,
      queryBytes,
      rule === "round_robin" ? 0 : 1,
      keep,
      place.state + state.stamps,
      this.#stamps(place, job, count),
      kept,
      keptBytes,
    );
    if (failed > 0) {
      const u32 = new Uint32Array(this.#memory.buffer);
      for (let n = 0; n < count; n++) {
        if (u32[kept / 4 + n * keep] === 0xffff_ffff) {
          const found = this.#literal(job, place, scratch, index, from, count, n);
          for (let list = 0; list < lists; list++) {
            u32.set(found[list], (kept + list * keptBytes) / 4 + n * keep);
          }
        }
      }
    }
    phases.select += performance.now() - scored;
    return rule === "max" ? 0 : rows;
  }

  /** Where each candidate's biases stand, [heads, count, 8 * tiles], with what it agrees in; 0: all have those of the search. */
  #biases(job: Job, place: Place, scratch: Scratch, index: number, from: number, count: number): number {
    const { product } = this.#shape.searches[index];
    const { history, heads, match } = this.#shape.products[product];
    if (match.length === 0) {
      return 0;
    }
    const tiles = tilesOf(job.operands.lengths[history]);
    const own = place.scratch + scratch.own;
    this.#kernel.spread(job.operands.searches[index].bias, heads, count, tiles, own);
    for (const [i, { rows, any }] of match.entries()) {
      const { behaviours, worth } = job.operands.products[product].match[i];
      const given = job.rows[product][i] + 4 * rows * from;
      this.#kernel.agree(given, rows, Number(any), behaviours, worth, heads, count, tiles, own);
    }
    return own;
  }

  /** The first of `count` stamps that no candidate has had. */
  #stamps(place: Place, job: Job, count: number): number {
    const { stamps, bytes } = keptState(this.#shape, job.longest, this.#kernel);
    const words = new Uint32Array(this.#memory.buffer, place.state, bytes / 4);
    if (words[0] > lastStamp) {
      words.fill(0, stamps / 4);
      words[0] = 0;
    }
    const first = words[0] + 1;
    words[0] += count;
    return first;
  }

  /** One candidate by the literal loop: too few of its scores are numbers. */
  #literal(
    job: Job,
    place: Place,
    scratch: Scratch,
    index: number,
    from: number,
    count: number,
    n: number,
  ): Int32Array[] {
    const { product, rule, keep } = this.#shape.searches[index];
    const { history, heads } = this.#shape.products[product];
    const length = job.operands.lengths[history];
    const tiles = tilesOf(length);
    const plan = planOf(this.#shape, index, length);
    const { width, match } = this.#shape.products[product];
    const own = match.length > 0;
    const whole = place.scratch + scratch.whole;
    const scores = new Float32Array(heads * length);
    const apart = job.operands.products[product].own !== null;
    for (let a = 0; a < heads; a++) {
      if (apart) {
        const row = place.scratch + scratch.rows + 32 * tiles * (a * count + n);
        scores.set(new Float32Array(this.#memory.buffer, row, length), a * length);
        continue;
      }
      this.#kernel.score(
        job.queries[product] + 4 * width * (a * job.candidates + from + n),
        1,
        width,
        job.operands.products[product].keys + 32 * tiles * width * a,
        own
          ? place.scratch + scratch.own + 32 * tiles * (a * count + n)
          : job.operands.searches[index].bias + 32 * tiles * a,
        0,
        tiles,
        Math.max(1, plan.group),
        blockOf(width, plan.group),
        whole,
        place.scratch + (rule === "max" ? scratch.otherMaxima : scratch.maxima),
        plan.maximaBytes,
      );
      scores.set(new Float32Array(this.#memory.buffer, whole, length), a * length);
    }
    return select(rule, scores, { heads, candidates: 1, history: length }, 0, keep);
  }

  #attend(
    job: Job,
    place: Place,
    scratch: Scratch,
    index: number,
    from: number,
    count: number,
    rows: number,
    phases: Phases,
  ): void {
    const begun = performance.now();
    const kernel = this.#kernel;
    const attend: AttendShape = this.#shape.attends[index];
    const { product, over, searched } = attend;
    const { heads } = this.#shape.products[product];
    const tiles = tilesOf(job.operands.lengths[historyOf(this.#shape, attend)]);
    const keep = keptBy(this.#shape, attend);
    const list = "search" in over ? job.kept[over.search] + 4 * keep * from : job.ramp;
    const apart = "search" in over && listsOf(this.#shape, this.#shape.searches[over.search]) > 1;
    const listBytes = apart ? 4 * keep * job.candidates : 0;
    const candidateBytes = "search" in over ? 4 * keep : 0;
    const scores = place.scratch + scratch.scores;
    if (searched && rows !== 0) {
      kernel.pick(rows, heads, count, tiles, list, listBytes, keep, scores);
    } else {
      const { width } = this.#shape.products[product];
      const { keys, bias } = job.operands.products[product];
      const of = searched && "search" in over ? job.operands.searches[over.search].bias : bias;
      kernel.compute(
        job.queries[product] + 4 * width * from,
        4 * width * job.candidates,
        width,
        keys,
        of,
        tiles,
        heads,
        count,
        list,
        listBytes,
        candidateBytes,
        keep,
        scores,
      );
      for (const [i, { rows: wide, any }] of this.#shape.products[product].match.entries()) {
        const { behaviours, worth } = job.operands.products[product].match[i];
        kernel.agreeKept(
          job.rows[product][i] + 4 * wide * from,
          wide,
          Number(any),
          behaviours,
          worth,
          heads,
          count,
          tiles,
          list,
          listBytes,
          candidateBytes,
          keep,
          scores,
        );
      }
    }
    const width = padded(attend.width);
    const outBytes = 4 * padded(pooledColumns(attend));
    const { mask, values } = job.operands.attends[index];
    kernel.attend(
      scores,
      heads,
      count,
      list,
      listBytes,
      candidateBytes,
      keep,
      mask,
      values,
      4 * width * heads,
      width,
      place.scratch + scratch.masks,
      job.pooled[index] + outBytes * heads * from,
      outBytes,
      attend.strength ? 4 * attend.width : 0,
    );
    phases.attend += performance.now() - begun;
  }
}
