// Proofs of mask-in-product, settle-layout, share and fold-parameters.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: patches of source hold its templates
import { builder } from "../../../../compiler/ir/build.ts";
import type { Value } from "../../../../compiler/ir/graph.ts";
import { graphOf } from "../../../kit/graph-of.ts";
import { mutant, type PassCases } from "../../../kit/pass-cases.ts";

const b = builder("m");
const of = (result: Value) => graphOf({ result });
const floats = (name: string, ...shape: (string | number)[]) => b.input(name, "float32", shape);

const q = floats("q", 2, "candidates", 4);
const keys = floats("keys", 2, "history", 4);
const product = b.matmul(q, b.transpose(keys, [0, 2, 1]));
const bias = floats("bias", 2, 1, "history");
const penalty = floats("penalty", "history");
const valid = floats("valid", "history");
const mask = b.mul(b.sub(valid, b.scalar(1)), b.scalar(1e30));
const row = b.input("row", "int32", ["history"]);
const lookedUp = b.unsqueeze(b.transpose(b.gather(b.parameter("biases", [6, 2]), row), [1, 0]), 1);
const large = b.unsqueeze(b.transpose(b.gather(b.parameter("large", [40_000, 2]), row), [1, 0]), 1);

export const maskInProduct: PassCases = {
  pass: "mask-in-product",
  file: "compiler/passes/mask-in-product.ts",
  name: "maskInProduct",
  keeps: "rounding",
  cases: {
    "bias and mask travel with the product": {
      beside: true,
      rule: 1,
      graph: of(b.add(b.add(product, bias), penalty)),
      gives: "add squeeze biasedScores",
    },
    "the mask alone": { rule: 2, graph: of(b.add(product, penalty)), gives: "unsqueeze biasedScores" },
    "keys as they are stored": {
      rule: 2,
      graph: of(
        b.add(b.matmul(q, b.transpose(b.transpose(floats("stored", "history", 2, 4), [1, 0, 2]), [0, 2, 1])), penalty),
      ),
      gives: "unsqueeze biasedScores",
    },
    "a masked bias is a row of its table": {
      beside: true,
      rule: 3,
      graph: of(b.add(b.add(product, lookedUp), mask)),
      gives: "reshape concat transpose greater where unsqueeze concat gatherElements biasedScores",
    },
    "of a large table rows are read": {
      beside: true,
      rule: 3,
      graph: of(b.add(b.add(product, large), mask)),
      gives: "reshape concat greater where gather transpose biasedScores",
    },
    "a mask of candidates stays": { graph: of(b.add(product, floats("each", "candidates", 1))) },
    "a mask of a candidate each stays": {
      graph: of(
        b.add(
          b.matmul(floats("many", 2, "history", 4), b.transpose(keys, [0, 2, 1])),
          floats("pairs", "history", "history"),
        ),
      ),
    },
    "a bias of a candidate each stays": {
      graph: of(b.add(b.add(product, floats("own", 2, "candidates", "history")), penalty)),
    },
    "another product stays": { graph: of(b.add(b.matmul(q, floats("turned", 2, 4, "history")), penalty)) },
    "keys that all heads share stay": {
      graph: of(b.add(b.matmul(q, b.transpose(floats("shared", 1, "history", 4), [0, 2, 1])), penalty)),
    },
    "scores that something else reads stay": { graph: graphOf({ masked: b.add(product, penalty), scores: product }) },
    "a mask of another size is added": {
      beside: true,
      rule: 1,
      graph: of(b.add(b.add(product, lookedUp), b.mul(b.sub(valid, b.scalar(1)), b.scalar(3)))),
      gives: "gather transpose unsqueeze sub mul add squeeze biasedScores",
    },
  },
  mutants: [
    mutant(
      "rule 1",
      'const sum = score.node.op === "add";',
      "const sum = false;",
      "bias and mask travel with the product",
      "form",
    ),
    mutant(
      "rule 2",
      "return masked(product, sum ? score.node.inputs[1] : null, penalty);",
      "return sum ? masked(product, score.node.inputs[1], penalty) : null;",
      "the mask alone",
      "form",
    ),
    mutant("rule 3", "(bias && maskedLookUp(bias, penalty)) ??", "", "a masked bias is a row of its table", "form"),
    mutant(
      "what is near",
      "if (heads * count > nearNumbers) {",
      "if (heads * count < 0) {",
      "of a large table rows are read",
      "form",
    ),
    mutant("stored keys", "stored ? 0 : 1);", "1);", "keys as they are stored", "breaks"),
    mutant(
      "one number a behaviour",
      "|| penalty.shape.length !== 1 ||",
      "||",
      "a mask of a candidate each stays",
      "breaks",
    ),
    mutant(
      "a bias of behaviours",
      "if (bias !== null && (bias.shape.length !== 3 || bias.shape[1] !== 1)) {",
      "if (false) {",
      "a bias of a candidate each stays",
      "breaks",
    ),
    mutant(
      "keys in their places",
      'if (made(turned, "transpose")?.permutation.join() !== "0,2,1") {',
      "if (false) {",
      "another product stays",
      "breaks",
    ),
    mutant(
      "heads of their own",
      "keys.shape[0] !== queries.shape[0] ||",
      "",
      "keys that all heads share stay",
      "breaks",
    ),
    mutant("one reader", "if (!alone(original) ||", "if (", "scores that something else reads stay", "form"),
    mutant(
      "the size of a mask",
      "number(scale) === Math.fround(1e30) &&",
      "",
      "a mask of another size is added",
      "scores",
    ),
  ],
};

const x = floats("x", 3, "candidates", 4);
const y = floats("y", 3, "candidates", 4);
const turned = floats("turned_x", "candidates", 3, 4);
const one = floats("one", 3, 1, 4);

export const settleLayout: PassCases = {
  pass: "settle-layout",
  file: "compiler/passes/settle-layout.ts",
  name: "settleLayout",
  keeps: "bits",
  cases: {
    "axes that come and go": { rule: 1, graph: of(b.relu(b.squeeze(b.unsqueeze(x, 2), 2))), gives: "relu" },
    "turns that are undone": {
      rule: 1,
      graph: of(b.relu(b.transpose(b.transpose(x, [1, 0, 2]), [1, 0, 2]))),
      gives: "relu",
    },
    "two turns are one": { rule: 1, graph: of(b.transpose(b.transpose(x, [1, 0, 2]), [0, 2, 1])), gives: "transpose" },
    "axes of both sides": {
      beside: true,
      rule: 2,
      graph: of(b.sub(b.unsqueeze(x, 2), b.unsqueeze(y, 2))),
      gives: "sub unsqueeze",
    },
    "turns before a sum": {
      beside: true,
      rule: 3,
      graph: of(b.transpose(b.add(b.transpose(turned, [1, 0, 2]), x), [1, 0, 2])),
      gives: "transpose add",
    },
    "other axes stay": { graph: of(b.unsqueeze(b.squeeze(floats("edges", 1, 3, 1), 0), 2)) },
    "axes in different places stay": {
      graph: of(b.add(b.unsqueeze(floats("left", 4, 4), 1), b.unsqueeze(floats("right", 4, 4), 0))),
    },
    "operands of different rank stay": {
      graph: of(b.add(b.unsqueeze(floats("cube", 4, 4, 4), 1), b.unsqueeze(floats("square", 4, 4), 1))),
    },
    "operands of different shape stay": {
      graph: of(b.transpose(b.add(b.transpose(turned, [1, 0, 2]), one), [1, 0, 2])),
    },
    "turns that undo nothing stay": {
      graph: of(b.transpose(b.add(b.transpose(turned, [1, 0, 2]), x), [0, 2, 1])),
    },
    "a sum that something else reads stays": {
      graph: (() => {
        const sum = b.add(b.transpose(turned, [1, 0, 2]), x);
        return graphOf({ back: b.transpose(sum, [1, 0, 2]), sum: b.relu(sum) });
      })(),
    },
  },
  mutants: [
    mutant("rule 1", "if (opposite) {", "if (false) {", "axes that come and go", "form"),
    mutant(
      "rule 1: turns",
      "return turn && (isStill ||",
      "return turn && false && (isStill ||",
      "two turns are one",
      "form",
    ),
    mutant(
      "rule 2",
      "default:\n          return elementwise.has(value.node.op) && inputs.length === 2 ?",
      "default:\n          return false ?",
      "axes of both sides",
      "form",
    ),
    mutant(
      "rule 3",
      "turnedBefore(value.node.attributes.permutation, inputs[0]) : null",
      "null : null",
      "turns before a sum",
      "form",
    ),
    mutant(
      "the same axes",
      "return axesOf(value) === axesOf(x) ? x.node.inputs[0] : null;",
      "return x.node.inputs[0];",
      "other axes stay",
      "scores",
    ),
    mutant(
      "axes of one place",
      "|| axesOf(left) !== axesOf(right)) {",
      ") {",
      "axes in different places stay",
      "scores",
    ),
    mutant(
      "one rank",
      "if (x.shape.length !== y.shape.length) {",
      "if (false) {",
      "operands of different rank stay",
      "scores",
    ),
    mutant(
      "one shape",
      "if (!sameShape(left.shape, right.shape) ||",
      "if (",
      "operands of different shape stay",
      "form",
    ),
    mutant(
      "a turn that undoes",
      "|| !(undoes(left) || undoes(right))) {",
      ") {",
      "turns that undo nothing stay",
      "form",
    ),
    mutant("one reader", "(alone(value.node.inputs[0]) ?", "(true ?", "a sum that something else reads stays", "form"),
  ],
};

const cube = floats("cube", 4, 4, 4);

export const share: PassCases = {
  pass: "share",
  file: "compiler/passes/share.ts",
  name: "share",
  keeps: "bits",
  cases: {
    "equal nodes are one": { rule: 1, graph: of(b.add(b.tanh(x), b.tanh(x))), gives: "tanh add" },
    "and what stands on them": {
      rule: 1,
      graph: of(b.add(b.relu(b.tanh(x)), b.relu(b.tanh(x)))),
      gives: "tanh relu add",
    },
    "other attributes stay": { graph: of(b.sub(b.sum(cube, [0]), b.sum(cube, [1]))) },
    "other operands stay": { graph: of(b.sub(b.tanh(x), b.tanh(y))) },
    "the order of operands counts": { graph: of(b.add(b.sub(x, y), b.sub(y, x))) },
    "another operator stays": { graph: of(b.sub(b.tanh(x), b.sigmoid(x))) },
    "−0 is not 0": { graph: of(b.add(b.div(b.abs(x), b.scalar(0)), b.div(b.abs(y), b.scalar(-0)))) },
  },
  mutants: [
    mutant("rule 1", "if (known) {", "if (false) {", "equal nodes are one", "form"),
    mutant(
      "attributes",
      "const key = `${op} ${attributesKey(value.node)} ${inputs",
      "const key = `${op} ${inputs",
      "other attributes stay",
      "scores",
    ),
    mutant("operands", "${inputs.map(number).join()}`;", "`;", "other operands stay", "scores"),
    mutant(
      "their order",
      "inputs.map(number).join()",
      "inputs.map(number).sort().join()",
      "the order of operands counts",
      "scores",
    ),
    mutant("the operator", "const key = `${op} ", "const key = `", "another operator stays", "scores"),
    mutant("the sign of 0", '(Object.is(x, -0) ? "-0" : String(x))', "String(x)", "−0 is not 0", "scores"),
  ],
};

const w = b.parameter("w", [4, 3]);
const v = b.parameter("v", [3, 2]);
const rows = floats("rows", "history", 4);

export const foldParameters: PassCases = {
  pass: "fold-parameters",
  file: "compiler/passes/fold-parameters.ts",
  name: "foldParameters",
  keeps: "float32",
  cases: {
    "what is made of parameters is a constant": { rule: 1, graph: of(b.matmul(rows, b.matmul(w, v))), gives: "matmul" },
    "an output, too": {
      rule: 1,
      graph: graphOf({ result: b.matmul(rows, w), fixed: b.matmul(w, v) }),
      gives: "matmul",
    },
    "a parameter stays external": { graph: of(b.matmul(rows, w)) },
    "also under another shape": { graph: of(b.matmul(floats("wide", "history", 3), b.transpose(w, [1, 0]))) },
    "what a request brings stays": { graph: of(b.matmul(rows, floats("given", 4, 3))) },
    "whole numbers stay": { graph: of(b.gather(rows, b.add(b.ints([0, 1]), b.ints([1, 1])))) },
  },
  mutants: [
    mutant(
      "rule 1",
      "if (!read.has(value) || !isFixed(value) ||",
      "if (true ||",
      "what is made of parameters is a constant",
      "form",
    ),
    mutant(
      "outputs",
      "new Set<Value>(graph.outputs.map((output) => output.value));",
      "new Set<Value>(graph.outputs.map((output) => output.value).filter((value) => !isFixed(value)));",
      "an output, too",
      "form",
    ),
    mutant("bare parameters", "|| isView(value)) {", ") {", "a parameter stays external", "form"),
    mutant("views", '"unsqueeze", "squeeze", "reshape", "transpose"]', "]", "also under another shape", "form"),
    mutant("fixed", "|| !isFixed(value) ||", "||", "what a request brings stays", "breaks"),
    mutant("floats", '|| value.dtype !== "float32" ||', "||", "whole numbers stay", "breaks"),
  ],
};
