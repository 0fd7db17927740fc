// A user in the selection kernel's memory: operands from the user's graph and from tables, packed once and again where
// others took their place.
import type { KernelOperand, KernelPlanSpec } from "../../contract/kernel-spec.ts";
import { type Kernel, type KernelRun, NoRoom, type PackedUser, type Rows, type UserOperands } from "../kernel/index.ts";
import { floatsOf, intsOf, type Tensor } from "../session/session.ts";
import type { Engine } from "./engine.ts";
import { feeds } from "./feeds.ts";
import { historyOf } from "./fetch.ts";
import { historiesOf, type PlannedKernel } from "./kernel-use.ts";
import type { UserSide } from "./prepare.ts";

export class KernelSide {
  readonly planned: PlannedKernel;
  #packing: Promise<PackedUser> | null = null;

  constructor(planned: PlannedKernel) {
    this.planned = planned;
  }

  /**
   * Brings the user into the kernel's memory, once a run that leaves no room for it is over.
   * @throws NoRoom where it has none even alone; TwinError where this host cannot run the kernel
   */
  async pack(engine: Engine, side: UserSide): Promise<void> {
    const kernel = await this.planned.open();
    try {
      await this.#packed(engine, side, kernel);
    } catch (error) {
      if (!(error instanceof NoRoom)) {
        throw error;
      }
      await kernel.turn(() => this.#packed(engine, side, kernel));
    }
  }

  /** Runs the kernel for this user. @param outputs of the query's graph */
  async run(
    engine: Engine,
    side: UserSide,
    outputs: Readonly<Record<string, Tensor>>,
    candidates: number,
    signal: AbortSignal | null,
  ): Promise<KernelRun> {
    const kernel = await this.planned.open();
    const packed = () => this.#packed(engine, side, kernel);
    // Ahead of its turn, where there is room: what fails here fails there, too, or does not.
    await packed().catch(() => undefined);
    const { products } = this.planned.spec;
    const queries = products.map(({ query }) => floatsOf(outputs[query], query));
    return kernel.run(packed, queries, candidates, signal, rowsOf(products, outputs));
  }

  /** The user, who was in the kernel's memory when this was looked at. */
  async #packed(engine: Engine, side: UserSide, kernel: Kernel): Promise<PackedUser> {
    for (;;) {
      this.#packing ??= this.#pack(engine, side, kernel);
      const packing = this.#packing;
      try {
        const user = await packing;
        if (user.resident) {
          return user;
        }
      } catch (error) {
        this.#forget(packing);
        throw error;
      }
      this.#forget(packing);
    }
  }

  async #pack(engine: Engine, side: UserSide, kernel: Kernel): Promise<PackedUser> {
    const user = await pack(engine, side, this.planned.spec, kernel);
    gone.register(this, user);
    return user;
  }

  #forget(packing: Promise<PackedUser>): void {
    if (this.#packing === packing) {
      this.#packing = null;
    }
  }
}

async function pack(engine: Engine, side: UserSide, spec: KernelPlanSpec, kernel: Kernel): Promise<PackedUser> {
  const inputs = feeds(engine, spec.user, side, null, { start: 0, end: 0 }, {});
  return kernel.pack(operandsOf(spec, side, await engine.sessions.run(spec.user, inputs)));
}

/** Of each product and each feature that may agree: the candidates' rows. @param outputs of the query's graph */
export const rowsOf = (
  products: KernelPlanSpec["products"],
  outputs: Readonly<Record<string, Tensor>>,
): Int32Array[][] =>
  products.map(({ match = [] }) => match.map(({ candidates }) => intsOf(outputs[candidates], candidates)));

/** A user that nobody has any more leaves the kernel's memory. */
const gone = new FinalizationRegistry<PackedUser>((user) => user.release());

/** @param outputs of the user's graph */
export function operandsOf(
  { products, searches, attends }: KernelPlanSpec,
  side: UserSide,
  outputs: Readonly<Record<string, Tensor>>,
): UserOperands {
  const floats = (name: string): Float32Array => floatsOf(outputs[name], name);
  const lengthOf = (history: string): number => historyOf(side.histories, history).length;
  const rows = (operand: KernelOperand, length: number): Rows => {
    switch (operand.kind) {
      case "table":
        return tableRows(side, operand);
      case "output":
        return outputRows(outputs[operand.output], operand, length);
      case "lookup":
        return lookupRows(outputs, operand);
    }
  };
  return {
    lengths: historiesOf(products).map(lengthOf),
    products: products.map(({ history, keys, bias, match = [] }) => ({
      keys: rows(keys, lengthOf(history)),
      bias: bias === null ? null : floats(bias),
      match: match.map(({ behaviours, worth }) => ({
        behaviours: intsOf(outputs[behaviours], behaviours),
        worth: floats(worth),
      })),
    })),
    searches: searches.map(({ mask }) => ({ mask: floats(mask) })),
    attends: attends.map(({ product, mask, values }) => {
      const { history } = products.find(({ name }) => name === product)!;
      return { mask: floats(mask), values: values.map((one) => rows(one, lengthOf(history))) };
    }),
  };
}

/** Columns of the behaviours' rows in a table. */
function tableRows(side: UserSide, { table, offset }: KernelOperand & { kind: "table" }): Rows {
  const held = side.tables.get(table);
  if (held === undefined) {
    throw new Error(`the user's side has no rows of the table ${table}`);
  }
  const { data, shape } = held.rows;
  if (!(data instanceof Float32Array) || !(held.row.data instanceof Int32Array)) {
    throw new Error(`rows of ${table} are no floats`);
  }
  return { data, rows: held.row.data, offset, rowStride: shape[1] };
}

/** Each behaviour's row of float32 [rows, heads, width]. */
function lookupRows(
  outputs: Readonly<Record<string, Tensor>>,
  { rows, row }: KernelOperand & { kind: "lookup" },
): Rows {
  const [, heads, width] = outputs[rows].shape;
  return { data: floatsOf(outputs[rows], rows), rows: intsOf(outputs[row], row), offset: 0, rowStride: heads * width };
}

/** float32 [behaviours, heads, width]; of the newest behaviours alone where an attend reads no others. */
function outputRows({ data, shape }: Tensor, { output }: KernelOperand & { kind: "output" }, length: number): Rows {
  if (!(data instanceof Float32Array)) {
    throw new Error(`${output} is no floats`);
  }
  const [count, heads, width] = shape;
  const newest = count < length ? Int32Array.from({ length }, (_, i) => Math.min(i, count - 1)) : null;
  return { data, rows: newest, offset: 0, rowStride: heads * width };
}
