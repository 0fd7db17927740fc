// For every operator, a way to make a small graph that ends in it, with feeds: random shapes, dtypes and numbers.
import * as ir from "../../../compiler/ir/build.ts";
import type { Attributes, ComputedDtype, Dtype, Graph, Op, Shape, Value } from "../../../compiler/ir/graph.ts";
import type { Tensor } from "../../../compiler/ir/rule.ts";
import { graphOf } from "../../kit/graph-of.ts";

export interface Case {
  readonly graph: Graph;
  readonly feeds: Record<string, Tensor>;
}

/** Draws whole numbers in [0, below) from a seed. */
export type Draw = (below: number) => number;

export function drawFrom(seed: number): Draw {
  let state = seed | 0;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

/** What a case is written with: inputs whose lengths are all symbols to the graph, or numbers where asked. */
class Maker {
  readonly b: ir.Builder = ir.builder("model/operator", "what it is for");
  readonly feeds: Record<string, Tensor> = {};
  readonly draw: Draw;

  constructor(draw: Draw) {
    this.draw = draw;
  }

  length(least = 1, most = 5): number {
    return least + this.draw(most - least + 1);
  }

  shape(rank = this.draw(4)): number[] {
    return Array.from({ length: rank }, () => this.length());
  }

  pick<T>(...items: T[]): T {
    return items[this.draw(items.length)];
  }

  /** An input with numbers from `number`, by default floats in [-3, 3) in steps that float32 holds and that often tie. */
  input(dtype: Dtype, shape: readonly number[], number?: () => number, declared: Shape = symbols(shape)): Value {
    const name = `x${Object.keys(this.feeds).length}`;
    const usual = {
      float32: () => (this.draw(96) - 48) / 16,
      int32: () => this.draw(7) - 3,
      bool: () => this.draw(2),
      float16: () => (this.draw(2048) - 1024) * 2 ** (this.draw(28) - 24),
      uint8: () => this.draw(256),
    }[dtype];
    const data = Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, number ?? usual);
    this.feeds[name] = { shape, data };
    return this.b.input(name, dtype, declared);
  }

  floats(shape = this.shape(), number?: () => number): Value {
    return this.input("float32", shape, number);
  }

  indices(shape: readonly number[], below: number): Value {
    return this.input("int32", shape, () => this.draw(below));
  }

  /** Some dims dropped from the front, some made 1: what broadcasts to `shape`. */
  narrower(shape: readonly number[]): number[] {
    return shape.slice(this.draw(shape.length + 1)).map((dim) => (this.draw(3) === 0 ? 1 : dim));
  }

  /** Any int32, for what must not pass through a float. */
  wide = () => this.draw(2 ** 32) - 2 ** 31;
}

const symbols = (shape: readonly number[]): Shape => shape.map((dim) => (dim === 1 ? 1 : `d${dim}`));
type Write = (make: Maker) => Value;

const two =
  (
    op: "add" | "sub" | "mul" | "maximum" | "minimum" | "equal" | "greater" | "and" | "div",
    ...dtypes: Dtype[]
  ): Write =>
  (make) => {
    const dtype = make.pick(...dtypes);
    const shape = make.shape();
    const left = make.input(dtype, shape);
    const number = op === "div" ? () => (make.draw(2) * 2 - 1) * (1 + make.draw(40)) : undefined;
    const right = make.input(dtype, make.narrower(shape), number);
    return op === "div" || make.draw(2) === 0 ? make.b[op](left, right) : make.b[op](right, left);
  };

const one =
  (op: "neg" | "exp" | "abs" | "relu" | "sigmoid" | "tanh" | "erf" | "log" | "sqrt"): Write =>
  (make) =>
    make.b[op](make.floats(make.shape(), op === "log" || op === "sqrt" ? () => (1 + make.draw(64)) / 16 : undefined));

const over =
  (op: "sum" | "mean" | "max"): Write =>
  (make) => {
    const shape = make.shape(make.length(1, 4));
    const axes = shape.map((_, axis) => axis).filter(() => make.draw(2) === 0);
    return make.b[op](make.floats(shape), axes.length > 0 ? axes : [-1], make.draw(2) === 0);
  };

/** An operand of any dtype whose int32 are of any size. */
const any = (make: Maker, shape: readonly number[], declared?: Shape): Value => {
  const dtype = make.pick<Dtype>("float32", "int32", "bool");
  return make.input(dtype, shape, dtype === "int32" ? make.wide : undefined, declared);
};

/** The same without bool, which cannot be transposed, nor its shape be read, on every device. */
const numeric = (make: Maker, shape: readonly number[]): Value => {
  const dtype = make.pick<Dtype>("float32", "int32");
  return make.input(dtype, shape, dtype === "int32" ? make.wide : undefined);
};

/** Keyed by operator, so that one without a case does not compile. Selections have a test of their own. */
export const writers: Readonly<Record<Exclude<Op, "roundRobin" | "topPositions">, Write>> = {
  input: (make) => any(make, make.shape()),
  parameter: (make) => make.b.parameter("weights", [3, 4]),
  constant: (make) =>
    make.pick(
      () => make.b.scalar(make.draw(9) / 4),
      () => make.b.floats([1, 2, 3, 4], [2, 2]),
      () => make.b.ints([7, -2147483648, 2147483647]),
      () => make.b.constant({ dtype: "bool", shape: [2, 1], data: Uint8Array.of(0, 1) }),
    )(),
  add: two("add", "float32", "int32"),
  sub: two("sub", "float32", "int32"),
  mul: two("mul", "float32", "int32"),
  div: two("div", "float32"),
  maximum: two("maximum", "float32", "int32"),
  minimum: two("minimum", "float32", "int32"),
  equal: two("equal", "float32", "int32"),
  greater: two("greater", "float32", "int32"),
  and: two("and", "bool"),
  bceWithLogits(make) {
    const shape = make.shape();
    return make.b.bceWithLogits(
      make.floats(shape),
      make.floats(make.narrower(shape), () => make.draw(2)),
    );
  },
  not: (make) => make.b.not(make.input("bool", make.shape())),
  neg: one("neg"),
  exp: one("exp"),
  log: one("log"),
  sqrt: one("sqrt"),
  abs: one("abs"),
  relu: one("relu"),
  sigmoid: one("sigmoid"),
  tanh: one("tanh"),
  erf: one("erf"),
  where(make) {
    const shape = make.shape();
    const dtype = make.pick<Dtype>("float32", "int32");
    const operands = [make.input(dtype, shape), make.input(dtype, make.narrower(shape))] as const;
    return make.b.where(make.input("bool", make.narrower(shape)), ...operands);
  },
  cast(make) {
    const from = make.pick<Dtype>("float32", "int32", "bool");
    const to = make.pick<ComputedDtype>(...(["float32", "int32", "bool"] as const).filter((dtype) => dtype !== from));
    return make.b.cast(make.input(from, make.shape()), to);
  },
  matmul(make) {
    const leading = make.shape(make.draw(3));
    const [m, inner, n] = make.shape(3);
    const other = make.narrower(leading);
    return make.b.matmul(make.floats([...leading, m, inner]), make.floats([...other, inner, n]));
  },
  biasedScores(make) {
    const [heads, queries, length, width] = make.shape(4);
    const behaviours = make.pick<0 | 1>(0, 1);
    const dims = (declared: Shape) => declared.map((dim) => (dim === "heads" ? heads : dim === 1 ? 1 : `d${dim}`));
    const float = (shape: readonly number[], first: number) =>
      make.input("float32", shape, undefined, dims(shape.map((dim, axis) => (axis === first ? "heads" : dim))));
    const keys = behaviours === 0 ? [length, heads, width] : [heads, length, width];
    const own = make.pick(heads, 1);
    return make.b.biasedScores(
      float([heads, queries, width], 0),
      float(keys, 1 - behaviours),
      make.input("float32", [own, length], undefined, [own, ...symbols([length])]),
      behaviours,
    );
  },
  itemScores(make) {
    const [heads, rows, items, width, length] = make.shape(5);
    const own = (shape: readonly number[], axis: number) =>
      make.input(
        "float32",
        shape,
        undefined,
        shape.map((dim, at) => (at === axis || at === 2 ? dim : symbols([dim])[0])),
      );
    return make.b.itemScores(
      own([heads, rows, width], 0),
      own([items, heads, width], 1),
      make.indices([rows, length], items),
    );
  },
  gather(make) {
    if (make.draw(4) === 0) {
      // Numbers of a vector, one by one.
      const rows = make.length();
      const [x, indices] = [make.floats([rows]), make.indices(make.shape(make.length(1, 3)), rows)];
      return ir.make("gather", [x, indices], { axis: 0, single: true }, { scope: "model/operator", doc: "" });
    }
    const shape = make.shape(make.length(1, 3));
    const axis = make.draw(shape.length);
    return make.b.gather(any(make, shape), make.indices(make.shape(make.draw(3)), shape[axis]), axis);
  },
  gatherRows(make) {
    const [rows, length, kept] = make.shape(3);
    const shape = [rows, length, ...make.shape(make.draw(3))];
    const declared = make.draw(2) === 0 ? undefined : [...symbols(shape.slice(0, 2)), ...shape.slice(2)];
    return make.b.gatherRows(any(make, shape, declared), make.indices([rows, kept], length));
  },
  gatherElements(make) {
    const shape = make.shape(make.length(1, 3));
    const axis = make.draw(shape.length);
    const wanted = shape.map((dim, other) => (other === axis ? make.length() : dim));
    return make.b.gatherElements(any(make, shape), make.indices(wanted, shape[axis]), axis);
  },
  scatterAdd(make) {
    const shape = make.shape(make.length(1, 3));
    const at = make.shape(make.draw(3));
    const known = make.draw(2) === 0;
    const like = make.input("float32", shape, undefined, known ? shape : undefined);
    const updates = (): [Value, Value] => [
      make.indices(at, shape[0]),
      make.input("float32", [...at, ...shape.slice(1)], undefined, [...symbols(at), ...like.shape.slice(1)]),
    ];
    const once = make.b.scatterAdd(...updates(), like);
    if (make.draw(2) === 0) {
      return once;
    }
    const { inputs, attributes } = once.node;
    const pairs = [...inputs.slice(0, 2), ...updates(), ...inputs.slice(2)];
    return ir.make("scatterAdd", pairs, attributes as Attributes["scatterAdd"], once.node);
  },
  scatterElements(make) {
    const shape = make.shape(make.length(1, 3));
    const axis = make.draw(shape.length);
    const wanted = shape.map((dim, other) => (other === axis ? make.length() : dim));
    return make.b.scatterElements(make.indices(wanted, shape[axis]), make.floats(wanted), make.floats(shape), axis);
  },
  softmax: (make) => make.b.softmax(make.floats(make.shape(make.length(1, 3)))),
  sum: over("sum"),
  mean: over("mean"),
  max: over("max"),
  concat(make) {
    const shape = make.shape(make.length(1, 3));
    const axis = make.draw(shape.length);
    const dtype = make.pick<Dtype>("float32", "int32", "bool");
    const parts = Array.from({ length: make.length(1, 3) }, () => {
      const own = shape.map((dim, other) => (other === axis ? make.length() : dim));
      return make.input(dtype, own, dtype === "int32" ? make.wide : undefined, own);
    });
    return make.b.concat(parts, axis);
  },
  slice(make) {
    const shape = make.shape(make.length(1, 3));
    const axis = make.draw(shape.length);
    const start = make.draw(shape[axis]);
    return make.b.slice(any(make, shape), axis, start, start + 1 + make.draw(shape[axis] - start));
  },
  reshape(make) {
    const [rows, a, b] = make.shape(3);
    const twoOpen = () => {
      const columns = make.length();
      return make.b.reshape(any(make, [rows, columns, a * b], ["rows", "columns", a * b]), ["rows", "columns", a, b]);
    };
    return make.pick(
      twoOpen,
      () => make.b.reshape(any(make, [rows, a * b], ["rows", a * b]), ["rows", a, b]),
      () => make.b.reshape(any(make, [a, rows, b], [a, "rows", b]), ["rows", a * b]),
      () => make.b.reshape(any(make, [rows, a, b], ["rows", "columns", b]), ["pairs", b]),
      () => make.b.reshape(any(make, [a, b], [a, b]), [b * a]),
    )();
  },
  reshapeLike(make) {
    const [rows, a, c] = make.shape(3);
    return make.pick(
      () => make.b.reshapeLike(any(make, [rows * a, c]), numeric(make, [rows, a, c])),
      () => make.b.reshapeLike(any(make, [rows, a, c]), numeric(make, [c * a, rows])),
    )();
  },
  transpose(make) {
    const shape = make.shape();
    const order = shape.map((_, axis) => ({ axis, key: make.draw(1000) })).sort((x, y) => x.key - y.key);
    return make.b.transpose(
      numeric(make, shape),
      order.map(({ axis }) => axis),
    );
  },
  unsqueeze: (make) => make.b.unsqueeze(any(make, make.shape(2)), ...make.pick([0], [1], [-1], [1, 3])),
  squeeze: (make) => make.b.squeeze(any(make, [make.length(2), 1, make.length(2), 1]), ...make.pick([1], [3], [1, -1])),
  positions: (make) => make.b.positions(numeric(make, make.shape(1))),
  broadcast(make) {
    const shape = make.shape();
    return make.b.broadcast(any(make, make.narrower(shape)), numeric(make, shape));
  },
  layerNorm(make) {
    const shape = make.shape(make.length(1, 3));
    const width = shape.slice(-1);
    // Large, as a row's rounding error grows with 1/σ, and rows here tie: σ is never below 0.1.
    return make.b.layerNorm(make.floats(shape), make.floats(width), make.floats(width), 0.01);
  },
  decodeRows(make) {
    const heads = Array.from({ length: make.length(1, 4) }, () => make.length(1, 3));
    const width = heads.reduce((sum, head) => sum + head, 0);
    const leading = make.shape(make.draw(3));
    const dims = symbols(leading);
    const dtype = make.pick<Dtype>("float16", "uint8");
    const rows = make.input(dtype, [...leading, width], undefined, [...dims, width]);
    const scales = [...leading, 2 * heads.length];
    const affine = dtype === "uint8" ? make.input("float32", scales, undefined, [...dims, 2 * heads.length]) : null;
    if (leading.length === 0) {
      return make.b.decodeRows(rows, affine, heads);
    }
    // As graphs read a table: the rows that are needed, then their numbers.
    const indices = make.indices(make.shape(make.draw(3)), leading[0]);
    const read = (value: Value) => make.b.gather(value, indices);
    return make.b.decodeRows(read(rows), affine && read(affine), heads);
  },
};

/** A case of `op` from a seed. */
export function anyCase(op: keyof typeof writers, seed: number): Case {
  const make = new Maker(drawFrom(seed));
  return { graph: graphOf({ result: writers[op](make) }), feeds: make.feeds };
}

export const weights = Float32Array.from({ length: 12 }, (_, index) => index / 8 - 1);
