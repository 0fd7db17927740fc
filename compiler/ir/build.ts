// Makes IR values: `make` infers type and shape of one node, `builder` writes expressions at a place in the model.
import {
  type Attributes,
  type ComputedDtype,
  type Dtype,
  type InputValue,
  isInput,
  type Literal,
  type Node,
  type Op,
  type Shape,
  type Value,
} from "./graph.ts";
import { infer } from "./infer.ts";
import { normaliseAxes, normaliseAxis, ShapeError, sameShape, show, showShape } from "./shape.ts";

export { ShapeError };

/** Where in the model a value comes from: the scope names its node in ONNX, the doc is shown by viewers. */
export interface Place {
  readonly scope: string;
  readonly doc: string;
}

/** One node and its value. Throws `ShapeError` where the operands do not fit, naming the place and the operands. */
export function make<K extends Op>(op: K, inputs: readonly Value[], attributes: Attributes[K], place: Place): Value {
  try {
    const { dtype, shape } = infer(op, inputs, attributes);
    const node: Node<K> = { op, inputs, attributes, scope: place.scope, doc: place.doc };
    return { node: node as Node, dtype, shape };
  } catch (error) {
    if (!(error instanceof ShapeError)) {
      throw error;
    }
    const where = place.scope === "" ? "" : ` in ${place.scope}`;
    throw new ShapeError(`${op}(${inputs.map(show).join(", ")})${where}: ${error.message}`);
  }
}

/** Writes expressions. Negative axes count from the end; parameters of one name are one node. */
export interface Builder {
  /** A builder for a nested place, `outer/inner`, that shares this one's parameters. The doc is the inner one's alone. */
  at(scope: string, doc?: string): Builder;
  input(name: string, dtype: Dtype, shape: Shape, doc?: string): InputValue;
  parameter(name: string, shape: readonly number[], role?: "query"): Value;
  constant(literal: Literal): Value;
  /** float32 [] */
  scalar(x: number): Value;
  /** int32 [] */
  integer(x: number): Value;
  /** float32, [n] unless a shape is given */
  floats(values: ArrayLike<number>, shape?: readonly number[]): Value;
  /** int32, [n] unless a shape is given */
  ints(values: ArrayLike<number>, shape?: readonly number[]): Value;
  add(a: Value, b: Value): Value;
  sub(a: Value, b: Value): Value;
  mul(a: Value, b: Value): Value;
  div(a: Value, b: Value): Value;
  maximum(a: Value, b: Value): Value;
  minimum(a: Value, b: Value): Value;
  equal(a: Value, b: Value): Value;
  greater(a: Value, b: Value): Value;
  and(a: Value, b: Value): Value;
  not(x: Value): Value;
  bceWithLogits(z: Value, y: Value): Value;
  neg(x: Value): Value;
  exp(x: Value): Value;
  log(x: Value): Value;
  sqrt(x: Value): Value;
  abs(x: Value): Value;
  relu(x: Value): Value;
  sigmoid(x: Value): Value;
  tanh(x: Value): Value;
  erf(x: Value): Value;
  where(condition: Value, a: Value, b: Value): Value;
  cast(x: Value, to: ComputedDtype): Value;
  matmul(a: Value, b: Value): Value;
  /** `behaviours`: the keys' axis of behaviours, 0 or 1. */
  biasedScores(queries: Value, keys: Value, bias: Value, behaviours: 0 | 1): Value;
  itemScores(queries: Value, keys: Value, index: Value): Value;
  gather(x: Value, indices: Value, axis?: number): Value;
  gatherRows(x: Value, indices: Value): Value;
  gatherElements(x: Value, indices: Value, axis: number): Value;
  /** Sums updates […, …rest] by row onto zeros of the shape of `like` [rows, …rest]. */
  scatterAdd(indices: Value, updates: Value, like: Value): Value;
  scatterElements(indices: Value, updates: Value, like: Value, axis: number): Value;
  softmax(x: Value): Value;
  sum(x: Value, axes: readonly number[], keep?: boolean): Value;
  mean(x: Value, axes: readonly number[], keep?: boolean): Value;
  max(x: Value, axes: readonly number[], keep?: boolean): Value;
  concat(values: readonly Value[], axis: number): Value;
  slice(x: Value, axis: number, start: number, end: number): Value;
  reshape(x: Value, shape: Shape): Value;
  reshapeLike(x: Value, like: Value): Value;
  transpose(x: Value, permutation: readonly number[]): Value;
  /** Axes of the result, as ONNX has it. */
  unsqueeze(x: Value, ...axes: number[]): Value;
  squeeze(x: Value, ...axes: number[]): Value;
  positions(x: Value): Value;
  broadcast(x: Value, like: Value): Value;
  layerNorm(x: Value, scale: Value, shift: Value, epsilon: number): Value;
  roundRobin(scores: Value, positions: Value, keep: number, sampled?: number): Value;
  topPositions(scores: Value, positions: Value, keep: number): Value;
  /** Stored rows as float32; `affine` holds scale and offset of each head of uint8 rows. */
  decodeRows(rows: Value, affine: Value | null, heads: readonly number[]): Value;
}

export function builder(scope: string, doc = ""): Builder {
  return within({ scope, doc }, new Map());
}

function within(place: Place, parameters: Map<string, Value>): Builder {
  const write = <K extends Op>(op: K, inputs: readonly Value[], attributes: Attributes[K]) =>
    make(op, inputs, attributes, place);
  const constant = (literal: Literal) => write("constant", [], literal);
  const rank = (x: Value) => x.shape.length;
  const reduction =
    (op: "sum" | "mean" | "max") =>
    (x: Value, axes: readonly number[], keep = false) =>
      write(op, [x], { axes: normaliseAxes(axes, rank(x)), keep });
  const unary =
    (
      op:
        | "not"
        | "neg"
        | "exp"
        | "log"
        | "sqrt"
        | "abs"
        | "relu"
        | "sigmoid"
        | "tanh"
        | "erf"
        | "softmax"
        | "positions",
    ) =>
    (x: Value) =>
      write(op, [x], {});
  const binary =
    (
      op:
        | ("add" | "sub" | "mul" | "div" | "maximum" | "minimum" | "equal" | "greater" | "and")
        | ("matmul" | "gatherRows" | "broadcast" | "reshapeLike" | "bceWithLogits"),
    ) =>
    (a: Value, b: Value) =>
      write(op, [a, b], {});

  return {
    at: (inner, doc = "") => within({ scope: place.scope === "" ? inner : `${place.scope}/${inner}`, doc }, parameters),
    input(name, dtype, shape, doc = "") {
      const value = write("input", [], { name, dtype, shape, doc });
      if (!isInput(value)) {
        throw new Error(`${name} is no input`);
      }
      return value;
    },
    parameter(name, shape, role) {
      const known = parameters.get(name);
      if (known && !sameShape(known.shape, shape)) {
        throw new ShapeError(`parameter ${name} is used as ${showShape(shape)} and as ${showShape(known.shape)}`);
      }
      const value = known ?? write("parameter", [], { name, shape, ...(role && { role }) });
      parameters.set(name, value);
      return value;
    },
    constant,
    scalar: (x) => constant({ dtype: "float32", shape: [], data: Float32Array.of(x) }),
    integer: (x) => constant({ dtype: "int32", shape: [], data: wholes([x]) }),
    floats: (values, shape = [values.length]) => constant({ dtype: "float32", shape, data: Float32Array.from(values) }),
    ints: (values, shape = [values.length]) => constant({ dtype: "int32", shape, data: wholes(values) }),
    add: binary("add"),
    sub: binary("sub"),
    mul: binary("mul"),
    div: binary("div"),
    maximum: binary("maximum"),
    minimum: binary("minimum"),
    equal: binary("equal"),
    greater: binary("greater"),
    and: binary("and"),
    bceWithLogits: binary("bceWithLogits"),
    not: unary("not"),
    neg: unary("neg"),
    exp: unary("exp"),
    log: unary("log"),
    sqrt: unary("sqrt"),
    abs: unary("abs"),
    relu: unary("relu"),
    sigmoid: unary("sigmoid"),
    tanh: unary("tanh"),
    erf: unary("erf"),
    where: (condition, a, b) => write("where", [condition, a, b], {}),
    cast: (x, to) => (x.dtype === to ? x : write("cast", [x], { to })),
    matmul: binary("matmul"),
    biasedScores: (queries, keys, bias, behaviours) => write("biasedScores", [queries, keys, bias], { behaviours }),
    itemScores: (queries, keys, index) => write("itemScores", [queries, keys, index], {}),
    gather: (x, indices, axis = 0) => write("gather", [x, indices], { axis: normaliseAxis(axis, rank(x)) }),
    gatherRows: binary("gatherRows"),
    gatherElements: (x, indices, axis) => write("gatherElements", [x, indices], { axis: normaliseAxis(axis, rank(x)) }),
    scatterAdd(indices, updates, like) {
      const known = like.shape.filter((dim) => typeof dim === "number");
      const shape = known.length === like.shape.length ? known : null;
      return write("scatterAdd", [indices, updates, ...(shape === null ? [like] : [])], { shape });
    },
    scatterElements: (indices, updates, like, axis) =>
      write("scatterElements", [indices, updates, like], { axis: normaliseAxis(axis, rank(like)) }),
    softmax: unary("softmax"),
    sum: reduction("sum"),
    mean: reduction("mean"),
    max: reduction("max"),
    concat: (values, axis) =>
      write("concat", values, { axis: values.length === 0 ? axis : normaliseAxis(axis, rank(values[0])) }),
    slice: (x, axis, start, end) => write("slice", [x], { axis: normaliseAxis(axis, rank(x)), start, end }),
    reshape: (x, shape) => write("reshape", [x], { shape }),
    reshapeLike: binary("reshapeLike"),
    transpose: (x, permutation) =>
      write("transpose", [x], { permutation: permutation.map((axis) => normaliseAxis(axis, rank(x))) }),
    unsqueeze: (x, ...axes) => write("unsqueeze", [x], { axes: normaliseAxes(axes, rank(x) + axes.length) }),
    squeeze: (x, ...axes) => write("squeeze", [x], { axes: normaliseAxes(axes, rank(x)) }),
    positions: unary("positions"),
    broadcast: binary("broadcast"),
    layerNorm: (x, scale, shift, epsilon) => write("layerNorm", [x, scale, shift], { epsilon }),
    roundRobin: (scores, positions, keep, sampled = 2) => write("roundRobin", [scores, positions], { keep, sampled }),
    topPositions: (scores, positions, keep) => write("topPositions", [scores, positions], { keep }),
    decodeRows: (rows, affine, heads) => write("decodeRows", affine === null ? [rows] : [rows, affine], { heads }),
  };
}

/** int32 has no room for fractions or large ids: a wrong number is refused here, not wrapped. */
function wholes(values: ArrayLike<number>): Int32Array {
  const data = Int32Array.from(values);
  for (let index = 0; index < data.length; index++) {
    if (data[index] !== values[index]) {
      throw new ShapeError(`${values[index]} is not an int32`);
    }
  }
  return data;
}
