// One attempt of the round robin in ONNX: the first ranks of every head, and which of these entries the walk meets first.
import type { OnnxEmitter } from "../rule.ts";

const float32 = 1;
const int32 = 6;
/** Above every score: scores are finite and masked at −1e30. */
const above = 3e38;

/**
 * Ranks that the first attempt looks at: what heads that share nothing need, and a little for those they share by chance.
 */
export function firstRanks(heads: number, keep: number): number {
  return Math.min(keep, Math.ceil(keep / heads) + Math.max(2, Math.ceil(keep / 20)));
}

/** Ranks of every attempt, rising; the last is `keep`, which always suffices. */
export function attempts(heads: number, keep: number): number[] {
  const first = firstRanks(heads, keep);
  const middle = Math.ceil(keep * 0.55);
  return [...new Set([first, ...(middle > first * 1.4 ? [middle] : []), ...(first < keep ? [keep] : [])])];
}

export interface Meetings {
  /** float32 [R, A·ranks]: the positions that the heads name, head by head */
  readonly entries: string;
  /** float32 [R, A·ranks]: 1 where the walk meets the position for the first time, else 0 */
  readonly first: string;
  /** float32 [1, A·ranks]: falls with the place in the walk, always above 0 */
  readonly order: string;
}

/**
 * Entry (a, r) is the position that head a ranks r-th; the walk is there at step r·A + a. It was met before exactly if
 * some other head b ranks it within its first r (b > a) or r + 1 (b < a) places, that is, if its score under b beats the
 * last of those, or equals it at a lower index. So one gather of A scores an entry and comparisons with the ranked values
 * decide; nothing as long as the history is written.
 * scores [A, R, L], positions [L].
 */
export function meetings(emit: OnnxEmitter, scores: string, positions: string, heads: number, ranks: number): Meetings {
  const width = heads * ranks;
  const [values, indices] = emit.nodes("TopK", [scores, emit.ints(ranks)], 2, { axis: -1 });
  const places = emit.node("Gather", [positions, indices]); // [A, R, ranks]
  const byRow = emit.node("Transpose", [places], { perm: [1, 0, 2] }); // [R, A, ranks]
  const entries = emit.node("Reshape", [byRow, emit.ints(-1, width)]);

  const everyHead = emit.node("Concat", Array<string>(heads).fill(emit.node("Unsqueeze", [entries, emit.ints(0)])), {
    axis: 0,
  });
  const index = emit.node("Cast", [everyHead], { to: int32 });
  const under = emit.node("Reshape", [
    emit.node("GatherElements", [scores, index], { axis: 2 }),
    emit.ints(heads, -1, heads, ranks),
  ]); // [A (b), R, A (a), ranks]: the entry's score under head b

  const pair = (holds: (b: number, a: number) => boolean) =>
    emit.constant({
      dtype: "bool",
      shape: [heads, 1, heads, 1],
      data: Uint8Array.from({ length: heads * heads }, (_, i) => Number(holds(Math.floor(i / heads), i % heads))),
    });
  const earlierHead = pair((b, a) => b < a);
  const last = (ranked: string, none: number) =>
    emit.node("Where", [
      earlierHead,
      emit.node("Unsqueeze", [ranked, emit.ints(2)]),
      emit.node("Unsqueeze", [onePlaceLater(emit, ranked, none, ranks), emit.ints(2)]),
    ]);
  const lastValue = last(values, above);
  const lastPlace = last(places, -1);
  const beats = emit.node("Greater", [under, lastValue]);
  const tiesEarlier = emit.node("And", [
    emit.node("Equal", [under, lastValue]),
    emit.node("Not", [emit.node("Greater", [emit.node("Unsqueeze", [byRow, emit.ints(0)]), lastPlace])]),
  ]);
  const number = (bool: string) => emit.node("Cast", [bool], { to: float32 });
  const metBefore = emit.node("Where", [
    pair((b, a) => b === a),
    emit.scalar(0),
    emit.node("Add", [number(beats), number(tiesEarlier)]),
  ]);
  const seen = emit.node("ReduceMax", [metBefore, emit.ints(0)], { keepdims: 0 }); // [R, A, ranks]
  const first = emit.node("Sub", [emit.scalar(1), emit.node("Reshape", [seen, emit.ints(-1, width)])]);
  const order = emit.constant({
    dtype: "float32",
    shape: [1, width],
    data: Float32Array.from({ length: width }, (_, i) => width - ((i % ranks) * heads + Math.floor(i / ranks))),
  });
  return { entries, first, order };
}

/** [A, R, ranks] → the same, moved by one rank, `none` in front. */
function onePlaceLater(emit: OnnxEmitter, ranked: string, none: number, ranks: number): string {
  const slice = (from: number, to: number) =>
    emit.node("Slice", [ranked, emit.ints(from), emit.ints(to), emit.ints(2)]);
  const front = emit.node("Expand", [emit.scalar(none), emit.node("Shape", [slice(0, 1)])]);
  return ranks === 1 ? front : emit.node("Concat", [front, slice(0, ranks - 1)], { axis: 2 });
}
