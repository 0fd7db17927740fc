// What passes ask of values: whether they are fixed, how many numbers they hold, and how often they are read.
import { describe, expect, it } from "vitest";
import { builder } from "../../../compiler/ir/build.ts";
import type { Value } from "../../../compiler/ir/graph.ts";
import { elements, isFixed, isFixedNumber } from "../../../compiler/passes/fixed.ts";
import { readOnce } from "../../../compiler/passes/uses.ts";
import { graphOf } from "../../kit/graph-of.ts";

// Whether a value is fixed is remembered by the value: each test makes its own.
const make = () => {
  const b = builder("m");
  return { b, x: b.input("x", "float32", [4, 3]), w: b.parameter("w", [2, 3]) };
};

describe("a value is fixed", () => {
  it("where no input reaches it", () => {
    const { b, x, w } = make();
    expect(isFixed(x)).toBe(false);
    expect(isFixed(w)).toBe(true);
    expect(isFixed(b.scalar(2))).toBe(true);
    expect(isFixed(b.mul(b.tanh(w), b.scalar(2)))).toBe(true);
    const mixed = b.concat([b.relu(w), b.tanh(b.relu(x))], 0);
    expect(isFixed(mixed)).toBe(false);
    expect(isFixed(b.tanh(mixed))).toBe(false);
    // Asked again, and with the input in front.
    expect(isFixed(mixed)).toBe(false);
    expect(isFixed(b.concat([x, w], 0))).toBe(false);
  });

  it("below thousands of operators, too", () => {
    const { b, x, w } = make();
    const deep = (value: Value) => Array.from({ length: 20_000 }).reduce<Value>((y) => b.tanh(y), value);
    expect([isFixed(deep(w)), isFixed(deep(x))]).toEqual([true, false]);
  });

  it("and is one number where it is a float of one element", () => {
    const { b, x, w } = make();
    const numbers = [b.scalar(2), b.parameter("one", [1]), b.floats([3], [1, 1])];
    expect(numbers.map(isFixedNumber)).toEqual([true, true, true]);
    const others = [x, w, b.integer(2), b.input("given", "float32", []), b.parameter("row", [1, 3])];
    expect(others.map(isFixedNumber)).toEqual([false, false, false, false, false]);
  });
});

it("a value has as many elements as its dims multiplied, which nobody knows of a symbol", () => {
  const { b, x, w } = make();
  const rows = b.input("rows", "float32", ["history", 3]);
  expect([elements(w), elements(b.scalar(1)), elements(x), elements(rows)]).toEqual([6, 1, 12, Number.NaN]);
});

it("a value is read once by one operand or one output, and not by both", () => {
  const { b, x, w } = make();
  const [once, twice, both, output] = [b.tanh(x), b.relu(x), b.exp(x), b.neg(x)];
  const alone = readOnce(
    graphOf({ a: b.add(once, b.mul(twice, twice)), both, c: b.abs(both), output, d: b.sqrt(output) }),
  );
  expect([once, twice, both, output].map(alone)).toEqual([true, false, false, false]);
  expect(readOnce(graphOf({ once }))(once)).toBe(true);
  expect(readOnce(graphOf({ once, again: once }))(once)).toBe(false);
  expect(alone(w)).toBe(false);
});
