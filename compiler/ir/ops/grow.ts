// Operators whose result takes its shape from another value: positions, broadcast, reshapeLike.
import type { Value } from "../graph.ts";
import type { OnnxEmitter, Rule } from "../rule.ts";
import { broadcastShapes, expectRank, ShapeError, sameShape, showShape, size } from "../shape.ts";
import { broadcastConcrete, expand } from "../tensor.ts";
import { shrink } from "./shrink.ts";

/** (x [L]) → float32 [L]: 0, 1, 2, …; exact below 2²⁴. */
export const positions: Rule<"positions"> = {
  infer([x]) {
    expectRank(x, "the operand", 1);
    refuseBool(x);
    return { dtype: "float32", shape: x.shape };
  },
  evaluate: ([x]) => ({ shape: x.shape, data: Float64Array.from({ length: x.shape[0] }, (_, index) => index) }),
  gradient: "none",
  cost: () => 0,
  onnx(emit, [x]) {
    const one = emit.constant({ dtype: "float32", shape: [1], data: Float32Array.of(1) });
    const ones = emit.node("Expand", [one, shapeOf(emit, x)]);
    const axis = emit.integer(0);
    return emit.node("CumSum", [ones, axis], { exclusive: 1 });
  },
};

/** (x, like): x repeated to the shape of `like`; nothing of `like` but its shape is read. */
export const broadcast: Rule<"broadcast"> = {
  infer([x, like]) {
    refuseBool(like);
    if (!sameShape(broadcastShapes(x.shape, like.shape), like.shape)) {
      throw new ShapeError(`${showShape(x.shape)} does not grow to ${showShape(like.shape)}`);
    }
    return { dtype: x.dtype, shape: like.shape };
  },
  evaluate([x, like]) {
    broadcastConcrete(x.shape, like.shape);
    return expand(x, like.shape);
  },
  gradient: ({ b, node, dy }) => [shrink(b, dy, node.inputs[0].shape), null],
  cost: () => 0,
  onnx: (emit, [x, like]) => emit.node("Expand", [x, shapeOf(emit, like)]),
};

/** (x, like): the numbers of x, in their order, in the shape of `like`. For shapes with symbols that `reshape` cannot name. */
export const reshapeLike: Rule<"reshapeLike"> = {
  infer([x, like]) {
    refuseBool(like);
    const [own, wanted] = [x.shape, like.shape].map((shape) => shape.filter((dim) => typeof dim === "number"));
    const known = own.length === x.shape.length && wanted.length === like.shape.length;
    if (known && size(own) !== size(wanted)) {
      throw new ShapeError(`${showShape(x.shape)} does not fill ${showShape(like.shape)}`);
    }
    return { dtype: x.dtype, shape: like.shape };
  },
  evaluate([x, like]) {
    if (size(x.shape) === size(like.shape)) {
      return { shape: like.shape, data: x.data };
    }
    throw new RangeError(`reshapeLike: ${showShape(x.shape)} does not fill ${showShape(like.shape)}`);
  },
  gradient: ({ b, node, dy }) => [b.reshapeLike(dy, node.inputs[0]), null],
  cost: () => 0,
  onnx: (emit, [x, like]) => emit.node("Reshape", [x, shapeOf(emit, like)]),
};

/** `Shape` straight into `Expand` stays on every device; arithmetic on it would not. */
function shapeOf(emit: OnnxEmitter, x: string): string {
  return emit.node("Shape", [x]);
}

/** WebGPU has no `Shape` of a bool, and a cast ahead of it is taken away again. */
function refuseBool({ dtype }: Value): void {
  if (dtype === "bool") {
    throw new ShapeError("the shape of a bool cannot be read on every device");
  }
}
