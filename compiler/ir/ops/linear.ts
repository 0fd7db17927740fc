// Matrix product, softmax and layer normalisation.
import type { Dim, Value } from "../graph.ts";
import type { Rule } from "../rule.ts";
import { broadcastShapes, expectDim, expectDtype, expectRank, ShapeError, size } from "../shape.ts";
import { broadcastConcrete, broadcastStrides, overRows, walk } from "../tensor.ts";
import { matmulGradient } from "./matmul-gradient.ts";
import { lastAxis, leadingAxes } from "./shrink.ts";

const last = <T>(items: readonly T[], fromEnd = 1): T => items[items.length - fromEnd];
const many = Number.POSITIVE_INFINITY;

/** [… m, k] × [… k, n] → [… m, n]. An inner length of 0 is refused: it crashes the WebGPU provider. */
export const matmul: Rule<"matmul"> = {
  infer([a, b]) {
    for (const [operand, name] of [
      [a, "the left operand"],
      [b, "the right operand"],
    ] as const) {
      expectDtype(operand, name, "float32");
      expectRank(operand, name, 2, many);
    }
    expectDim(last(b.shape, 2), last(a.shape), "the right operand's number of rows");
    if (last(a.shape) === 0) {
      throw new ShapeError("the inner length is 0");
    }
    const leading = broadcastShapes(a.shape.slice(0, -2), b.shape.slice(0, -2));
    return { dtype: "float32", shape: [...leading, last(a.shape, 2), last<Dim>(b.shape)] };
  },
  evaluate([a, b]) {
    const [m, inner] = a.shape.slice(-2);
    const n = last(b.shape);
    const leading = broadcastConcrete(a.shape.slice(0, -2), b.shape.slice(0, -2));
    const leftSteps = broadcastStrides(a.shape.slice(0, -2), leading);
    const rightSteps = broadcastStrides(b.shape.slice(0, -2), leading);
    const rightStarts: number[] = [];
    walk(leading, rightSteps, (_, offset) => rightStarts.push(offset * inner * n));
    const shape = [...leading, m, n];
    const data = new Float64Array(size(shape));
    walk(leading, leftSteps, (batch, offset) => {
      const left = offset * m * inner;
      const right = rightStarts[batch];
      for (let row = 0; row < m; row++) {
        for (let column = 0; column < n; column++) {
          let sum = 0;
          for (let i = 0; i < inner; i++) {
            sum += a.data[left + row * inner + i] * b.data[right + i * n + column];
          }
          data[(batch * m + row) * n + column] = sum;
        }
      }
    });
    return { shape, data };
  },
  gradient: matmulGradient,
  cost: ([a], output) => size(output) * last(a),
  onnx: (emit, inputs) => emit.node("MatMul", inputs),
};

/** y = softmax(x) over the last axis. Shape of x. */
export const softmax: Rule<"softmax"> = {
  infer([x]) {
    expectDtype(x, "the operand", "float32");
    expectRank(x, "the operand", 1, many);
    return { dtype: "float32", shape: x.shape };
  },
  evaluate: ([x]) =>
    overRows(x, (row) => {
      const most = row.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
      const total = row.reduce((sum, value) => sum + Math.exp(value - most), 0);
      for (let i = 0; i < row.length; i++) {
        row[i] = Math.exp(row[i] - most) / total;
      }
    }),
  gradient({ b, y, dy }) {
    const both = b.mul(dy, y);
    return [b.sub(both, b.mul(y, b.sum(both, [-1], true)))];
  },
  cost: (_, output) => 2 * size(output),
  onnx: (emit, inputs) => emit.node("Softmax", inputs, { axis: -1 }),
};

/** y = (x - mean) / √(variance + epsilon) · scale + shift over the last axis; the variance is the population's. */
export const layerNorm: Rule<"layerNorm"> = {
  infer([x, scale, shift]) {
    expectDtype(x, "the operand", "float32");
    expectRank(x, "the operand", 1, many);
    for (const [vector, name] of [
      [scale, "the scale"],
      [shift, "the shift"],
    ] as const) {
      expectDtype(vector, name, "float32");
      expectRank(vector, name, 1);
      expectDim(vector.shape[0], last(x.shape), `the length of ${name}`);
    }
    return { dtype: "float32", shape: x.shape };
  },
  evaluate: ([x, scale, shift], { epsilon }) =>
    overRows(x, (row) => {
      const mean = row.reduce((sum, value) => sum + value, 0) / row.length;
      const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / row.length;
      for (let i = 0; i < row.length; i++) {
        row[i] = ((row[i] - mean) / Math.sqrt(variance + epsilon)) * scale.data[i] + shift.data[i];
      }
    }),
  /** With n = (x − mean) / σ and g = dy · scale: dx = (g − mean(g) − n · mean(g · n)) / σ. */
  gradient({ b, node, dy }) {
    const [x, scale] = node.inputs;
    const centred = b.sub(x, b.mean(x, [-1], true));
    const variance = b.mean(b.mul(centred, centred), [-1], true);
    const deviation = b.sqrt(b.add(variance, b.scalar(node.attributes.epsilon)));
    const normal = b.div(centred, deviation);
    const g = b.mul(dy, scale);
    const straight = b.sub(g, b.mean(g, [-1], true));
    const ofX = b.div(b.sub(straight, b.mul(normal, b.mean(b.mul(g, normal), [-1], true))), deviation);
    const rows = (value: Value) => (lastAxis(x) === 0 ? value : b.sum(value, leadingAxes(x)));
    return [ofX, rows(b.mul(dy, normal)), rows(dy)];
  },
  cost: (_, output) => 4 * size(output),
  /**
   * The row is centred first: ONNX Runtime takes the variance as the mean of the squares less the square of the mean, which
   * far from 0 leaves nothing of it. On a WebGPU device 64 numbers of 100 ± 0.5 come out wrong by 1e-2, 2 of them as NaN.
   */
  onnx(emit, [x, scale, shift], node) {
    const centred = emit.node("Sub", [x, emit.node("ReduceMean", [x, emit.ints(-1)], { keepdims: 1 })]);
    const epsilon = { float: node.attributes.epsilon };
    return emit.node("LayerNormalization", [centred, scale, shift], { axis: -1, epsilon });
  },
};
