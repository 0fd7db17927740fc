// Edges of the passes over products: mask-in-product, merge-output, reassociate and user-once.
import { builder } from "../../../../compiler/ir/build.ts";
import type { Value } from "../../../../compiler/ir/graph.ts";
import { graphOf } from "../../../kit/graph-of.ts";
import type { PassCase } from "../../../kit/pass-cases.ts";

type Cases = Readonly<Record<string, PassCase>>;

const b = builder("m");
const of = (result: Value) => graphOf({ result });
const floats = (name: string, ...shape: (string | number)[]) => b.input(name, "float32", shape);
const index = (name: string, ...shape: (string | number)[]) => b.input(name, "int32", shape);

const q = floats("q", 2, "candidates", 4);
const keys = floats("keys", 2, "history", 4);
const turned = (value: Value) => b.transpose(value, [0, 2, 1]);
const product = b.matmul(q, turned(keys));
const penalty = floats("penalty", "history");
const valid = floats("valid", "history");
const mask = b.mul(b.sub(valid, b.scalar(1)), b.scalar(1e30));
const row = index("row", "history");
const behind = (table: Value) => b.unsqueeze(b.transpose(b.gather(table, row), [1, 0]), 1);
const biases = b.parameter("biases", [6, 2]);
const plainly = "gather transpose unsqueeze sub mul add squeeze biasedScores";
const [two, valid2] = [index("two", 2), floats("valid2", 2)];
const valid5 = floats("valid5", 5);

const maskInProduct: Cases = {
  "a product that something else reads under a bias stays": {
    graph: graphOf({ masked: b.add(b.add(product, floats("bias", 2, 1, "history")), penalty), scores: product }),
  },
  "queries of four axes stay": {
    graph: of(b.add(b.matmul(floats("q4", 2, 2, "history", 4), turned(keys)), penalty)),
  },
  "queries that all heads share stay": {
    graph: of(b.add(b.matmul(floats("q2", 2, 4), turned(keys)), penalty)),
  },
  "one number for all behaviours stays": { graph: of(b.add(product, floats("alike", 1))) },
  "a bias of candidates stays": { graph: of(b.add(b.add(product, floats("own", "candidates", 1)), penalty)) },
  "a bias that is brought is added to the mask": {
    beside: true,
    graph: of(b.add(b.add(product, floats("bias", 2, 1, "history")), mask)),
    gives: "sub mul add squeeze biasedScores",
  },
  "a bias of a table of the request is added to the mask": {
    beside: true,
    graph: of(b.add(b.add(product, behind(floats("biases", 6, 2))), mask)),
    gives: plainly,
  },
  "rows under another axis are added to the mask": {
    beside: true,
    graph: of(b.add(b.add(product, b.transpose(b.gather(biases, index("rows", 1, "history")), [2, 0, 1])), mask)),
    gives: "gather transpose sub mul add squeeze biasedScores",
  },
  "rows above another axis are added to the mask": {
    beside: true,
    graph: of(b.add(b.add(product, b.transpose(b.gather(biases, index("rows1", "history", 1)), [2, 1, 0])), mask)),
    gives: "gather transpose sub mul add squeeze biasedScores",
  },
  "a looked-up bias under axes that come and go is a row of its table": {
    beside: true,
    graph: of(b.add(b.add(product, b.squeeze(b.squeeze(b.unsqueeze(b.unsqueeze(behind(biases), 0), 4), 4), 0)), mask)),
    gives: "reshape concat transpose greater where unsqueeze concat gatherElements biasedScores",
  },
  "a looked-up bias that was changed since is added to the mask": {
    beside: true,
    graph: of(b.add(b.add(product, b.unsqueeze(b.transpose(b.tanh(b.gather(biases, row)), [1, 0]), 1)), mask)),
    gives: "gather tanh transpose unsqueeze sub mul add squeeze biasedScores",
  },
  "a bias that has the behaviours in front is added to the mask": {
    beside: true,
    graph: of(
      b.add(
        b.add(b.matmul(q, turned(floats("keys2", 2, 2, 4))), b.unsqueeze(b.gather(biases, two), 1)),
        b.mul(b.sub(valid2, b.scalar(1)), b.scalar(1e30)),
      ),
    ),
    gives: "gather unsqueeze sub mul add squeeze biasedScores",
  },
  "65,536 numbers are near": {
    beside: true,
    graph: of(b.add(b.add(product, behind(b.parameter("near", [32_768, 2]))), mask)),
    gives: "reshape concat transpose greater where unsqueeze concat gatherElements biasedScores",
  },
  "what adds one is no mask": {
    beside: true,
    graph: of(b.add(b.add(product, behind(biases)), b.mul(b.add(valid, b.scalar(1)), b.scalar(1e30)))),
    gives: "gather transpose unsqueeze add mul add squeeze biasedScores",
  },
  "what takes a half away is no mask": {
    beside: true,
    graph: of(b.add(b.add(product, behind(biases)), b.mul(b.sub(valid, b.scalar(0.5)), b.scalar(1e30)))),
    gives: plainly,
  },
  "a penalty of the request's own is no mask": {
    beside: true,
    graph: of(b.add(b.add(product, behind(biases)), b.mul(b.sub(valid, b.scalar(1)), floats("by", 1)))),
    gives: plainly,
  },
  "a penalty of several numbers is no mask": {
    beside: true,
    graph: of(
      b.add(
        b.add(
          b.matmul(q, turned(floats("keys5", 2, 5, 4))),
          b.unsqueeze(b.transpose(b.gather(biases, index("row5", 5)), [1, 0]), 1),
        ),
        b.mul(b.sub(valid5, b.scalar(1)), b.floats([1e30, 2, 3, 4, 5])),
      ),
    ),
    gives: plainly,
  },
  "keys whose behaviours come first stay": {
    graph: of(b.add(b.matmul(q, b.transpose(floats("first", "history", 2, 4), [1, 2, 0])), penalty)),
  },
  "keys that are not turned stay": {
    graph: of(b.add(b.matmul(q, b.transpose(floats("flat", 2, 4, "history"), [0, 1, 2])), penalty)),
  },
};

const attention = floats("attention", 2, "candidates", 6);
const history = floats("history_x", 1, 6, 8);
const wv = b.parameter("wv", [2, 8, 4]);
const wo = b.parameter("wo", [8, 3]);
const side = (heads: Value) => b.reshape(b.transpose(heads, [1, 0, 2]), ["candidates", 8]);
const projected = b.matmul(history, wv);

const mergeOutput: Cases = {
  "an output as wide as a value": {
    graph: of(b.matmul(side(b.matmul(attention, projected)), b.parameter("as_wide", [8, 4]))),
    gives: "reshape matmul matmul matmul sum",
  },
  "heads that are no product stay": { graph: of(b.matmul(side(floats("given", 2, "candidates", 4)), wo)) },
  "values of a matrix of the request stay": {
    graph: of(b.matmul(side(b.matmul(attention, b.matmul(history, floats("wv_given", 2, 8, 4)))), wo)),
  },
  "a sum with values of the request stays": {
    graph: of(b.matmul(side(b.matmul(attention, b.add(projected, floats("cached", 2, 6, 4)))), wo)),
  },
  "heads below each other stay": {
    graph: of(
      b.matmul(
        b.reshape(
          b.transpose(b.matmul(floats("six", 2, 6, 6), b.gather(projected, index("six_rows", 6), 1)), [1, 0, 2]),
          [12, 4],
        ),
        b.parameter("four", [4, 3]),
      ),
    ),
  },
  "what was not turned stays": {
    graph: of(b.matmul(b.reshape(floats("heads", "candidates", 2, 4), ["candidates", 8]), wo)),
  },
  "fixed values of four axes stay": {
    graph: of(
      b.matmul(
        side(b.squeeze(b.matmul(floats("one", 2, "candidates", 1, 6), b.parameter("values", [2, 1, 6, 4])), 2)),
        wo,
      ),
    ),
  },
};

const w84 = b.parameter("w84", [8, 4]);
const w22 = b.parameter("w22", [2, 2]);
const keys3 = floats("keys3", "candidates", 6, 8);
const small = floats("small", "candidates", 2, 2);
const other = floats("other", "candidates", 2, 2);

const reassociate: Cases = {
  "three weights a candidate just pay": {
    graph: of(b.matmul(floats("p3", "candidates", 3, 6), b.matmul(keys3, w84))),
    gives: "matmul matmul",
  },
  "three queries a candidate just pay": {
    graph: of(b.matmul(b.matmul(keys3, w84), floats("q3", "candidates", 4, 3))),
    gives: "matmul matmul",
  },
  "an order that costs the same stays": { graph: of(b.matmul(other, b.matmul(small, w22))) },
  "also of queries": { graph: of(b.matmul(b.matmul(small, w22), other)) },
  "many weights of a cached part stay": {
    graph: of(
      b.matmul(
        floats("many", "candidates", 90, 6),
        b.add(floats("cached_part", "candidates", 6, 4), b.matmul(keys3, w84)),
      ),
    ),
  },
  "queries of a size that nobody knows stay": {
    graph: of(b.matmul(b.matmul(floats("rest", "unknown", 6, 8), w84), floats("qs", "unknown", 4, 1))),
  },
};

const first = b.mul(index("repeat", "candidates"), b.ints([0], []));
const user = floats("user", 1, 5);
const item = floats("item", "candidates", 4);

const userOnce: Cases = {
  "a user of three columns": {
    graph: of(b.matmul(b.concat([item, b.gather(floats("u3", 1, 3), first)], 1), b.parameter("seven", [7, 3]))),
    gives: "slice matmul slice matmul add",
  },
  "user and context alone": {
    graph: of(
      b.matmul(
        b.concat([b.gather(user, first), b.gather(floats("context", 1, 2), first)], 1),
        b.parameter("both", [7, 3]),
      ),
    ),
    gives: "concat slice slice concat matmul mul gather",
  },
  "a matrix for each head stays": {
    graph: of(b.matmul(b.gather(user, first), b.parameter("heads", [2, 5, 3]))),
  },
  "users behind each other stay": {
    graph: of(
      b.matmul(
        b.concat(
          [
            b.gather(user, b.mul(index("threes", "candidates", 3), b.ints([0], []))),
            floats("rows", "candidates", 3, 5),
          ],
          1,
        ),
        b.parameter("five", [5, 3]),
      ),
    ),
  },
  "a user of several rows stays": {
    graph: of(b.matmul(b.gather(floats("two_rows", 1, 2, 5), first), b.parameter("five", [5, 3]))),
  },
  "a user that is read often": {
    beside: true,
    graph: of(
      b.matmul(b.gather(user, b.mul(index("fives", "candidates", 5), b.ints([0], []))), b.parameter("five", [5, 3])),
    ),
    gives: "matmul mul gather",
  },
  "two users that are added stay": {
    graph: of(
      b.matmul(b.add(b.gather(user, first), b.gather(floats("another", 1, 5), first)), b.parameter("five", [5, 3])),
    ),
  },
};

export const edges: Readonly<Record<string, Cases>> = {
  "mask-in-product": maskInProduct,
  "merge-output": mergeOutput,
  reassociate,
  "user-once": userOnce,
};
