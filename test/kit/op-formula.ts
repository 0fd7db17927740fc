// An operator held to a formula: each number of its result by its index, its type, what it costs, and its gradient.
import { expect, it } from "vitest";
import { gradients } from "../../compiler/gradient/reverse.ts";
import { type Builder, builder, make, ShapeError } from "../../compiler/ir/build.ts";
import { cost } from "../../compiler/ir/cost.ts";
import { evaluate } from "../../compiler/ir/evaluate.ts";
import type { Attributes, Dtype, Op, Shape, Value } from "../../compiler/ir/graph.ts";
import { ops } from "../../compiler/ir/ops.ts";
import type { Tensor } from "../../compiler/ir/rule.ts";
import { sameShape, show } from "../../compiler/ir/shape.ts";
import { disagreement, results } from "./gradient.ts";
import { graphOf } from "./graph-of.ts";

/** Lengths of the symbols that operands are declared with. */
const lengths: Readonly<Record<string, number>> = { one: 1, two: 2, rows: 3, columns: 4, length: 5, many: 10 };

/** An operand as the graph declares it, and its numbers. */
export interface Operand {
  readonly dtype: Dtype;
  readonly dims: Shape;
  /** By position; else they are spread over (-2, 2) and none equals another. */
  readonly number?: (position: number) => number;
}

/** A number of an operand by its index. */
export type Read = (...index: readonly number[]) => number;

export interface Formula {
  /** What the test says of it. */
  readonly of: string;
  readonly operands: readonly Operand[];
  readonly write: (b: Builder, ...operands: readonly Value[]) => Value;
  /** As `show` prints it. */
  readonly type: string;
  /** A number of the result by its index. */
  readonly at: (index: readonly number[], ...operands: readonly Read[]) => number;
  /** Multiply-adds; 0 where none is said. */
  readonly cost?: number;
  /** Operands, by their place, of which no difference is taken: what they are is not smooth. */
  readonly fixed?: readonly number[];
}

export const floats = (...dims: Shape): Operand => ({ dtype: "float32", dims });

/** As `floats`, between 0.25 and 4.25. */
export const positive = (...dims: Shape): Operand => ({ dtype: "float32", dims, number: (i) => spread(i) + 2.25 });

/** int32: the numbers given, in turn. */
export const ints = (numbers: readonly number[], ...dims: Shape): Operand => ({
  dtype: "int32",
  dims,
  number: (i) => numbers[i % numbers.length],
});

export const bools = (numbers: readonly number[], ...dims: Shape): Operand => ({
  ...ints(numbers, ...dims),
  dtype: "bool",
});

/** In (-2, 2), by the golden ratio: no two alike, and nothing about their order. */
const spread = (position: number) => 4 * (((position + 1) * 0.6180339887498949) % 1) - 2;

const lengthOf = (dim: number | string): number => (typeof dim === "number" ? dim : lengths[dim]);

export function everyIndex(shape: readonly number[]): number[][] {
  return shape.reduce<number[][]>(
    (all, length) => all.flatMap((index) => Array.from({ length }, (_, i) => [...index, i])),
    [[]],
  );
}

/** A number by its index; an index of an axis that has one entry may be anything's, as when it is broadcast. */
export const reading =
  ({ shape, data }: Tensor): Read =>
  (...index) => {
    expect(index.length).toBe(shape.length);
    return data[index.reduce((place, i, axis) => place * shape[axis] + (shape[axis] === 1 ? 0 : i), 0)];
  };

function fed({ dims, number = spread }: Operand, place: number): Tensor {
  const shape = dims.map(lengthOf);
  const size = shape.reduce((product, length) => product * length, 1);
  return { shape, data: Float64Array.from({ length: size }, (_, i) => number(number === spread ? i + 31 * place : i)) };
}

/** Equal up to the rounding of a few float64 operations. */
const near = (a: number, b: number) =>
  Object.is(a, b) || a === b || Math.abs(a - b) <= 1e-12 * Math.max(1, Math.abs(b));

function holdsTo({ operands, write, type, at, cost: wanted = 0, fixed = [] }: Formula): void {
  const b = builder("operator");
  const inputs = operands.map(({ dtype, dims }, i) => b.input(`x${i}`, dtype, dims));
  const y = write(b, ...inputs);
  expect(show(y)).toBe(type);

  const tensors: Record<string, Tensor> = Object.fromEntries(operands.map((operand, i) => [`x${i}`, fed(operand, i)]));
  const reads = operands.map((_, i) => reading(tensors[`x${i}`]));
  const found = evaluate(graphOf({ y }), tensors, none).y;
  const indices = everyIndex(found.shape);
  expect(found.data.length).toBe(indices.length);
  const wrong = indices
    .map((index, i) => [index.join(), found.data[i], at(index, ...reads)] as const)
    .filter(([, is, due]) => !near(is, due));
  expect(wrong).toEqual([]);
  const bound = Object.fromEntries([...y.shape.entries()].map(([axis, dim]) => [String(dim), found.shape[axis]]));
  expect(cost(graphOf({ y }), { ...bound, ...lengths }).total).toBe(wanted);

  const wrt = inputs.filter(({ dtype }, i) => dtype === "float32" && !fixed.includes(i));
  if (y.dtype !== "float32" || wrt.length === 0) {
    return;
  }
  const share = b.input("share", "float32", y.shape);
  const weighted = b.mul(y, share);
  const loss = y.shape.length === 0 ? weighted : b.sum(weighted, [...y.shape.keys()]);
  tensors.share = { shape: found.shape, data: Float64Array.from(indices, (_, i) => spread(i + 977)) };
  const grads = gradients(loss, wrt);
  expect(grads.map(({ shape }, i) => sameShape(shape, wrt[i].shape))).toEqual(grads.map(() => true));
  const graph = graphOf({
    loss,
    ...Object.fromEntries(grads.map((grad, i) => [`d.${wrt[i].node.attributes.name}`, grad])),
  });
  const all = results(graph, tensors);
  for (const { node } of wrt) {
    const { name } = node.attributes;
    const { shape, data } = all[`d.${name}`];
    expect(shape).toEqual(tensors[name].shape);
    for (let index = 0; index < data.length; index++) {
      expect(disagreement(data[index], graph, tensors, "loss", { name, index })).toBeNull();
    }
  }
}

const none = (name: string): never => {
  throw new Error(`no parameter ${name}`);
};

/** A test of each formula. */
export function hold(formulae: readonly Formula[]): void {
  it.each(formulae.map((formula) => [formula.of, formula] as const))("%s", (_, formula) => holdsTo(formula));
}

/** A test of each refusal: what is refused, how it is written, and what is said of it after the operator and the place. */
export function refuse(
  refusals: readonly (readonly [what: string, write: (b: Builder) => unknown, said: string])[],
): void {
  it.each(refusals)("refuses %s", (_, write, said) => {
    let error: unknown;
    try {
      write(builder("place"));
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(ShapeError);
    expect((error as Error).message.replace(/^.*? in place: /, "")).toBe(said);
  });
}

/** A node that no builder writes. */
export const made = <K extends Op>(op: K, inputs: readonly Value[], attributes: Attributes[K]): Value =>
  make(op, inputs, attributes, { scope: "place", doc: "" });

/** Operators through which no gradient passes. */
export const passesNone = (...names: readonly Op[]): void => {
  it.each(names)("%s passes no gradient", (name) => expect(ops[name].gradient).toBe("none"));
};
