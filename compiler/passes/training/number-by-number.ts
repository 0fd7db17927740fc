// A plan that pays: single numbers are read one by one, not as rows of one.
import { type Builder, builder, make } from "../../ir/build.ts";
import { made, type Value } from "../../ir/graph.ts";
import { nowhere, ruled } from "../pass.ts";

/** Columns up to which a row is read number by number. */
const narrow = 8;

/**
 * Measured with 128,000 look-ups on two threads: ONNX Runtime copies a row in 22 ns, however short, and reads a number in 3.
 *  1. gather(x [n], i)                               →  the same, `single`
 *  2. gather(T [n, A, 1], i [B, L]) as [A, B, L, 1]  →  of every column in turn, the columns in front
 * Results stay equal to the bit.
 */
export const numberByNumber = ruled(
  "number-by-number",
  { keeps: "bits", ensures: nowhere("is a single number copied as a row", copiedAsRow) },
  (value, inputs) => {
    const gathered = made(value, "gather");
    if (gathered !== null) {
      return single(value, inputs, gathered);
    }
    const order = made(value, "transpose")?.permutation.join();
    if (order !== "2,0,1,3" && order !== "2,0,1") {
      return null;
    }
    const [read] = inputs;
    if (made(read, "gather")?.axis !== 0) {
      return null;
    }
    const [table, index] = read.node.inputs;
    const [, columns, rest = 1] = table.shape;
    if (index.shape.length !== 2 || typeof columns !== "number" || columns > narrow || rest !== 1) {
      return null;
    }
    const at: Builder = builder(read.node.scope, read.node.doc);
    const all = Array.from({ length: columns }, (_, column) => {
      const own = at.slice(table, 1, column, column + 1);
      const numbers = at.squeeze(own, ...own.shape.slice(1).map((_, axis) => axis + 1));
      return at.unsqueeze(make("gather", [numbers, index], { axis: 0, single: true }, read.node), 0);
    });
    const front = all.length === 1 ? all[0] : at.concat(all, 0);
    return table.shape.length === 3 ? at.unsqueeze(front, 3) : front;
  },
);

/** Rule 1. */
function single({ node, dtype }: Value, inputs: readonly Value[], gathered: { axis: number; single?: boolean }) {
  const [x, index] = inputs;
  if (gathered.single || x.shape.length !== 1 || index.shape.length === 0 || dtype === "bool") {
    return null;
  }
  return make("gather", inputs, { axis: 0, single: true }, node);
}

/** A look-up in a vector that is not said to read numbers; whatever type they are of, but for bits. */
function copiedAsRow(value: Value): boolean {
  const attributes = made(value, "gather");
  const [x, index] = value.node.inputs;
  return (
    attributes !== null && !attributes.single && x.shape.length === 1 && index.shape.length > 0 && x.dtype !== "bool"
  );
}
