// Proofs of training's passes over steps, and before a graph is cut or written.
import { builder } from "../../../../compiler/ir/build.ts";
import type { Value } from "../../../../compiler/ir/graph.ts";
import { graphOf } from "../../../kit/graph-of.ts";
import { mutant, type PassCases } from "../../../kit/pass-cases.ts";

const b = builder("m");
const of = (result: Value) => graphOf({ result });
const floats = (name: string, ...shape: (string | number)[]) => b.input(name, "float32", shape);
const index = (name: string, ...shape: (string | number)[]) => b.input(name, "int32", shape);
const training = "compiler/passes/training";
const atItems = index("at_items", "batch", 5);
const some = index("some", "batch");

const heads = floats("heads", 2, "batch", 4, 1);
const behaviours = floats("behaviours", "batch", 3, 4);
const alike = floats("alike", 2, 1, 4, 1);

export const rowsOfScores: PassCases = {
  pass: "rows-of-scores",
  file: `${training}/rows-of-scores.ts`,
  name: "rowsOfScores",
  keeps: "rounding",
  cases: {
    "scores are rows": {
      rule: 1,
      graph: of(b.matmul(b.unsqueeze(behaviours, 0), heads)),
      gives: "squeeze transpose transpose matmul transpose unsqueeze",
    },
    "of what is alike for all rows": {
      rule: 1,
      graph: of(b.matmul(b.unsqueeze(behaviours, 0), alike)),
      gives: "reshape transpose matmul transpose unsqueeze",
    },
    "sums of such are one product": {
      rule: 2,
      graph: of(
        b.add(
          b.matmul(b.unsqueeze(behaviours, 0), alike),
          b.matmul(b.unsqueeze(floats("more", "batch", 3, 2), 0), floats("alike2", 2, 1, 2, 1)),
        ),
      ),
      gives: "reshape reshape concat concat transpose matmul transpose unsqueeze",
    },
    "sums with products of each row's own stay two": {
      rule: 2,
      graph: of(b.add(b.matmul(b.unsqueeze(behaviours, 0), alike), b.matmul(b.unsqueeze(behaviours, 0), heads))),
      gives: "squeeze transpose transpose matmul reshape transpose matmul add transpose unsqueeze",
    },
    "rows of each head stay": { graph: of(b.matmul(floats("own", 2, "batch", 3, 4), heads)) },
    "several columns stay": { graph: of(b.matmul(b.unsqueeze(behaviours, 0), floats("several", 2, "batch", 4, 3))) },
    "an axis in another place stays": { graph: of(b.matmul(b.unsqueeze(floats("cube", 2, 3, 4), 1), alike)) },
    "products that are subtracted stay": {
      graph: of(b.sub(floats("a", 2, "batch", 3, 1), floats("c", 2, "batch", 3, 1))),
    },
  },
  mutants: [
    mutant(
      "rule 1",
      'value.node.op === "matmul" ? termOf(inputs) :',
      'value.node.op === "matmul" ? null :',
      "scores are rows",
      "form",
    ),
    mutant("rule 2", 'value.node.op === "add" ? sumOf(inputs) : null', "null", "sums of such are one product", "form"),
    mutant(
      "products of each row's own",
      "const alike = terms.filter(({ query }) => query.shape.length === 2);",
      "const alike = terms;",
      "sums with products of each row's own stay two",
      "breaks",
    ),
    mutant(
      "rows that heads share",
      'if (made(left, "unsqueeze")?.axes.join() !== "0" || left',
      "if (left.node.inputs.length === 0 || left",
      "an axis in another place stays",
      "scores",
    ),
    mutant("one column", "if (one !== 1 || typeof heads", "if (typeof heads", "several columns stay", "breaks"),
    mutant(
      "the axis of heads",
      '?.axes.join() !== "0" || left',
      "?.axes === undefined || left",
      "an axis in another place stays",
      "scores",
    ),
  ],
};

const weights = floats("attention", "batch", 2, 5);
const wideRows = floats("wide_rows", "batch", 5, 32);
const narrowRows = floats("narrow_rows", "batch", 5, 3);

export const wideApart: PassCases = {
  pass: "wide-apart",
  file: `${training}/wide-apart.ts`,
  name: "wideApart",
  keeps: "bits",
  cases: {
    "wide rows meet the weights by themselves": {
      rule: 1,
      graph: of(b.matmul(weights, b.concat([wideRows, narrowRows], 2))),
      gives: "matmul matmul concat",
    },
    "narrow ones together": {
      rule: 1,
      graph: of(b.matmul(weights, b.concat([narrowRows, floats("thin", "batch", 5, 2), wideRows], 2))),
      gives: "concat matmul matmul concat",
    },
    "narrow rows alone stay": {
      graph: of(b.matmul(weights, b.concat([narrowRows, floats("thin", "batch", 5, 2)], 2))),
    },
    "behaviours behind each other stay": {
      graph: of(b.matmul(weights, b.concat([floats("two", "batch", 2, 32), floats("three", "batch", 3, 32)], 1))),
    },
    "a fixed matrix of parts stays": {
      graph: of(
        b.matmul(
          floats("x", "batch", 2, 5),
          b.concat([b.parameter("left", [1, 5, 32]), b.parameter("right", [1, 5, 3])], 2),
        ),
      ),
    },
    "heads of their own stay": {
      graph: of(
        b.matmul(
          floats("four", 2, "batch", 2, 5),
          b.concat([floats("w4", 2, "batch", 5, 32), floats("n4", 2, "batch", 5, 3)], 3),
        ),
      ),
    },
  },
  mutants: [
    mutant(
      "rule 1",
      "if (groups.length < 2) {",
      "if (groups.length >= 2) {",
      "wide rows meet the weights by themselves",
      "form",
    ),
    mutant(
      "narrow ones",
      "if (before && !isWide(part) && !isWide(before[0])) {",
      "if (false) {",
      "narrow ones together",
      "form",
    ),
    mutant(
      "columns",
      'if (made(rows, "concat")?.axis !== last ||',
      'if (made(rows, "concat") === null ||',
      "behaviours behind each other stay",
      "breaks",
    ),
    mutant("something wide", "const wide = 32;", "const wide = 2;", "narrow rows alone stay", "form"),
    mutant(
      "rows of the batch",
      "|| isFixed(rows)) {\n      return null;",
      ") {\n      return null;",
      "a fixed matrix of parts stays",
      "form",
    ),
    mutant("three axes", "|| value.shape.length !== 3) {", ") {", "heads of their own stay", "form"),
  ],
};

const vector = index("vector", "items");
const pairs = floats("pairs", "items", 2);

export const numberByNumber: PassCases = {
  pass: "number-by-number",
  file: `${training}/number-by-number.ts`,
  name: "numberByNumber",
  keeps: "bits",
  cases: {
    "numbers of a vector are read one by one": { rule: 1, graph: of(b.gather(vector, atItems)), gives: "gather" },
    "columns that come in front are read in turn": {
      beside: true,
      rule: 2,
      graph: of(b.transpose(b.gather(pairs, atItems), [2, 0, 1])),
      gives: "slice squeeze gather unsqueeze slice squeeze gather unsqueeze concat",
    },
    "also under an axis of one": {
      beside: true,
      rule: 2,
      graph: of(b.transpose(b.gather(floats("biases", "items", 2, 1), atItems), [2, 0, 1, 3])),
      gives: "slice squeeze gather unsqueeze slice squeeze gather unsqueeze concat unsqueeze",
    },
    "wide rows stay": { graph: of(b.transpose(b.gather(floats("nine", "items", 9), atItems), [2, 0, 1])) },
    "columns that stay behind are rows": {
      graph: of(b.transpose(b.gather(floats("cube", "items", 2, 1), atItems), [1, 0, 2, 3])),
    },
    "rows of several numbers a column stay": {
      graph: of(b.transpose(b.gather(floats("deep", "items", 2, 3), atItems), [2, 0, 1, 3])),
    },
    "one number alone is no look-up of many": { graph: of(b.gather(vector, index("single", ...[]))) },
    "columns of a matrix stay": {
      graph: of(b.transpose(b.gather(floats("flat", 4, 4), index("square", 4, 4), 1), [2, 0, 1])),
    },
  },
  mutants: [
    mutant(
      "rule 1",
      "if (gathered !== null) {\n      return single(value, inputs, gathered);",
      "if (gathered !== null) {\n      return null;",
      "numbers of a vector are read one by one",
      "form",
    ),
    mutant(
      "rule 2",
      'if (order !== "2,0,1,3" && order !== "2,0,1") {',
      "if (order !== null) {",
      "columns that come in front are read in turn",
      "form",
    ),
    mutant(
      "the last axis",
      "return table.shape.length === 3 ? at.unsqueeze(front, 3) : front;",
      "return front;",
      "also under an axis of one",
      "scores",
    ),
    mutant(
      "each column in turn",
      "at.slice(table, 1, column, column + 1)",
      "at.slice(table, 1, 0, 1)",
      "columns that come in front are read in turn",
      "scores",
    ),
    mutant("what pays", "|| columns > narrow ||", "||", "wide rows stay", "form"),
    mutant(
      "columns in front",
      'if (order !== "2,0,1,3" && order !== "2,0,1") {',
      "if (order === undefined) {",
      "columns that stay behind are rows",
      "scores",
    ),
    mutant("one number a column", "|| rest !== 1) {", ") {", "rows of several numbers a column stay", "breaks"),
    mutant(
      "rows of a table",
      'if (made(read, "gather")?.axis !== 0) {',
      'if (made(read, "gather") === null) {',
      "columns of a matrix stay",
      "scores",
    ),
    mutant("several indices", "|| index.shape.length === 0 ||", "||", "one number alone is no look-up of many", "form"),
  ],
};

const early = (name: string) => floats(name, 3);
const lateOne = b.reshape(b.scatterAdd(some, floats("one", "batch", 2), floats("four", 4, 2)), [8]);

export const earlyTogether: PassCases = {
  pass: "early-together",
  file: `${training}/early-together.ts`,
  name: "earlyTogether",
  keeps: "bits",
  harmless: "neighbours in a flat concatenation may always be joined first",
  cases: {
    "early neighbours are one": {
      rule: 1,
      graph: of(b.concat([early("a"), early("c"), lateOne], 0)),
      gives: "concat scatterAdd reshape concat",
    },
    "on both sides of what is late": {
      rule: 1,
      graph: of(b.concat([early("a"), early("c"), lateOne, early("d"), early("e")], 0)),
      gives: "concat scatterAdd reshape concat concat",
    },
    "early alone stays": { graph: of(b.concat([early("a"), early("c")], 0)) },
    "neighbours that are not early stay": { graph: of(b.concat([early("a"), lateOne, early("c")], 0)) },
    "rows side by side stay": {
      graph: of(
        b.concat(
          [floats("p", 4, 1), floats("q", 4, 1), b.scatterAdd(some, floats("one", "batch", 2), floats("four", 4, 2))],
          1,
        ),
      ),
    },
  },
  mutants: [
    mutant(
      "rule 1",
      "if (runs.length === inputs.length) {",
      "if (runs.length > 0) {",
      "early neighbours are one",
      "form",
    ),
    mutant(
      "their order",
      'return parts.length === 1 ? parts[0] : make("concat", parts,',
      'return parts.length === 1 ? parts[0] : make("concat", parts.toReversed(),',
      "on both sides of what is late",
      "scores",
    ),
    mutant(
      "early neighbours",
      "if (early && index > 0 && !isLate.has(node.inputs[index - 1]))",
      "if (early && index > 0 && runs.length > 0)",
      "neighbours that are not early stay",
      "form",
    ),
    mutant("flat ones", "|| value.shape.length !== 1 ||", "||", "rows side by side stay", "form"),
  ],
};
