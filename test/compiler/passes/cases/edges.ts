// Edges of the passes: what just fits, what just does not, and what only looks like a pattern. By pass.
import { builder } from "../../../../compiler/ir/build.ts";
import type { Value } from "../../../../compiler/ir/graph.ts";
import { graphOf } from "../../../kit/graph-of.ts";
import type { PassCase } from "../../../kit/pass-cases.ts";

type Cases = Readonly<Record<string, PassCase>>;

const b = builder("m");
const of = (result: Value) => graphOf({ result });
const floats = (name: string, ...shape: (string | number)[]) => b.input(name, "float32", shape);
const index = (name: string, ...shape: (string | number)[]) => b.input(name, "int32", shape);

const x = floats("x", "history", 4);
const w = b.parameter("w", [4, 3]);
const beta = b.parameter("beta", []);

const foldBeta: Cases = {
  "one number of as many axes goes in, too": {
    graph: of(b.mul(b.matmul(x, w), b.parameter("one", [1, 1]))),
    gives: "mul matmul",
  },
  "a product that is divided stays": { graph: of(b.div(b.matmul(x, w), beta)) },
  "a sum that is scaled stays": { graph: of(b.mul(b.add(x, b.parameter("row", [4])), beta)) },
  "a fixed product stays": { graph: of(b.mul(b.matmul(b.parameter("v", [2, 4]), w), beta)) },
};

const row = index("row", "history");
const tags = index("tags", "history", 2);
const table = b.parameter("table", [6, 5]);
const narrow = b.parameter("narrow", [6, 2]);
const pooled = (of: Value, ids: Value) => b.unsqueeze(b.sum(b.gather(of, ids), [1]), 0);

const foldBias: Cases = {
  "a table of as many numbers as may be": {
    graph: of(b.matmul(b.unsqueeze(b.gather(table, row), 0), b.parameter("bias", [2, 5, 1]))),
    gives: "matmul transpose gather transpose",
    context: { biasTable: 12 },
  },
  "tags that cost a little less to pool": {
    beside: true,
    graph: of(b.matmul(pooled(narrow, tags), b.parameter("three", [3, 2, 1]))),
    gives: "matmul transpose gather transpose sum",
  },
  "tags that cost as much to pool stay": {
    graph: of(
      b.matmul(pooled(b.parameter("thin", [6, 1]), index("alone", "history", 1)), b.parameter("two", [2, 1, 1])),
    ),
  },
};

const keys = floats("keys", 2, "history", 3);
const candidate = floats("candidate", 1, "candidates", 4);
const score = (weight: Value) =>
  of(b.div(b.matmul(b.matmul(candidate, weight), b.transpose(keys, [0, 2, 1])), b.scalar(4)));

const foldScale: Cases = {
  "a query's weight that another scales": {
    graph: score(b.mul(b.parameter("m.query", [2, 4, 3], "query"), b.parameter("gain", [1]))),
    gives: "mul div matmul transpose matmul",
  },
  "a weight of constants stays": { graph: score(b.floats(new Float32Array(24).fill(0.5), [2, 4, 3])) },
};

const perHead = floats("per_head", 2, "candidates", 1, 6);
const shared = floats("shared", "candidates", 6, 8);
/** The heads' columns [A, R, 6, v] of rows. */
const ofHeads = (rows: Value, heads: number, width: number) =>
  b.transpose(b.reshape(rows, ["candidates", 6, heads, width]), [2, 0, 1, 3]);
const columns = ofHeads(floats("columns", "candidates", 6, 8), 2, 4);

const headsInRows: Cases = {
  "eight heads' columns": {
    beside: true,
    graph: of(
      b.matmul(floats("eight", 8, "candidates", 1, 6), ofHeads(floats("columns16", "candidates", 6, 16), 8, 2)),
    ),
    gives: "squeeze transpose matmul reshape mul sum transpose unsqueeze",
  },
  "weights that all heads share stay": { graph: of(b.matmul(floats("alike", 1, "candidates", 1, 6), columns)) },
  "weights that all candidates share stay": {
    graph: of(b.matmul(floats("once", 2, 1, 1, 6), b.unsqueeze(shared, 0))),
  },
  "several weights a head of its own columns stay": {
    graph: of(b.matmul(floats("several", 2, "candidates", 3, 6), columns)),
  },
  "weights of three axes stay": {
    graph: of(
      b.matmul(floats("flat", 2, 2, 1), b.transpose(b.reshape(floats("rows1", 2, 1, 8), [2, 1, 2, 4]), [2, 0, 1, 3])),
    ),
  },
  "columns that are brought as they are stay": {
    graph: of(b.matmul(perHead, b.transpose(floats("four_axes", "candidates", 6, 2, 4), [2, 0, 1, 3]))),
  },
  "columns of rows cut otherwise stay": {
    graph: of(b.matmul(perHead, ofHeads(floats("long", "candidates", 12, 4), 2, 4))),
  },
  "columns of rows of four axes stay": {
    graph: of(b.matmul(perHead, ofHeads(floats("deep", "candidates", 6, 8, 1), 2, 4))),
  },
  "rows of another shape are no heads'": {
    graph: of(b.matmul(perHead, b.reshape(shared, [1, "candidates", 6, 8]))),
  },
  "rows under two axes stay": { graph: of(b.matmul(perHead, b.unsqueeze(floats("flat_rows", 6, 8), 0, 1))) },
};

const rowsAtOnce: Cases = {
  "a row of three axes stays": {
    graph: of(b.matmul(floats("left3", 2, 3, 1), b.parameter("right4", [2, 1, 1, 4]))),
  },
  "one row of three axes stays": {
    graph: of(b.matmul(floats("left1", 2, 1, 1), b.parameter("right4", [2, 1, 1, 4]))),
  },
  "a matrix of three axes stays": {
    graph: of(b.matmul(floats("left22", 2, 2, 1, 1), b.parameter("right3", [2, 1, 5]))),
  },
  "five axes stay": {
    graph: of(b.matmul(floats("left5", 2, "batch", 1, 3, 6), b.parameter("right5", [2, 1, 1, 6, 4]))),
  },
  "one column stays": {
    graph: of(b.matmul(b.parameter("matrix", [2, 1, 4, 6]), floats("one_column", 2, 1, 6, 1))),
  },
};

const cube = floats("cube", 3, "candidates", 4);
const edge = floats("edge", 1, 3, 4);
const square = floats("square", 4, 4);

const settleLayout: Cases = {
  "a sum of turns loses an axis": {
    graph: of(b.squeeze(b.add(b.transpose(edge, [1, 0, 2]), floats("thin", 3, 1, 4)), 1)),
  },
  "a stretched operand alone stays": { graph: of(b.relu(b.unsqueeze(cube, 2))) },
  "three stretched operands stay": {
    graph: of(b.where(b.greater(b.unsqueeze(cube, 2), b.scalar(0)), b.unsqueeze(cube, 2), b.unsqueeze(cube, 2))),
  },
  "a choice of stretched operands stays": {
    graph: of(
      b.where(b.unsqueeze(b.greater(cube, b.scalar(0)), 2), b.unsqueeze(cube, 2), b.unsqueeze(b.relu(cube), 2)),
    ),
  },
  "a turn of nothing goes, whatever stands below": {
    beside: true,
    graph: of(b.relu(b.transpose(b.squeeze(edge, 0), [0, 1]))),
    gives: "squeeze relu",
  },
  "an axis that is added twice stays": { graph: of(b.unsqueeze(b.unsqueeze(cube, 0), 0)) },
  "an axis that one loses and the other gains stays": {
    graph: of(b.add(b.squeeze(floats("lean", 3, 1, 4), 1), b.unsqueeze(floats("full", 2, 3, 4), 1))),
  },
  "an axis that one gains and the other loses stays": {
    graph: of(b.add(b.unsqueeze(floats("full", 2, 3, 4), 1), b.squeeze(floats("lean", 3, 1, 4), 1))),
  },
  "a product of turns is no sum": {
    graph: of(b.transpose(b.matmul(b.transpose(square, [1, 0]), floats("other", 4, 4)), [1, 0])),
  },
  "one operand between turns stays": {
    graph: of(b.transpose(b.relu(b.transpose(cube, [1, 0, 2])), [1, 0, 2])),
  },
  "turns that undo each other in part stay": {
    graph: of(
      b.transpose(b.add(b.transpose(floats("a4", 2, 3, 5, 4), [2, 1, 0, 3]), floats("c4", 5, 3, 2, 4)), [1, 0, 2, 3]),
    ),
  },
};

const share: Cases = {
  "what stands on equal nodes that are met later": {
    graph: of(b.add(b.add(b.tanh(x), b.relu(b.tanh(x))), b.relu(b.tanh(x)))),
    gives: "tanh relu add add",
  },
};

/** Added to the cases of the passes. */
export const edges: Readonly<Record<string, Cases>> = {
  "fold-beta": foldBeta,
  "fold-bias": foldBias,
  "fold-scale": foldScale,
  "heads-in-rows": headsInRows,
  "rows-at-once": rowsAtOnce,
  "settle-layout": settleLayout,
  share,
};
