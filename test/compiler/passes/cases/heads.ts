// Proofs of heads-in-rows and rows-at-once.
import { builder } from "../../../../compiler/ir/build.ts";
import type { Value } from "../../../../compiler/ir/graph.ts";
import { graphOf } from "../../../kit/graph-of.ts";
import { mutant, type PassCases } from "../../../kit/pass-cases.ts";

const b = builder("m");
const of = (result: Value) => graphOf({ result });
const floats = (name: string, ...shape: (string | number)[]) => b.input(name, "float32", shape);

const perHead = floats("per_head", 2, "candidates", 1, 6);
const shared = floats("shared", "candidates", 6, 8);
const columns = floats("columns", "candidates", 6, 8);
const ofHeads = b.transpose(b.reshape(columns, ["candidates", 6, 2, 4]), [2, 0, 1, 3]);

export const headsInRows: PassCases = {
  pass: "heads-in-rows",
  file: "compiler/passes/heads-in-rows.ts",
  name: "headsInRows",
  keeps: "rounding",
  cases: {
    "weights of all heads meet the rows at once": {
      rule: 1,
      graph: of(b.matmul(perHead, b.unsqueeze(shared, 0))),
      gives: "squeeze transpose matmul transpose unsqueeze",
    },
    "queries of all heads meet the rows at once": {
      rule: 2,
      graph: of(b.matmul(b.unsqueeze(shared, 0), floats("queries", 2, "candidates", 8, 1))),
      gives: "squeeze transpose matmul transpose unsqueeze",
    },
    "of the heads' columns each takes its own": {
      beside: true,
      rule: 3,
      graph: of(b.matmul(perHead, ofHeads)),
      gives: "squeeze transpose matmul reshape mul sum transpose unsqueeze",
    },
    "rows of each head's own stay": { graph: of(b.matmul(perHead, floats("own", 2, "candidates", 6, 8))) },
    "an axis in another place is no head's": { graph: of(b.matmul(perHead, b.unsqueeze(floats("rows", 2, 6, 8), 1))) },
    "several weights a head stay": {
      graph: of(b.matmul(floats("several", 2, "candidates", 3, 6), b.unsqueeze(shared, 0))),
    },
    "several columns a head stay": {
      graph: of(b.matmul(b.unsqueeze(shared, 0), floats("many", 2, "candidates", 8, 3))),
    },
    "one head stays": { graph: of(b.matmul(floats("single", 1, "candidates", 1, 6), b.unsqueeze(shared, 0))) },
    "columns in another order stay": {
      graph: of(
        b.matmul(
          floats("four", 4, "candidates", 1, 6),
          b.transpose(b.reshape(columns, ["candidates", 6, 2, 4]), [3, 0, 1, 2]),
        ),
      ),
    },
    "more than eight heads stay": {
      graph: of(
        b.matmul(
          floats("nine", 9, "candidates", 1, 6),
          b.transpose(b.reshape(floats("wide", "candidates", 6, 18), ["candidates", 6, 9, 2]), [2, 0, 1, 3]),
        ),
      ),
    },
  },
  mutants: [
    mutant(
      "rule 1",
      "if (behind && perHead(left)",
      "if (false && perHead(left)",
      "weights of all heads meet the rows at once",
      "form",
    ),
    mutant(
      "rule 2",
      "if (before && perHead(right)",
      "if (false && perHead(right)",
      "queries of all heads meet the rows at once",
      "form",
    ),
    mutant("rule 3", "if (columns) {", "if (false) {", "of the heads' columns each takes its own", "form"),
    mutant(
      "each head's own columns",
      "Number(Math.floor(i / heads) === i % heads)",
      "Number(i >= 0)",
      "of the heads' columns each takes its own",
      "scores",
    ),
    mutant(
      "the axis of heads",
      '?.axes.join() === "0" && !isFixed(rows) ?',
      "?.axes.length === 1 && !isFixed(rows) ?",
      "an axis in another place is no head's",
      "breaks",
    ),
    mutant(
      "one weight a head",
      "if (behind && perHead(left) && left.shape[2] === 1) {",
      "if (behind && perHead(left)) {",
      "several weights a head stay",
      "breaks",
    ),
    mutant(
      "one column a head",
      "if (before && perHead(right) && right.shape[3] === 1) {",
      "if (before && perHead(right)) {",
      "several columns a head stay",
      "breaks",
    ),
    mutant("several heads", "|| value.shape[0] === 1) {", ") {", "one head stays", "form"),
    mutant(
      "the order of columns",
      'if (made(values, "transpose")?.permutation.join() !== "2,0,1,3" ||',
      'if (made(values, "transpose") === null ||',
      "columns in another order stay",
      "scores",
    ),
    mutant("what pays", "const mostHeads = 8;", "const mostHeads = 9;", "more than eight heads stay", "form"),
  ],
};

const single = floats("single_row", 2, "batch", 1, 6);

export const rowsAtOnce: PassCases = {
  pass: "rows-at-once",
  file: "compiler/passes/rows-at-once.ts",
  name: "rowsAtOnce",
  keeps: "rounding",
  cases: {
    "rows that meet one matrix stand together": {
      rule: 1,
      graph: of(b.matmul(single, b.parameter("w4", [2, 1, 6, 4]))),
      gives: "squeeze squeeze matmul unsqueeze",
    },
    "columns that meet one matrix stand together": {
      rule: 2,
      graph: of(b.matmul(b.parameter("left", [2, 1, 4, 6]), floats("column", 2, "batch", 6, 1))),
      gives: "squeeze squeeze transpose matmul unsqueeze",
    },
    "a matrix a row stays": { graph: of(b.matmul(single, floats("each", 2, "batch", 6, 4))) },
    "several rows stay": { graph: of(b.matmul(floats("several", 2, "batch", 3, 6), b.parameter("w4", [2, 1, 6, 4]))) },
    "several columns stay": {
      graph: of(b.matmul(b.parameter("left", [2, 1, 4, 6]), floats("columns3", 2, "batch", 6, 3))),
    },
    "heads that differ in number stay": {
      graph: of(b.matmul(floats("one_head", 1, "batch", 1, 6), b.parameter("w4", [2, 1, 6, 4]))),
    },
    "one row stays": { graph: of(b.matmul(floats("one_row", 2, 1, 1, 6), b.parameter("w4", [2, 1, 6, 4]))) },
  },
  mutants: [
    mutant(
      "rule 1",
      "if (left.shape[2] === 1 && right",
      "if (false && right",
      "rows that meet one matrix stand together",
      "form",
    ),
    mutant(
      "rule 2",
      "if (right.shape[3] === 1 && left",
      "if (false && left",
      "columns that meet one matrix stand together",
      "form",
    ),
    mutant("one matrix a head", "&& right.shape[1] === 1 &&", "&&", "a matrix a row stays", "breaks"),
    mutant("single rows", "if (left.shape[2] === 1 && right", "if (right", "several rows stay", "breaks"),
    mutant("single columns", "if (right.shape[3] === 1 && left", "if (left", "several columns stay", "breaks"),
    mutant(
      "as many heads",
      "|| left.shape[0] !== right.shape[0]) {\n      return null;",
      ") {\n      return null;",
      "heads that differ in number stay",
      "form",
    ),
    mutant("several rows", "&& left.shape[1] !== 1)", ")", "one row stays", "form"),
  ],
};
