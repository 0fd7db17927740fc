// Encoded item features → encoded table rows: one projector session, as each worker thread of the table build has one.

import { TwinError } from "../../contract/error.ts";
import { emptyRecord } from "../../contract/record.ts";
import { leastRows, repeated } from "../encode/least-rows.ts";
import { fetchOutside, type OutsideTables, type OutsideUse, rowTensor } from "../request/index.ts";
import { floats, type GraphSession, ints, type Tensor } from "../session/session.ts";
import { decodeRows, encodeRows, type RowFormat, rowBytes } from "../table/precision.ts";

export type EncodedColumn = Int32Array | Float32Array;

export interface ProjectedTable {
  readonly name: string;
  /** Output of the projector that holds its rows. */
  readonly output: string;
  readonly format: RowFormat;
  /** Rows it holds, the miss row among them: items with a smaller ordinal. */
  readonly rows: number;
}

/** All that a worker needs to know; can be posted to one. */
export interface ProjectionPlan {
  readonly graph: string;
  /** Inputs that are item features, several of one where it is counted in fetched rows too, with the shape of one encoded value. */
  readonly inputs: readonly { readonly name: string; readonly feature: string; readonly shape: readonly number[] }[];
  readonly outside: readonly {
    readonly parameter: string;
    readonly dim: number;
    readonly input: string;
    /** Inputs that are counted in its rows. */
    readonly features: readonly string[];
  }[];
  readonly tables: readonly ProjectedTable[];
  /** Whether the loss of narrower rows is measured. */
  readonly measureLoss: boolean;
}

export interface Projected {
  /** By table: bytes of its encoded rows, for those of the items that it holds; one table after the other in `into`, each at a multiple of 8. */
  readonly bytes: Readonly<Record<string, number>>;
  /** Largest absolute error of a stored value, by table. */
  readonly loss: Readonly<Record<string, number>>;
  /** Seconds in the projector, and in bringing its rows to their precision. */
  readonly project: number;
  readonly encode: number;
}

type ClosedOutside = OutsideTables & { close(): void };

/** Owns its session and the embedding tables: `close` closes both. */
export class Projection {
  readonly #plan: ProjectionPlan;
  readonly #session: GraphSession;
  readonly #outside: ClosedOutside | null;

  /** @param outside the embedding tables that the projector does not hold; null where it holds all */
  constructor(plan: ProjectionPlan, session: GraphSession, outside: ClosedOutside | null) {
    this.#plan = plan;
    this.#session = session;
    this.#outside = outside;
  }

  /**
   * @param first ordinal of the first item
   * @param into receives the rows of all tables; memory that is used again and again, for fresh pages are dear
   * @param job first item and number of items that `into` is laid out for: these may be a part of them
   */
  async run(
    columns: ReadonlyMap<string, EncodedColumn>,
    first: number,
    items: number,
    into: Uint8Array,
    job: { readonly first: number; readonly items: number } = { first, items },
  ): Promise<Projected> {
    const begun = performance.now();
    const fed = Math.max(leastRows, items);
    const outputs = await this.#session.run(await this.#feeds(columns, items, fed));
    const projected = performance.now();
    const bytes: Record<string, number> = emptyRecord();
    let end = 0;
    const loss: Record<string, number> = emptyRecord();
    for (const { name, output, format, rows: most } of this.#plan.tables) {
      const whole = Math.max(0, Math.min(job.items, most - job.first)) * rowBytes(format);
      const start = end + (first - job.first) * rowBytes(format);
      end += aligned(whole);
      const count = Math.min(items, most - first);
      if (count <= 0) {
        continue;
      }
      const values = outputs[output]?.data;
      if (!(values instanceof Float32Array) || values.length !== fed * format.width) {
        throw new TwinError(
          `${this.#plan.graph}: output ${output} has ${values?.length ?? "no"} values, and ${fed} rows of ${format.width} are due for table ${name}. Build the artefacts again`,
        );
      }
      const kept = values.subarray(0, count * format.width);
      bytes[name] = count * rowBytes(format);
      const stored = encodeRows(kept, format, first, into.subarray(start, start + bytes[name]));
      if (this.#plan.measureLoss && format.precision !== "float32") {
        loss[name] = lossOf(kept, stored, format);
      }
    }
    const encoded = performance.now();
    return { bytes, loss, project: (projected - begun) / 1000, encode: (encoded - projected) / 1000 };
  }

  async close(): Promise<void> {
    this.#outside?.close();
    await this.#session.close();
  }

  /** @param fed rows of each input: `items`, and where that is more the same once more */
  async #feeds(
    columns: ReadonlyMap<string, EncodedColumn>,
    items: number,
    fed: number,
  ): Promise<Record<string, Tensor>> {
    const feeds: Record<string, Tensor> = emptyRecord();
    for (const { name, feature, shape } of this.#plan.inputs) {
      const given = columns.get(feature);
      if (given === undefined) {
        throw new TwinError(`${this.#plan.graph} needs ${feature}, which the items do not hold`);
      }
      const data = fed === items ? given : repeated(given, fed / items);
      feeds[name] = data instanceof Float32Array ? floats(data, fed, ...shape) : ints(data, fed, ...shape);
    }
    for (const { parameter, dim, input, features } of this.#plan.outside) {
      const tables = this.#outside;
      if (tables === null) {
        throw new TwinError(`${this.#plan.graph} reads rows of ${parameter}, and the manifest lists no weights`);
      }
      const uses: OutsideUse[] = features.map((name) => ({ indices: rowTensor(feeds[name], name), needed: null }));
      const fetched = await fetchOutside(tables, { parameter, dim }, uses);
      feeds[input] = fetched.rows;
      for (let i = 0; i < features.length; i++) {
        feeds[features[i]] = fetched.indices[i];
      }
    }
    return feeds;
  }
}

/** Up to the next multiple of 8. */
const aligned = (bytes: number): number => Math.ceil(bytes / 8) * 8;

/** Bytes that the rows of so many items take in all tables. */
export function slotBytes(plan: ProjectionPlan, items: number): number {
  return plan.tables.reduce((sum, { format }) => sum + aligned(items * rowBytes(format)), 0);
}

/** The rows of each table in the memory of one job. */
export function rowsIn(memory: ArrayBufferLike, bytes: Projected["bytes"]): Map<string, Uint8Array> {
  const rows = new Map<string, Uint8Array>();
  let start = 0;
  for (const [name, length] of Object.entries(bytes)) {
    rows.set(name, new Uint8Array(memory, start, length));
    start += aligned(length);
  }
  return rows;
}

/** Largest difference between a value and what is read back for it. */
function lossOf(values: Float32Array, stored: Uint8Array, format: RowFormat): number {
  const back = new Float32Array(values.length);
  decodeRows(stored, 0, values.length / format.width, format, back, 0);
  let most = 0;
  for (let i = 0; i < values.length; i++) {
    const error = Math.abs(values[i] - back[i]);
    if (error > most) {
      most = error;
    }
  }
  return most;
}
