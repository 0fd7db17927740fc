// What is learned: packs of small parameters as one vector each, large tables as their rows, both with the optimiser's state.
import { calibrationShape } from "../../contract/calibration.ts";
import { elementCount } from "../../contract/element-count.ts";
import { TwinError } from "../../contract/error.ts";
import { streams } from "../../contract/random.ts";
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

/** Parameters as graphs take them: those that a step learns on, or those that serve. */
export interface Parameters {
  readonly packs: ReadonlyMap<string, PackState>;
  readonly tables: ReadonlyMap<string, TableState>;
  /** What corrects a label's probability; null: nothing does. */
  fitted(label: string): Float32Array | null;
}

export class TrainState implements Parameters {
  readonly packs: ReadonlyMap<string, PackState>;
  readonly tables: ReadonlyMap<string, TableState>;
  /** What is evaluated and exported: these, with the average of the pack `dense` in its place where the model asks for it. */
  readonly served: Parameters;
  /** By feature, what the data count. */
  readonly #counted: ReadonlyMap<string, NamedTensor>;
  /** By label, what corrects its probability. */
  readonly #fitted: ReadonlyMap<string, NamedTensor>;
  readonly #average: { readonly decay: number; readonly of: PackState; readonly values: Float32Array } | null;

  /** Parameters as `read` has them; all optimiser state is zero, and where nothing is to be learned there is none. */
  constructor(
    spec: Pick<TrainSpec, "packs" | "tables" | "average" | "counted" | "tasks">,
    read: ReadParameter,
    { learning = true } = {},
  ) {
    const packs = learning ? spec.packs : spec.packs.map((pack) => ({ ...pack, slots: [] }));
    const tables = learning ? spec.tables : spec.tables.map((table) => ({ ...table, state: 0 }));
    this.packs = new Map(packs.map((pack) => [pack.name, packState(pack, read)]));
    this.tables = new Map(tables.map((table) => [table.parameter, tableState(table, read)]));
    this.#counted = new Map(
      (spec.counted ?? []).map(({ feature, parameter: name, shape }) => [
        feature,
        { name, shape, data: checked(read(name), name, elementCount(shape)).slice() },
      ]),
    );
    this.#fitted = new Map(
      spec.tasks.flatMap(({ label, calibrate }) => {
        if (calibrate === undefined) {
          return [];
        }
        const { kind, parameter: name } = calibrate;
        const shape = calibrationShape(kind);
        return [[label, { name, shape, data: checked(read(name), name, elementCount(shape)).slice() }]];
      }),
    );
    const dense = this.packs.get("dense");
    if (learning && spec.average !== undefined && dense !== undefined) {
      const values = dense.values.slice();
      this.#average = { ...spec.average, of: dense, values };
      const served: PackState = { pack: dense.pack, values, slots: new Map() };
      const fitted = (label: string) => this.fitted(label);
      this.served = { packs: new Map([...this.packs, ["dense", served]]), tables: this.tables, fitted };
    } else {
      this.#average = null;
      this.served = this;
    }
  }

  /** Puts parameters of one number each where a run begins, in the average, too. @param values by name */
  begin(values: ReadonlyMap<string, number>): void {
    const { pack, values: dense } = this.pack("dense");
    for (const { name, shape, offset } of pack.parameters) {
      const value = values.get(name);
      if (value !== undefined && elementCount(shape) === 1) {
        dense[offset] = value;
        this.#average?.values.set([value], offset);
      }
    }
  }

  /** Draws all tables anew, uniform in ±bound, and forgets their state: an epoch begins. */
  renew(seed: number, epoch: number, bound: number): void {
    [...this.tables.values()].forEach(({ table, values, state }, i) => {
      if (table.renewed !== undefined) {
        values.fill(table.renewed);
        state.fill(0);
        return;
      }
      const { next } = streams.renewed(seed, epoch, i);
      for (let at = 0; at < values.length; at++) {
        values[at] = bound * (2 * next() - 1);
      }
      state.fill(0);
    });
  }

  /**
   * Moves the average towards what a step has left: by 1 − min(decay, (1 + t) / (10 + t)), so that what the first steps
   * began with is soon forgotten (as TensorFlow's ExponentialMovingAverage does with `num_updates`).
   * @param step t, counted from 1
   */
  average(step: number): void {
    if (this.#average === null) {
      return;
    }
    const { decay, of, values } = this.#average;
    const share = 1 - Math.min(decay, (1 + step) / (10 + step));
    for (let i = 0; i < values.length; i++) {
      values[i] += share * (of.values[i] - values[i]);
    }
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

  /** Every parameter by its own name, as steps go on with it. Views: they change with the next step. */
  parameters(): NamedTensor[] {
    return [...named(this), ...this.#counted.values(), ...this.#fitted.values()];
  }

  /** Every parameter as it serves, by its own name: what `twin build --weights` takes. Views. */
  exported(): NamedTensor[] {
    return [...named(this.served), ...this.#counted.values(), ...this.#fitted.values()];
  }

  /** Takes over what the data count. @param values by feature, [rows, columns] each */
  count(values: Readonly<Record<string, Float32Array>>): void {
    for (const [feature, { data }] of this.#counted) {
      data.set(checked(values[feature] ?? new Float32Array(0), feature, data.length));
    }
  }

  /** Takes over what corrects a label's probability. */
  fit(label: string, values: ArrayLike<number>): void {
    const found = this.#fitted.get(label);
    if (found === undefined) {
      throw new Error(`nothing corrects ${label}`);
    }
    found.data.set(values);
  }

  fitted(label: string): Float32Array | null {
    return this.#fitted.get(label)?.data ?? null;
  }

  /** The optimisers' state and the average: `dense.m`, `dense.average`, `table.item.video_id.table.state`. */
  optimiser(): NamedTensor[] {
    const packed = [...this.packs.values()].flatMap(({ pack, slots }) =>
      [...slots].map(([slot, data]) => ({ name: `${pack.name}.${slot}`, shape: [pack.size], data })),
    );
    const tables = [...this.tables.values()].flatMap(({ table: { parameter, rows, state: width }, state }) =>
      width === 0 ? [] : [{ name: `table.${parameter}.state`, shape: [rows, width], data: state }],
    );
    const average = this.#average;
    const averaged =
      average === null ? [] : [{ name: "dense.average", shape: [average.values.length], data: average.values }];
    return [...packed, ...averaged, ...tables];
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

function named({ packs, tables }: Parameters): NamedTensor[] {
  const packed = [...packs.values()].flatMap(({ pack, values }) =>
    pack.parameters.map(({ name, shape, offset }) => ({
      name,
      shape,
      data: values.subarray(offset, offset + elementCount(shape)),
    })),
  );
  const large = [...tables.values()].map(({ table: { parameter, rows, dim }, values }) => ({
    name: parameter,
    shape: [rows, dim],
    data: values,
  }));
  return [...packed, ...large];
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
