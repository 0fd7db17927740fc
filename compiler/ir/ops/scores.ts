// Scores of behaviours with what belongs to a behaviour alone: the product of a search over a whole history.
import type { Node, Value } from "../graph.ts";
import type { OnnxEmitter, Rule } from "../rule.ts";
import { expectDim, expectDtype, expectRank, knownDim, ShapeError, size } from "../shape.ts";
import { atMost } from "./extent.ts";
import { shrink } from "./shrink.ts";

/**
 * Queries up to which the bias is added afterwards. As a column of the keys it is copied with all of them, which pays
 * where that takes the place of a pass over the scores of many queries.
 */
const fewQueries = 16;

/** (queries [A, R, d], keys, bias [A, L] or [1, L]) → [A, R, L]: y[a, r, l] = Σ_i q[a, r, i] k[a, l, i] + bias[a, l]. */
export const biasedScores: Rule<"biasedScores"> = {
  infer([queries, keys, bias], { behaviours }) {
    for (const [operand, name, rank] of [
      [queries, "the queries", 3],
      [keys, "the keys", 3],
      [bias, "the bias", 2],
    ] as const) {
      expectDtype(operand, name, "float32");
      expectRank(operand, name, rank);
    }
    const [heads, rows, width] = queries.shape;
    if (typeof heads !== "number") {
      throw new ShapeError(`the number of heads, ${heads}, is not known`);
    }
    if (width === 0) {
      throw new ShapeError("the inner length is 0");
    }
    const length = keys.shape[behaviours];
    expectDim(keys.shape[1 - behaviours], heads, "the number of heads of the keys");
    expectDim(keys.shape[2], width, "the width of the keys");
    if (bias.shape[0] !== 1) {
      expectDim(bias.shape[0], heads, "the number of heads of the bias");
    }
    expectDim(bias.shape[1], length, "the number of behaviours of the bias");
    return { dtype: "float32", shape: [heads, rows, length] };
  },
  evaluate([queries, keys, bias], { behaviours }) {
    const [heads, rows, width] = queries.shape;
    const length = keys.shape[behaviours];
    const data = new Float64Array(heads * rows * length);
    for (let head = 0; head < heads; head++) {
      for (let row = 0; row < rows; row++) {
        for (let behaviour = 0; behaviour < length; behaviour++) {
          const query = (head * rows + row) * width;
          const key = (behaviours === 0 ? behaviour * heads + head : head * length + behaviour) * width;
          let sum = bias.data[(bias.shape[0] === 1 ? 0 : head) * length + behaviour];
          for (let i = 0; i < width; i++) {
            sum += queries.data[query + i] * keys.data[key + i];
          }
          data[(head * rows + row) * length + behaviour] = sum;
        }
      }
    }
    return { shape: [heads, rows, length], data };
  },
  gradient({ b, node, dy }) {
    const [queries, keys, bias] = node.inputs;
    // Keys as [A, L, d]; where heads come second they change places.
    const turned = (value: Value) => (node.attributes.behaviours === 0 ? b.transpose(value, [1, 0, 2]) : value);
    const ofKeys = turned(b.matmul(b.transpose(dy, [0, 2, 1]), queries));
    return [b.matmul(dy, turned(keys)), ofKeys, shrink(b, b.sum(dy, [1]), bias.shape)];
  },
  cost: ([queries], output) => size(output) * (queries[2] + 1),
  onnx: (emit, inputs, node, { shape }) =>
    emit.node("If", [atMost(emit, inputs[0], 1, fewQueries)], {
      then_branch: emit.subgraph([{ dtype: "float32", shape }], (inner) => [added(inner, inputs, node)]),
      else_branch: emit.subgraph([{ dtype: "float32", shape }], (inner) => [joined(inner, inputs, node)]),
    }),
};

/** q Kᵀ + b. The keys are turned in here, where ONNX Runtime makes one node of that and the product. */
function added(emit: OnnxEmitter, [queries, keys, bias]: readonly string[], node: Node<"biasedScores">): string {
  const turned = emit.node("Transpose", [keys], { perm: node.attributes.behaviours === 0 ? [1, 2, 0] : [0, 2, 1] });
  return emit.node("Add", [emit.node("MatMul", [queries, turned]), emit.node("Unsqueeze", [bias, emit.ints(1)])]);
}

/** [q, 1] [K, b]ᵀ: of heads × queries × behaviours numbers one array is written, not two. */
function joined(emit: OnnxEmitter, [queries, keys, bias]: readonly string[], node: Node<"biasedScores">): string {
  const first = node.attributes.behaviours === 0;
  const rows = everyHead(emit, bias, node.inputs[2], node.inputs[0]);
  const column = emit.node("Unsqueeze", [
    first ? emit.node("Transpose", [rows], { perm: [1, 0] }) : rows,
    emit.ints(2),
  ]);
  const longer = emit.node("Concat", [keys, column], { axis: 2 });
  const turned = emit.node("Transpose", [longer], { perm: first ? [1, 2, 0] : [0, 2, 1] });
  const numbers = emit.node("Slice", [queries, emit.ints(0), emit.ints(1), emit.ints(2)]);
  const ones = emit.node("Add", [emit.node("Mul", [numbers, emit.scalar(0)]), emit.scalar(1)]);
  return emit.node("MatMul", [emit.node("Concat", [queries, ones], { axis: 2 }), turned]);
}

/** [1, L] → [A, L] */
function everyHead(emit: OnnxEmitter, bias: string, own: Value, queries: Value): string {
  if (own.shape[0] === queries.shape[0]) {
    return bias;
  }
  return emit.node("Concat", Array<string>(knownDim(queries, 0)).fill(bias), { axis: 0 });
}
