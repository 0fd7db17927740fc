// The rows of one table for one history: looked up, or projected where the item is not in it and the policy says so.

import { encodedShape, encodedWidth } from "./encode/column.ts";
import type { Engine } from "./engine.ts";
import { TwinError } from "./error.ts";
import type { HistorySide } from "./history.ts";
import type { Port } from "./manifest.ts";
import { fetchOutside } from "./outside.ts";
import type { Tensor } from "./session.ts";
import { floats, ints } from "./session.ts";
import type { OpenTable } from "./tables.ts";

/** What enters a graph for one table, and what was found. */
export interface TableRows {
  readonly table: string;
  /** int32 [history]: row of each behaviour in `rows`; 0 is the miss row. */
  readonly row: Tensor;
  /** float32 [rows, width] */
  readonly rows: Tensor;
  /** Behaviours found in the table. */
  readonly found: number;
  /** Which behaviours (newest first) are not in the table. */
  readonly missing: ReadonlySet<number>;
  /** How many those are. */
  readonly missed: number;
  /** Those of the missed that were projected in this request. */
  readonly computed: number;
}

/** Items projected at once. */
const BATCH = 8192;

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
  const whole = engine.wholeTables && !compute && open !== null ? open.whole() : null;
  if (whole !== null) return { ...result, row: ints(row, length), rows: floats(whole, whole.length / width, width) };

  const rows = new Float32Array((length + 1) * width);
  if (open !== null) open.gather(row, rows, width);
  for (let i = 0; i < count; i++) if (row[i] !== 0) row[i] = i + 1;
  if (compute) {
    await project(engine, history, table, missing, rows, width);
    for (const i of missing) row[i] = i + 1;
  }
  return { ...result, row: ints(row, length), rows: floats(rows, length + 1, width) };
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
  const output = spec.outputs.find((port) => port.name === table) ?? spec.outputs[0];
  for (let start = 0; start < behaviours.length; start += BATCH) {
    const part = behaviours.slice(start, start + BATCH);
    const positions = Int32Array.from(part, (i) => history.order[i]);
    const results = await engine.sessions.run("projector", projectorFeeds(engine, history, spec.inputs, positions));
    const projected = results[output.name].data;
    for (let i = 0; i < part.length; i++) {
      into.set((projected as Float32Array).subarray(i * width, (i + 1) * width), (part[i] + 1) * width);
    }
  }
}

function projectorFeeds(
  engine: Engine,
  history: HistorySide,
  inputs: readonly Port[],
  positions: Int32Array,
): Record<string, Tensor> {
  const { itemFeatures, manifest, outside } = engine.artefacts;
  const feeds: Record<string, Tensor> = {};
  for (const { name } of inputs) {
    const feature = itemFeatures.find((one) => one.name === name);
    if (feature === undefined) continue;
    const encoded = history.items.encoded(feature);
    const width = encodedWidth(feature);
    const data = new (encoded.constructor as typeof Int32Array)(positions.length * width);
    for (let i = 0; i < positions.length; i++) {
      for (let j = 0; j < width; j++) data[i * width + j] = encoded[positions[i] * width + j];
    }
    const shape = encodedShape(feature, positions.length);
    feeds[name] = data instanceof Float32Array ? floats(data, ...shape) : ints(data, ...shape);
  }
  for (const { name } of inputs) {
    const embedding = manifest.embeddings.find((one) => one.input === name);
    if (embedding === undefined || outside === null) continue;
    const users = itemFeatures.filter((one) => one.embedding === embedding.parameter && one.name in feeds);
    const uses = users.map((one) => ({ indices: feeds[one.name], needed: null }));
    const fetched = fetchOutside(outside, embedding.parameter, embedding.dim, uses);
    feeds[name] = fetched.rows;
    users.forEach((one, i) => {
      feeds[one.name] = fetched.indices[i];
    });
  }
  return feeds;
}
