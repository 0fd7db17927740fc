// One attempt of the round robin in ONNX: the first ranks of every head, and which of these entries the walk meets first.

import type { Dim } from "../graph.ts";
import { onnxDtype } from "../onnx-dtype.ts";
import type { OnnxEmitter } from "../rule.ts";

/**
 * Ranks that the first attempt looks at: what heads that share nothing need, and a little for those they share by chance.
 */
export function firstRanks(heads: number, keep: number): number {
  return Math.min(keep, Math.ceil(keep / heads) + Math.max(2, Math.ceil(keep / 40)));
}

/** Ranks of every attempt, rising; the last is `keep`, which always suffices. */
export function attempts(heads: number, keep: number): number[] {
  const first = firstRanks(heads, keep);
  const middle = Math.ceil(keep * 0.55);
  const more = middle > first * 1.4 ? [Math.ceil(first * 1.3), middle] : [];
  return [...new Set([first, ...more, ...(first < keep ? [keep] : [])])];
}

/**
 * Distinct positions among the first ranks from which an attempt is held likely to find enough. They grow with the ranks, at
 * best in proportion; of all rows one may repeat more than those of the sample.
 */
export function promising(heads: number, keep: number, attempt: number): number {
  const ranks = firstRanks(heads, keep);
  const least = (keep * ranks) / attempts(heads, keep)[attempt];
  return attempt < 2 ? (least + heads * ranks) / 2 : least;
}

export interface Meetings {
  /** float32 [R, A·ranks]: the positions that the heads name, head by head */
  readonly entries: string;
  /** float32 [R, A·ranks]: 0 where the walk meets the position for the first time, else 1 */
  readonly seen: string;
  /** A·ranks */
  readonly width: number;
  /** float32 [1, A·ranks]: falls with the place in the walk, from A·ranks to 1 */
  readonly order: string;
}

/** Scores at or below are masked: their order among each other says nothing, and they are masked under all heads alike. */
const masked = -1e29;

/**
 * Entry (a, r) is the position i that head a ranks r-th; the walk is there at step r·A + a. Head b meets i earlier exactly if
 * its list holds i at a rank before r, or at r where b < a: by the ranks that this TopK returned, whose order of equal scores
 * is the device's own affair. Where no list holds two equal scores (of any that are not masked), one gather of A scores an
 * entry tells; else the steps are written to a vector as long as the history. scores [A, R, L], positions [L].
 * @param rows R; null where nothing names it
 */
export function meetings(
  emit: OnnxEmitter,
  scores: string,
  positions: string,
  heads: number,
  ranks: number,
  rows: Dim | null,
): Meetings {
  const width = heads * ranks;
  const [values, indices] = emit.nodes("TopK", [scores, emit.ints(ranks)], 2, { axis: -1 });
  const places = emit.node("Gather", [positions, indices]); // [A, R, ranks]
  const byRow = emit.node("Transpose", [places], { perm: [1, 0, 2] }); // [R, A, ranks]
  const entries = emit.node("Reshape", [byRow, emit.ints(-1, width)]);
  const order = emit.constant({
    dtype: "float32",
    shape: [1, width],
    data: Float32Array.from({ length: width }, (_, i) => width - ((i % ranks) * heads + Math.floor(i / ranks))),
  });
  const lists: Lists = { scores, values, places, byRow, entries, order, heads, ranks };
  if (ranks === 1) {
    return { entries, seen: seenByScore(emit, lists), width, order };
  }
  const types = [{ dtype: "float32", shape: [rows, width] }] as const;
  const seen = emit.node("If", [anyTie(emit, values, ranks)], {
    then_branch: emit.subgraph(types, (inner) => [seenBySteps(inner, lists)]),
    else_branch: emit.subgraph(types, (inner) => [seenByScore(inner, lists)]),
  });
  return { entries, seen, width, order };
}

interface Lists {
  /** [A, R, L] */
  readonly scores: string;
  /** What TopK returned, the positions as floats: [A, R, ranks]. */
  readonly values: string;
  readonly places: string;
  /** `places` as [R, A, ranks]. */
  readonly byRow: string;
  readonly entries: string;
  readonly order: string;
  readonly heads: number;
  readonly ranks: number;
}

/** Whether any list holds two equal scores side by side, those that are masked aside. */
function anyTie(emit: OnnxEmitter, values: string, ranks: number): string {
  const part = (start: number, end: number) =>
    emit.node("Slice", [values, emit.ints(start), emit.ints(end), emit.ints(2)]);
  const next = part(1, ranks);
  const equal = emit.node("Equal", [part(0, ranks - 1), next]);
  const highest = emit.node("ReduceMax", [emit.node("Where", [equal, next, emit.scalar(2 * masked)])], { keepdims: 0 });
  return emit.node("Greater", [highest, emit.scalar(masked)]);
}

/**
 * With s_b(i) the score of i under b and (v, j) score and position of rank r under b: met earlier exactly if s_b(i) > v, or
 * i = j where b < a. An i of equal score elsewhere is not in the list of b, or the list would hold two equal scores.
 */
function seenByScore(emit: OnnxEmitter, { scores, values, places, byRow, entries, heads, ranks }: Lists): string {
  const row = emit.node("Unsqueeze", [entries, emit.ints(0)]);
  const index = emit.node("Cast", [emit.node("Concat", Array<string>(heads).fill(row), { axis: 0 })], {
    to: onnxDtype.int32,
  });
  const under = emit.node("Reshape", [
    emit.node("GatherElements", [scores, index], { axis: 2 }),
    emit.ints(heads, -1, heads, ranks),
  ]); // [A (b), R, A (a), ranks]: the entry's score under head b
  // A position less 2^24 is no position: of b >= a nothing is equal.
  const aside = emit.constant({
    dtype: "float32",
    shape: [heads, 1, heads, 1],
    data: Float32Array.from({ length: heads * heads }, (_, i) => (Math.floor(i / heads) < i % heads ? 0 : -(2 ** 24))),
  });
  const place = emit.node("Add", [emit.node("Unsqueeze", [places, emit.ints(2)]), aside]);
  const same = emit.node("Equal", [place, emit.node("Unsqueeze", [byRow, emit.ints(0)])]);
  const earlier = emit.node("Where", [
    emit.node("Greater", [under, emit.node("Unsqueeze", [values, emit.ints(2)])]),
    emit.scalar(1),
    emit.node("Cast", [same], { to: onnxDtype.float32 }),
  ]);
  const anyHead = emit.node("ReduceMax", [earlier, emit.ints(0)], { keepdims: 0 }); // [R, A, ranks]
  return emit.node("Reshape", [anyHead, emit.ints(-1, heads * ranks)]);
}

/** The earliest step of each position is written to the history's length, and read by every entry beside its own. */
function seenBySteps(emit: OnnxEmitter, { scores, entries, order }: Lists): string {
  const nothing = emit.constant({ dtype: "float32", shape: [1, 1], data: Float32Array.of(0) });
  const history = emit.node("Expand", [nothing, emit.node("Shape", [scores], { start: 1, end: 3 })]); // [R, L]
  const own = emit.node("Expand", [order, emit.node("Shape", [entries])]);
  const index = emit.node("Cast", [entries], { to: onnxDtype.int32 });
  const first = emit.node("ScatterElements", [history, index, own], { axis: 1, reduction: "max" });
  const met = emit.node("Equal", [emit.node("GatherElements", [first, index], { axis: 1 }), own]);
  return emit.node("Where", [met, emit.scalar(0), emit.scalar(1)]);
}
