// A plan that pays: what a search kept is read first and computed then, not computed for the history and read then.
import { builder, make } from "../ir/build.ts";
import { elementwise, made, type Value } from "../ir/graph.ts";
import { isFixed } from "./fixed.ts";
import { nowhere, ruled } from "./pass.ts";

/**
 * Moves the reading of some behaviours below what is computed row by row. p are positions [R, k] of behaviours, f works on
 * each behaviour by itself.
 *  1. gather(gather(E, rows), p)  →  gather(E, gather(rows, p))
 *  2. gather(f(x, …), p)          →  f(gather(x, p), …)            elementwise f, with whatever has no behaviours as it is;
 *                                                                  not where several are one number a behaviour
 *  3. the same for concatenations, sums over tags, added axes, slices, and products with fixed matrices
 *  4. slice(f(x), newest n)       →  f(slice(x, newest n))         likewise
 * `gatherRows` of a batch likewise. Results stay the same to the bit: the same numbers are computed for fewer behaviours,
 * or, where candidates × k is more than the history, for more; then the rows read are narrower, which costs less still.
 */
export const readKept = ruled(
  "read-kept",
  { keeps: "bits", ensures: nowhere("are looked-up rows of a whole history read in part", readAgain) },
  (value, inputs) => {
    const [x, ...positions] = inputs;
    const axes = axesOf(value, positions);
    if (!axes || isFixed(x)) {
      return null;
    }
    const known = new Map<Value, Value>();
    const read = (operand: Value): Value => {
      const done = known.get(operand);
      if (done) {
        return done;
      }
      const result =
        below(operand, { ...axes, read }) ??
        make(value.node.op, [operand, ...positions], value.node.attributes, value.node);
      known.set(operand, result);
      return result;
    };
    return below(x, { ...axes, read });
  },
);

interface Axes {
  /** Axes that belong to the behaviours. */
  readonly lead: number;
  /** Axes that the reading adds. */
  readonly added: number;
}

interface Reading extends Axes {
  read(x: Value): Value;
}

function axesOf(value: Value, [positions]: readonly Value[]): Axes | null {
  if (value.node.op === "gatherRows") {
    return { lead: 2, added: 0 };
  }
  if (made(value, "gather")?.axis === 0) {
    return positions.shape.length === 2 ? { lead: 1, added: 1 } : null;
  }
  const axis = made(value, "slice")?.axis;
  // Only a history has a length that is not known; in a batch it comes second.
  if (axis !== 0 && axis !== 1) {
    return null;
  }
  return typeof value.node.inputs[0].shape[axis] === "string" ? { lead: axis + 1, added: 0 } : null;
}

function below(x: Value, { lead, added, read }: Reading): Value | null {
  const { node } = x;
  const { op, inputs, attributes } = node;
  const at = builder(node.scope, node.doc);
  const rank = x.shape.length;
  /** Aligned with the behaviours: read. Without behaviours (it broadcasts along them): as it is. */
  const operand = (input: Value): Value | null => {
    if (input.shape.length <= rank - lead) {
      return input;
    }
    if (input.shape.length !== rank) {
      return null;
    }
    return input.shape.slice(0, lead).every((dim, axis) => dim === x.shape[axis]) ? read(input) : null;
  };
  const all = (): Value[] | null => {
    const operands = inputs.map(operand);
    return operands.every((one) => one !== null) ? operands : null;
  };
  const trailing = (axis: number) => axis >= lead;
  if (elementwise.has(op)) {
    // One number a behaviour: reading the result costs one look-up, reading the operands one each.
    if (rank === lead && inputs.filter((input) => input.shape.length === rank).length > 1) {
      return null;
    }
    const operands = all();
    return operands && make(op, operands, node.attributes, node);
  }
  switch (op) {
    case "gather": {
      const [table, rows] = inputs;
      const looksUp = attributes.axis === 0 && rows.shape.length >= lead && !aligned(table, x, lead);
      return looksUp ? at.gather(table, read(rows)) : null;
    }
    case "concat": {
      const { axis } = attributes;
      return trailing(axis) ? at.concat(inputs.map(read), axis + added) : null;
    }
    case "slice": {
      const { axis, start, end } = attributes;
      return trailing(axis) ? at.slice(read(inputs[0]), axis + added, start, end) : null;
    }
    case "unsqueeze": {
      const { axes } = attributes;
      const moved = axes.map((axis) => axis + added);
      return axes.every(trailing) ? at.unsqueeze(read(inputs[0]), ...moved) : null;
    }
    case "sum": {
      const { axes, keep } = attributes;
      const moved = axes.map((axis) => axis + added);
      return axes.every(trailing) ? at.sum(read(inputs[0]), moved, keep) : null;
    }
    case "matmul": {
      const [rows, weight] = inputs;
      return isFixed(weight) && weight.shape.length === 2 && rows.shape.length === lead + 1
        ? at.matmul(read(rows), weight)
        : null;
    }
    default:
      return null;
  }
}

/** Whether a value has the behaviours' axes in front, as `like` has. */
function aligned(value: Value, like: Value, lead: number): boolean {
  return value.shape.length >= lead && value.shape.slice(0, lead).every((dim, axis) => dim === like.shape[axis]);
}

/** Rows of a table that are looked up for all behaviours, and then read at some of them. */
function readAgain(value: Value): boolean {
  const { op, inputs } = value.node;
  const [rows, positions] = inputs;
  const inPart = op === "gatherRows" || (made(value, "gather")?.axis === 0 && positions.shape.length === 2);
  return inPart && !isFixed(rows) && rows.node.op === "gather" && isFixed(rows.node.inputs[0]);
}
