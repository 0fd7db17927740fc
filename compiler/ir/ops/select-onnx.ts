// The ONNX form of the selections, without loops and without a node that leaves the device.

import type { Node } from "../graph.ts";
import { onnxDtype } from "../onnx-dtype.ts";
import type { OnnxEmitter, OnnxType } from "../rule.ts";
import { knownDim } from "../shape.ts";
import { atMost } from "./extent.ts";
import { attempts, type Meetings, meetings, promising } from "./round-robin-onnx.ts";

/** TopK's int64 indices leave the int64 world by a look-up among the positions as floats; only then can they be cast. */
export function onnxTopPositions(
  emit: OnnxEmitter,
  [scores, positions]: readonly string[],
  node: Node<"topPositions">,
): string {
  const [, indices] = emit.nodes("TopK", [scores, emit.ints(node.attributes.keep)], 2, { axis: -1 });
  return emit.node("Cast", [emit.node("Gather", [positions, indices])], { to: onnxDtype.int32 });
}

/**
 * The round robin over heads (semantics.md 1). TopK's cost grows with its k, and heads that differ hold `keep` distinct
 * positions long before rank `keep`: a few ranks of every head are tried first, and more only where a row still lacks
 * some. Heads that are alike would pay for every attempt, so a few rows are tried first to choose where to start: the guess
 * chooses a path, never a result. Each attempt walks the lists that its own TopK returned, so that nothing rests on the
 * order of ties, which may be another at every TopK.
 */
export function onnxRoundRobin(
  emit: OnnxEmitter,
  [scores, positions]: readonly string[],
  node: Node<"roundRobin">,
): string {
  const { keep, sampled } = node.attributes;
  const heads = knownDim(node.inputs[0], 0);
  if (heads === 1) {
    const [, indices] = emit.nodes("TopK", [emit.node("Squeeze", [scores, emit.ints(0)]), emit.ints(keep)], 2, {
      axis: -1,
    });
    return emit.node("Cast", [emit.node("Gather", [positions, indices])], { to: onnxDtype.int32 });
  }
  const rows = node.inputs[0].shape[1];
  const tiers = attempts(heads, keep);
  if (tiers.length === 1) {
    return list(emit, meetings(emit, scores, positions, heads, tiers[0], rows), keep);
  }

  const sample = emit.node("Slice", [scores, emit.ints(0), emit.ints(sampled), emit.ints(1)]);
  const first = meetings(emit, sample, positions, heads, tiers[0], null);
  const found: OnnxType = { dtype: "int32", shape: [rows, keep] };
  // Until an attempt is made there are the sample's rows.
  const soFar: OnnxType = { dtype: "int32", shape: [null, keep] };
  const lack: OnnxType = { dtype: "float32", shape: [] };
  const repeats = mostRepeats(emit, first);
  const likely = (inner: OnnxEmitter, tier: number) => distinct(inner, first, repeats, promising(heads, keep, tier));
  // Where the sample is all there is, and it holds enough, nothing is left to do but to list it.
  const done = emit.node("And", [atMost(emit, scores, 1, sampled), distinct(emit, first, repeats, keep)]);
  return choose(
    emit,
    done,
    [found],
    [
      (then) => [list(then, first, keep)],
      (otherwise) => {
        let before: readonly [kept: string, lacking: string] = [list(otherwise, first, keep), otherwise.scalar(1)];
        tiers.forEach((tier, index) => {
          const lacks = otherwise.node("Greater", [before[1], otherwise.scalar(0.5)]);
          const skipped = before;
          const wanted = index === tiers.length - 1 ? lacks : otherwise.node("And", [lacks, likely(otherwise, index)]);
          const [kept, lacking] = choose(
            otherwise,
            wanted,
            [soFar, lack],
            [
              (inner) => {
                const met = meetings(inner, scores, positions, heads, tier, rows);
                const spare = inner.scalar(met.width - keep);
                return [list(inner, met, keep), inner.node("Sub", [mostRepeats(inner, met), spare])];
              },
              (inner) => skipped.map((value) => inner.node("Identity", [value])),
            ],
          );
          before = [kept, lacking];
        });
        return [before[0]];
      },
    ],
  )[0];
}

type Branch = (emit: OnnxEmitter) => readonly string[];

function choose(
  emit: OnnxEmitter,
  condition: string,
  types: readonly OnnxType[],
  [then, otherwise]: readonly [Branch, Branch],
): string[] {
  return emit.nodes("If", [condition], types.length, {
    then_branch: emit.subgraph(types, then),
    else_branch: emit.subgraph(types, otherwise),
  });
}

/** The most entries of any row that repeat an earlier one, as a float32 scalar. */
function mostRepeats(emit: OnnxEmitter, { seen }: Meetings): string {
  return emit.node("ReduceMax", [emit.node("ReduceSum", [seen, emit.ints(1)], { keepdims: 0 })], { keepdims: 0 });
}

/** Whether every row has met at least `count` distinct positions. */
function distinct(emit: OnnxEmitter, { width }: Meetings, repeats: string, count: number): string {
  return emit.node("Greater", [emit.scalar(width - count + 0.5), repeats]);
}

/** The `keep` entries that were met first, in the order of meeting: int32 [R, keep]; where there are fewer, any. */
function list(emit: OnnxEmitter, { entries, seen, order }: Meetings, keep: number): string {
  const later = emit.node("Sub", [order, emit.node("Mul", [seen, order])]);
  const [, places] = emit.nodes("TopK", [later, emit.ints(keep)], 2, { axis: 1 });
  return emit.node("Cast", [emit.node("GatherElements", [entries, places], { axis: 1 })], { to: onnxDtype.int32 });
}
