// Layout operators that undo each other: which go, which stay, and that the numbers are the same to the bit.
import { describe, expect, it } from "vitest";
import { builder } from "../../../compiler/ir/build.ts";
import { evaluate } from "../../../compiler/ir/evaluate.ts";
import { topological, type Value } from "../../../compiler/ir/graph.ts";
import { defaultContext, type Pass, passes } from "../../../compiler/passes/index.ts";
import { graphOf } from "../../kit/graph-of.ts";

const b = builder("test");
const x = b.input("x", "float32", [3, "candidates", 4]);
const y = b.input("y", "float32", [3, "candidates", 4]);
const turned = b.input("turned", "float32", ["candidates", 3, 4]);
const one = b.input("one", "float32", [3, 1, 4]);
const row = b.input("row", "float32", ["candidates", 4]);

const pass = passes.find(({ name }) => name === "settle-layout") as Pass;
const feeds = Object.fromEntries(
  Object.entries({ x: [3, 2, 4], y: [3, 2, 4], turned: [2, 3, 4], one: [3, 1, 4], row: [2, 4] }).map(
    ([name, shape], which) => {
      const count = shape.reduce((a, c) => a * c, 1);
      return [name, { shape, data: Float64Array.from({ length: count }, (_, i) => Math.sin(7 * i + which)) }];
    },
  ),
);
const none = (): never => {
  throw new Error("there are no parameters");
};

/** Operators after the pass, operands first; the results are held against those before. */
function settled(...values: readonly Value[]): string {
  const before = graphOf(Object.fromEntries(values.map((value, i) => [`v${i}`, value])));
  const after = pass.run(before, defaultContext);
  for (const { check } of [...pass.requires, ...pass.ensures]) {
    expect(check(after, defaultContext, before)).toBeNull();
  }
  const given = Object.fromEntries(
    Object.entries(feeds).filter(([name]) => JSON.stringify(names(values)).includes(name)),
  );
  expect(evaluate(after, given, none)).toEqual(evaluate(before, given, none));
  return topological(after.outputs.map(({ value }) => value))
    .map(({ node }) => node.op)
    .filter((op) => op !== "input")
    .join(" ");
}

const names = (values: readonly Value[]) =>
  topological(values).flatMap(({ node }) => ("name" in node.attributes ? [node.attributes.name] : []));

describe("layout operators", () => {
  it("that undo each other go", () => {
    expect(settled(b.relu(b.squeeze(b.unsqueeze(x, 2), 2)))).toBe("relu");
    expect(settled(b.relu(b.unsqueeze(b.squeeze(one, 1), 1)))).toBe("relu");
    expect(settled(b.relu(b.transpose(b.transpose(x, [1, 0, 2]), [1, 0, 2])))).toBe("relu");
    expect(settled(b.relu(b.transpose(x, [0, 1, 2])))).toBe("relu");
    expect(settled(b.transpose(b.transpose(x, [1, 0, 2]), [0, 2, 1]))).toBe("transpose");
  });

  it("on both sides of a sum stand once below it", () => {
    expect(settled(b.add(b.unsqueeze(x, 2), b.unsqueeze(y, 2)))).toBe("add unsqueeze");
    expect(settled(b.squeeze(b.mul(b.unsqueeze(x, 2), b.unsqueeze(one, 2)), 2))).toBe("mul");
    const twice = (value: Value) => b.unsqueeze(b.unsqueeze(value, 0), 3);
    expect(settled(b.sub(twice(x), twice(y)))).toBe("sub unsqueeze unsqueeze");
  });

  it("are undone before a sum that nothing else reads", () => {
    const sum = b.add(b.transpose(turned, [1, 0, 2]), x);
    expect(settled(b.transpose(sum, [1, 0, 2]))).toBe("transpose add");
    expect(settled(b.transpose(sum, [1, 0, 2]), b.relu(sum))).toBe("transpose add transpose relu");
  });

  it("stay where they do something", () => {
    expect(settled(b.squeeze(b.unsqueeze(one, 2), 1))).toBe("unsqueeze squeeze");
    expect(settled(b.add(b.unsqueeze(x, 2), b.unsqueeze(y, 1)))).toBe("unsqueeze unsqueeze add");
    // Of different rank: the axis is not at the same place of both.
    expect(settled(b.add(b.unsqueeze(x, 1), b.unsqueeze(row, 1)))).toBe("unsqueeze unsqueeze add");
    expect(settled(b.transpose(b.add(b.transpose(turned, [1, 0, 2]), one), [1, 0, 2]))).toBe("transpose add transpose");
  });
});
