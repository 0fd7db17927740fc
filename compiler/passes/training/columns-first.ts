// A plan that pays: of a product that is read by columns each reader computes its own.
import { type Graph, made, topological, type Value } from "../../ir/graph.ts";
import { type Context, nowhere, ruledBy } from "../pass.ts";
import { columns, readOtherwise } from "./columns.ts";

/**
 *  1. columns of a · b that are read as slices alone  →  a · (columns of b)
 * Nothing wide is written to be cut apart. The same sums are added up: equal to the bit.
 */
export const columnsFirst = ruledBy(
  "columns-first",
  { keeps: "bits", ensures: nowhere("is a product written to be cut apart", cutApart) },
  (graph) => {
    const whole = readOtherwise(graph);
    return (value, [x]) => {
      const at = made(value, "slice");
      if (at === null || whole.has(value.node.inputs[0])) {
        return null;
      }
      return at.axis === value.shape.length - 1 && x.node.op === "matmul" ? columns(x, at.start, at.end) : null;
    };
  },
);

/** A product of which nothing reads all columns. */
function cutApart({ node, shape }: Value, _: Context, graph: Graph): boolean {
  const [product] = node.inputs;
  if (node.op !== "slice" || product.node.op !== "matmul" || shape.length !== product.shape.length) {
    return false;
  }
  const values = topological(graph.outputs.map(({ value }) => value));
  const readers = values.filter((value) => value.node.inputs.includes(product));
  const columnsOnly = readers.every(
    (value) => value.node.op === "slice" && value.shape.slice(0, -1).join() === product.shape.slice(0, -1).join(),
  );
  return columnsOnly && !graph.outputs.some(({ value }) => value === product);
}
