// Look-ups of single numbers: the same numbers as before, in the interpreter and in ONNX Runtime.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { builder } from "../../../compiler/ir/build.ts";
import { evaluate } from "../../../compiler/ir/evaluate.ts";
import { type Graph, topological } from "../../../compiler/ir/graph.ts";
import { defaultContext } from "../../../compiler/passes/index.ts";
import { numberByNumber } from "../../../compiler/passes/training/number-by-number.ts";
import { difference } from "../../kit/difference.ts";
import { graphOf } from "../../kit/graph-of.ts";
import { runGraph } from "../../kit/onnx.ts";

const b = builder("test");
const index = b.input("index", "int32", ["batch", "history"]);
const flat = b.input("flat", "int32", ["batch"]);
const table = b.input("table", "float32", ["rows", 3, 1]);
const pairs = b.input("pairs", "float32", ["rows", 2]);
const numbers = b.input("numbers", "int32", ["rows"]);
const wide = b.input("wide", "float32", ["rows", 9]);

const none = () => {
  throw new Error("there are no parameters");
};

const before = graphOf({
  bias: b.transpose(b.gather(table, index), [2, 0, 1, 3]),
  columns: b.transpose(b.gather(pairs, index), [2, 0, 1]),
  composed: b.gather(numbers, index),
  vector: b.gather(numbers, flat),
  rows: b.transpose(b.gather(wide, index), [2, 0, 1]),
});
const after = numberByNumber.run(before, defaultContext);

const reads = (graph: Graph) =>
  topological(graph.outputs.map(({ value }) => value)).flatMap(({ node }) =>
    node.op === "gather" ? [(node.attributes as { single?: boolean }).single ?? false] : [],
  );

describe("look-ups of single numbers", () => {
  it("are told from look-ups of rows", () => {
    expect(reads(before)).toEqual([false, false, false, false, false]);
    // Three columns, two columns, two vectors; what is wide stays.
    expect(reads(after).toSorted()).toEqual([false, ...Array<boolean>(7).fill(true)]);
    for (const condition of numberByNumber.ensures) {
      expect(condition.check(after, defaultContext, before)).toBeNull();
    }
  });

  it("read the same numbers", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 7 }),
        fc.integer({ min: 1, max: 20 }),
        fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })),
        async (batch, history, rows, draws) => {
          const draw = () => Number(draws.next().value);
          const ids = (...shape: number[]) => ({ shape, data: filled(shape, () => Math.floor(draw() * rows)) });
          const values = (...shape: number[]) => ({ shape, data: filled(shape, () => Math.fround(draw() - 0.5)) });
          const feeds = {
            index: ids(batch, history),
            flat: ids(batch),
            table: values(rows, 3, 1),
            pairs: values(rows, 2),
            numbers: ids(rows),
            wide: values(rows, 9),
          };
          const wanted = evaluate(before, feeds, none);
          const interpreted = evaluate(after, feeds, none);
          const run = await runGraph(after, feeds);
          for (const [name, tensor] of Object.entries(wanted)) {
            expect(difference(interpreted[name], tensor, true), name).toBeNull();
            expect(difference(run[name], tensor, true), name).toBeNull();
          }
        },
      ),
      { numRuns: 20 },
    );
  });
});

const filled = (shape: readonly number[], value: () => number) =>
  Array.from({ length: shape.reduce((product, dim) => product * dim, 1) }, value);
