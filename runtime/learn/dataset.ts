// What training and evaluation read: prepared samples with their histories, as batches of encoded values.
import type { Encoded } from "../encode/encoded.ts";

export type Part = "training" | "validation" | "test";

/** The newest behaviours of every row of a batch, newest first. */
export interface BatchHistory {
  /** L: as long as the longest of the batch, at least what was asked for, at most the history's `max`. */
  readonly length: number;
  /** Behaviours of each row: [B], at most L. */
  readonly lengths: Int32Array;
  /** Ordinals of the items: [B, L]; 0 is the unknown item, which also fills up. */
  readonly item: Int32Array;
  /** By the cross feature's name as in the manifest (`watched.ago`): [B, L, …]; padding holds what a missing value encodes to. */
  readonly cross: Readonly<Record<string, Encoded>>;
  /** When they were, where it was asked for and is known: [B, L]; NaN fills up. */
  readonly time?: Float64Array | null;
}

/** Samples side by side. A history holds only what its user did strictly before the sample. */
export interface Batch {
  /** B */
  readonly rows: number;
  /** Numbers of the samples within their part. */
  readonly samples: Uint32Array;
  readonly histories: Readonly<Record<string, BatchHistory>>;
  /** Ordinal of the candidate's item: [B]; 0: not among the items. */
  readonly candidate: Int32Array;
  /** By name as in the manifest (`user.age`, `context.hour`, `candidate.recall_score`): [B, …]. */
  readonly single: Readonly<Record<string, Encoded>>;
  /** By label: [B]; NaN is missing. */
  readonly labels: Readonly<Record<string, Float32Array>>;
  /** Weights of the samples: [B]; ones where the data has none. */
  readonly weight: Float32Array;
  /** − ln of the rate at which a negative like this was sampled, else 0: [B]. */
  readonly offset: Float32Array;
  /** Ordinal of the user: [B]. */
  readonly user: Uint32Array;
  /** Epoch seconds, or steps: [B]. */
  readonly time: Float64Array;
  /** Number of the sample's row in the event log: [B]; −1 for a sampled negative. */
  readonly row: Float64Array;
}

/** Encoded features of all items by ordinal; ordinal 0 is the unknown item, every feature of it missing. */
export interface ItemFeatures {
  /** Ordinals, the unknown item included. */
  readonly count: number;
  /** By name as in the manifest (`item.video_id`): [count, …shape of one value]. Shared memory, so that workers read it. */
  readonly columns: Readonly<Record<string, Encoded>>;
  /** How often each item occurs in the training part's samples: [count]. */
  readonly occurrences: Uint32Array;
}

/** A prepared data set. Reading is synchronous: a worker assembles batches while ONNX Runtime runs elsewhere. */
export interface Dataset {
  /** SHA-256 over what was read and how it was encoded: a checkpoint says which data it saw. */
  readonly fingerprint: string;
  readonly items: ItemFeatures;
  readonly users: number;
  /** Tables that were counted on the training part, by feature: popularity by the row of a value, [rows, columns]. */
  readonly counted?: Readonly<Record<string, Float32Array>>;
  count(part: Part): number;
  /** Whose the samples of a part are, and when they were, by number. */
  whose(part: Part): { readonly user: Uint32Array; readonly time: Float64Array };
  /** What `batch` gives of the same samples, without reading more. */
  labels(part: Part, samples: Uint32Array): Pick<Batch, "labels" | "weight" | "offset">;
  /**
   * @param samples numbers within the part, in any order
   * @param least by history: a history is padded to at least so many behaviours
   * @param most by history: no more than the newest so many are wanted; a data set may give more all the same
   * @param timed whether times of behaviours are wanted
   * @returns arrays that are the caller's: new in every call, not shared memory, each over a buffer of its own
   */
  batch(
    part: Part,
    samples: Uint32Array,
    least: Readonly<Record<string, number>>,
    most?: Readonly<Record<string, number>>,
    timed?: boolean,
  ): Batch;
  close(): void;
}
