// A plan that pays: operators that only turn and stretch arrays meet, and go.
import { builder, make } from "../ir/build.ts";
import { elementwise, made, type Value } from "../ir/graph.ts";
import { sameShape } from "../ir/shape.ts";
import { simplifying } from "../ir/simplify.ts";
import { nowhere, ruledBy } from "./pass.ts";
import { readOnce } from "./uses.ts";

/**
 * Leaves out axes that are added and taken away again, and turns that are undone. f is an elementwise operator of two operands.
 *  1. squeeze(unsqueeze(x)), unsqueeze(squeeze(x))  →  x        of the same axes
 *     transpose(transpose(x))                       →  one transpose, or x
 *  2. f(unsqueeze(x), unsqueeze(y))                 →  unsqueeze(f(x, y))        the same axes, x and y of one rank
 *  3. transpose(f(transpose(x), y))                 →  f(x, transpose(y))        the turns undo each other, x and y of one
 *                                                                                shape, f read by nothing else
 * Results stay the same to the bit.
 */
export const settleLayout = ruledBy(
  "settle-layout",
  { keeps: "bits", ensures: nowhere("is an axis added and taken away again, or a turn undone", undoesAnother) },
  (graph) => {
    const alone = readOnce(graph);
    return (value, inputs) => {
      switch (value.node.op) {
        case "squeeze":
        case "unsqueeze":
          return undone(value, inputs[0]);
        case "transpose":
          return (
            undone(value, inputs[0]) ??
            (alone(value.node.inputs[0]) ? turnedBefore(value.node.attributes.permutation, inputs[0]) : null)
          );
        default:
          return elementwise.has(value.node.op) && inputs.length === 2 ? stretchedAfter(value, inputs) : null;
      }
    };
  },
);

const simple = ({ node }: Value) => simplifying(builder(node.scope, node.doc));

/** Rule 1. */
function undone(value: Value, x: Value): Value | null {
  const opposite = made(value, "squeeze") ? made(x, "unsqueeze") : made(value, "unsqueeze") && made(x, "squeeze");
  if (opposite) {
    return axesOf(value) === axesOf(x) ? x.node.inputs[0] : null;
  }
  const turn = made(value, "transpose")?.permutation;
  const isStill = turn?.every((axis, index) => axis === index);
  return turn && (isStill || made(x, "transpose")) ? simple(value).transpose(x, turn) : null;
}

/** Rule 2. */
function stretchedAfter(value: Value, [left, right]: readonly Value[]): Value | null {
  const stretched = made(left, "unsqueeze");
  if (!stretched || !made(right, "unsqueeze") || axesOf(left) !== axesOf(right)) {
    return null;
  }
  const [x, y] = [left.node.inputs[0], right.node.inputs[0]];
  if (x.shape.length !== y.shape.length) {
    return null;
  }
  const narrow = make(value.node.op, [x, y], value.node.attributes, value.node);
  return simple(value).unsqueeze(stretchedAfter(narrow, [x, y]) ?? narrow, ...stretched.axes);
}

/** Rule 3. */
function turnedBefore(turn: readonly number[], x: Value): Value | null {
  if (!elementwise.has(x.node.op) || x.node.inputs.length !== 2) {
    return null;
  }
  const undoes = (one: Value) => {
    const earlier = made(one, "transpose")?.permutation;
    return earlier !== undefined && turn.every((axis, index) => earlier[axis] === index);
  };
  const [left, right] = x.node.inputs;
  if (!sameShape(left.shape, right.shape) || !(undoes(left) || undoes(right))) {
    return null;
  }
  const at = simple(x);
  return make(x.node.op, [at.transpose(left, turn), at.transpose(right, turn)], x.node.attributes, x.node);
}

const axesOf = (value: Value): string => (made(value, "squeeze") ?? made(value, "unsqueeze"))?.axes.join() ?? "";

const opposites: Readonly<Record<string, string>> = {
  squeeze: "unsqueeze",
  unsqueeze: "squeeze",
  transpose: "transpose",
};

/** The shape before the two operators is the shape behind them; two turns are one, whatever they are. */
function undoesAnother(value: Value): boolean {
  const { node, shape } = value;
  const [below] = node.inputs;
  if (!Object.hasOwn(opposites, node.op) || below.node.op !== opposites[node.op]) {
    return false;
  }
  return node.op === "transpose" || (sameShape(below.node.inputs[0].shape, shape) && axesOf(value) === axesOf(below));
}
