// Edges of read-kept: which operands belong to the behaviours, and which only look so.
import { builder } from "../../../../compiler/ir/build.ts";
import type { Value } from "../../../../compiler/ir/graph.ts";
import { graphOf } from "../../../kit/graph-of.ts";
import type { PassCase } from "../../../kit/pass-cases.ts";

const b = builder("m");
const floats = (name: string, ...shape: (string | number)[]) => b.input(name, "float32", shape);
const index = (name: string, ...shape: (string | number)[]) => b.input(name, "int32", shape);
const kept = index("kept", "candidates", 2);
const first = b.mul(kept, b.ints([0], []));
const of = (result: Value) => ({ graph: graphOf({ result }) });
const read = (value: Value) => of(b.gather(value, kept));

const x = floats("x", "history", 4);
const one = floats("one", "history");
const row = index("row", "history");
const inBatch = floats("in_batch", "batch", "history", 4);
const rows = index("rows", "batch", 2);
const ofBatch = index("of_batch", "batch", "history");
const scale = b.parameter("scale", [4]);
const tanh = b.tanh(x);

const readKept: Readonly<Record<string, PassCase>> = {
  "what two read is read once": { beside: true, ...read(b.mul(tanh, tanh)), gives: "gather tanh mul" },
  "rows of a batch with what all rows share": {
    beside: true,
    ...of(b.gatherRows(b.mul(inBatch, scale), rows)),
    gives: "gatherRows mul",
  },
  "the newest with what all behaviours share": {
    beside: true,
    ...of(b.slice(b.mul(x, scale), 0, 0, 3)),
    gives: "slice mul",
  },
  "the newest of a batch": { beside: true, ...of(b.slice(b.tanh(inBatch), 1, 0, 3)), gives: "slice tanh" },
  "masked rows of a batch": {
    beside: true,
    ...of(b.gatherRows(b.mul(inBatch, floats("mask", "batch", "history", 1)), rows)),
    gives: "gatherRows gatherRows mul",
  },
  "rows of a batch with a square of its size stay": of(
    b.gatherRows(b.add(floats("cube", 2, 2, 2), floats("square", 2, 2)), index("two", 2, 2)),
  ),
  "rows of a batch with one for all behaviours stay": of(
    b.gatherRows(b.add(inBatch, floats("of_row", "batch", 1, 4)), rows),
  ),
  "one number a behaviour, of one": { beside: true, ...read(b.tanh(one)), gives: "gather tanh" },
  "one number a behaviour, scaled": { beside: true, ...read(b.mul(one, b.scalar(2))), gives: "gather mul" },
  "several numbers a behaviour, of several": {
    beside: true,
    ...read(b.add(x, floats("more", "history", 4))),
    gives: "gather gather add",
  },
  "rows of a batch that were looked up": {
    ...of(b.gatherRows(b.gather(b.parameter("table", [6, 4]), ofBatch), rows)),
    gives: "gatherRows gather",
  },
  "rows of a list that were looked up stay": of(
    b.gather(b.gather(b.parameter("table", [6, 4]), row), index("list", 3)),
  ),
  "lists of rows that were looked up stay": of(
    b.gatherRows(b.gather(floats("lists", 6, 5, 4), index("list_of", "batch")), rows),
  ),
  "rows of a table as long as the history stay": read(b.gather(floats("as_long", "history", 4), row)),
  "numbers of a list as long as the history stay": read(b.gather(floats("numbers", "history"), row)),
  "pairs of rows of a table as long as the history stay": read(
    b.gather(floats("as_long", "history", 4), index("pairs", "history", 3)),
  ),
  "rows of a table as long as the batch": {
    beside: true,
    ...of(b.gatherRows(b.gather(floats("of_rows", "batch", 3), index("small", "batch", "history")), rows)),
    gives: "gatherRows gather",
  },
  "numbers of a list as long as the batch": {
    beside: true,
    ...of(b.gatherRows(b.gather(floats("of_row_number", "batch"), index("small", "batch", "history")), rows)),
    gives: "gatherRows gather",
  },
  "an axis in front of the behaviours stays": of(b.gather(b.unsqueeze(x, 0, 2), first)),
  "a sum over behaviours and columns stays": read(b.sum(floats("z", "history", 2, 4), [0, 1])),
  "a product with a matrix of the request stays": read(b.matmul(x, floats("given", 4, 5))),
  "a product of each head stays": read(b.matmul(x, b.parameter("heads", [2, 4, 5]))),
  "a product of lists stays": read(b.matmul(floats("lists_x", "history", 3, 4), b.parameter("w", [4, 5]))),
};

export const edges = { "read-kept": readKept };
