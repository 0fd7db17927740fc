// Proofs of split-values and join-lookups.
import { builder } from "../../../../compiler/ir/build.ts";
import type { Value } from "../../../../compiler/ir/graph.ts";
import { graphOf } from "../../../kit/graph-of.ts";
import { mutant, type PassCases } from "../../../kit/pass-cases.ts";

const b = builder("m");
const of = (result: Value) => graphOf({ result });
const index = (name: string, ...shape: (string | number)[]) => b.input(name, "int32", shape);

const ago = b.unsqueeze(b.gather(b.parameter("ago", [6, 5]), index("ago.row", "history")), 0);
const item = b.unsqueeze(b.input("item", "float32", ["history", 8]), 0);
const moods = b.unsqueeze(b.sum(b.gather(b.parameter("moods", [6, 3]), index("mood.row", "history", 2)), [1]), 0);
const [wAgo, wItem, wMoods] = [
  b.parameter("w.ago", [2, 5, 3]),
  b.parameter("w.item", [2, 8, 3]),
  b.parameter("w.moods", [2, 3, 3]),
];
const tabled = "compiler/passes/tabled.ts";

export const splitValues: PassCases = {
  pass: "split-values",
  file: "compiler/passes/split-values.ts",
  name: "splitValues",
  keeps: "rounding",
  cases: {
    "the values of a small feature are looked up": {
      beside: true,
      rule: 1,
      graph: of(b.matmul(b.concat([item, ago], 2), b.concat([wItem, wAgo], 1))),
      gives: "unsqueeze matmul matmul transpose gather transpose add",
    },
    "what is no look-up stays one product": {
      beside: true,
      rule: 1,
      graph: of(b.matmul(b.concat([item, ago, moods], 2), b.concat([wItem, wAgo, wMoods], 1))),
      gives: "unsqueeze gather sum unsqueeze concat concat matmul matmul transpose gather transpose add",
    },
    "a feature alone": { rule: 2, graph: of(b.matmul(ago, wAgo)), gives: "matmul transpose gather transpose" },
    "vectors stay": { graph: of(b.matmul(item, wItem)) },
    "a weight of the request stays": { graph: of(b.matmul(ago, b.input("w", "float32", [2, 5, 3]))) },
    "columns that do not meet the weight's parts stay": {
      graph: of(
        b.matmul(b.concat([item, ago], 2), b.concat([b.parameter("w.a", [2, 7, 3]), b.parameter("w.b", [2, 6, 3])], 1)),
      ),
    },
    "rows behind each other are no parts": {
      graph: of(
        b.matmul(
          b.concat([ago, b.unsqueeze(b.input("more", "float32", ["history", 5]), 0)], 0),
          b.concat([b.parameter("w.1", [1, 5, 3]), b.parameter("w.2", [1, 5, 3])], 0),
        ),
      ),
    },
    "a table of a request stays": {
      graph: of(
        b.matmul(b.unsqueeze(b.gather(b.input("rows", "float32", ["rows", 5]), index("ago.row", "history")), 0), wAgo),
      ),
    },
    "a table that would be too large stays": { graph: of(b.matmul(ago, wAgo)), context: { valueTable: 35 } },
    "pooled tags of few columns stay": { graph: of(b.matmul(moods, wMoods)) },
    "a matrix of a candidate each stays": {
      graph: of(
        b.matmul(
          b.unsqueeze(b.gather(b.parameter("cold", [6, 5]), index("pair", 3, 4)), 0),
          b.parameter("w.each", [2, 3, 5, 3]),
        ),
      ),
    },
  },
  mutants: [
    mutant(
      "rule 1",
      "if (lookups.length === 0) {",
      "if (lookups.length >= 0) {",
      "the values of a small feature are looked up",
      "form",
    ),
    mutant(
      "rule 2",
      "if (alone) {\n      return alone;",
      "if (alone) {\n      return null;",
      "a feature alone",
      "form",
    ),
    mutant(
      "each part's own rows of the weight",
      "tabled(part, right[index],",
      "tabled(part, right[0],",
      "the values of a small feature are looked up",
      "breaks",
    ),
    mutant(
      "parts that meet",
      "if (!fits || left.some((part, index) => part.shape.at(-1) !== right[index].shape.at(-2))) {",
      "if (!fits) {",
      "columns that do not meet the weight's parts stay",
      "breaks",
    ),
    mutant(
      "columns, not rows",
      "if (joined) {\n    return joined.axis === value.shape.length + axis ? node.inputs : null;",
      "if (joined) {\n    return node.inputs;",
      "rows behind each other are no parts",
      "scores",
    ),
    mutant(
      "one matrix a head",
      "if (rank === 4 && weight.shape[1] !== 1) {\n    return null;",
      "if (rank === 4 && weight.shape[1] !== 1) {\n    return times(x.node.inputs[0], at.squeeze(at.slice(weight, 1, 0, 1), 1), limit);",
      "a matrix of a candidate each stays",
      "scores",
      tabled,
    ),
    mutant(
      "a fixed table",
      "|| !isFixed(table) || table.shape.length !== 2) {",
      "|| table.shape.length !== 2) {",
      "a table of a request stays",
      "breaks",
      tabled,
    ),
    mutant("its size", "if (size > limit) {", "if (false) {", "a table that would be too large stays", "form", tabled),
    mutant(
      "that it pays",
      "return 2 * tags + 1 < width;",
      "return width > 0;",
      "pooled tags of few columns stay",
      "form",
    ),
  ],
};

const [s, t, u] = [b.parameter("s", [6, 4]), b.parameter("t", [3, 4]), b.parameter("u", [2, 2])];
const [i, j, k] = [index("i", "history"), index("j", "history"), index("k", "history")];
const kept = index("kept", "candidates", 2);
const turned = (value: Value) => b.transpose(value, [1, 0]);

export const joinLookups: PassCases = {
  pass: "join-lookups",
  file: "compiler/passes/join-lookups.ts",
  name: "joinLookups",
  keeps: "rounding",
  cases: {
    "rows that are added up are one row": {
      rule: 1,
      graph: of(b.add(b.gather(s, i), b.gather(t, j))),
      gives: "unsqueeze unsqueeze add reshape mul add gather",
    },
    "rows side by side are one row": {
      rule: 2,
      graph: of(b.concat([b.gather(s, i), b.gather(u, k)], 1)),
      gives: "unsqueeze add unsqueeze add concat reshape mul add gather",
    },
    "what stands between them stays there": {
      rule: 2,
      graph: of(b.concat([b.gather(s, i), b.gather(u, k), b.input("v", "float32", ["history", 3])], 1)),
      gives: "unsqueeze add unsqueeze add concat reshape mul add gather concat",
    },
    "below equal turns": {
      beside: true,
      rule: 3,
      graph: of(b.add(turned(b.gather(s, i)), turned(b.gather(t, j)))),
      gives: "unsqueeze unsqueeze add reshape mul add gather transpose",
    },
    "rows that are read at the same positions are joined before": {
      rule: 3,
      graph: of(b.add(b.gather(s, b.gather(i, kept)), b.gather(t, b.gather(j, kept)))),
      gives: "unsqueeze unsqueeze add reshape mul add gather gather",
    },
    "turns that differ stay": {
      graph: of(
        b.add(
          b.transpose(b.gather(b.parameter("s3", [4, 2, 2]), i), [0, 2, 1]),
          b.gather(b.parameter("t3", [3, 2, 2]), j),
        ),
      ),
    },
    "turned and not turned stay": {
      graph: of(
        b.add(
          b.transpose(b.gather(b.parameter("square", [6, 5, 5]), i), [1, 2, 0]),
          b.transpose(b.gather(b.parameter("other", [3, 5, 5]), j), [2, 1, 0]),
        ),
      ),
    },
    "rows behind each other stay": {
      graph: of(b.concat([b.gather(u, index("three", 3)), b.gather(b.parameter("u2", [2, 2]), index("threes", 3))], 0)),
    },
    "columns of a table stay": {
      graph: of(
        b.add(
          b.gather(b.parameter("wide", [3, 6]), index("column", 3), 1),
          b.gather(b.parameter("wide2", [3, 3]), index("columns", 3), 1),
        ),
      ),
    },
    "rows of other widths stay": { graph: of(b.add(b.gather(s, i), b.gather(b.parameter("t1", [3, 1]), j))) },
    "a table of a request stays": { graph: of(b.add(b.gather(b.input("rows", "float32", [6, 4]), i), b.gather(t, j))) },
    "a joint table that would be too large stays": {
      graph: of(b.add(b.gather(b.parameter("large", [257, 4]), i), b.gather(b.parameter("larger", [64, 4]), j))),
    },
  },
  mutants: [
    mutant("rule 1", 'if (value.node.op === "add") {', "if (false) {", "rows that are added up are one row", "form"),
    mutant(
      "rule 2",
      "const both = before && beside(before, part, at);",
      "const both = null as Value | null;",
      "rows side by side are one row",
      "form",
    ),
    mutant(
      "rule 3: turns",
      "if (turnedA && turnedB) {",
      "if (turnedA && turnedB) return null;\n  if (turnedA && turnedB) {",
      "below equal turns",
      "form",
    ),
    mutant(
      "rule 3: positions",
      "if (sameRead) {",
      "if (false as boolean) {",
      "rows that are read at the same positions are joined before",
      "form",
    ),
    mutant(
      "the stride of a row",
      "at.integer(countT)",
      "at.integer(countT - 1)",
      "rows that are added up are one row",
      "scores",
    ),
    mutant(
      "equal turns",
      "if (turnedA.permutation.join() !== turnedB.permutation.join()) {",
      "if (false) {",
      "turned and not turned stay",
      "scores",
    ),
    mutant(
      "columns side by side",
      'if (made(value, "concat")?.axis !== last) {',
      'if (made(value, "concat") === null) {',
      "rows behind each other stay",
      "scores",
    ),
    mutant(
      "rows of a table",
      'if (made(a, "gather")?.axis !== 0 || made(b, "gather")?.axis !== 0) {',
      'if (!made(a, "gather") || !made(b, "gather")) {',
      "columns of a table stay",
      "breaks",
    ),
    mutant(
      "as many columns",
      "if (a.shape.join() !== b.shape.join()) {",
      "if (false) {",
      "rows of other widths stay",
      "form",
    ),
    mutant("fixed tables", "if (!isFixed(s) || !isFixed(t) ||", "if (", "a table of a request stays", "form"),
    mutant(
      "what fits the cache",
      "if (elements(s) * countT > limit) {",
      "if (false) {",
      "a joint table that would be too large stays",
      "form",
    ),
  ],
};
