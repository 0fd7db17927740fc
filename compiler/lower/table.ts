// Lookup tables as the graphs read them: columns of the rows of past items, and which behaviours a table misses.
import type { Value } from "../ir/graph.ts";
import type { Model, Table, TablePart } from "../model/model.ts";
import { partOffset, rowPort, tableDim } from "../model/ports.ts";
import type { Frame } from "./frame.ts";
import { leading, type Scene } from "./scene.ts";

export interface Held {
  readonly table: Table;
  readonly part: TablePart;
}

/** The first table that holds the part, if any does. */
export function holder(model: Model, wanted: (part: TablePart) => boolean): Held | null {
  for (const table of model.tables) {
    const part = table.of.find(wanted);
    if (part) {
      return { table, part };
    }
  }
  return null;
}

/** A part's columns for the frame's behaviours, heads first: [A, M, width per head] or [A, R, M, width per head]. */
export function columns(scene: Scene, frame: Frame, { table, part }: Held, heads: number): Value {
  const b = scene.b.at(table.name, table.doc);
  const read = rowsRead(scene, frame, table);
  const start = partOffset(table, part);
  const width = part.width / heads;
  const last = read.shape.length - 1;
  if (frame.headed) {
    const own = Array.from({ length: heads }, (_, head) =>
      b.slice(b.slice(read, 0, head, head + 1), last, start + head * width, start + (head + 1) * width),
    );
    return b.concat(own, 0);
  }
  const columns = table.of.length === 1 ? read : b.slice(read, last, start, start + part.width);
  const perHead = b.reshape(columns, [...read.shape.slice(0, last), heads, width]);
  return b.transpose(perHead, last === 1 ? [1, 0, 2] : [2, 0, 1, 3]);
}

/**
 * A part of whole odd numbers for the frame's behaviours, zeros where the table missed: [M, width], [R, M, width], in a
 * `per_head` frame [A, R, M, width]. A byte's scale and offset leave them less than 1 off, so that of uint8 rows 2 ⌊x / 2⌋ + 1
 * is what was stored.
 */
export function wholeColumns(scene: Scene, frame: Frame, { table, part }: Held): Value {
  const b = scene.b.at(table.name, table.doc);
  const read = rowsRead(scene, frame, table);
  const start = partOffset(table, part);
  const columns = table.of.length === 1 ? read : b.slice(read, read.shape.length - 1, start, start + part.width);
  if (table.precision !== "uint8") {
    return columns;
  }
  // A cast cuts off towards zero: nothing is below it here.
  const halves = b.mul(b.add(columns, b.scalar(lift)), b.scalar(0.5));
  const below = b.cast(b.cast(halves, "int32"), "float32");
  const odd = b.sub(b.mul(below, b.scalar(2)), b.scalar(lift - 1));
  return b.mul(odd, b.unsqueeze(frame.rows(found(scene, table)), -1));
}

/** Even, and more than any of those numbers is below 0: a bucket is one of at most 2^8. */
const lift = 256;

const rowsRead = (scene: Scene, frame: Frame, table: Table): Value => {
  const rows = scene.input(table.name, "float32", [tableDim(scene.model, table), table.width], table.doc);
  const b = scene.b.at(table.name, table.doc);
  return scene.once(`read ${table.name} ${frame.key}`, () => b.gather(rows, frame.rows(rowInput(scene, table))));
};

/** 1 where the table holds the behaviour, 0 where it missed: row 0. */
export function found(scene: Scene, table: Table): Value {
  return scene.once(`found ${table.name}`, () => {
    const b = scene.b.at(table.name, table.doc);
    const zero = b.integer(0);
    return b.cast(b.greater(rowInput(scene, table), zero), "float32");
  });
}

function rowInput(scene: Scene, table: Table): Value {
  const lead = leading(scene, { kind: "history", history: table.history });
  const doc = `Row of ${table.name} of every behaviour's item, 0 where the table does not hold it.`;
  return scene.input(rowPort(scene.model, table), "int32", lead, doc);
}
