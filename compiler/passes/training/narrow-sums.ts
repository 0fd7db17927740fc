// A plan that pays: sums by row are made for each reader's own columns, on zeros that nothing has to carry.
import { type Builder, builder, make } from "../../ir/build.ts";
import { type Graph, made, type Shape, topological, type Value } from "../../ir/graph.ts";
import { knownDim } from "../../ir/shape.ts";
import { type Context, nowhere, ruledBy } from "../pass.ts";
import { columns, readOtherwise } from "./columns.ts";

/** Columns from which on sums of their own cost less than taking them out of sums of all columns. */
const wide = 24;

/**
 *  1. columns of sums by row                →  sums by row of the columns
 *  2. sums by row onto what has their shape →  onto zeros of as many rows as an input has
 * Sums that several readers read nearly whole, none of them many columns, stay whole. The same sums in the same order: equal
 * to the bit.
 */
/** Sums by row for each reader of columns of its own; the rows are counted by an input of as many. */
export const narrowSums = ruledBy(
  "narrow-sums",
  { keeps: "bits", ensures: nowhere("is a shape carried that an input has", carriesShape) },
  (graph) => {
    const whole = readTogether(graph, readOtherwise(graph));
    return (value, inputs) => {
      const [x] = inputs;
      if (value.node.op === "scatterAdd" && whole.has(value)) {
        return onZeros(graph, value, inputs);
      }
      const at = made(value, "slice");
      const sum = at === null ? null : made(x, "scatterAdd");
      if (!at || !sum || at.axis !== value.shape.length - 1 || whole.has(value.node.inputs[0])) {
        return null;
      }
      const b = builder(x.node.scope, x.node.doc);
      const like = zeros(b, graph, value.shape);
      if (sum.shape !== null || like === null) {
        return null;
      }
      const pairs = x.node.inputs.slice(0, -1);
      const narrow = pairs.map((operand, index) => (index % 2 === 0 ? operand : columns(operand, at.start, at.end)));
      return make("scatterAdd", [...narrow, like], sum, x.node);
    };
  },
);

/** What is read whole, and sums of which nearly all columns are read, by several readers and never many at once. */
function readTogether(graph: Graph, whole: ReadonlySet<Value>): ReadonlySet<Value> {
  const readers = new Map<Value, Map<string, number>>();
  for (const value of topological(graph.outputs.map((output) => output.value))) {
    const at = made(value, "slice");
    const [x] = value.node.inputs;
    if (at === null || x.node.op !== "scatterAdd" || whole.has(x)) {
      continue;
    }
    readers.set(x, (readers.get(x) ?? new Map<string, number>()).set(`${at.start}-${at.end}`, at.end - at.start));
  }
  const together = [...readers].flatMap(([x, own]) => {
    const widths = [...own.values()];
    const read = widths.reduce((sum, width) => sum + width, 0);
    const all = knownDim(x, x.shape.length - 1);
    return widths.length > 1 && Math.max(...widths) < wide && 2 * read >= all ? [x] : [];
  });
  return new Set([...whole, ...together]);
}

/** The same sums by row on zeros that cost nothing to carry. */
function onZeros(graph: Graph, value: Value, inputs: readonly Value[]): Value | null {
  const sum = made(value, "scatterAdd");
  if (sum?.shape !== null || value.shape.length !== 2) {
    return null;
  }
  const like = zeros(builder(value.node.scope, value.node.doc), graph, value.shape);
  return like && make("scatterAdd", [...inputs.slice(0, -1), like], sum, value.node);
}

/** Zeros [rows, width] where some input has as many rows: nothing has to be carried for a shape. */
function zeros(b: Builder, graph: Graph, [rows, width]: Shape): Value | null {
  const counted = graph.inputs.find(({ shape, dtype }) => dtype === "int32" && shape[0] === rows && shape.length <= 2);
  if (counted === undefined || typeof width !== "number") {
    return null;
  }
  const one = counted.shape.length === 1 ? counted : b.squeeze(b.slice(counted, 1, 0, 1), 1);
  const none = b.mul(one, b.integer(0));
  return b.gather(b.floats(new Float32Array(width), [1, width]), none);
}

/** Sums onto an array that is computed or held for its shape alone, where an input of ids has as many rows. */
function carriesShape(value: Value, _: Context, graph: Graph): boolean {
  const { node, shape } = value;
  if (made(value, "scatterAdd")?.shape !== null || shape.length !== 2) {
    return false;
  }
  const like = node.inputs[node.inputs.length - 1];
  const counted = graph.inputs.some(
    (one) => one.dtype === "int32" && one.shape.length <= 2 && one.shape[0] === shape[0],
  );
  return counted && typeof shape[1] === "number" && like.node.op !== "gather";
}
