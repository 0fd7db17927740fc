// Proofs of reassociate, merge-output and user-once.
import { builder } from "../../../../compiler/ir/build.ts";
import type { Value } from "../../../../compiler/ir/graph.ts";
import { graphOf } from "../../../kit/graph-of.ts";
import { mutant, type PassCases } from "../../../kit/pass-cases.ts";

const b = builder("m");
const of = (result: Value) => graphOf({ result });
const floats = (name: string, ...shape: (string | number)[]) => b.input(name, "float32", shape);

const p = floats("p", "candidates", 1, 6);
const keys = floats("keys", "candidates", 6, 8);
const w = b.parameter("w", [8, 4]);
const q = floats("q", "candidates", 4, 1);

export const reassociate: PassCases = {
  pass: "reassociate",
  file: "compiler/passes/reassociate.ts",
  name: "reassociate",
  keeps: "rounding",
  cases: {
    "weights meet the rows before these are projected": {
      rule: 1,
      graph: of(b.matmul(p, b.matmul(keys, w))),
      gives: "matmul matmul",
    },
    "the cached part of the values stays apart": {
      beside: true,
      rule: 2,
      graph: of(b.matmul(p, b.add(floats("cached", "candidates", 6, 4), b.matmul(keys, w)))),
      gives: "matmul matmul matmul add",
    },
    "on whichever side it stands": {
      beside: true,
      rule: 2,
      graph: of(b.matmul(p, b.add(b.matmul(keys, w), floats("cached", "candidates", 6, 4)))),
      gives: "matmul matmul matmul add",
    },
    "the query goes back to the width of the items": {
      rule: 3,
      graph: of(b.matmul(b.matmul(keys, w), q)),
      gives: "matmul matmul",
    },
    "values that are masked after they are projected stay": {
      graph: of(b.matmul(p, b.mul(b.matmul(keys, w), floats("valid", "candidates", 6, 4)))),
    },
    "a sum that repeats an operand stays": {
      graph: of(b.matmul(p, b.add(floats("each", 1, 6, 4), b.matmul(keys, w)))),
    },
    "many weights of few rows stay": { graph: of(b.matmul(floats("many", "candidates", 90, 6), b.matmul(keys, w))) },
    "many queries of few rows stay": { graph: of(b.matmul(b.matmul(keys, w), floats("queries", "candidates", 4, 90))) },
    "a size that nobody knows leaves the order": {
      graph: of(b.matmul(floats("weights", "unknown", 1, 6), b.matmul(floats("rest", "unknown", 6, 8), w))),
    },
    "a matrix of the request stays": { graph: of(b.matmul(p, b.matmul(keys, floats("matrix", 8, 4)))) },
  },
  mutants: [
    mutant(
      "rule 1",
      '=== "left" ? at.matmul(at.matmul(left, keys), weight) : null;',
      '=== "none" ? value : null;',
      "weights meet the rows before these are projected",
      "form",
    ),
    mutant(
      "rule 2",
      'if (right.node.op === "add" && !isFixed(left)) {',
      "if (false as boolean) {",
      "the cached part of the values stays apart",
      "form",
    ),
    mutant(
      "rule 2: either side",
      "const product = [a, b].find(",
      "const product = [a].find(",
      "the cached part of the values stays apart",
      "form",
    ),
    mutant(
      "rule 3",
      '=== "right" ? at.matmul(keys, at.matmul(weight, right)) : null;',
      '=== "none" ? value : null;',
      "the query goes back to the width of the items",
      "form",
    ),
    mutant(
      "a plain sum",
      'right.node.op === "add" &&',
      '(right.node.op === "add" || right.node.op === "mul") &&',
      "values that are masked after they are projected stay",
      "scores",
    ),
    mutant(
      "a sum of one shape",
      "|| product.shape.join() !== rest.shape.join()",
      "",
      "a sum that repeats an operand stays",
      "form",
    ),
    mutant("what pays", "return left < right ?", "return left !== right ?", "many weights of few rows stay", "form"),
    mutant(
      "what pays for queries",
      "return left < right ?",
      "return left > right ?",
      "many queries of few rows stay",
      "form",
    ),
    mutant(
      "sizes that are known",
      "if (Number.isNaN(left) || Number.isNaN(right) || left === right) {\n    return null;",
      'if (Number.isNaN(left)) {\n    return "left";',
      "a size that nobody knows leaves the order",
      "form",
    ),
    mutant(
      "a fixed matrix",
      'if (right.node.op === "matmul" && isFixed(right.node.inputs[1]) &&',
      'if (right.node.op === "matmul" &&',
      "a matrix of the request stays",
      "form",
    ),
  ],
};

const attention = floats("attention", 2, "candidates", 6);
const history = floats("history", 1, 6, 8);
const wv = b.parameter("wv", [2, 8, 4]);
const side = (heads: Value) => b.reshape(b.transpose(heads, [1, 0, 2]), ["candidates", 8]);
const wo = b.parameter("wo", [8, 3]);
const kept = b.input("kept", "int32", ["rows"]);

export const mergeOutput: PassCases = {
  pass: "merge-output",
  file: "compiler/passes/merge-output.ts",
  name: "mergeOutput",
  keeps: "rounding",
  cases: {
    "both projections are one": {
      rule: 1,
      graph: of(b.matmul(side(b.matmul(attention, b.matmul(history, wv))), wo)),
      gives: "reshape matmul matmul matmul sum",
    },
    "of pairs of candidate and behaviour, too": {
      rule: 1,
      graph: of(
        b.matmul(
          side(
            b.squeeze(
              b.matmul(
                floats("one", 2, "candidates", 1, 6),
                b.matmul(floats("own", 1, "candidates", 6, 8), b.unsqueeze(wv, 1)),
              ),
              2,
            ),
          ),
          wo,
        ),
      ),
      gives: "unsqueeze reshape unsqueeze matmul matmul matmul squeeze sum",
    },
    "of sums, of rows that are read, and of tables of values": {
      beside: true,
      rule: 1,
      graph: of(
        b.matmul(
          side(
            b.matmul(
              floats("weights", 2, "candidates", "rows"),
              b.add(b.gather(b.matmul(history, wv), kept, 1), b.gather(b.parameter("values", [2, 6, 4]), kept, 1)),
            ),
          ),
          wo,
        ),
      ),
      gives: "reshape matmul matmul gather matmul gather add matmul sum",
    },
    "values that a table holds stay": { graph: of(b.matmul(side(b.matmul(attention, floats("cached", 2, 6, 4))), wo)) },
    "values that are rectified stay": {
      graph: of(b.matmul(side(b.matmul(attention, b.relu(b.matmul(history, wv)))), wo)),
    },
    "heads in another order stay": {
      graph: of(
        b.matmul(b.reshape(b.transpose(b.matmul(attention, b.matmul(history, wv)), [1, 2, 0]), ["candidates", 8]), wo),
      ),
    },
    "an output wider than a value stays": {
      graph: of(b.matmul(side(b.matmul(attention, b.matmul(history, wv))), b.parameter("wide", [8, 5]))),
    },
    "heads read one by one stay": {
      graph: of(
        b.matmul(
          side(b.matmul(attention, b.gather(b.matmul(history, wv), b.input("heads", "int32", [2]), 0))),
          b.parameter("narrow", [8, 3]),
        ),
      ),
    },
  },
  mutants: [
    mutant("rule 1", "if (!merged) {", "if (merged || !merged) {", "both projections are one", "form"),
    mutant(
      "pairs",
      "const product = pairwise ? heads.node.inputs[0] : heads;",
      "const product = heads;",
      "of pairs of candidate and behaviour, too",
      "form",
    ),
    mutant(
      "sums",
      "return a && b && at.add(a, b);",
      "return null;",
      "of sums, of rows that are read, and of tables of values",
      "form",
    ),
    mutant(
      "what made the values",
      "default:\n      return null;",
      "default:\n      return merge(node.inputs[0], output);",
      "values that are rectified stay",
      "scores",
    ),
    mutant(
      "heads side by side",
      'return order === "1,0,2" ?',
      "return order !== undefined ?",
      "heads in another order stay",
      "scores",
    ),
    mutant(
      "what pays",
      "if (out > width || side.shape[1] !== count * width) {",
      "if (false) {",
      "an output wider than a value stays",
      "form",
    ),
    mutant(
      "rows, not heads",
      "node.attributes.axis === 1 ? merge(",
      "true ? merge(",
      "heads read one by one stay",
      "breaks",
    ),
    mutant(
      "values of this graph",
      "if (isFixed(values)) {",
      "if (node.inputs.length === 0 || isFixed(values)) {",
      "values that a table holds stay",
      "form",
    ),
  ],
};

const repeat = b.input("repeat", "int32", ["candidates"]);
const user = floats("user", 1, 5);
const context = floats("context", 1, 2);
const item = floats("item", "candidates", 4);
/** A row of one, whatever the index says. */
const first = b.mul(repeat, b.ints([0], []));
const once = (row: Value) => b.gather(row, first);

export const userOnce: PassCases = {
  pass: "user-once",
  file: "compiler/passes/user-once.ts",
  name: "userOnce",
  keeps: "rounding",
  cases: {
    "the user meets its rows of the weight once": {
      rule: 1,
      graph: of(b.matmul(b.concat([item, once(user)], 1), b.parameter("first", [9, 3]))),
      gives: "slice matmul slice matmul add",
    },
    "user and context together, wherever they stand": {
      rule: 1,
      graph: of(b.matmul(b.concat([once(user), item, once(context)], 1), b.parameter("all", [11, 3]))),
      gives: "slice matmul concat slice slice concat matmul add",
    },
    "where there is nothing else the result is repeated": {
      rule: 2,
      graph: of(b.matmul(once(user), b.parameter("alone", [5, 3]))),
      gives: "matmul mul gather",
    },
    "a row of each candidate's own stays": {
      graph: of(b.matmul(b.concat([item, b.gather(floats("users", 2, 5), repeat)], 1), b.parameter("first", [9, 3]))),
    },
    "columns that are repeated are no rows": {
      graph: of(
        b.matmul(
          b.concat(
            [floats("item_row", 1, 4), b.gather(floats("user_row", 1, 3), b.input("columns", "int32", [5]), 1)],
            1,
          ),
          b.parameter("first", [9, 3]),
        ),
      ),
    },
    "rows behind each other stay": {
      graph: of(
        b.matmul(
          b.concat([once(floats("user4", 1, 4)).node.inputs[0], floats("user5", 1, 4)], 0),
          b.parameter("four", [4, 3]),
        ),
      ),
    },
    "a user too narrow to pay stays": {
      graph: of(b.matmul(b.concat([item, once(context)], 1), b.parameter("six", [6, 3]))),
    },
    "a weight of the request stays": { graph: of(b.matmul(b.concat([item, once(user)], 1), floats("given", 9, 3))) },
  },
  mutants: [
    mutant("rule 1", "return at.add(own, user);", "return null;", "the user meets its rows of the weight once", "form"),
    mutant("rule 2", "if (whole) {", "if (false) {", "where there is nothing else the result is repeated", "form"),
    mutant("one row", "row.shape[0] === 1 &&", "", "a row of each candidate's own stays", "breaks"),
    mutant(
      "rows, not columns",
      'made(value, "gather")?.axis !== 0 ||',
      'made(value, "gather") === null ||',
      "columns that are repeated are no rows",
      "breaks",
    ),
    mutant("what pays", "if (width < leastWidth) {", "if (false) {", "a user too narrow to pay stays", "form"),
    mutant("a fixed weight", "|| !isFixed(inputs[1]) ||", "||", "a weight of the request stays", "form"),
  ],
};
