// Lookup tables as the graphs read them: columns of the rows of past items, and which behaviours a table misses.
import type { Value } from "../ir/graph.ts";
import type { Model, Table, TablePart } from "../model.ts";
import type { Frame } from "./frame.ts";
import { partOffset, rowPort, tableDim } from "./ports.ts";
import { leading, type Scene } from "./scene.ts";

export interface Held {
  readonly table: Table;
  readonly part: TablePart;
}

/** The first table that holds the part, if any does. */
export function holder(model: Model, wanted: (part: TablePart) => boolean): Held | null {
  for (const table of model.tables) {
    const part = table.of.find(wanted);
    if (part) return { table, part };
  }
  return null;
}

/** A part's columns for the frame's behaviours, heads first: [A, M, width per head], not yet spread. */
export function columns(scene: Scene, frame: Frame, { table, part }: Held, heads: number): Value {
  const rows = scene.input(table.name, "float32", [tableDim(scene.model, table), table.width], table.doc);
  const b = scene.b.at(table.name, table.doc);
  const read = scene.once(`read ${table.name} ${frame.local(rowInput(scene, table)).shape.join()} ${frame.key}`, () =>
    b.gather(rows, frame.local(rowInput(scene, table))),
  );
  const start = partOffset(table, part);
  const columns = table.of.length === 1 ? read : b.slice(read, 1, start, start + part.width);
  return b.transpose(b.reshape(columns, [read.shape[0], heads, part.width / heads]), [1, 0, 2]);
}

/** 1 where the table holds the behaviour, 0 where it missed: row 0. */
export function found(scene: Scene, table: Table): Value {
  return scene.once(`found ${table.name}`, () => {
    const b = scene.b.at(table.name, table.doc);
    const zero = b.constant({ dtype: "int32", shape: [], data: Int32Array.of(0) });
    return b.cast(b.greater(rowInput(scene, table), zero), "float32");
  });
}

function rowInput(scene: Scene, table: Table): Value {
  const lead = leading(scene, { kind: "history", history: table.history });
  const doc = `Row of ${table.name} of every behaviour's item, 0 where the table does not hold it.`;
  return scene.input(rowPort(scene.model, table), "int32", lead, doc);
}
