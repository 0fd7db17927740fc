// Proofs of fold-beta, fold-bias and fold-scale.
import { builder } from "../../../../compiler/ir/build.ts";
import type { Value } from "../../../../compiler/ir/graph.ts";
import { graphOf } from "../../../kit/graph-of.ts";
import type { PassCases } from "../../../kit/pass-cases.ts";

const b = builder("m");
const of = (result: Value) => graphOf({ result });
const x = b.input("x", "float32", ["history", 4]);
const w = b.parameter("w", [4, 3]);
const beta = b.parameter("beta", []);

export const foldBeta: PassCases = {
  pass: "fold-beta",
  file: "compiler/passes/fold-beta.ts",
  name: "foldBeta",
  keeps: "rounding",
  cases: {
    "β goes into the weight": { rule: 1, graph: of(b.mul(b.matmul(x, w), beta)), gives: "mul matmul" },
    "on whichever side it stands": {
      rule: 1,
      graph: of(b.mul(beta, b.matmul(x, w))),
      gives: "mul matmul",
    },
    "a scale of several numbers stays": { graph: of(b.mul(b.matmul(x, w), b.parameter("scales", [3]))) },
    "a scale of as many numbers as the weight has rows stays": {
      graph: of(
        b.mul(b.parameter("tall", [4, 1]), b.matmul(b.input("square", "float32", [4, 4]), b.parameter("v", [4, 1]))),
      ),
    },
    "a scale that a request brings stays": { graph: of(b.mul(b.input("by", "float32", [1]), b.matmul(x, w))) },
    "a weight that a request brings stays": { graph: of(b.mul(b.matmul(x, b.input("v", "float32", [4, 3])), beta)) },
    "what adds an axis stays": { graph: of(b.mul(b.matmul(x, w), b.parameter("ones", [1, 1, 1]))) },
  },
  mutants: [
    {
      off: "rule 1",
      change: ['if (value.node.op !== "mul") {', "if (true) {"],
      caughtBy: "β goes into the weight",
      as: "form",
    },
    {
      off: "either side",
      change: ["isFixedNumber(b) ? [a, b] : [b, a]", "[a, b]"],
      caughtBy: "on whichever side it stands",
      as: "form",
    },
    {
      off: "one number",
      change: ["!isFixedNumber(scale) ||", "!isFixed(scale) ||"],
      caughtBy: "a scale of as many numbers as the weight has rows stays",
      as: "scores",
    },
    {
      off: "fixed scale",
      change: ["!isFixedNumber(scale) ||", ""],
      caughtBy: "a scale that a request brings stays",
      as: "form",
    },
    {
      off: "fixed weight",
      change: ["!isFixed(weight) ||", ""],
      caughtBy: "a weight that a request brings stays",
      as: "form",
    },
    {
      off: "no more axes",
      change: ["|| scale.shape.length > product.shape.length", ""],
      caughtBy: "what adds an axis stays",
      as: "form",
    },
  ],
};

const row = b.input("row", "int32", ["history"]);
const tagged = b.input("tagged", "int32", ["history", 2]);
const valid = b.input("valid", "float32", ["history", 2, 1]);
const vector = b.input("vector", "float32", ["history", 5]);
/** w of two heads. */
const bias = (width: number) => b.parameter(`bias${width}`, [2, width, 1]);
const biasOf = (rows: Value, width: number) => of(b.matmul(b.unsqueeze(rows, 0), bias(width)));
const looked = b.gather(b.parameter("table", [6, 5]), row);
const pooled = b.sum(b.mul(b.gather(b.parameter("table", [6, 5]), tagged), valid), [1]);

export const foldBias: PassCases = {
  pass: "fold-bias",
  file: "compiler/passes/fold-bias.ts",
  name: "foldBias",
  keeps: "rounding",
  cases: {
    "a bias is looked up": { rule: 1, graph: biasOf(looked, 5), gives: "matmul transpose gather transpose" },
    "pooled tags pool their biases": {
      beside: true,
      rule: 2,
      graph: biasOf(pooled, 5),
      gives: "matmul transpose gather transpose mul sum",
    },
    "an average of tags, too": {
      beside: true,
      rule: 2,
      graph: biasOf(b.div(pooled, b.add(b.sum(valid, [1]), b.scalar(1))), 5),
      gives: "matmul transpose gather transpose mul sum sum add div",
    },
    "the newest of either": {
      beside: true,
      rule: 3,
      graph: biasOf(b.slice(looked, 0, 0, 3), 5),
      gives: "matmul transpose gather transpose slice",
    },
    "columns of an embedding stay": { graph: biasOf(b.slice(looked, 1, 0, 2), 2) },
    "a mask of columns stays": { graph: biasOf(b.mul(looked, b.input("each", "float32", ["history", 5])), 5) },
    "a sum over columns stays": {
      graph: of(b.matmul(b.unsqueeze(b.sum(b.gather(b.parameter("wide", [6, 2]), tagged), [2]), 0), bias(2))),
    },
    "vectors are multiplied": { graph: biasOf(vector, 5) },
    "a table of a request stays": { graph: biasOf(b.gather(b.input("rows", "float32", ["rows", 5]), row), 5) },
    "a table that would be too large stays": { graph: biasOf(looked, 5), context: { biasTable: 11 } },
    "tags that cost more to pool than to multiply stay": {
      graph: biasOf(b.sum(b.gather(b.parameter("narrow", [6, 1]), b.input("many", "int32", ["history", 9])), [1]), 1),
    },
    "values of several numbers are another pass's": {
      graph: of(b.matmul(b.unsqueeze(looked, 0), b.parameter("values", [2, 5, 3]))),
    },
  },
  mutants: [
    {
      off: "rule 1",
      change: ["return tabled(inputs[0]", "return null;\ntabled(inputs[0]"],
      caughtBy: "a bias is looked up",
      as: "form",
    },
    {
      off: "rule 2",
      file: "compiler/passes/tabled.ts",
      change: ['case "sum": {', 'case "sum": {\nreturn null;'],
      caughtBy: "pooled tags pool their biases",
      as: "form",
    },
    {
      off: "rule 2: averages",
      file: "compiler/passes/tabled.ts",
      change: ['case "mul":\n    case "div": {', 'case "mul": {'],
      caughtBy: "an average of tags, too",
      as: "form",
    },
    {
      off: "rule 3",
      file: "compiler/passes/tabled.ts",
      change: ["const inner = axis < last ? times(", "const inner = false ? times("],
      caughtBy: "the newest of either",
      as: "form",
    },
    {
      off: "slices of rows",
      file: "compiler/passes/tabled.ts",
      change: ["const inner = axis < last ? times(", "const inner = true ? times("],
      caughtBy: "columns of an embedding stay",
      as: "breaks",
    },
    {
      off: "one mask a row",
      file: "compiler/passes/tabled.ts",
      change: [
        "if (mask.shape[mask.shape.length - 1] !== 1 || mask.shape.length > rows.shape.length) {",
        "if (false) {",
      ],
      caughtBy: "a mask of columns stays",
      as: "scores",
    },
    {
      off: "sums over tags",
      file: "compiler/passes/tabled.ts",
      change: ["const inner = keep || axes.includes(before) ? null : times(", "const inner = keep ? null : times("],
      caughtBy: "a sum over columns stays",
      as: "scores",
    },
    {
      off: "a fixed table",
      file: "compiler/passes/tabled.ts",
      change: ["|| !isFixed(table) || table.shape.length !== 2) {", "|| table.shape.length !== 2) {"],
      caughtBy: "a table of a request stays",
      as: "breaks",
    },
    {
      off: "its size",
      file: "compiler/passes/tabled.ts",
      change: ["if (size > limit) {", "if (false) {"],
      caughtBy: "a table that would be too large stays",
      as: "form",
    },
    {
      off: "that it pays",
      change: ["tags === 0 || 2 * tags * heads < 2 * tags * width + width * heads", "true"],
      caughtBy: "tags that cost more to pool than to multiply stay",
      as: "form",
    },
    {
      off: "one number a head",
      change: [
        'if (value.node.op !== "matmul" || value.shape[value.shape.length - 1] !== 1) {',
        'if (value.node.op !== "matmul") {',
      ],
      caughtBy: "values of several numbers are another pass's",
      as: "form",
    },
  ],
};

const keys = b.input("keys", "float32", [2, "history", 3]);
const candidate = b.input("candidate", "float32", [1, "candidates", 4]);
const query = b.matmul(candidate, b.parameter("m.query", [2, 4, 3], "query"));
const turned = (value: Value) => b.transpose(value, [0, 2, 1]);
const root = b.scalar(4);

export const foldScale: PassCases = {
  pass: "fold-scale",
  file: "compiler/passes/fold-scale.ts",
  name: "foldScale",
  keeps: "rounding",
  cases: {
    "1/√d goes into the query's weight": {
      rule: 1,
      graph: of(b.div(b.matmul(query, turned(keys)), root)),
      gives: "div matmul transpose matmul",
    },
    "on the right side of a product, too": {
      rule: 1,
      graph: of(b.div(b.matmul(keys, turned(query)), root)),
      gives: "div matmul transpose matmul",
    },
    "through axes that come and go": {
      rule: 1,
      graph: of(b.div(b.squeeze(b.unsqueeze(b.matmul(query, turned(keys)), 1), 1), root)),
      gives: "div matmul transpose matmul unsqueeze squeeze",
    },
    "keys are not divided: a table holds them": {
      graph: of(
        b.div(
          b.matmul(
            b.input("own", "float32", [2, "candidates", 3]),
            turned(b.matmul(b.input("items", "float32", [1, "history", 4]), b.parameter("m.keys", [2, 4, 3]))),
          ),
          root,
        ),
      ),
    },
    "a sum with what is no product stays": {
      graph: of(b.div(b.add(b.matmul(query, turned(keys)), b.input("bias", "float32", [2, 1, "history"])), root)),
    },
    "what a request divides by stays": {
      graph: of(b.div(b.matmul(query, turned(keys)), b.input("by", "float32", []))),
    },
    "a divisor with an axis stays": { graph: of(b.div(b.matmul(query, turned(keys)), b.parameter("one", [1]))) },
  },
  mutants: [
    {
      off: "rule 1",
      change: ['if (value.node.op !== "div" ||', "if (true ||"],
      caughtBy: "1/√d goes into the query's weight",
      as: "form",
    },
    {
      off: "the right side",
      change: ["if (onRight) {", "if (false) {"],
      caughtBy: "on the right side of a product, too",
      as: "form",
    },
    {
      off: "the left side",
      change: ["return onLeft && at.matmul(onLeft, right);", "return null;"],
      caughtBy: "1/√d goes into the query's weight",
      as: "form",
    },
    { off: "axes", change: ['    case "unsqueeze":\n', ""], caughtBy: "through axes that come and go", as: "form" },
    {
      off: "queries alone",
      change: ["return readsQuery(right) ?", "return true ?"],
      caughtBy: "keys are not divided: a table holds them",
      as: "form",
    },
    {
      off: "not below a sum",
      change: ['    case "unsqueeze":\n', '    case "unsqueeze":\n    case "add":\n'],
      caughtBy: "a sum with what is no product stays",
      as: "breaks",
    },
    {
      off: "both sides are not divided",
      change: [
        "if (onRight) {\n        return at.matmul(left, onRight);",
        "if (onRight) {\n        return at.matmul(divided(left, by) ?? at.div(left, by), onRight);",
      ],
      caughtBy: "on the right side of a product, too",
      as: "scores",
    },
    {
      off: "a fixed divisor",
      change: ["|| !isFixedNumber(inputs[1]) ||", "||"],
      caughtBy: "what a request divides by stays",
      as: "form",
    },
    {
      off: "no axis of the divisor's",
      change: ["|| inputs[1].shape.length > 0) {", ") {"],
      caughtBy: "a divisor with an axis stays",
      as: "form",
    },
  ],
};
