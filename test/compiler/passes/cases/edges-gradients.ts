// Edges of training's passes over what reverse mode writes.
import { builder, make } from "../../../../compiler/ir/build.ts";
import type { Value } from "../../../../compiler/ir/graph.ts";
import { graphOf } from "../../../kit/graph-of.ts";
import type { PassCase } from "../../../kit/pass-cases.ts";

type Cases = Readonly<Record<string, PassCase>>;

const b = builder("m");
const of = (result: Value) => ({ graph: graphOf({ result }) });
const floats = (name: string, ...shape: (string | number)[]) => b.input(name, "float32", shape);
const index = (name: string, ...shape: (string | number)[]) => b.input(name, "int32", shape);
const scatter = (shape: readonly number[] | null, ...inputs: Value[]) =>
  make("scatterAdd", inputs, { shape }, { scope: "m", doc: "" });

const x = floats("x", "batch", 3);

const columnsFirst: Cases = {
  "columns of products of a batch": {
    ...of(b.slice(b.matmul(floats("x3", "batch", 2, 3), floats("w3", "batch", 3, 6)), 2, 1, 3)),
    gives: "slice matmul",
  },
  "all columns": { ...of(b.slice(b.matmul(x, floats("w", 3, 6)), 1, 0, 6)), gives: "matmul" },
  "of columns that were cut out, too": {
    ...of(b.slice(b.matmul(x, b.slice(floats("w8", 3, 8), 1, 1, 7)), 1, 2, 5)),
    gives: "slice matmul",
  },
};

const turned = (value: Value) => b.transpose(value, [0, 2, 1]);
/** aᵀ · b with a [batch, s, m] and b [batch, s, n]. */
const short = (name: string, s: number | string, m: number | string = 6, n: number | string = 6) =>
  b.matmul(turned(floats(`${name}_a`, "batch", s, m)), floats(`${name}_b`, "batch", s, n));
const rest = floats("rest", "batch", 6, 6);
const ofOne = (name: string) => b.matmul(turned(floats(`${name}_a`, 1, 1, 6)), floats(`${name}_b`, "batch", 1, 6));
const unturned = (name: string) => b.matmul(floats(`${name}_a`, "batch", 6, 1), floats(`${name}_b`, "batch", 1, 6));

const turnedProducts: Cases = {
  "products that are just short": {
    ...of(b.add(short("p2", 1, 2, 2), short("q2", 1, 2, 2))),
    gives: "concat transpose concat matmul",
    beside: true,
  },
  "a short product and what is none stay": of(b.add(short("p", 1), rest)),
  "what is no product and a short one stay": of(b.add(rest, short("p", 1))),
  "products that were not turned stay": of(b.add(unturned("p"), unturned("q"))),
  "products of one for the whole batch stay": of(b.add(ofOne("p"), ofOne("q"))),
  "products of rows that nobody counted stay": of(b.add(short("p", 1, "history"), short("q", 1, "history"))),
  "products of columns that nobody counted stay": of(b.add(short("p", 1, 6, "history"), short("q", 1, 6, "history"))),
  "products over what nobody counted stay": of(b.add(short("p", "history"), short("q", "history"))),
};

const rowsOf = b.ints([1, 0, 3, 2, 1]);
const pair = (name: string, ...rest: number[]) => [index(`${name}_i`, 4), floats(`${name}_u`, 4, ...rest)];
const summed = scatter([5, 30], ...pair("p", 30), ...pair("q", 30));
const like = floats("like", "rows", 30);
const four = b.concat(
  ["a", "c", "d", "e"].map((name) => floats(name, 5, 10)),
  1,
);

const sumsOfSums: Cases = {
  "sums onto what has their shape": {
    ...of(b.scatterAdd(rowsOf, scatter(null, ...pair("p", 30), ...pair("q", 30), floats("five", 5, 30)), like)),
    gives: "gather gather scatterAdd",
  },
  "sums of three pairs": {
    ...of(b.scatterAdd(rowsOf, scatter([5, 30], ...pair("p", 30), ...pair("q", 30), ...pair("r", 30)), like)),
    gives: "gather gather gather scatterAdd",
  },
  "24 columns": {
    ...of(b.scatterAdd(rowsOf, b.slice(summed, 1, 2, 26), floats("like24", "rows", 24))),
    gives: "gather slice gather slice scatterAdd",
    beside: true,
  },
  "the last columns, few of them, stay": of(
    b.scatterAdd(rowsOf, b.slice(summed, 1, 24, 30), floats("like6", "rows", 6)),
  ),
  "a single pair stays": of(b.scatterAdd(rowsOf, scatter(null, ...pair("p", 30), floats("five", 5, 30)), like)),
  "numbers of pairs of ids stay": of(
    b.scatterAdd(index("ids", 5, 2), scatter([5, 2], ...pair("p", 2), ...pair("q", 2)), floats("numbers", "rows")),
  ),
  "sums of deep rows stay": of(
    b.scatterAdd(rowsOf, scatter([5, 2, 3], ...pair("p", 2, 3), ...pair("q", 2, 3)), floats("deep", "rows", 2, 3)),
  ),
  "sums that are added stay": of(b.add(floats("row", 30), summed)),
  "four parts side by side are no sums": of(b.scatterAdd(rowsOf, four, floats("like40", "rows", 40))),
};

const some = index("some", "batch");
const given = floats("given", "batch", 30);
const carried = (name: string, ...shape: (string | number)[]) => b.mul(floats(name, ...shape), b.scalar(1));
const sums = b.scatterAdd(some, given, carried("table", "items", 30));
const twoPairs = scatter(
  null,
  some,
  given,
  index("others", "batch"),
  floats("given2", "batch", 30),
  carried("table", "items", 30),
);
const known = scatter([6, 30], some, given);
/** With an input that counts the rows. */
const counted = (outputs: Readonly<Record<string, Value>>, by: Value = index("counted", "items")) => ({
  graph: graphOf({ ...outputs, count: b.add(by, b.integer(1)) }),
});
const cut = (of: Value, ...ends: number[]) =>
  Object.fromEntries(ends.slice(1).map((end, at) => [`columns${at}`, b.slice(of, 1, ends[at], end)]));
const narrow = "slice mul gather scatterAdd";

const narrowSums: Cases = {
  "rows that an input of several numbers counts": {
    ...counted({ sums: b.relu(sums) }, index("counted2", "items", 2)),
    gives: "slice squeeze mul gather scatterAdd relu add",
  },
  "sums of two pairs": { ...counted(cut(twoPairs, 0, 26)), gives: "slice slice mul gather scatterAdd add" },
  "one reader of narrow columns": { ...counted(cut(sums, 0, 20)), gives: `${narrow} add` },
  "24 columns and six": { ...counted(cut(sums, 0, 24, 30)), gives: `${narrow} ${narrow} add` },
  "readers of few columns": { ...counted(cut(sums, 0, 5, 10)), gives: `${narrow} ${narrow} add` },
  "readers of half of the columns share": {
    ...counted(cut(sums, 0, 10, 15)),
    gives: "mul gather scatterAdd slice slice add",
  },
  "beside columns that nobody counted": {
    ...counted({ ...cut(sums, 0, 26), early: b.slice(floats("history", "batch", "history"), 1, 0, 2) }),
    gives: `${narrow} slice add`,
  },
  "columns of a table of known size stay": counted(cut(known, 0, 26), index("six", 6)),
  "a table of known size stays": counted({ sums: b.relu(known) }, index("six", 6)),
  "sums of deep rows stay": counted({
    sums: b.relu(b.scatterAdd(some, floats("deep", "batch", 2, 30), carried("deep_table", "items", 2, 30))),
  }),
  "rows that an input of deep rows counts stay": counted({ sums: b.relu(sums) }, index("deep_count", "items", 2, 2)),
  "columns that nobody counted stay": counted({
    sums: b.relu(b.scatterAdd(some, floats("long", "batch", "history"), carried("long_table", "items", "history"))),
  }),
};

export const edges: Readonly<Record<string, Cases>> = {
  "columns-first": columnsFirst,
  "turned-products": turnedProducts,
  "sums-of-sums": sumsOfSums,
  "narrow-sums": narrowSums,
};
