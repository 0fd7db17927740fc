// One attempt of the round robin in ONNX: the first ranks of every head, and which of these entries the walk meets first.
import type { OnnxEmitter } from "../rule.ts";

const float32 = 1;
const int32 = 6;

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

/**
 * Entry (a, r) is the position i that head a ranks r-th; the walk is there at step r·A + a. Head b meets i earlier exactly
 * if it ranks i ahead of its own r-th position, or, where b < a, if i is that position. With s_b(i) the score of i under b
 * and (v, j) score and position of rank r under b: s_b(i) > v, or s_b(i) = v and i < j (b < a: i <= j). For b = a neither
 * holds. So one gather of A scores an entry and comparisons decide; nothing as long as the history is written.
 * scores [A, R, L], positions [L].
 */
export function meetings(emit: OnnxEmitter, scores: string, positions: string, heads: number, ranks: number): Meetings {
  const width = heads * ranks;
  const [values, indices] = emit.nodes("TopK", [scores, emit.ints(ranks)], 2, { axis: -1 });
  const places = emit.node("Gather", [positions, indices]); // [A, R, ranks]
  const byRow = emit.node("Transpose", [places], { perm: [1, 0, 2] }); // [R, A, ranks]
  const entries = emit.node("Reshape", [byRow, emit.ints(-1, width)]);

  const row = emit.node("Unsqueeze", [entries, emit.ints(0)]);
  const index = emit.node("Cast", [emit.node("Concat", Array<string>(heads).fill(row), { axis: 0 })], { to: int32 });
  const under = emit.node("Reshape", [
    emit.node("GatherElements", [scores, index], { axis: 2 }),
    emit.ints(heads, -1, heads, ranks),
  ]); // [A (b), R, A (a), ranks]: the entry's score under head b

  const value = emit.node("Unsqueeze", [values, emit.ints(2)]);
  // Half a position on or back makes `<` of whole numbers `<=` or leaves it.
  const margin = emit.constant({
    dtype: "float32",
    shape: [heads, 1, heads, 1],
    data: Float32Array.from({ length: heads * heads }, (_, i) => (Math.floor(i / heads) < i % heads ? 0.5 : -0.5)),
  });
  const place = emit.node("Add", [emit.node("Unsqueeze", [places, emit.ints(2)]), margin]);
  const tie = emit.node("And", [
    emit.node("Equal", [under, value]),
    emit.node("Greater", [place, emit.node("Unsqueeze", [byRow, emit.ints(0)])]),
  ]);
  const earlier = emit.node("Where", [
    emit.node("Greater", [under, value]),
    emit.scalar(1),
    emit.node("Cast", [tie], { to: float32 }),
  ]);
  const anyHead = emit.node("ReduceMax", [earlier, emit.ints(0)], { keepdims: 0 }); // [R, A, ranks]
  const seen = emit.node("Reshape", [anyHead, emit.ints(-1, width)]);
  const order = emit.constant({
    dtype: "float32",
    shape: [1, width],
    data: Float32Array.from({ length: width }, (_, i) => width - ((i % ranks) * heads + Math.floor(i / ranks))),
  });
  return { entries, seen, width, order };
}
