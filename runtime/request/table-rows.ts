// The rows of one table for one history: looked up, or projected where the item is not in it and the policy says so.

import { TwinError } from "../../contract/error.ts";
import type { StoredType } from "../../contract/manifest.ts";
import { inputsOf, outputOf } from "../../contract/ports.ts";
import { emptyRecord } from "../../contract/record.ts";
import { encodedShape, encodedWidth } from "../encode/column.ts";
import type { StoredTensor, Tensor } from "../session/session.ts";
import { floats, ints } from "../session/session.ts";
import type { OpenGeneration, OpenTable } from "../table/live-tables.ts";
import type { RowFormat } from "../table/precision.ts";
import { decodeStored } from "../table/stored-rows.ts";
import type { Engine } from "./engine.ts";
import type { HistorySide } from "./history.ts";
import { fetchOutside } from "./outside.ts";

/** What enters a graph for one table, and what was found. */
export interface TableRows {
  readonly table: string;
  /** int32 [history]: row of each behaviour in `rows`; 0 is the miss row. */
  readonly row: Tensor;
  /** float32 [rows, width]; of stored rows decoded when first asked for. */
  readonly rows: Tensor;
  /** The same rows as they are stored, where the graphs have variants that take them so; else null. */
  readonly stored: StoredInputs | null;
  /** Behaviours found in the table. */
  readonly found: number;
  /** Which behaviours (newest first) are not in the table. */
  readonly missing: ReadonlySet<number>;
  /** How many those are. */
  readonly missed: number;
  /** Those of the missed that were projected in this request. */
  readonly computed: number;
}

/** What enters a variant for one table. */
export interface StoredInputs {
  /** int32 [history]: row of each behaviour in `rows`; 0 is the miss row. */
  readonly row: Tensor;
  /** [rows, width] */
  readonly rows: StoredTensor;
  /** uint8: float32 [rows, 2 · heads], scale and offset of each head. */
  readonly scale: Tensor | null;
}

/** Items projected at once. */
const BATCH = 8192;

/** The rows of several tables, each for the history that it belongs to; `generation` null: nothing is in a table. */
export async function rowsOfTables(
  engine: Engine,
  tables: readonly string[],
  histories: ReadonlyMap<string, HistorySide>,
  generation: OpenGeneration | null,
): Promise<Map<string, TableRows>> {
  const rows = new Map<string, TableRows>();
  for (const table of tables) {
    const history = histories.get(engine.artefacts.manifest.tables[table].history)!;
    rows.set(table, await tableRows(engine, history, table, generation?.table(table) ?? null));
  }
  return rows;
}

/** @param open the built table; null where there is none, then every row is projected */
export async function tableRows(
  engine: Engine,
  history: HistorySide,
  table: string,
  open: OpenTable | null,
): Promise<TableRows> {
  const { width, on_miss } = engine.artefacts.manifest.tables[table];
  const { count, length } = history;
  const row = new Int32Array(length);
  const missing: number[] = [];
  const ordinals = open === null ? null : history.ordinals();
  for (let i = 0; i < count; i++) {
    const ordinal = ordinals === null ? 0 : ordinals[i];
    if (open !== null && ordinal > 0 && ordinal < open.rows) row[i] = ordinal;
    else missing.push(i);
  }
  const compute = missing.length > 0 && (open === null || on_miss === "compute");
  const result = {
    table,
    found: count - missing.length,
    missing: new Set(missing),
    missed: missing.length,
    computed: compute ? missing.length : 0,
  };
  if (!compute && open !== null && engine.variants.takes(table, open.format)) {
    const inputs = storedInputs(engine, open, row);
    if (inputs !== null) return Object.assign(decodedLater(inputs, open.format, length), result, { stored: inputs });
  }
  const whole = engine.wholeTables && !compute && open !== null ? open.whole() : null;
  if (whole !== null)
    return { ...result, row: ints(row, length), rows: floats(whole, whole.length / width, width), stored: null };

  const rows = new Float32Array((length + 1) * width);
  if (open !== null) open.gather(row, rows, width);
  for (let i = 0; i < count; i++) if (row[i] !== 0) row[i] = i + 1;
  if (compute) {
    await project(engine, history, table, missing, rows, width);
    for (const i of missing) row[i] = i + 1;
  }
  return { ...result, row: ints(row, length), rows: floats(rows, length + 1, width), stored: null };
}

/** The whole table as it lies in memory where that may be an input, else a copy of the history's rows. */
function storedInputs(engine: Engine, open: OpenTable, row: Int32Array): StoredInputs | null {
  const whole = engine.wholeTables ? open.stored() : null;
  const rows = whole ?? open.gatherStored(Int32Array.of(0, ...row));
  if (rows === null) return null;
  const { precision, width, heads } = open.format;
  const count = rows.values.length / width;
  return {
    row: ints(whole === null ? ownRows(row) : row, row.length),
    rows: { dtype: precision as StoredType, shape: [count, width], data: rows.values },
    scale: rows.affine && floats(rows.affine, count, 2 * heads.length),
  };
}

/** Row i + 1 for each behaviour i that the table holds. */
function ownRows(row: Int32Array): Int32Array {
  return row.map((one, i) => (one === 0 ? 0 : i + 1));
}

/** The float32 form of stored rows, made when a graph without a variant first asks: each behaviour has its own row. */
function decodedLater(stored: StoredInputs, format: RowFormat, length: number): Pick<TableRows, "row" | "rows"> {
  let rows: Tensor | null = null;
  const places = stored.row.data;
  return {
    row: ints(ownRows(places as Int32Array), length),
    get rows() {
      if (rows === null) {
        const decoded = new Float32Array((length + 1) * format.width);
        const from = { values: stored.rows.data, affine: (stored.scale?.data ?? null) as Float32Array | null };
        for (let i = 0; i < length; i++) {
          if (places[i] !== 0) decodeStored(from, places[i], format, decoded, (i + 1) * format.width);
        }
        rows = floats(decoded, length + 1, format.width);
      }
      return rows;
    },
  };
}

/** Projects the items of some behaviours: behaviour i to row i + 1. */
async function project(
  engine: Engine,
  history: HistorySide,
  table: string,
  behaviours: readonly number[],
  into: Float32Array,
  width: number,
): Promise<void> {
  const { manifest } = engine.artefacts;
  const spec = manifest.graphs.projector;
  if (spec === undefined) throw new TwinError(`table ${table}: the artefacts have no projector`);
  const output = outputOf(spec.outputs, (result) => result.kind === "rows" && result.table === table);
  if (output === undefined)
    throw new TwinError(`table ${table}: the projector of the artefacts does not make its rows`);
  for (let start = 0; start < behaviours.length; start += BATCH) {
    const part = behaviours.slice(start, start + BATCH);
    const positions = Int32Array.from(part, (i) => history.order[i]);
    const results = await engine.sessions.run("projector", projectorFeeds(engine, history, positions));
    const projected = results[output.name].data;
    for (let i = 0; i < part.length; i++) {
      into.set((projected as Float32Array).subarray(i * width, (i + 1) * width), (part[i] + 1) * width);
    }
  }
}

function projectorFeeds(engine: Engine, history: HistorySide, positions: Int32Array): Record<string, Tensor> {
  const { inputs, manifest, outside } = engine.artefacts;
  const feeds: Record<string, Tensor> = emptyRecord();
  const ports = inputsOf(manifest, inputs, "projector");
  for (const { name, source } of ports) {
    if (source.kind !== "item") continue;
    const { feature } = source;
    const encoded = history.items.encoded(feature);
    const width = encodedWidth(feature);
    const data = new (encoded.constructor as typeof Int32Array)(positions.length * width);
    for (let i = 0; i < positions.length; i++) {
      for (let j = 0; j < width; j++) data[i * width + j] = encoded[positions[i] * width + j];
    }
    const shape = encodedShape(feature, positions.length);
    feeds[name] = data instanceof Float32Array ? floats(data, ...shape) : ints(data, ...shape);
  }
  for (const { name, source } of ports) {
    if (source.kind !== "embedding" || outside === null) continue;
    const { parameter } = source;
    const { dim } = manifest.embeddings.find((one) => one.parameter === parameter)!;
    const users = ports.filter((one) => one.source.kind === "item" && one.source.feature.embedding === parameter);
    const uses = users.map((one) => ({ indices: feeds[one.name], needed: null }));
    const fetched = fetchOutside(outside, parameter, dim, uses);
    feeds[name] = fetched.rows;
    users.forEach((one, i) => {
      feeds[one.name] = fetched.indices[i];
    });
  }
  return feeds;
}
