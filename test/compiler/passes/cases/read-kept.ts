// Proof of read-kept.
import { builder } from "../../../../compiler/ir/build.ts";
import { graphOf } from "../../../kit/graph-of.ts";
import type { PassCases } from "../../../kit/pass-cases.ts";

const b = builder("m");
const kept = b.input("kept", "int32", ["candidates", 2]);
const row = b.input("row", "int32", ["history"]);
const x = b.input("x", "float32", ["history", 4]);
const y = b.input("y", "float32", ["history", 3]);
const newest = b.input("newest", "float32", [2, 4]);
const one = b.input("one", "float32", ["history"]);
const other = b.input("other", "float32", ["history"]);
const tags = b.input("tags", "float32", ["history", 3, 4]);
const inBatch = b.input("in_batch", "float32", ["batch", "history", 4]);
const rows = b.input("rows", "int32", ["batch", 2]);
const w = b.parameter("w", [4, 5]);
const of = (result: Parameters<typeof graphOf>[0][string]) => graphOf({ result });

export const readKept: PassCases = {
  pass: "read-kept",
  file: "compiler/passes/read-kept.ts",
  name: "readKept",
  keeps: "bits",
  cases: {
    "kept rows are named first, then looked up": {
      rule: 1,
      graph: of(b.gather(b.gather(b.parameter("table", [6, 4]), row), kept)),
      gives: "gather gather",
    },
    "what is computed number by number is computed for the kept": {
      beside: true,
      rule: 2,
      graph: of(b.gather(b.mul(b.tanh(x), b.parameter("scale", [4])), kept)),
      gives: "gather tanh mul",
    },
    "rows of a batch, too": {
      beside: true,
      rule: 2,
      graph: of(b.gatherRows(b.tanh(inBatch), rows)),
      gives: "gatherRows tanh",
    },
    "concatenations, products, sums over tags, axes and columns follow": {
      beside: true,
      rule: 3,
      graph: graphOf({
        columns: b.gather(b.concat([x, y], 1), kept),
        product: b.gather(b.matmul(x, w), kept),
        pooled: b.gather(b.sum(tags, [1]), kept),
        axis: b.gather(b.unsqueeze(x, 1), kept),
        part: b.gather(b.slice(y, 1, 1, 3), kept),
      }),
      gives: "gather gather concat gather matmul gather sum gather unsqueeze gather slice",
    },
    "the newest are cut out first": {
      beside: true,
      rule: 4,
      graph: of(b.slice(b.tanh(x), 0, 0, 3)),
      gives: "slice tanh",
    },
    "two histories behind each other stay: a position means another row": {
      graph: of(b.gather(b.concat([newest, b.input("oldest", "float32", [2, 4])], 0), kept)),
    },
    "a sum over the behaviours stays": {
      graph: of(b.gather(b.sum(b.input("z", "float32", ["history", 2, 4]), [0]), kept)),
    },
    "what all behaviours share is not read by position": {
      graph: of(b.gather(b.add(x, b.input("shared", "float32", [1, 4])), kept)),
    },
    "columns of a table are no rows": {
      graph: of(
        b.gatherRows(
          b.gather(b.input("t", "float32", ["batch", 6]), b.input("column", "int32", ["history", 2]), 1),
          rows,
        ),
      ),
    },
    "one number a behaviour, of several, is read once": { graph: of(b.gather(b.add(one, other), kept)) },
    "columns that are cut out are no behaviours": { graph: of(b.slice(b.tanh(x), 1, 0, 3)) },
  },
  mutants: [
    {
      off: "rule 1",
      change: ["return looksUp ? at.gather(table, read(rows)) : null;", "return null;"],
      caughtBy: "kept rows are named first, then looked up",
      as: "form",
    },
    {
      off: "rule 2",
      change: ["if (elementwise.has(op)) {", "if (elementwise.has(op)) return null;\n{"],
      caughtBy: "what is computed number by number is computed for the kept",
      as: "form",
    },
    {
      off: "gatherRows",
      change: ['if (value.node.op === "gatherRows") {', "if (false) {"],
      caughtBy: "rows of a batch, too",
      as: "form",
    },
    {
      off: "rule 3: concatenations",
      change: ["return trailing(axis) ? at.concat(", "return false ? at.concat("],
      caughtBy: "concatenations, products, sums over tags, axes and columns follow",
      as: "form",
    },
    {
      off: "rule 3: products",
      change: ["return isFixed(weight) && weight.shape.length === 2", "return false && weight.shape.length === 2"],
      caughtBy: "concatenations, products, sums over tags, axes and columns follow",
      as: "form",
    },
    {
      off: "rule 3: sums",
      change: ["return axes.every(trailing) ? at.sum(", "return false ? at.sum("],
      caughtBy: "concatenations, products, sums over tags, axes and columns follow",
      as: "form",
    },
    {
      off: "rule 3: axes",
      change: ["return axes.every(trailing) ? at.unsqueeze(", "return false ? at.unsqueeze("],
      caughtBy: "concatenations, products, sums over tags, axes and columns follow",
      as: "form",
    },
    {
      off: "rule 3: columns",
      change: ["return trailing(axis) ? at.slice(", "return false ? at.slice("],
      caughtBy: "concatenations, products, sums over tags, axes and columns follow",
      as: "form",
    },
    {
      off: "rule 4",
      change: ['return typeof value.node.inputs[0].shape[axis] === "string" ?', "return false ?"],
      caughtBy: "the newest are cut out first",
      as: "form",
    },
    {
      off: "rule 3 joins columns alone",
      change: ["return trailing(axis) ? at.concat(", "return true ? at.concat("],
      caughtBy: "two histories behind each other stay: a position means another row",
      as: "scores",
    },
    {
      off: "rule 3 sums over tags alone",
      change: ["return axes.every(trailing) ? at.sum(", "return true ? at.sum("],
      caughtBy: "a sum over the behaviours stays",
      as: "scores",
    },
    {
      off: "operands lie along the behaviours",
      change: [
        "return input.shape.slice(0, lead).every((dim, axis) => dim === x.shape[axis]) ? read(input) : null;",
        "return read(input);",
      ],
      caughtBy: "what all behaviours share is not read by position",
      as: "breaks",
    },
    {
      off: "rule 1 is of rows",
      change: ["const looksUp = attributes.axis === 0 &&", "const looksUp ="],
      caughtBy: "columns of a table are no rows",
      as: "breaks",
    },
    {
      off: "one number a behaviour",
      change: ["if (rank === lead && inputs", "if (false && inputs"],
      caughtBy: "one number a behaviour, of several, is read once",
      as: "form",
    },
    {
      off: "rule 4 is of histories",
      change: [
        'if (axis !== 0 && axis !== 1) {\n    return null;\n  }\n  return typeof value.node.inputs[0].shape[axis] === "string" ?',
        "return axis !== undefined ?",
      ],
      caughtBy: "columns that are cut out are no behaviours",
      as: "form",
    },
  ],
};
