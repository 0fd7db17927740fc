// What a kernel is opened with, and what it gives.
import type { OuterLine } from "../threads/line.ts";
import type { Phases } from "./lane.ts";
import type { LaneJob, LaneStart } from "./lane-service.ts";

export type StartLane = () => OuterLine<LaneStart, LaneJob, Phases, null>;

export interface KernelOptions {
  /** Threads that work on a run, the calling one among them. */
  readonly lanes: number;
  /** How a lane beside the calling thread is started; null: there are none. */
  readonly startLane: StartLane | null;
  /** What the kernel's memory may grow to. */
  readonly maxBytes: number;
  /** Told what the user should know. */
  readonly warn?: (message: string) => void;
}

/** A user's operands in the kernel's memory. */
export interface PackedUser {
  readonly bytes: number;
  /** False once it was released, or had to make room for others: then it is packed again before the next `run`. */
  readonly resident: boolean;
  release(): void;
}

export interface KernelRun {
  /** Of each search int32 [candidates, keep]; `per_head`: [heads, candidates, keep]. */
  readonly kept: readonly Int32Array[];
  /** Of each attend float32 [candidates, heads * columns], as `pooledColumns` has them. */
  readonly pooled: readonly Float32Array[];
  /** Milliseconds, of all lanes together. */
  readonly phases: Readonly<Phases>;
}

export interface KernelStatus {
  readonly lanes: number;
  /** Whether its memory is shared among lanes. */
  readonly shared: boolean;
  /** What its memory has taken of the machine; it is given back when the kernel is closed. */
  readonly bytes: number;
  /** What of it is in use. */
  readonly used: number;
  /** Users that are packed. */
  readonly users: number;
}
