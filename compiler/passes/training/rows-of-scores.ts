// A plan that pays: scores of kept behaviours as rows of one product for each row of the batch.
import { type Builder, builder } from "../../ir/build.ts";
import { made, type Value } from "../../ir/graph.ts";
import { nowhere, ruled } from "../pass.ts";

/**
 * Products with behaviours K [B, k, w] that all heads share; x is [A, B, w, 1], or [A, 1, w, 1] for all rows alike.
 *  1. K x                →  (x as [B, A, w]) Kᵀ, heads back in front
 *  2. K_1 x_1 + K_2 x_2  →  the same of [K_1 K_2] and [x_1; x_2], for x that are alike for all rows
 * What is turned round are rows of k numbers, in the gradient too. Scores stay equal up to rounding.
 */
export const rowsOfScores = ruled(
  "rows-of-scores",
  { keeps: "rounding", ensures: nowhere("are scores columns of a product", columnsOfScores) },
  (value, inputs) => {
    const at = builder(value.node.scope, value.node.doc);
    const terms = value.node.op === "matmul" ? termOf(inputs) : value.node.op === "add" ? sumOf(inputs) : null;
    if (terms === null) {
      return null;
    }
    const alike = terms.filter(({ query }) => query.shape.length === 2);
    const own = terms.filter(({ query }) => query.shape.length === 3);
    const sum = [...own, ...(alike.length > 1 ? [joined(at, alike)] : alike)]
      .map(({ query, rows }) => at.matmul(query, at.transpose(rows, [0, 2, 1])))
      .reduce((left, right) => at.add(left, right));
    const front = at.transpose(sum, [1, 0, 2]);
    return value.shape.length === 4 ? at.unsqueeze(front, 3) : front;
  },
);

/** (query [B, A, w] or [A, w]) · (rows [B, k, w])ᵀ: [B, A, k] */
interface Term {
  readonly query: Value;
  readonly rows: Value;
}

function termOf([left, right]: readonly Value[]): Term[] | null {
  if (made(left, "unsqueeze")?.axes.join() !== "0" || left.shape.length !== 4 || right.shape.length !== 4) {
    return null;
  }
  const [heads, batch, width, one] = right.shape;
  if (one !== 1 || typeof heads !== "number" || typeof width !== "number") {
    return null;
  }
  const [rows] = left.node.inputs;
  const at = builder(right.node.scope, right.node.doc);
  const query = batch === 1 ? at.reshape(right, [heads, width]) : at.transpose(at.squeeze(right, 3), [1, 0, 2]);
  return batch === 1 || batch === rows.shape[0] ? [{ query, rows }] : null;
}

function sumOf(inputs: readonly Value[]): Term[] | null {
  const [left, right] = inputs.map(written);
  return left && right && [...left, ...right];
}

/** The terms of what rule 1 wrote. */
function written(value: Value): Term[] | null {
  const { node } = value;
  if (node.op === "squeeze" || node.op === "unsqueeze") {
    return value.shape.length > 2 ? written(node.inputs[0]) : null;
  }
  return made(value, "transpose")?.permutation.join() === "1,0,2" ? products(node.inputs[0]) : null;
}

function products({ node }: Value): Term[] | null {
  if (node.op === "add") {
    const [left, right] = node.inputs.map(products);
    return left && right && [...left, ...right];
  }
  const [query, turned] = node.inputs;
  if (node.op !== "matmul" || made(turned, "transpose")?.permutation.join() !== "0,2,1") {
    return null;
  }
  return [{ query, rows: turned.node.inputs[0] }];
}

function joined(at: Builder, terms: readonly Term[]): Term {
  const queries = terms.map(({ query }) => query);
  const rows = terms.flatMap((term) => partsOf(term.rows));
  return { query: at.concat(queries, 1), rows: at.concat(rows, 2) };
}

/** Columns that rule 2 joined before. */
function partsOf(rows: Value): readonly Value[] {
  return made(rows, "concat")?.axis === 2 ? rows.node.inputs : [rows];
}

/** Behaviours of a batch that all heads share, times one column a head. */
function columnsOfScores({ node, shape }: Value): boolean {
  if (node.op !== "matmul" || shape.length !== 4 || shape[3] !== 1 || typeof shape[0] !== "number") {
    return false;
  }
  const [rows, query] = node.inputs;
  const [under] = rows.node.inputs;
  const alike =
    rows.node.op === "unsqueeze" && rows.shape.join() === [1, ...under.shape].join() && under.shape.length === 3;
  const one = query.shape[1] === 1 || query.shape[1] === rows.shape[1];
  return alike && one && typeof query.shape[2] === "number" && query.shape[0] === shape[0] && query.shape.length === 4;
}
