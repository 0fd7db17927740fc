// Rewrite 4: the values of small cross features as tables, the item's part on its own.
import { builder, make } from "../ir/build.ts";
import { made, type Value } from "../ir/graph.ts";
import { elements, isFixed } from "./fixed.ts";
import { type Context, nowhere, ruled } from "./pass.ts";
import { tabled, type Widths } from "./tabled.ts";

/**
 * Splits the values (semantics.md 1, rewrite 4).
 *  1. [x_1 … x_n] [W_1; …; W_n]  →  [rest] [W of rest] + Σ_j x_j W_j   for the parts j that become look-ups by rule 2
 *  2. gather(E, row) W           →  gather(E W, row)                   when E and W are fixed and rows × heads × width
 *                                                                      stays within `valueTable`: it inflates E
 * What becomes no look-up stays one product: taking it apart would only add sums. Values stay equal up to rounding.
 */
export const splitValues = ruled(
  "split-values",
  { keeps: "rounding", ensures: nowhere("is a small cross embedding multiplied out by behaviour", multipliedOut) },
  (value, inputs, context) => {
    if (value.node.op !== "matmul") {
      return null;
    }
    const [x, weight] = inputs;
    if (!isFixed(weight) || weight.shape.length < 3 || weight.shape[weight.shape.length - 1] === 1) {
      return null;
    }
    const alone = tabled(x, weight, context.valueTable, pays);
    if (alone) {
      return alone;
    }
    const left = parts(x, -1);
    const right = parts(weight, -2);
    const fits = left && right && left.length === right.length;
    if (!fits || left.some((part, index) => part.shape.at(-1) !== right[index].shape.at(-2))) {
      return null;
    }
    const read = left.map((part, index) => tabled(part, right[index], context.valueTable, pays));
    const lookups = read.filter((part) => part !== null);
    if (lookups.length === 0) {
      return null;
    }
    const rest = left.map((_, index) => index).filter((index) => read[index] === null);
    const at = builder(value.node.scope, value.node.doc);
    const side = (of: readonly Value[], axis: number) => {
      const chosen = rest.map((index) => of[index]);
      return chosen.length === 1 ? chosen[0] : at.concat(chosen, axis);
    };
    const product = rest.length === 0 ? [] : [at.matmul(side(left, -1), side(right, -2))];
    return [...product, ...lookups].reduce((sum, term) => at.add(sum, term));
  },
);

/** Pooling, and the sum that comes in, cost less than the product saves, even where the rows are needed elsewhere too. */
function pays({ tags, width }: Widths): boolean {
  return 2 * tags + 1 < width;
}

/** The operands of a concatenation along `axis`, counted from the end, below added axes that leave it in place. */
function parts(value: Value, axis: -1 | -2): readonly Value[] | null {
  const { node } = value;
  const joined = made(value, "concat");
  if (joined) {
    return joined.axis === value.shape.length + axis ? node.inputs : null;
  }
  const added = made(value, "unsqueeze");
  if (!added || added.axes.some((one) => one >= value.shape.length + axis)) {
    return null;
  }
  return parts(node.inputs[0], axis)?.map((part) => make("unsqueeze", [part], added, node)) ?? null;
}

/** Rows of a small table, wider than one number, that meet a matrix for each head behaviour by behaviour. */
function multipliedOut({ node, shape }: Value, { valueTable }: Context): boolean {
  const [x, weight] = node.inputs;
  if (node.op !== "matmul" || !isFixed(weight) || weight.shape.length < 3 || shape[shape.length - 1] === 1) {
    return false;
  }
  if (x.node.op !== "unsqueeze" || x.node.inputs[0].node.op !== "gather" || isFixed(x)) {
    return false;
  }
  const [table] = x.node.inputs[0].node.inputs;
  if (!isFixed(table) || (weight.shape.length === 4 && weight.shape[1] !== 1)) {
    return false;
  }
  const [rows, width] = table.shape.map(Number);
  return width > 1 && (rows * elements(weight)) / width <= valueTable;
}
