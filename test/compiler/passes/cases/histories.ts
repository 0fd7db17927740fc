// Proofs of training's passes over whole histories.
import { builder } from "../../../../compiler/ir/build.ts";
import type { Value } from "../../../../compiler/ir/graph.ts";
import { graphOf } from "../../../kit/graph-of.ts";
import { mutant, type PassCases } from "../../../kit/pass-cases.ts";

const b = builder("m");
const of = (result: Value) => graphOf({ result });
const floats = (name: string, ...shape: (string | number)[]) => b.input(name, "float32", shape);
const index = (name: string, ...shape: (string | number)[]) => b.input(name, "int32", shape);
const training = "compiler/passes/training";

const tags = floats("tags", "items", 3, 4);
const valid = floats("valid", "items", 3);

export const pooledAtOnce: PassCases = {
  pass: "pooled-at-once",
  file: `${training}/pooled-at-once.ts`,
  name: "pooledAtOnce",
  keeps: "rounding",
  cases: {
    "tags are masked and summed in one product": {
      rule: 1,
      graph: of(b.sum(b.mul(tags, b.unsqueeze(valid, 2)), [1])),
      gives: "unsqueeze matmul squeeze",
    },
    "with the axis kept": {
      rule: 1,
      graph: of(b.sum(b.mul(tags, b.unsqueeze(valid, 2)), [1], true)),
      gives: "unsqueeze matmul",
    },
    "a sum over columns stays": {
      graph: of(b.sum(b.mul(floats("square", "items", 4, 4), b.unsqueeze(floats("four", "items", 4), 2)), [2])),
    },
    "a mask of columns stays": {
      graph: of(b.sum(b.mul(floats("tag", "items", 1, 4), b.unsqueeze(floats("columns", "items", 4), 1)), [1])),
    },
    "what is added stays": { graph: of(b.sum(b.add(tags, b.unsqueeze(valid, 2)), [1])) },
    "a mask that all tags share stays": {
      graph: of(b.sum(b.mul(tags, b.unsqueeze(floats("shared", "items", 1), 2)), [1])),
    },
  },
  mutants: [
    mutant(
      "rule 1",
      "return sum.keep ? total : at.squeeze(total, 1);",
      "return null;",
      "tags are masked and summed in one product",
      "form",
    ),
    mutant(
      "the kept axis",
      "return sum.keep ? total : at.squeeze(total, 1);",
      "return at.squeeze(total, 1);",
      "with the axis kept",
      "scores",
    ),
    mutant(
      "a sum over tags",
      'sum === null || sum.axes.join() !== "1" ||',
      "sum === null ||",
      "a sum over columns stays",
      "scores",
    ),
    mutant("a mask of tags", '?.axes.join() === "2";', "!== null;", "a mask of columns stays", "breaks"),
    mutant(
      "a product",
      'product.node.op !== "mul" || product.shape.length !== 3) {\n      return null;',
      "product.shape.length !== 3) {\n      return null;",
      "what is added stays",
      "scores",
    ),
    mutant(
      "a mask for each tag",
      "|| mask.shape[1] !== rows.shape[1] ||",
      "||",
      "a mask that all tags share stays",
      "breaks",
    ),
  ],
};

const items = floats("items_x", "items", 10);
const at = index("at", "batch", "history");
const wk = b.parameter("wk", [2, 1, 10, 2]);
const query = floats("query", 2, "batch", 2, 1);
const projectedAt = (x: Value, w: Value) => b.matmul(b.unsqueeze(b.gather(x, at), 0), w);

export const itemsOnce: PassCases = {
  pass: "items-once",
  file: `${training}/items-once.ts`,
  name: "itemsOnce",
  keeps: "rounding",
  cases: {
    "items are projected once, and scored where they stand": {
      rule: 1,
      graph: of(b.matmul(projectedAt(items, wk), query)),
      gives: "squeeze squeeze transpose reshape matmul reshape itemScores unsqueeze",
    },
    "wide columns meet their rows of the weight apart": {
      rule: 1,
      graph: of(
        b.matmul(
          projectedAt(
            b.concat([floats("wide", "items", 24), floats("narrow", "items", 3)], 1),
            b.parameter("wk27", [2, 1, 27, 2]),
          ),
          query,
        ),
      ),
      gives: "squeeze squeeze transpose reshape slice matmul slice matmul add reshape itemScores unsqueeze",
    },
    "items that are hardly wider stay": {
      graph: of(b.matmul(projectedAt(floats("thin", "items", 4), b.parameter("wk4", [2, 1, 4, 2])), query)),
    },
    "several queries a row stay": { graph: of(b.matmul(projectedAt(items, wk), floats("queries", 2, "batch", 2, 3))) },
    "a weight of each row stays": {
      graph: of(
        b.matmul(
          b.matmul(b.unsqueeze(b.gather(items, index("at_two", 2, "history")), 0), b.parameter("own", [2, 2, 10, 2])),
          floats("two", 2, 2, 2, 1),
        ),
      ),
    },
    "columns that are read stay": {
      graph: of(
        b.matmul(
          b.matmul(b.unsqueeze(b.gather(floats("flat", "batch", 7), index("column", "history", 10), 1), 0), wk),
          query,
        ),
      ),
    },
    "a table of parameters stays": { graph: of(b.matmul(projectedAt(b.parameter("table", [6, 10]), wk), query)) },
    "rows under another axis stay": {
      graph: of(
        b.matmul(
          b.matmul(b.unsqueeze(b.gather(items, at), 1), b.parameter("w1", [1, 1, 10, 2])),
          floats("q1", "batch", 1, 2, 1),
        ),
      ),
    },
  },
  mutants: [
    mutant(
      "rule 1",
      "return at.unsqueeze(at.itemScores(",
      "return null;\n  at.unsqueeze(at.itemScores(",
      "items are projected once, and scored where they stand",
      "form",
    ),
    mutant(
      "wide columns apart",
      `const isWide = ({ shape: [, width] }: Value): boolean => typeof width === "number" && width >= wide;`,
      "const isWide = (_: Value): boolean => false;",
      "wide columns meet their rows of the weight apart",
      "form",
    ),
    mutant(
      "what pays",
      "if (width < worthwhile * heads * dim) {",
      "if (false) {",
      "items that are hardly wider stay",
      "form",
    ),
    mutant("one query", "|| query.shape[3] !== 1) {", ") {", "several queries a row stay", "breaks"),
    mutant("one matrix a head", "&& weight.shape[1] === 1;", ";", "a weight of each row stays", "breaks"),
    mutant(
      "rows of items",
      '|| made(looked, "gather")?.axis !== 0 ||',
      '|| made(looked, "gather") === null ||',
      "columns that are read stay",
      "breaks",
    ),
    mutant(
      "items of the batch",
      "isFixed(weight) && !isFixed(items) &&",
      "isFixed(weight) &&",
      "a table of parameters stays",
      "form",
    ),
    mutant(
      "heads in front",
      '?.axes.join() === "0" ? rows',
      "!== null ? rows",
      "rows under another axis stay",
      "breaks",
    ),
  ],
};

const wideX = floats("wide_x", "items", 24);
const narrowX = floats("narrow_x", "items", 3);
const asked = floats("asked", "batch", 2, 27);
const atItems = index("at_items", "batch", 5);
const candidates = index("candidates_at", "batch");
const ids = index("ids", "items");

export const readApart: PassCases = {
  pass: "read-apart",
  file: `${training}/read-apart.ts`,
  name: "readApart",
  keeps: "rounding",
  cases: {
    "wide columns are read by themselves": {
      rule: 1,
      graph: of(b.matmul(asked, b.transpose(b.gather(b.concat([wideX, narrowX], 1), atItems), [0, 2, 1]))),
      gives: "slice gather transpose matmul slice gather transpose matmul add",
    },
    "narrow ones together": {
      rule: 1,
      graph: of(
        b.matmul(
          floats("asked30", "batch", 2, 30),
          b.transpose(b.gather(b.concat([wideX, narrowX, floats("third", "items", 3)], 1), atItems), [0, 2, 1]),
        ),
      ),
      gives: "slice gather transpose matmul slice concat gather transpose matmul add",
    },
    "the candidates' items": {
      rule: 2,
      graph: of(b.gather(b.concat([wideX, narrowX], 1), candidates)),
      gives: "gather gather concat",
    },
    "from the tables themselves": {
      rule: 3,
      graph: of(b.gather(b.concat([b.gather(floats("table", "rows", 5), ids), narrowX], 1), candidates)),
      gives: "gather gather gather concat",
      holds: /gather\(.*: int32\[batch\]/,
    },
    "narrow columns alone stay": {
      graph: of(
        b.matmul(
          floats("asked6", "batch", 2, 6),
          b.transpose(b.gather(b.concat([narrowX, floats("third", "items", 3)], 1), atItems), [0, 2, 1]),
        ),
      ),
    },
    "rows behind each other stay": {
      graph: of(b.gather(b.concat([floats("first3", 3, 3), floats("last3", 3, 3)], 0), candidates)),
    },
    "columns behind each other in another axis stay": {
      graph: of(
        b.matmul(
          floats("asked24", "batch", 2, 24),
          b.transpose(b.gather(b.concat([floats("first24", 3, 24), floats("last24", 3, 24)], 0), atItems), [0, 2, 1]),
        ),
      ),
    },
    "what is turned otherwise stays": {
      graph: of(
        b.matmul(
          floats("cube_q", 5, 2, 27),
          b.transpose(b.gather(b.concat([wideX, narrowX], 1), index("five", 5, 5)), [1, 2, 0]),
        ),
      ),
    },
    "rows of several ids stay": { graph: of(b.gather(b.concat([wideX, narrowX], 1), atItems)) },
  },
  mutants: [
    mutant(
      "rule 1",
      "if (!groups.some(([first]) => isWide(first))) {",
      "if (groups.length > 0) {",
      "wide columns are read by themselves",
      "form",
    ),
    mutant("rule 2", "return beside(value, query, turned);", "return null;", "the candidates' items", "form"),
    mutant(
      "rule 3",
      'if (made(x, "gather")?.axis !== 0 || x.node.inputs[1]',
      "if (x !== null || x.node.inputs[1]",
      "from the tables themselves",
      "form",
    ),
    mutant(
      "each its own columns of the query",
      "at.slice(query, query.shape.length - 1, from, start)",
      "at.slice(query, query.shape.length - 1, 0, start - from)",
      "wide columns are read by themselves",
      "scores",
    ),
    mutant("something wide", "const wide = 24;", "const wide = 3;", "narrow columns alone stay", "form"),
    mutant(
      "columns, for candidates",
      'if (index.shape.length !== 1 || made(columns, "concat")?.axis !== 1 ||',
      'if (index.shape.length !== 1 || made(columns, "concat") === null ||',
      "rows behind each other stay",
      "scores",
    ),
    mutant(
      "columns",
      'if (made(columns, "concat")?.axis !== 1 || columns',
      'if (made(columns, "concat") === null || columns',
      "columns behind each other in another axis stay",
      "breaks",
    ),
    mutant(
      "rows and columns turned",
      '?.permutation.join() !== "0,2,1") {\n      return null;',
      "?.permutation === undefined) {\n      return null;",
      "what is turned otherwise stays",
      "scores",
    ),
    mutant("few ids", "if (index.shape.length !== 1 ||", "if (", "rows of several ids stay", "breaks"),
  ],
};
