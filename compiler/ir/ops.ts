// The total table of operators: an operator without a rule does not compile.
import type { Op } from "./graph.ts";
import * as elementwise from "./ops/elementwise.ts";
import * as gather from "./ops/gather.ts";
import * as grow from "./ops/grow.ts";
import * as items from "./ops/item-scores.ts";
import * as layout from "./ops/layout.ts";
import * as leaf from "./ops/leaf.ts";
import * as linear from "./ops/linear.ts";
import * as reduce from "./ops/reduce.ts";
import * as rows from "./ops/rows.ts";
import * as scatter from "./ops/scatter.ts";
import * as scores from "./ops/scores.ts";
import * as select from "./ops/select.ts";
import * as unary from "./ops/unary.ts";
import type { Rule } from "./rule.ts";

export const ops: { readonly [K in Op]: Rule<K> } = {
  input: leaf.input,
  parameter: leaf.parameter,
  constant: leaf.constant,
  add: elementwise.add,
  sub: elementwise.sub,
  mul: elementwise.mul,
  div: elementwise.div,
  maximum: elementwise.maximum,
  minimum: elementwise.minimum,
  equal: elementwise.equal,
  greater: elementwise.greater,
  and: elementwise.and,
  bceWithLogits: elementwise.bceWithLogits,
  not: unary.not,
  neg: unary.neg,
  exp: unary.exp,
  log: unary.log,
  sqrt: unary.sqrt,
  abs: unary.abs,
  relu: unary.relu,
  sigmoid: unary.sigmoid,
  tanh: unary.tanh,
  erf: unary.erf,
  where: elementwise.where,
  cast: elementwise.cast,
  matmul: linear.matmul,
  biasedScores: scores.biasedScores,
  itemScores: items.itemScores,
  gather: gather.gather,
  gatherRows: gather.gatherRows,
  gatherElements: gather.gatherElements,
  scatterAdd: scatter.scatterAdd,
  scatterElements: scatter.scatterElements,
  softmax: linear.softmax,
  sum: reduce.sum,
  mean: reduce.mean,
  max: reduce.max,
  concat: layout.concat,
  slice: layout.slice,
  reshape: layout.reshape,
  reshapeLike: grow.reshapeLike,
  transpose: layout.transpose,
  unsqueeze: layout.unsqueeze,
  squeeze: layout.squeeze,
  positions: grow.positions,
  broadcast: grow.broadcast,
  layerNorm: linear.layerNorm,
  roundRobin: select.roundRobin,
  topPositions: select.topPositions,
  decodeRows: rows.decodeRows,
};

/** The rule of a node whose operator is not known here; its attributes are its own operator's. */
export const ruleOf = <K extends Op>(op: K): Rule<K> => ops[op];
