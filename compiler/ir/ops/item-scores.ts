// Scores of behaviours by the keys of the items that they were with: the product of a training search.
import type { Node } from "../graph.ts";
import type { OnnxEmitter, Rule } from "../rule.ts";
import { expectDim, expectDtype, expectRank, knownDim, ShapeError, size } from "../shape.ts";
import { checkIndex } from "../tensor.ts";
import { counted } from "./extent.ts";
import { sumOfRows } from "./gather-gradient.ts";

/** (queries [A, B, d], keys [U, A, d], index int32 [B, L]) → [A, B, L]: y[a, b, l] = Σ_i q[a, b, i] k[index[b, l], a, i]. */
export const itemScores: Rule<"itemScores"> = {
  infer([queries, keys, index]) {
    for (const [operand, name] of [
      [queries, "the queries"],
      [keys, "the keys"],
    ] as const) {
      expectDtype(operand, name, "float32");
      expectRank(operand, name, 3);
    }
    expectDtype(index, "the index", "int32");
    expectRank(index, "the index", 2);
    const [heads, rows, width] = queries.shape;
    if (typeof heads !== "number") {
      throw new ShapeError(`the number of heads, ${heads}, is not known`);
    }
    if (typeof width !== "number") {
      throw new ShapeError(`the width of the queries, ${width}, is not known`);
    }
    if (width === 0) {
      throw new ShapeError("the inner length is 0");
    }
    expectDim(keys.shape[1], heads, "the number of heads of the keys");
    expectDim(keys.shape[2], width, "the width of the keys");
    expectDim(index.shape[0], rows, "the number of rows of the index");
    return { dtype: "float32", shape: [heads, rows, index.shape[1]] };
  },
  evaluate([queries, keys, index]) {
    const [heads, rows, width] = queries.shape;
    const [items] = keys.shape;
    const length = index.shape[1];
    const data = new Float64Array(heads * rows * length);
    for (let head = 0; head < heads; head++) {
      for (let at = 0; at < rows * length; at++) {
        const query = (head * rows + Math.floor(at / length)) * width;
        const key = (checkIndex(index.data[at], items, "itemScores") * heads + head) * width;
        let sum = 0;
        for (let i = 0; i < width; i++) {
          sum += queries.data[query + i] * keys.data[key + i];
        }
        data[head * rows * length + at] = sum;
      }
    }
    return { shape: [heads, rows, length], data };
  },
  gradient({ b, node, dy }) {
    const [queries, keys, index] = node.inputs;
    const read = b.transpose(b.gather(keys, index), [2, 0, 1, 3]); // [A, B, L, d]
    const ofQueries = b.squeeze(b.matmul(b.unsqueeze(dy, 2), read), 2);
    const ofRead = b.matmul(b.unsqueeze(dy, 3), b.unsqueeze(queries, 2)); // [A, B, L, d]
    return [ofQueries, sumOfRows(b, keys, index, b.transpose(ofRead, [1, 2, 0, 3])), null];
  },
  cost: ([queries], output) => size(output) * queries[2],
  onnx(emit, inputs, node, { shape }) {
    const [, keys, index] = inputs;
    const [heads, width] = [knownDim(node.inputs[0], 0), knownDim(node.inputs[0], 2)];
    const most = emit.node("Mul", [counted(emit, index, 1), emit.scalar(itemsABehaviour(heads, width))]);
    return emit.node("If", [emit.node("Greater", [most, counted(emit, keys, 0)])], {
      then_branch: emit.subgraph([{ dtype: "float32", shape }], (inner) => [byItem(inner, inputs, heads)]),
      else_branch: emit.subgraph([{ dtype: "float32", shape }], (inner) => [byBehaviour(inner, inputs, node)]),
    });
  },
};

/**
 * Items for each behaviour of a row up to which scores of all items are made and read, instead of reading the keys of every
 * behaviour. Nanoseconds measured on one thread: a behaviour costs 25 and 2 for each number of its key, or 13 a head where
 * its scores are read; an item costs every row 0.7 a head, and 0.025 for each number. A quarter is kept in hand, for memory.
 */
function itemsABehaviour(heads: number, width: number): number {
  const saved = 25 + 2 * heads * width - 13 * heads;
  return (0.75 * Math.max(0, saved)) / (heads * (0.7 + 0.025 * width));
}

/** Of every head in turn q Kᵀ for all items, [B, U], and of these what the behaviours name. */
function byItem(emit: OnnxEmitter, [queries, keys, index]: readonly string[], heads: number): string {
  const named = emit.node("Unsqueeze", [index, emit.ints(0)]);
  const own = (x: string, head: number, axis: number) =>
    heads === 1 ? x : emit.node("Slice", [x, emit.ints(head), emit.ints(head + 1), emit.ints(axis)]);
  const scores = Array.from({ length: heads }, (_, head) => {
    const ofHead = emit.node("Squeeze", [own(keys, head, 1), emit.ints(1)]);
    const turned = emit.node("Transpose", [ofHead], { perm: [1, 0] });
    const all = emit.node("MatMul", [own(queries, head, 0), turned]);
    return emit.node("GatherElements", [all, named], { axis: 2 });
  });
  return heads === 1 ? scores[0] : emit.node("Concat", scores, { axis: 0 });
}

/**
 * The keys of the behaviours, [B, L, A·d] with the heads side by side, times Q [B, A·d, A] that holds the query of each head
 * over its own columns and zeros elsewhere: A times the multiply-adds, but no key is copied to bring its head in front.
 */
function byBehaviour(emit: OnnxEmitter, [queries, keys, index]: readonly string[], node: Node<"itemScores">): string {
  const [heads, width] = [knownDim(node.inputs[0], 0), knownDim(node.inputs[0], 2)];
  const side = emit.node("Reshape", [keys, emit.ints(-1, heads * width)]);
  const read = emit.node("Gather", [side, index], { axis: 0 });
  const byRow = emit.node("Transpose", [queries], { perm: [1, 0, 2] });
  const column = emit.node("Reshape", [byRow, emit.ints(-1, heads * width, 1)]);
  const own = Float32Array.from({ length: heads * width * heads }, (_, i) =>
    Number(Math.floor(i / heads / width) === i % heads),
  );
  const blocks =
    heads === 1
      ? column
      : emit.node("Mul", [column, emit.constant({ dtype: "float32", shape: [heads * width, heads], data: own })]);
  return emit.node("Transpose", [emit.node("MatMul", [read, blocks])], { perm: [2, 0, 1] });
}
