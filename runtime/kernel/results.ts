// What a run gives, put together of the jobs that it was done in.
import { pooledColumns } from "../../contract/kernel-spec.ts";
import { narrowed } from "./columns.ts";
import type { KernelRun } from "./face.ts";
import type { Job, Phases } from "./lane.ts";
import type { KernelMemory } from "./memory.ts";
import { keptCount } from "./plan.ts";
import { type KernelShape, listsOf } from "./shape.ts";

/** What is known of the candidates of a run. */
export interface Given {
  /** Of each product float32 [heads, candidates, width]. */
  readonly queries: readonly Float32Array[];
  /** Of each product and each of what may agree int32 [candidates, rows]; of the unknown negative, and unlike any behaviour's. */
  readonly rows: readonly (readonly Int32Array[])[];
}

export class Results {
  readonly run: KernelRun;
  readonly #shape: KernelShape;
  readonly #candidates: number;
  readonly #phases: Phases = { scores: 0, select: 0, attend: 0 };

  constructor(shape: KernelShape, candidates: number) {
    this.#shape = shape;
    this.#candidates = candidates;
    this.run = {
      kept: shape.searches.map((_, i) => new Int32Array(keptCount(shape, i, candidates))),
      pooled: shape.attends.map(
        (attend) => new Float32Array(candidates * shape.products[attend.product].heads * pooledColumns(attend)),
      ),
      phases: this.#phases,
    };
  }

  /** Brings a job what is known of its candidates, which are those of the run from `from` on. */
  bring({ f32, u32 }: KernelMemory, job: Job, { queries, rows }: Given, from: number): void {
    for (const [i, { match }] of this.#shape.products.entries()) {
      for (const [j, { rows: wide }] of match.entries()) {
        u32.set(rows[i][j].subarray(from * wide, (from + job.candidates) * wide), job.rows[i][j] / 4);
      }
    }
    for (const [i, { heads, width }] of this.#shape.products.entries()) {
      const [all, some] = [this.#candidates * width, job.candidates * width];
      for (let a = 0; a < heads; a++) {
        const start = a * all + from * width;
        f32.set(queries[i].subarray(start, start + some), job.queries[i] / 4 + a * some);
      }
    }
  }

  /** Takes what a job made of these candidates. */
  take({ f32, u32 }: KernelMemory, job: Job, from: number): void {
    for (const [i, search] of this.#shape.searches.entries()) {
      const some = job.candidates * search.keep;
      for (let list = 0; list < listsOf(this.#shape, search); list++) {
        const start = job.kept[i] / 4 + list * some;
        this.run.kept[i].set(u32.subarray(start, start + some), (list * this.#candidates + from) * search.keep);
      }
    }
    for (const [i, attend] of this.#shape.attends.entries()) {
      const { heads } = this.#shape.products[attend.product];
      const columns = pooledColumns(attend);
      const rows = narrowed(f32, job.pooled[i] / 4, job.candidates * heads, columns);
      this.run.pooled[i].set(rows, from * heads * columns);
    }
  }

  add(phases: Readonly<Phases>): void {
    this.#phases.scores += phases.scores;
    this.#phases.select += phases.select;
    this.#phases.attend += phases.attend;
  }
}
