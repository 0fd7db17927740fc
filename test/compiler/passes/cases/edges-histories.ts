// Edges of training's passes over histories and steps.
import { builder } from "../../../../compiler/ir/build.ts";
import type { Value } from "../../../../compiler/ir/graph.ts";
import { graphOf } from "../../../kit/graph-of.ts";
import type { PassCase } from "../../../kit/pass-cases.ts";

type Cases = Readonly<Record<string, PassCase>>;

const b = builder("m");
const of = (result: Value) => ({ graph: graphOf({ result }) });
const floats = (name: string, ...shape: (string | number)[]) => b.input(name, "float32", shape);
const index = (name: string, ...shape: (string | number)[]) => b.input(name, "int32", shape);

const items = floats("items_x", "items", 10);
const at = index("at", "batch", "history");
const candidates = index("candidates_at", "batch");
const wk = b.parameter("wk", [2, 1, 10, 2]);
const query = floats("query", 2, "batch", 2, 1);
const scores = (x: Value, w = wk) => of(b.matmul(b.matmul(x, w), query));

const itemsOnce: Cases = {
  "items just wide enough": {
    ...scores(b.unsqueeze(b.gather(floats("five", "items", 5), at), 0), b.parameter("wk5", [2, 1, 5, 2])),
    gives: "squeeze squeeze transpose reshape matmul reshape itemScores unsqueeze",
  },
  "narrow columns meet their rows of the weight together": {
    ...scores(
      b.unsqueeze(
        b.gather(b.concat([floats("a3", "items", 3), floats("a2", "items", 2), floats("a24", "items", 24)], 1), at),
        0,
      ),
      b.parameter("wk29", [2, 1, 29, 2]),
    ),
    gives: "squeeze squeeze transpose reshape slice matmul concat slice matmul add reshape itemScores unsqueeze",
  },
  "rows that are brought stay": scores(floats("x4", 1, "batch", 5, 10)),
  "rows that no look-up made stay": scores(b.unsqueeze(floats("x3", "batch", 5, 10), 0)),
  "one list for all rows of the batch stays": scores(b.unsqueeze(b.gather(items, index("one_list", "history")), 0)),
  "lists of items stay": scores(b.unsqueeze(b.gather(floats("lists", "items", 10, 10), candidates), 0)),
  "five axes stay": of(
    b.matmul(
      b.matmul(b.unsqueeze(b.gather(items, index("thirty", 30, 1)), 0), b.parameter("wk30", [1, 1, 30, 10, 2])),
      floats("query30", 1, 30, 2, 1),
    ),
  ),
};

const tags = floats("tags", "items", 3, 4);
const two = (name: string) => floats(name, 2, 2, 2, 2);

const pooledAtOnce: Cases = {
  "a mask that all items share stays": of(b.sum(b.mul(tags, b.unsqueeze(floats("all", 1, 3), 2)), [1])),
  "a mask of four axes stays": of(b.sum(b.mul(floats("cube", 2, 2, 4), b.unsqueeze(floats("masks", 2, 2, 4), 2)), [1])),
  "rows of four axes stay": of(b.sum(b.mul(two("deep"), b.unsqueeze(floats("flat", 2, 2), 2)), [1])),
  "a mask of as many columns stays": of(
    b.sum(b.mul(floats("square", "items", 4, 4), b.unsqueeze(floats("columns", "items", 4), 1)), [1]),
  ),
  "a mask of one tag an item stays": of(
    b.sum(b.mul(floats("tag", "items", 1, 4), b.unsqueeze(floats("each", "items"), 1, 2)), [1]),
  ),
};

const wide = floats("wide_x", "items", 24);
const narrow = floats("narrow_x", "items", 3);
const third = floats("third_x", "items", 3);
const atItems = index("at_items", "batch", 5);
const turned = (x: Value) => b.transpose(x, [0, 2, 1]);

const readApart: Cases = {
  "narrow columns in front together": {
    ...of(b.matmul(floats("asked30", "batch", 2, 30), turned(b.gather(b.concat([narrow, third, wide], 1), atItems)))),
    gives: "slice concat gather transpose matmul slice gather transpose matmul add",
  },
  "wide columns alone": {
    ...of(b.matmul(floats("asked24", "batch", 2, 24), turned(b.gather(b.concat([wide], 1), atItems)))),
    gives: "gather transpose matmul",
    beside: true,
  },
  "columns of lists stay": of(
    b.matmul(
      floats("asked4", "batch", 2, 4),
      turned(b.gather(b.concat([floats("l24", "items", 24, 4), floats("l3", "items", 3, 4)], 1), candidates)),
    ),
  ),
  "numbers of several ids are read as they are": {
    ...of(b.gather(b.concat([b.gather(floats("numbers", "rows"), index("ids3", "items", 3)), wide], 1), candidates)),
    gives: "gather gather gather concat",
    holds: /gather\(.*: float32\[items, 3\]/,
  },
};

const rows = floats("behaviours", "batch", 3, 4);
const heads = floats("heads", 2, "batch", 4, 1);
const alike = floats("alike", 2, 1, 4, 1);
const scored = (of: Value, by: Value) => b.matmul(b.unsqueeze(of, 0), by);
const first = scored(rows, alike);
const second = scored(floats("more", "batch", 3, 2), floats("alike2", 2, 1, 2, 1));
const own = scored(rows, heads);
const front = (x: Value) => b.transpose(x, [1, 0, 2]);
const joined = "reshape reshape concat concat transpose matmul transpose";

const rowsOfScores: Cases = {
  "sums of three that are alike are one product": {
    ...of(b.add(b.add(first, second), scored(floats("last", "batch", 3, 5), floats("alike5", 2, 1, 5, 1)))),
    gives: "reshape reshape concat reshape concat concat transpose matmul transpose unsqueeze",
  },
  "sums of three, one of each row's own": {
    ...of(b.add(b.add(first, own), second)),
    gives: "squeeze transpose transpose matmul reshape reshape concat concat transpose matmul add transpose unsqueeze",
  },
  "sums of rows of scores": {
    ...of(b.add(b.squeeze(first, 3), b.squeeze(second, 3))),
    gives: joined,
  },
  "a sum with what is no product stays a sum": {
    ...of(b.add(first, floats("other", 2, "batch", 3, 1))),
    gives: "reshape transpose matmul transpose unsqueeze add",
  },
  "a sum of sums with what is no product stays a sum": {
    ...of(
      b.add(
        b.unsqueeze(front(b.add(b.matmul(floats("q", "batch", 2, 4), turned(rows)), floats("r", "batch", 2, 3))), 3),
        first,
      ),
    ),
    gives: "transpose matmul add transpose unsqueeze reshape transpose matmul transpose unsqueeze add",
  },
  "one row of scores stays a sum": {
    ...of(
      b.add(
        b.squeeze(scored(floats("single", 1, 3, 4), alike), 1, 3),
        b.squeeze(scored(floats("single2", 1, 3, 4), alike), 1, 3),
      ),
    ),
    gives:
      "reshape transpose matmul transpose unsqueeze squeeze reshape transpose matmul transpose unsqueeze squeeze add",
  },
  "products with what was not turned stay a sum": of(
    b.add(
      front(b.matmul(floats("q", "batch", 2, 4), floats("m", "batch", 4, 3))),
      front(b.matmul(floats("q2", "batch", 2, 4), floats("m2", "batch", 4, 3))),
    ),
  ),
  "behaviours of no batch stay": of(scored(floats("flat", 3, 4), alike)),
  "queries of five axes stay": of(scored(floats("thin", 3, 5, 1), floats("five_axes", 2, 1, 3, 1, 1))),
  "queries of three axes stay": of(scored(floats("ones", "batch", 3, 1), floats("q111", 1, 1, 1))),
  "heads that nobody counted stay": of(scored(rows, floats("many", "unknown", "batch", 4, 1))),
  "columns that nobody counted stay": of(
    scored(floats("long", "batch", 3, "history"), floats("long_q", 2, "batch", "history", 1)),
  ),
  "behaviours that the batch shares stay": of(scored(floats("shared", 1, 3, 4), heads)),
};

const weights = floats("attention", "batch", 2, 5);
const wideRows = floats("wide_rows", "batch", 5, 32);

const wideApart: Cases = {
  "a concatenation of one stays": of(b.matmul(weights, b.concat([wideRows], 2))),
  "heads of as many weights as columns stay": of(
    b.matmul(
      floats("w35", 2, "batch", 35, 5),
      b.concat([floats("x32", 2, "batch", 5, 32), floats("x3", 2, "batch", 5, 3)], 3),
    ),
  ),
};

const some = index("some", "batch");
const eight = (name: string) => floats(name, 8);
const lateOne = b.reshape(b.scatterAdd(some, floats("one", "batch", 2), floats("four", 4, 2)), [8]);

const earlyTogether: Cases = {
  "a choice of early and late is no concatenation": of(
    b.where(b.greater(eight("c"), b.scalar(0)), eight("a"), lateOne),
  ),
};

const numberByNumber: Cases = {
  "eight columns": {
    ...of(b.transpose(b.gather(floats("eights", "items", 8), atItems), [2, 0, 1])),
    gives: `${Array(8).fill("slice squeeze gather unsqueeze").join(" ")} concat`,
    beside: true,
  },
  "one column": {
    ...of(b.transpose(b.gather(floats("singles", "items", 1), atItems), [2, 0, 1])),
    gives: "slice squeeze gather unsqueeze",
    beside: true,
  },
  "one row of numbers each stays": of(b.transpose(b.gather(floats("pairs", "items", 2, 1), some), [2, 0, 1])),
  "columns that nobody counted stay": of(
    b.transpose(b.gather(floats("longs", "items", "history"), atItems), [2, 0, 1]),
  ),
  "bits stay": of(b.gather(b.greater(floats("vector", "items"), b.scalar(0)), atItems)),
};

export const edges: Readonly<Record<string, Cases>> = {
  "items-once": itemsOnce,
  "pooled-at-once": pooledAtOnce,
  "read-apart": readApart,
  "rows-of-scores": rowsOfScores,
  "wide-apart": wideApart,
  "early-together": earlyTogether,
  "number-by-number": numberByNumber,
};
