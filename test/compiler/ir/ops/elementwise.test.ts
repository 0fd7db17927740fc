// Operators that work number by number: their formulae with broadcasting, gradients, refusals, and the ends of their ranges.
import { describe, expect, it } from "vitest";
import { gradients } from "../../../../compiler/gradient/reverse.ts";
import { type Builder, builder } from "../../../../compiler/ir/build.ts";
import { evaluate } from "../../../../compiler/ir/evaluate.ts";
import { topological, type Value } from "../../../../compiler/ir/graph.ts";
import { ops } from "../../../../compiler/ir/ops.ts";
import { results } from "../../../kit/gradient.ts";
import { graphOf } from "../../../kit/graph-of.ts";
import {
  bools,
  type Formula,
  floats,
  hold,
  ints,
  made,
  type Operand,
  passesNone,
  positive,
  refuse,
} from "../../../kit/op-formula.ts";

type Two = "add" | "sub" | "mul" | "div" | "maximum" | "minimum" | "equal" | "greater" | "and";

/** The operator over operands that are repeated both ways, a vector, a scalar, and equal shapes. */
function pairs(
  op: Two,
  f: (x: number, y: number) => number,
  costs: 0 | 1,
  operand: (...dims: (number | string)[]) => Operand,
): Formula[] {
  const { dtype } = operand();
  const result = ["equal", "greater", "and"].includes(op) ? "bool" : dtype;
  const of = (
    what: string,
    left: Operand,
    right: Operand,
    dims: string,
    at: Formula["at"],
    count: number,
  ): Formula => ({
    of: `${op} of ${dtype}, ${what}`,
    operands: [left, right],
    write: (b, x, y) => b[op](x, y),
    type: `${result}[${dims}]`,
    at,
    cost: costs * count,
  });
  return [
    of("alike", operand("rows", 2), operand("rows", 2), "rows, 2", ([i, j], x, y) => f(x(i, j), y(i, j)), 6),
    of(
      "both repeated",
      operand("rows", 1, 2),
      operand("columns", 1),
      "rows, columns, 2",
      ([i, j, k], x, y) => f(x(i, 0, k), y(j, 0)),
      24,
    ),
    of(
      "the left one shorter",
      operand(2),
      operand(3, "columns", 2),
      "3, columns, 2",
      ([i, j, k], x, y) => f(x(k), y(i, j, k)),
      24,
    ),
    of("a scalar", operand("columns"), operand(), "columns", ([i], x, y) => f(x(i), y()), 4),
  ];
}

const integers = (...dims: (number | string)[]) => ints([3, -2, 0, 7, -2, 5, 1], ...dims);
const truths = (...dims: (number | string)[]) => bools([1, 0, 0, 1, 1], ...dims);
const least = (x: number, y: number) => Math.min(x, y);
const most = (x: number, y: number) => Math.max(x, y);

describe("two operands", () => {
  hold([
    ...[floats, integers].flatMap((operand) => [
      ...pairs("add", (x, y) => x + y, 1, operand),
      ...pairs("sub", (x, y) => x - y, 1, operand),
      ...pairs("mul", (x, y) => x * y, 1, operand),
      ...pairs("maximum", most, 0, operand),
      ...pairs("minimum", least, 0, operand),
      ...pairs("equal", (x, y) => Number(x === y), 0, operand),
      ...pairs("greater", (x, y) => Number(x > y), 0, operand),
    ]),
    {
      of: "a vector and one behind an axis of length 1",
      operands: [floats(2), floats(1, "rows", 2)],
      write: (b, x, y) => b.mul(x, y),
      type: "float32[1, rows, 2]",
      at: ([, row, k], x, y) => x(k) * y(0, row, k),
      cost: 6,
    },
    ...pairs("div", (x, y) => x / y, 1, positive),
    ...pairs("and", (x, y) => Number(x === 1 && y === 1), 0, truths),
    {
      of: "the loss of log-odds and labels",
      operands: [floats("rows", 2), { dtype: "float32", dims: [2], number: (i) => i }],
      write: (b, z, y) => b.bceWithLogits(z, y),
      type: "float32[rows, 2]",
      at: ([i, j], z, y) => -Math.log(1 / (1 + Math.exp(y(j) === 1 ? -z(i, j) : z(i, j)))),
      cost: 18,
    },
    {
      of: "the loss of labels that are repeated by log-odds",
      operands: [floats(2), { dtype: "float32", dims: ["rows", 2], number: (i) => (i % 4) / 4 }],
      write: (b, z, y) => b.bceWithLogits(z, y),
      type: "float32[rows, 2]",
      at: ([i, j], z, y) => y(i, j) * Math.log1p(Math.exp(-z(j))) + (1 - y(i, j)) * Math.log1p(Math.exp(z(j))),
      cost: 18,
    },
  ]);
  refuse([
    [
      "bool in a sum",
      (b) => b.add(b.input("x", "bool", []), b.input("y", "bool", [])),
      "the left operand is bool[], but has to be float32 or int32",
    ],
    ["two dtypes", (b) => b.mul(b.floats([1]), b.ints([1])), "the right operand is int32[1], but has to be float32"],
    [
      "int32 in a quotient",
      (b) => b.div(b.ints([1]), b.ints([1])),
      "the left operand is int32[1], but has to be float32",
    ],
    ["numbers as truths", (b) => b.and(b.ints([1]), b.ints([1])), "the left operand is int32[1], but has to be bool"],
    [
      "shapes that do not fit",
      (b) => b.add(b.floats([1, 2]), b.floats([1, 2, 3])),
      "[2] and [3] do not broadcast: 2 against 3",
    ],
    [
      "int32 log-odds",
      (b) => b.bceWithLogits(b.ints([1]), b.floats([1])),
      "the logits is int32[1], but has to be float32",
    ],
    [
      "int32 labels",
      (b) => b.bceWithLogits(b.floats([1]), b.ints([1])),
      "the labels is int32[1], but has to be float32",
    ],
  ]);
  passesNone("equal", "greater", "and");
});

/** erf by Simpson's rule: (2/√π) ∫ e^(-t²) dt from 0 to x. */
function areaUnderBell(x: number): number {
  const steps = 2000;
  const h = x / steps;
  const bell = (i: number) => Math.exp(-((i * h) ** 2));
  const inner = Array.from({ length: steps - 1 }, (_, i) => (i % 2 === 0 ? 4 : 2) * bell(i + 1));
  return ((2 / Math.sqrt(Math.PI)) * h * (bell(0) + bell(steps) + inner.reduce((a, c) => a + c, 0))) / 3;
}

const one = (
  op: "neg" | "exp" | "log" | "sqrt" | "abs" | "relu" | "sigmoid" | "tanh" | "erf",
  f: (x: number) => number,
  cost = 6,
  operand = floats,
): Formula => ({
  of: op,
  operands: [operand("rows", 2)],
  write: (b, x) => b[op](x),
  type: "float32[rows, 2]",
  at: ([i, j], x) => f(x(i, j)),
  cost,
});

describe("one operand", () => {
  hold([
    one("neg", (x) => 0 - x, 0),
    one("exp", (x) => Math.E ** x),
    one("log", (x) => Math.log2(x) * Math.LN2, 6, positive),
    one("sqrt", (x) => x ** 0.5, 6, positive),
    one("abs", (x) => (x < 0 ? -x : x), 0),
    one("relu", (x) => Math.max(x, 0), 0),
    one("sigmoid", (x) => Math.exp(x) / (Math.exp(x) + 1)),
    one("tanh", (x) => (Math.exp(2 * x) - 1) / (Math.exp(2 * x) + 1)),
    one("erf", areaUnderBell),
    {
      of: "not",
      operands: [truths("rows")],
      write: (b, x) => b.not(x),
      type: "bool[rows]",
      at: ([i], x) => 1 - x(i),
    },
  ]);
  it("erf runs from -1 to 1, through 0, and of nothing is nothing", () => {
    const numbers = [-Infinity, -30, -7, 0, 1e-9, 5.5, 7, 30, Infinity, Number.NaN];
    const { data } = ops.erf.evaluate([{ shape: [10], data: numbers }], {});
    expect(Array.from(data)).toEqual([
      -1,
      -1,
      -1,
      0,
      (2 / Math.sqrt(Math.PI)) * 1e-9,
      expect.closeTo(1, 13),
      1,
      1,
      1,
      Number.NaN,
    ]);
    expect(data[5]).toBeLessThan(1);
  });
  refuse([
    ["numbers", (b) => b.not(b.ints([1])), "the operand is int32[1], but has to be bool"],
    ...(["neg", "exp", "log", "sqrt", "abs", "relu", "sigmoid", "tanh", "erf"] as const).map(
      (op) =>
        [
          `${op} of int32`,
          (b: Builder) => b[op](b.ints([1])),
          "the operand is int32[1], but has to be float32",
        ] as const,
    ),
  ]);
  passesNone("not");
});

describe("where and cast", () => {
  const cast = (operand: Operand, to: "float32" | "int32" | "bool", f: (x: number) => number): Formula => ({
    of: `cast of ${operand.dtype} to ${to}`,
    operands: [operand],
    write: (b, x) => b.cast(x, to),
    type: `${to}[rows, 2]`,
    at: ([i, j], x) => f(x(i, j)),
    fixed: [0],
  });
  const fractions: Operand = {
    dtype: "float32",
    dims: ["rows", 2],
    number: (i) => [-1.75, 0, 0.5, 2, -0.25, 3.999][i],
  };
  hold([
    {
      of: "where, the condition and one choice repeated",
      operands: [truths("rows", 1), floats("rows", "columns"), floats("columns")],
      write: (b, c, x, y) => b.where(c, x, y),
      type: "float32[rows, columns]",
      at: ([i, j], c, x, y) => (c(i, 0) === 1 ? x(i, j) : y(j)),
    },
    {
      of: "where, of a longer condition and a scalar",
      operands: [truths(3, "columns"), floats(), floats(3, 1)],
      write: (b, c, x, y) => b.where(c, x, y),
      type: "float32[3, columns]",
      at: ([i, j], c, x, y) => (c(i, j) === 1 ? x() : y(i, 0)),
    },
    {
      of: "where of whole numbers",
      operands: [truths("rows"), integers("rows"), ints([9], 1)],
      write: (b, c, x, y) => b.where(c, x, y),
      type: "int32[rows]",
      at: ([i], c, x, y) => (c(i) === 1 ? x(i) : y(0)),
    },
    cast(fractions, "int32", (x) => (x < 0 ? Math.ceil(x) : Math.floor(x))),
    cast(fractions, "bool", (x) => Number(x !== 0)),
    cast(integers("rows", 2), "bool", (x) => Number(x !== 0)),
    cast(integers("rows", 2), "float32", (x) => x),
    cast(truths("rows", 2), "float32", (x) => x),
    cast(truths("rows", 2), "int32", (x) => x),
  ]);
  refuse([
    [
      "a condition of numbers",
      (b) => b.where(b.ints([1]), b.floats([1]), b.floats([1])),
      "the condition is int32[1], but has to be bool",
    ],
    [
      "a choice of truths",
      (b) => b.where(b.input("c", "bool", []), b.input("x", "bool", []), b.input("y", "bool", [])),
      "the value where true is bool[], but has to be float32 or int32",
    ],
    [
      "choices of two dtypes",
      (b) => b.where(b.input("c", "bool", []), b.floats([1]), b.ints([1])),
      "the value where false is int32[1], but has to be float32",
    ],
    ["a cast to the same", (b) => made("cast", [b.ints([1])], { to: "int32" }), "int32 is cast to itself"],
  ]);
  passesNone("cast");
});

describe("at ties and kinks", () => {
  const gradientOf = (write: (b: Builder, x: Value, y: Value) => Value, x: number[], y: number[]) => {
    const b = builder("kink");
    const [left, right] = [b.input("x", "float32", [x.length]), b.input("y", "float32", [y.length])];
    const loss = b.add(b.sum(write(b, left, right), [0]), b.mul(b.sum(right, [0]), b.scalar(0)));
    const [dx, dy] = gradients(loss, [left, right]);
    const found = results(graphOf({ loss, dx, dy }), {
      x: { shape: [x.length], data: x },
      y: { shape: [y.length], data: y },
    });
    return [Array.from(found.dx.data), Array.from(found.dy.data)];
  };

  it("relu and abs have the gradient 0 at 0", () => {
    expect(gradientOf((b, x) => b.relu(x), [0, 1, -1], [0])[0]).toEqual([0, 1, 0]);
    expect(gradientOf((b, x) => b.abs(x), [0, 2, -2], [0])[0]).toEqual([0, 1, -1]);
  });

  it("maximum gives to the right operand, minimum to the left one", () => {
    expect(gradientOf((b, x, y) => b.maximum(x, y), [1, 2, 0], [1, 0, 2])).toEqual([
      [0, 1, 0],
      [1, 0, 1],
    ]);
    expect(gradientOf((b, x, y) => b.minimum(x, y), [1, 2, 0], [1, 0, 2])).toEqual([
      [1, 0, 1],
      [0, 1, 0],
    ]);
  });

  it("max shares equally", () => {
    expect(gradientOf((b, x) => b.max(x, [0], true), [3, 1, 3, 3, 2], [0])[0]).toEqual([1 / 3, 0, 1 / 3, 1 / 3, 0]);
  });
});

describe("the loss from log-odds", () => {
  it("has the gradient σ(z) − y, far out too", () => {
    const b = builder("loss");
    const [z, y] = [b.input("z", "float32", ["batch"]), b.input("y", "float32", ["batch"])];
    const loss = b.sum(b.bceWithLogits(z, y), [0]);
    const [dz] = gradients(loss, [z]);
    expect(topological([dz]).map(({ node }) => node.op)).toEqual(["input", "sigmoid", "input", "sub"]);
    const logits = [-800, -90, -3, 0, 3, 90, 800, 800];
    const labels = [0, 1, 0, 1, 1, 0, 1, 0];
    const tensors = { z: { shape: [8], data: logits }, y: { shape: [8], data: labels } };
    const found = results(graphOf({ loss, dz }), tensors);
    expect(Array.from(found.dz.data)).toEqual(logits.map((x, i) => 1 / (1 + Math.exp(-x)) - labels[i]));
    expect(evaluate(graphOf({ loss }), tensors, () => tensors.z).loss.data[0]).toBeCloseTo(
      0 + 90 + Math.log1p(Math.exp(-3)) + Math.log(2) + Math.log1p(Math.exp(-3)) + 90 + 0 + 800,
      9,
    );
  });
});
