// Proofs of training's passes over what reverse mode writes.
import { builder, make } from "../../../../compiler/ir/build.ts";
import type { Value } from "../../../../compiler/ir/graph.ts";
import { graphOf } from "../../../kit/graph-of.ts";
import { mutant, type PassCases } from "../../../kit/pass-cases.ts";

const b = builder("m");
const of = (result: Value) => graphOf({ result });
const floats = (name: string, ...shape: (string | number)[]) => b.input(name, "float32", shape);
const index = (name: string, ...shape: (string | number)[]) => b.input(name, "int32", shape);
const training = "compiler/passes/training";

const x = floats("x", "batch", 3);
const w = floats("w", 3, 6);
const product = b.matmul(x, w);

export const columnsFirst: PassCases = {
  pass: "columns-first",
  file: `${training}/columns-first.ts`,
  name: "columnsFirst",
  keeps: "bits",
  harmless: "columns of whatever it is are its columns",
  cases: {
    "each reader computes its own columns": {
      rule: 1,
      graph: graphOf({ left: b.slice(product, 1, 0, 2), right: b.slice(product, 1, 2, 6) }),
      gives: "slice matmul slice matmul",
    },
    "of sums below, too": {
      rule: 1,
      graph: of(b.slice(b.matmul(x, b.add(w, floats("v", 3, 6))), 1, 0, 2)),
      gives: "slice slice add matmul",
    },
    "of a sum that repeats a row the columns are cut out": {
      rule: 1,
      graph: of(b.slice(b.matmul(x, b.add(w, floats("row", 3, 1))), 1, 1, 3)),
      gives: "add slice matmul",
    },
    "a product that is read whole stays": { graph: graphOf({ left: b.slice(product, 1, 0, 2), all: b.relu(product) }) },
    "a product that is an output stays": { graph: graphOf({ left: b.slice(product, 1, 0, 2), all: product }) },
    "rows of a product stay": { graph: of(b.slice(b.matmul(floats("five", 5, 3), w), 0, 0, 2)) },
    "columns of a sum stay": { graph: of(b.slice(b.add(x, floats("y", "batch", 3)), 1, 0, 2)) },
  },
  mutants: [
    mutant(
      "rule 1",
      "? columns(x, at.start, at.end) : null",
      "? null : null",
      "each reader computes its own columns",
      "form",
    ),
    mutant(
      "sums",
      'const plain = node.op === "add" &&',
      'const plain = node.op === "sub" &&',
      "of sums below, too",
      "form",
      `${training}/columns.ts`,
    ),
    mutant(
      "sums of one shape",
      "node.inputs.every((input) => input.shape.join() === value.shape.join());",
      "true;",
      "of a sum that repeats a row the columns are cut out",
      "breaks",
      `${training}/columns.ts`,
    ),
    mutant(
      "no other reader",
      "|| whole.has(value.node.inputs[0])) {",
      ") {",
      "a product that is read whole stays",
      "form",
    ),
    mutant(
      "outputs",
      "const found = new Set(graph.outputs.map(({ value }) => value));\n  for",
      "const found = new Set(graph.outputs.map(({ value }) => value));\n  found.delete(graph.outputs[1]?.value);\n  for",
      "a product that is an output stays",
      "form",
      `${training}/columns.ts`,
    ),
    mutant("products", '&& x.node.op === "matmul" ?', "?", "columns of a sum stay", "form"),
  ],
};

const a3 = floats("a3", "batch", 3, 4);
const b3 = floats("b3", "batch", 4, 5);
const turned = (value: Value) => b.transpose(value, [0, 2, 1]);
const short = (name: string, m: number, k: number) => floats(name, "batch", k, m);

export const turnedProducts: PassCases = {
  pass: "turned-products",
  file: `${training}/turned-products.ts`,
  name: "turnedProducts",
  keeps: "rounding",
  cases: {
    "operands are turned, and change places": {
      rule: 1,
      graph: of(turned(b.matmul(a3, b3))),
      gives: "transpose transpose matmul",
    },
    "what was turned before is not": {
      rule: 1,
      graph: of(turned(b.matmul(a3, turned(floats("c3", "batch", 5, 4))))),
      gives: "transpose matmul",
    },
    "short products are one": {
      beside: true,
      rule: 2,
      graph: of(
        b.add(
          b.matmul(turned(short("p", 6, 1)), short("q", 6, 1)),
          b.matmul(turned(short("r", 6, 2)), short("s", 6, 2)),
        ),
      ),
      gives: "concat transpose concat matmul",
    },
    "another turn stays": { graph: of(b.transpose(b.matmul(floats("a4", 3, 3, 3), floats("b4", 3, 3, 3)), [1, 0, 2])) },
    "a sum is turned afterwards": { graph: of(turned(b.add(a3, floats("d3", "batch", 3, 4)))) },
    "long products are added": {
      graph: of(
        b.add(
          b.matmul(turned(short("p9", 4, 9)), short("q9", 4, 9)),
          b.matmul(turned(short("r9", 4, 9)), short("s9", 4, 9)),
        ),
      ),
    },
    "products that are subtracted stay": {
      graph: of(
        b.sub(
          b.matmul(turned(short("p", 6, 1)), short("q", 6, 1)),
          b.matmul(turned(short("r", 6, 2)), short("s", 6, 2)),
        ),
      ),
    },
    "products of different batches stay": {
      graph: of(
        b.add(
          b.matmul(turned(floats("p1", 1, 1, 6)), floats("q1", 1, 1, 6)),
          b.matmul(turned(short("r", 6, 2)), short("s", 6, 2)),
        ),
      ),
    },
  },
  mutants: [
    mutant(
      "rule 1",
      'if (value.node.op === "transpose") {',
      "if (false) {",
      "operands are turned, and change places",
      "form",
    ),
    mutant("rule 2", 'if (value.node.op !== "add") {', "if (value) {", "short products are one", "form"),
    mutant(
      "places",
      "return b.matmul(right, left);",
      "return b.matmul(left, right);",
      "operands are turned, and change places",
      "breaks",
    ),
    mutant(
      "the last two axes",
      'if (made(value, "transpose")?.permutation.join() !== "0,2,1" ||',
      "if (",
      "another turn stays",
      "scores",
    ),
    mutant("products", '|| x.node.op !== "matmul") {', ") {", "a sum is turned afterwards", "breaks"),
    mutant(
      "sums",
      'if (value.node.op !== "add") {',
      'if (value.node.op !== "add" && value.node.op !== "sub") {',
      "products that are subtracted stay",
      "scores",
    ),
    mutant("what pays", "if (short * (m + n) > m * n) {", "if (false) {", "long products are added", "form"),
    mutant(
      "one shape",
      "|| left.shape.join() !== right.shape.join()) {",
      ") {",
      "products of different batches stay",
      "breaks",
    ),
  ],
};

const rowsOf = b.ints([1, 0, 3, 2, 1]);
const inner = index("inner", 7);
const updates = floats("updates", 7, 30);
const five = floats("five_rows", 5, 30);
/** Of two pairs: of one alone they stay. */
const summed = make(
  "scatterAdd",
  [inner, updates, index("inner2", 4), floats("updates2", 4, 30)],
  { shape: [5, 30] },
  { scope: "m", doc: "" },
);
const like = floats("like", "rows", 30);

export const sumsOfSums: PassCases = {
  pass: "sums-of-sums",
  file: `${training}/sums-of-sums.ts`,
  name: "sumsOfSums",
  keeps: "rounding",
  cases: {
    "rows are summed up once": {
      rule: 1,
      graph: of(b.scatterAdd(rowsOf, summed, like)),
      gives: "gather gather scatterAdd",
    },
    "wide columns of sums, too": {
      beside: true,
      rule: 2,
      graph: of(b.scatterAdd(rowsOf, b.slice(summed, 1, 2, 28), floats("like26", "rows", 26))),
      gives: "gather slice gather slice scatterAdd",
    },
    "narrow columns of sums stay": {
      graph: of(b.scatterAdd(rowsOf, b.slice(summed, 1, 2, 6), floats("like4", "rows", 4))),
    },
    "rows of sums stay": {
      graph: of(
        b.scatterAdd(
          index("many_ids", 26),
          b.slice(
            make(
              "scatterAdd",
              [inner, updates, index("inner2", 4), floats("updates2", 4, 30)],
              { shape: [30, 30] },
              { scope: "m", doc: "" },
            ),
            0,
            1,
            27,
          ),
          like,
        ),
      ),
    },
    "sums that are changed in between stay": {
      graph: of(b.scatterAdd(rowsOf, b.relu(b.scatterAdd(inner, updates, five)), like)),
    },
    "pairs of ids stay": {
      graph: of(
        b.scatterAdd(
          index("pairs", 5, 2),
          make(
            "scatterAdd",
            [index("inner3", 7), floats("deep", 7, 2, 30), index("inner2", 4), floats("deep2", 4, 2, 30)],
            { shape: [5, 2, 30] },
            { scope: "m", doc: "" },
          ),
          like,
        ),
      ),
    },
  },
  mutants: [
    mutant("rule 1", "if (pairs.length === count", "if (pairs.length > 0", "rows are summed up once", "form"),
    mutant(
      "rule 2",
      "const inner = cut ? updates.node.inputs[0] : updates;",
      "const inner = updates;",
      "wide columns of sums, too",
      "form",
    ),
    mutant("ids of ids", "return [b.gather(indices, index),", "return [index,", "rows are summed up once", "scores"),
    mutant(
      "what pays",
      "if (cut && slice.end - slice.start < wide) {",
      "if (false) {",
      "narrow columns of sums stay",
      "form",
    ),
    mutant(
      "columns",
      "const cut = slice !== null && slice.axis === updates.shape.length - 1;",
      "const cut = slice !== null;",
      "rows of sums stay",
      "breaks",
    ),
    mutant(
      "one id a row",
      "|| indices.shape.length !== 1 || inner.shape.length !== 2) {",
      "|| inner.shape.length < 2) {",
      "pairs of ids stay",
      "form",
    ),
  ],
};

const some = index("some", "batch");
const given = floats("given", "batch", 30);
const counted = index("counted", "items");
const wideLike = b.mul(floats("table", "items", 30), b.scalar(1));
const sums = b.scatterAdd(some, given, wideLike);
const withCount = (outputs: Readonly<Record<string, Value>>) =>
  graphOf({ ...outputs, count: b.add(counted, b.ints([1])) });

export const narrowSums: PassCases = {
  pass: "narrow-sums",
  file: `${training}/narrow-sums.ts`,
  name: "narrowSums",
  keeps: "bits",
  cases: {
    "each reader's columns are summed up by themselves": {
      rule: 1,
      graph: withCount({ wide: b.slice(sums, 1, 0, 26), rest: b.slice(sums, 1, 26, 30) }),
      gives: "slice mul gather scatterAdd slice mul gather scatterAdd add",
    },
    "sums stand on zeros that nothing carries": {
      rule: 2,
      graph: withCount({ sums: b.relu(sums) }),
      gives: "mul gather scatterAdd relu add",
    },
    "where no input has as many rows they stay": {
      graph: graphOf({ wide: b.slice(sums, 1, 0, 26), rest: b.slice(sums, 1, 26, 30) }),
    },
    "a table of known size holds nothing": {
      graph: withCount({ sums: b.scatterAdd(some, given, floats("known", 6, 30)) }),
    },
    "rows of sums stay whole": {
      rule: 2,
      graph: withCount({ rows: b.gather(sums, index("few", 2)) }),
      gives: "mul gather scatterAdd gather add",
    },
    "narrow columns that several readers share stay whole": {
      rule: 2,
      graph: withCount({ left: b.slice(sums, 1, 0, 15), right: b.slice(sums, 1, 15, 30) }),
      gives: "mul gather scatterAdd slice slice add",
    },
  },
  mutants: [
    mutant(
      "rule 1",
      "if (sum.shape !== null || like === null) {",
      "if (like !== undefined) {",
      "each reader's columns are summed up by themselves",
      "form",
    ),
    mutant(
      "rule 2",
      "return onZeros(graph, value, inputs);",
      "return null;",
      "sums stand on zeros that nothing carries",
      "form",
    ),
    mutant(
      "as many rows",
      "shape[0] === rows && shape.length <= 2);",
      "shape.length <= 2);",
      "where no input has as many rows they stay",
      "scores",
    ),
    mutant(
      "each reader's own columns",
      "columns(operand, at.start, at.end)",
      "columns(operand, 0, at.end - at.start)",
      "each reader's columns are summed up by themselves",
      "scores",
    ),
    mutant(
      "what pays",
      "Math.max(...widths) < wide",
      "Math.max(...widths) < 0",
      "narrow columns that several readers share stay whole",
      "form",
    ),
  ],
};
