// The plain baseline: logistic regression on rates of the user, the item and the category, none of which look ahead.
import { Database } from "../../test/kit/database.ts";

export interface Scored {
  readonly label: Float64Array;
  readonly probability: Float64Array;
  readonly user: Float64Array;
}

/**
 * Features of a row, each a log-odds of a smoothed rate: the user's over all earlier rows, the item's, the category's and
 * the user's in that category. Items and categories count rows of the training part only; in training rows, those strictly
 * before. Fitted by Newton's method (IRLS) on the training part; scores of the test part.
 */
export async function baseline(select: string): Promise<Scored> {
  const source = await Database.open();
  try {
    const earlier = (by: string, what: string) =>
      `coalesce(${what} OVER (PARTITION BY ${by} ORDER BY moment RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)`;
    const trained = (by: string, what: string) =>
      `CASE WHEN part = 0 THEN ${earlier(by, what)} ELSE coalesce(${what} FILTER (WHERE part = 0) OVER (PARTITION BY ${by}), 0) END`;
    await source.all(`CREATE TABLE rows AS ${select}`);
    await source.all(`CREATE TABLE features AS SELECT user, label, part,
      ${earlier("user", "sum(label)")} AS us, ${earlier("user", "count(*)")} AS un,
      ${trained("item", "sum(label)")} AS is_, ${trained("item", "count(*)")} AS in_,
      ${trained("category", "sum(label)")} AS cs, ${trained("category", "count(*)")} AS cn,
      ${earlier("user, category", "sum(label)")} AS ucs, ${earlier("user, category", "count(*)")} AS ucn
      FROM rows`);
    const [{ rate }] = await source.all("SELECT avg(label) AS rate FROM rows WHERE part = 0");
    const log = (sum: string, count: string) => {
      const smooth = `((${sum} + 5 * ${Number(rate)}) / (${count} + 5.0))`;
      return `ln(${smooth} / (1 - ${smooth}))`;
    };
    const columns = [log("us", "un"), log("is_", "in_"), log("cs", "cn"), log("ucs", "ucn")];
    const read = async (part: number) => {
      const rows = await source.connection.runAndReadAll(
        `SELECT CAST(hash(user) % 4294967296 AS DOUBLE), CAST(label AS DOUBLE), 1.0::DOUBLE, ${columns.map((one) => `CAST(${one} AS DOUBLE)`).join(", ")} FROM features WHERE part = ${part}`,
      );
      return rows.getColumns().map((column) => Float64Array.from(column as number[]));
    };
    const [, label, ...x] = await read(0);
    const weights = fit(x, label);
    const [user, truth, ...z] = await read(2);
    return { user, label: truth, probability: truth.map((_, row) => probability(z, weights, row)) };
  } finally {
    source.close();
  }
}

function probability(x: readonly Float64Array[], weights: Float64Array, row: number): number {
  let logit = 0;
  for (let j = 0; j < x.length; j++) {
    logit += x[j][row] * weights[j];
  }
  return 1 / (1 + Math.exp(-logit));
}

/** Newton's method with a trace of ridge, until no weight moves. */
function fit(x: readonly Float64Array[], y: Float64Array): Float64Array {
  const width = x.length;
  const weights = new Float64Array(width);
  for (let round = 0; round < 25; round++) {
    const gradient = new Float64Array(width);
    const hessian = Array.from({ length: width }, (_, j) =>
      Float64Array.from({ length: width }, (_, k) => (j === k ? 1e-6 : 0)),
    );
    for (let row = 0; row < y.length; row++) {
      const p = probability(x, weights, row);
      for (let j = 0; j < width; j++) {
        gradient[j] += (y[row] - p) * x[j][row];
        for (let k = 0; k <= j; k++) {
          hessian[j][k] += p * (1 - p) * x[j][row] * x[k][row];
        }
      }
    }
    for (let j = 0; j < width; j++) {
      for (let k = 0; k < j; k++) {
        hessian[k][j] = hessian[j][k];
      }
    }
    const move = solve(hessian, gradient);
    for (let j = 0; j < width; j++) {
      weights[j] += move[j];
    }
    if (move.every((step) => Math.abs(step) < 1e-9)) {
      return weights;
    }
  }
  throw new Error("the baseline's regression does not converge");
}

/** Gaussian elimination with pivots. */
function solve(matrix: readonly Float64Array[], right: Float64Array): Float64Array {
  const rows = matrix.map((row, j) => Float64Array.of(...row, right[j]));
  const n = rows.length;
  for (let column = 0; column < n; column++) {
    const pivot = rows
      .slice(column)
      .reduce((best, row, i) => (Math.abs(row[column]) > Math.abs(rows[best][column]) ? column + i : best), column);
    [rows[column], rows[pivot]] = [rows[pivot], rows[column]];
    for (let j = 0; j < n; j++) {
      if (j === column) {
        continue;
      }
      const factor = rows[j][column] / rows[column][column];
      for (let k = column; k <= n; k++) {
        rows[j][k] -= factor * rows[column][k];
      }
    }
  }
  return Float64Array.from({ length: n }, (_, j) => rows[j][n] / rows[j][j]);
}
