// The ONNX form of the selections, without loops and without a node that leaves the device.
import type { Node } from "../graph.ts";
import type { OnnxEmitter } from "../rule.ts";
import { attempts, firstRanks, type Meetings, meetings } from "./round-robin-onnx.ts";

const int32 = 6;

/** Rows that are looked at to guess how many ranks the heads need; the guess chooses a path, never a result. */
const sampledRows = 4;

/** TopK's int64 indices leave the int64 world by a look-up among the positions as floats; only then can they be cast. */
export function onnxTopPositions(
  emit: OnnxEmitter,
  [scores, positions]: readonly string[],
  node: Node<"topPositions">,
): string {
  const [, indices] = emit.nodes("TopK", [scores, emit.ints(node.attributes.keep)], 2, { axis: -1 });
  return emit.node("Cast", [emit.node("Gather", [positions, indices])], { to: int32 });
}

/**
 * The round robin over heads (semantics.md 1). TopK's cost grows with its k, and heads that differ hold `keep` distinct
 * positions long before rank `keep`: a few ranks of every head are tried first, and more only where a row still lacks
 * some. Heads that are alike would pay for every attempt, so a few rows are tried first to choose where to start.
 */
export function onnxRoundRobin(
  emit: OnnxEmitter,
  [scores, positions]: readonly string[],
  node: Node<"roundRobin">,
): string {
  const { keep } = node.attributes;
  const heads = node.inputs[0].shape[0] as number;
  if (heads === 1) {
    const [, indices] = emit.nodes("TopK", [emit.node("Squeeze", [scores, emit.ints(0)]), emit.ints(keep)], 2, {
      axis: -1,
    });
    return emit.node("Cast", [emit.node("Gather", [positions, indices])], { to: int32 });
  }
  const tiers = attempts(heads, keep);
  const from = (inner: OnnxEmitter, tier: number): string => {
    const met = meetings(inner, scores, positions, heads, tiers[tier]);
    if (tier === tiers.length - 1) return list(inner, met, keep);
    return choose(inner, inner.node("Greater", [fewest(inner, met), inner.scalar(keep - 0.5)]), [
      (then) => list(then, met, keep),
      (otherwise) => from(otherwise, tier + 1),
    ]);
  };
  if (tiers.length === 1) return from(emit, 0);

  const sample = emit.node("Slice", [scores, emit.ints(0), emit.ints(sampledRows), emit.ints(1)]);
  const ranks = firstRanks(heads, keep);
  const seen = fewest(emit, meetings(emit, sample, positions, heads, ranks));
  const start = (inner: OnnxEmitter, tier: number): string => {
    if (tier === tiers.length - 1) return from(inner, tier);
    // Distinct positions grow with the ranks, at best in proportion.
    const needed = (keep * ranks) / tiers[tier];
    return choose(inner, inner.node("Greater", [seen, inner.scalar(needed - 0.5)]), [
      (then) => from(then, tier),
      (otherwise) => start(otherwise, tier + 1),
    ]);
  };
  return start(emit, 0);
}

type Branch = (emit: OnnxEmitter) => string;

function choose(emit: OnnxEmitter, condition: string, [then, otherwise]: readonly [Branch, Branch]): string {
  return emit.node("If", [condition], {
    then_branch: emit.subgraph((inner) => [then(inner)]),
    else_branch: emit.subgraph((inner) => [otherwise(inner)]),
  });
}

/** The fewest distinct positions that any row has met, as a float32 scalar. */
function fewest(emit: OnnxEmitter, { first }: Meetings): string {
  const counts = emit.node("ReduceSum", [first, emit.ints(1)], { keepdims: 0 });
  return emit.node("Neg", [emit.node("ReduceMax", [emit.node("Neg", [counts])], { keepdims: 0 })]);
}

/** The `keep` entries that were met first, in the order of meeting: int32 [R, keep]. */
function list(emit: OnnxEmitter, { entries, first, order }: Meetings, keep: number): string {
  const [, places] = emit.nodes("TopK", [emit.node("Mul", [first, order]), emit.ints(keep)], 2, { axis: 1 });
  return emit.node("Cast", [emit.node("GatherElements", [entries, places], { axis: 1 })], { to: int32 });
}
