// What is learned: packs of small parameters as one vector each, large tables as their rows, both with the optimiser's state.
import { elementCount } from "../../contract/element-count.ts";
import { TwinError } from "../../contract/error.ts";
import type { Pack, SparseTable, TrainSpec } from "../../contract/training-spec.ts";

export interface PackState {
  readonly pack: Pack;
  /** [size]; replaced by what a step gives. */
  values: Float32Array;
  /** By slot: [size]. */
  readonly slots: Map<string, Float32Array>;
}

export interface TableState {
  readonly table: SparseTable;
  /** [rows, dim], contiguous: the search reads it whole. */
  readonly values: Float32Array;
  /** [rows, state] */
  readonly state: Float32Array;
}

/** A tensor under the name that files hold it by. */
export interface NamedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** Where parameter values come from, by name: [shape], row-major. */
export type ReadParameter = (name: string) => Float32Array;

export class TrainState {
  readonly packs: ReadonlyMap<string, PackState>;
  readonly tables: ReadonlyMap<string, TableState>;

  /** Parameters as `read` has them; all optimiser state is zero, and where nothing is to be learned there is none. */
  constructor(spec: Pick<TrainSpec, "packs" | "tables">, read: ReadParameter, { learning = true } = {}) {
    const packs = learning ? spec.packs : spec.packs.map((pack) => ({ ...pack, slots: [] }));
    const tables = learning ? spec.tables : spec.tables.map((table) => ({ ...table, state: 0 }));
    this.packs = new Map(packs.map((pack) => [pack.name, packState(pack, read)]));
    this.tables = new Map(tables.map((table) => [table.parameter, tableState(table, read)]));
  }

  /** @throws Error where no pack has the name: a fault of ours */
  pack(name: string): PackState {
    const found = this.packs.get(name);
    if (found === undefined) {
      throw new Error(`nothing is learned in a pack ${name}`);
    }
    return found;
  }

  /** @throws Error where no table holds the parameter: a fault of ours */
  table(parameter: string): TableState {
    const found = this.tables.get(parameter);
    if (found === undefined) {
      throw new Error(`nothing is learned in a table ${parameter}`);
    }
    return found;
  }

  /** Every parameter by its own name: what `twin build --weights` takes. Views: they change with the next step. */
  parameters(): NamedTensor[] {
    const packed = [...this.packs.values()].flatMap(({ pack, values }) =>
      pack.parameters.map(({ name, shape, offset }) => ({
        name,
        shape,
        data: values.subarray(offset, offset + elementCount(shape)),
      })),
    );
    const tables = [...this.tables.values()].map(({ table: { parameter, rows, dim }, values }) => ({
      name: parameter,
      shape: [rows, dim],
      data: values,
    }));
    return [...packed, ...tables];
  }

  /** The optimisers' state: `dense.m`, `table.item.video_id.table.state`. */
  optimiser(): NamedTensor[] {
    const packed = [...this.packs.values()].flatMap(({ pack, slots }) =>
      [...slots].map(([slot, data]) => ({ name: `${pack.name}.${slot}`, shape: [pack.size], data })),
    );
    const tables = [...this.tables.values()].flatMap(({ table: { parameter, rows, state: width }, state }) =>
      width === 0 ? [] : [{ name: `table.${parameter}.state`, shape: [rows, width], data: state }],
    );
    return [...packed, ...tables];
  }

  /** Fills in the optimisers' state by name. */
  restore(read: ReadParameter): void {
    for (const { name, data } of this.optimiser()) {
      data.set(read(name));
    }
  }

  /** Name of the first parameter with a value that is no finite number; null: all are sound. */
  damaged(): string | null {
    return this.parameters().find(({ data }) => !allFinite(data))?.name ?? null;
  }
}

function packState(pack: Pack, read: ReadParameter): PackState {
  const values = new Float32Array(pack.size);
  for (const { name, shape, offset } of pack.parameters) {
    values.set(checked(read(name), name, elementCount(shape)), offset);
  }
  return { pack, values, slots: new Map(pack.slots.map((slot) => [slot, new Float32Array(pack.size)])) };
}

function tableState(table: SparseTable, read: ReadParameter): TableState {
  const { parameter, rows, dim, state } = table;
  try {
    return { table, values: checked(read(parameter), parameter, rows * dim), state: new Float32Array(rows * state) };
  } catch (error) {
    if (!(error instanceof RangeError)) {
      throw error;
    }
    throw new TwinError(
      `${parameter} needs ${4 * rows * (dim + state)} bytes with its optimiser's state, more than one array can hold here. Give it fewer rows, or \`hashed\` buckets`,
      { cause: error },
    );
  }
}

function checked(values: Float32Array, name: string, length: number): Float32Array {
  if (values.length !== length) {
    throw new TwinError(`${name} has ${values.length} values, and the model has ${length}: these are other weights`);
  }
  return values;
}

/** Any value that is not finite makes a sum of the values' differences to themselves NaN. */
export function allFinite(values: Float32Array): boolean {
  let sum = 0;
  for (let i = 0; i < values.length; i++) {
    sum += values[i] - values[i];
  }
  return sum === 0;
}
