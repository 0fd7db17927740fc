// Edges of the passes that look products up: join-lookups, split-values, and of fold-bias what both share.
import { builder } from "../../../../compiler/ir/build.ts";
import type { Value } from "../../../../compiler/ir/graph.ts";
import { graphOf } from "../../../kit/graph-of.ts";
import type { PassCase } from "../../../kit/pass-cases.ts";

type Cases = Readonly<Record<string, PassCase>>;

const b = builder("m");
const of = (result: Value) => graphOf({ result });
const floats = (name: string, ...shape: (string | number)[]) => b.input(name, "float32", shape);
const index = (name: string, ...shape: (string | number)[]) => b.input(name, "int32", shape);

const [i, j] = [index("i", "history"), index("j", "history")];
const [s, t] = [b.parameter("s", [6, 4]), b.parameter("t", [3, 4])];
const kept = index("kept", "candidates", 2);
const table = (name: string, ...shape: number[]) => b.parameter(`${name}${shape.join("x")}`, shape);
/** Of a table of one row that row. */
const look = (rows: Value, at: Value) => b.gather(rows, rows.shape[0] === 1 ? b.mul(at, b.integer(0)) : at);
const added = (left: Value, right: Value) => of(b.add(look(left, i), look(right, j)));
const beside = (left: Value, right: Value) => of(b.concat([b.gather(left, i), b.gather(right, j)], 1));
const sums = "unsqueeze unsqueeze add reshape mul add gather";
const single = "unsqueeze unsqueeze add reshape mul mul add gather";
const pairs = "unsqueeze add unsqueeze add concat reshape mul add gather";

const joinLookups: Cases = {
  "65,536 numbers of one table and a single row": {
    graph: added(table("s", 16384, 4), table("t", 1, 4)),
    gives: single,
  },
  "a single row and 65,536 numbers": { graph: added(table("s", 1, 4), table("t", 16384, 4)), gives: single },
  "65,536 sums": { graph: added(table("s", 256, 4), table("t", 64, 4)), gives: sums },
  "a table that is too large alone stays": { graph: added(table("s", 16385, 4), table("t", 1, 4)) },
  "65,536 numbers side by side": { graph: beside(table("s", 128, 3), table("t", 128, 1)), gives: pairs },
  "more side by side stay": { graph: beside(table("s", 129, 3), table("t", 128, 1)) },
  "more side by side than there are sums stay": { graph: beside(table("s", 128, 4), table("t", 128, 1)) },
  "deep rows side by side stay": {
    graph: of(b.concat([b.gather(table("s", 4, 2, 2), i), b.gather(table("t", 3, 2, 2), j)], 2)),
  },
  "as many numbers of other rows stay": {
    graph: of(b.add(b.gather(s, i), b.gather(table("numbers", 3), index("each", "history", 4)))),
  },
  "a fixed row stays": { graph: of(b.add(b.gather(s, b.ints([0, 1, 2])), b.gather(t, index("three", 3)))) },
  "rows of a batch are joined before they are read": {
    graph: (() => {
      const [left, right] = [index("left", "batch", "history"), index("right", "batch", "history")];
      const rows = index("rows", "batch", 2);
      return of(b.add(b.gather(s, b.gatherRows(left, rows)), b.gather(t, b.gatherRows(right, rows))));
    })(),
    gives: "unsqueeze unsqueeze add reshape mul add gatherRows gather",
  },
  "rows read at other positions are joined behind": {
    graph: of(b.add(b.gather(s, b.gather(i, kept)), b.gather(t, b.gather(j, index("other", "candidates", 2))))),
    gives: "unsqueeze unsqueeze add reshape gather mul gather add gather",
  },
  "rows read of lists of other lengths are joined behind": {
    graph: of(b.add(b.gather(s, b.gather(i, kept)), b.gather(t, b.gather(index("items_row", "items"), kept)))),
    gives: "unsqueeze unsqueeze add reshape gather mul gather add gather",
  },
  "positions that are added to are joined behind": {
    graph: (() => {
      const [five, at, more] = [index("five", 5), index("at", 5), index("more", 5)];
      return of(b.add(b.gather(s, b.gather(five, at)), b.gather(t, b.mul(more, at))));
    })(),
    gives: "unsqueeze unsqueeze add reshape gather mul mul add gather",
  },
  "columns that a look-up names stay": {
    graph: of(b.gatherElements(b.gather(s, index("i3", 3)), b.gather(b.ints([0, 3, 1, 2], [2, 2]), index("j3", 3)), 1)),
  },
};

const row = index("row", "history");
const ago2 = b.gather(b.parameter("ago", [6, 5]), row);
const ago = b.unsqueeze(ago2, 0);
const thin = b.unsqueeze(b.gather(b.parameter("thin", [6, 1]), row), 0);
const item2 = floats("item", "history", 8);
const item = b.unsqueeze(item2, 0);
const moods = b.unsqueeze(b.sum(b.gather(b.parameter("moods", [6, 3]), index("mood", "history", 2)), [1]), 0);
const mood = b.unsqueeze(b.sum(b.gather(b.parameter("moods", [6, 3]), index("one_mood", "history", 1)), [1]), 0);
const w = (width: number, out = 3) => b.parameter(`w${width}to${out}`, [2, width, out]);
const lookUp = "matmul transpose gather transpose";

const splitValues: Cases = {
  "a table of as many numbers as may be": {
    graph: of(b.matmul(ago, w(5))),
    gives: lookUp,
    context: { valueTable: 36 },
  },
  "in a batch": {
    graph: of(
      b.matmul(
        b.unsqueeze(b.gather(b.parameter("ago", [6, 5]), index("rows", "batch", "history")), 0),
        b.at("weights").unsqueeze(b.at("weights").parameter("w4", [2, 5, 3]), 1),
      ),
    ),
    gives: "unsqueeze squeeze matmul transpose gather transpose",
    holds: / squeeze\(.*# m\/weights/,
  },
  "look-ups alone, side by side": {
    beside: true,
    graph: of(
      b.matmul(
        b.concat([ago, b.unsqueeze(b.gather(b.parameter("b5", [6, 5]), i), 0)], 2),
        b.concat([w(5), b.parameter("v5", [2, 5, 3])], 1),
      ),
    ),
    gives: "matmul transpose gather transpose matmul transpose gather transpose add",
  },
  "side by side under one axis": {
    beside: true,
    graph: of(b.matmul(b.unsqueeze(b.concat([item2, ago2], 1), 0), b.concat([w(8), w(5)], 1))),
    gives: "unsqueeze matmul matmul transpose gather transpose add",
  },
  "what is no look-up stays, under one axis, too": {
    graph: of(b.matmul(b.unsqueeze(b.concat([item2, floats("more", "history", 5)], 1), 0), b.concat([w(8), w(5)], 1))),
  },
  "a bias is another pass's": { graph: of(b.matmul(ago, w(5, 1))) },
  "parts of the weight alone stay": { graph: of(b.matmul(item, b.concat([w(3), w(5)], 1))) },
  "parts of the columns alone stay": { graph: of(b.matmul(b.concat([item, ago], 2), w(13))) },
  "columns that meet the weight's parts in part stay": {
    graph: of(b.matmul(b.concat([item, ago, moods], 2), b.concat([w(8), w(3), w(5)], 1))),
  },
  "a feature of one column stays": { graph: of(b.matmul(thin, w(1))) },
  "one tag of three columns stays": { graph: of(b.matmul(mood, w(3))) },
  "one matrix for all heads stays": { graph: of(b.matmul(ago, b.parameter("flat", [5, 3]))) },
  "an axis in another place stays": {
    graph: of(b.matmul(b.unsqueeze(b.slice(ago2, 0, 0, 3), 1), b.parameter("single", [1, 5, 3]))),
  },
  "a table of deep rows stays": {
    graph: of(
      b.matmul(
        b.unsqueeze(b.slice(b.gather(b.parameter("deep", [6, 2, 5]), row), 0, 0, 3), 0),
        b.parameter("deep_w", [2, 1, 5, 3]),
      ),
    ),
  },
};

const many = b.sum(b.gather(b.parameter("narrow", [6, 1]), index("many", "history", 9)), [1]);
const bias = (width: number) => b.parameter(`bias${width}`, [2, width, 1]);
const biasOf = (rows: Value, weight: Value) => of(b.matmul(b.unsqueeze(rows, 0), weight));

/** Beside those of `edges.ts`. */
const foldBias: Cases = {
  "an average of tags that cost more to pool stays": {
    graph: biasOf(b.div(many, floats("count", "history", 1)), bias(1)),
  },
  "the newest of tags that cost more to pool stay": { graph: biasOf(b.slice(many, 0, 0, 3), bias(1)) },
  "one weight for all heads stays": { graph: biasOf(b.slice(ago2, 0, 0, 3), b.parameter("flat_bias", [5, 1])) },
  "columns of a table stay": {
    graph: biasOf(b.slice(b.gather(b.parameter("wide", [7, 6]), index("columns", 5), 1), 0, 0, 3), bias(5)),
  },
  "a mask of more axes stays": {
    graph: of(
      b.matmul(b.unsqueeze(b.mul(ago2, floats("masks", 2, "history", 1)), 0), b.parameter("masked", [2, 1, 5, 1])),
    ),
  },
};

export const edges: Readonly<Record<string, Cases>> = {
  "join-lookups": joinLookups,
  "split-values": splitValues,
  "fold-bias": foldBias,
};
