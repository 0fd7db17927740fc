// The batch's rows of the large tables, side by side: what `step` reads and writes instead of whole tables.

import { type Encoded, encodedRows } from "../encode/encoded.ts";
import { type Buffers, gatherRows, scatterRows } from "./buffers.ts";
import type { Frame, Look } from "./frames.ts";
import { Numbering } from "./numbering.ts";
import type { RowSpace, TrainPlan } from "./plan.ts";
import type { TableState } from "./state.ts";

/** The rows of a batch: a look whose values count in the compact tables. */
export interface Compacted extends Look {
  readonly single: Readonly<Record<string, Encoded>>;
  /** By table: its rows in the batch, row 0 first. Valid until the next batch. */
  readonly rows: ReadonlyMap<string, Int32Array>;
}

export class Compactor {
  readonly #spaces: readonly { readonly space: RowSpace; readonly numbering: Numbering }[];
  readonly #buffers: Buffers;
  /** What was gathered for this batch already. */
  readonly #gathered = new Map<string, Float32Array>();

  constructor({ spaces }: TrainPlan, buffers: Buffers) {
    this.#spaces = spaces.map((space) => ({ space, numbering: new Numbering(space.rows) }));
    this.#buffers = buffers;
  }

  /** Replaces the table's rows by numbers in the compact tables. The look's own arrays are overwritten, `single` is not. */
  compact(look: Look, single: Readonly<Record<string, Encoded>>): Compacted {
    this.#gathered.clear();
    const rows = new Map<string, Int32Array>();
    const own: Record<string, Encoded> = { ...single };
    for (const { space, numbering } of this.#spaces) {
      numbering.begin();
      for (const name of space.item) {
        const values = look.itemFeatures[name];
        if (values) {
          numberInPlace(values, name, numbering);
        }
      }
      for (const name of space.single) {
        const values = encodedRows(own[name], name);
        const into = this.#buffers.ints(`rows ${name}`, values.length);
        numbering.number(values, into);
        own[name] = into;
      }
      for (const { cross } of Object.values(look.frames)) {
        numberCross(cross, space, numbering);
      }
      for (const table of space.tables) {
        rows.set(table, numbering.values);
      }
    }
    return { ...look, single: own, rows };
  }

  /** [U, dim] */
  values({ table: { parameter, dim }, values }: TableState, rows: Int32Array): Float32Array {
    return this.#gather(`values ${parameter}`, values, rows, dim);
  }

  /** [U, state] */
  state({ table: { parameter, state: width }, state }: TableState, rows: Int32Array): Float32Array {
    return this.#gather(`state ${parameter}`, state, rows, width);
  }

  #gather(name: string, from: Float32Array, rows: Int32Array, width: number): Float32Array {
    const known = this.#gathered.get(name);
    if (known) {
      return known;
    }
    const into = this.#buffers.floats(name, rows.length * width);
    gatherRows(from, rows, width, into);
    this.#gathered.set(name, into);
    return into;
  }
}

function numberCross(cross: Frame["cross"], space: RowSpace, numbering: Numbering): void {
  for (const name of space.cross) {
    const values = cross[name];
    if (values) {
      numberInPlace(values, name, numbering);
    }
  }
}

function numberInPlace(values: Encoded, name: string, numbering: Numbering): void {
  const rows = encodedRows(values, name);
  numbering.number(rows, rows);
}

/** Writes a step's new rows of a table back. */
export function writeBack(
  { table, ...held }: TableState,
  what: "values" | "state",
  rows: Int32Array,
  compact: Float32Array,
): void {
  const width = what === "values" ? table.dim : table.state;
  scatterRows(compact, rows, width, held[what]);
}
