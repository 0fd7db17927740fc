// Variants over stored rows in the self-test: each against its graph, fed the same rows as the host decodes them.
import type { GraphName, Manifest, StoredType } from "../../contract/manifest.ts";
import { storedTypes } from "../../contract/port-spec.ts";
import type { Feeds, Sessions, StoredTensor, Tensor } from "../session/session.ts";
import { floats, floatsOf, storedTensorOf } from "../session/session.ts";
import { encodeRows, headsOf, type RowFormat } from "../table/precision.ts";
import { decodeStored, storedRows } from "../table/stored-rows.ts";

export interface StoredRun {
  readonly type: StoredType;
  /** The graph's outputs over decoded rows. */
  readonly expected: Readonly<Record<string, Tensor>>;
  /** The variant's outputs over the stored rows; or why it does not run here, and requests use the graph instead. */
  readonly found: Readonly<Record<string, Tensor>> | string;
}

/** Runs the variants of one graph on its own inputs, whose tables are stored and decoded first. */
export async function storedRuns(
  manifest: Manifest,
  sessions: Sessions,
  graph: GraphName,
  feeds: Readonly<Record<string, Tensor>>,
): Promise<StoredRun[]> {
  const variants = manifest.graphs[graph]?.variants ?? {};
  const runs: StoredRun[] = [];
  for (const type of storedTypes) {
    const variant = variants[type];
    if (variant === undefined) {
      continue;
    }
    const decoded: Record<string, Tensor> = { ...feeds };
    const stored: Record<string, Tensor | StoredTensor> = { ...feeds };
    for (const { name, source } of variant.inputs) {
      if (source.kind !== "table") {
        continue;
      }
      const { width, parts } = manifest.tables[source.table];
      const rows = feeds[name];
      const format: RowFormat = { precision: type, width, heads: headsOf(parts) };
      const [count] = rows.shape;
      const { values, affine } = storedRows(encodeRows(floatsOf(rows, name), format), format);
      stored[name] = storedTensorOf(values, rows.shape);
      const scale = variant.inputs.find(
        (one) => one.source.kind === "table-scale" && one.source.table === source.table,
      );
      if (affine !== null && scale !== undefined) {
        stored[scale.name] = floats(affine, count, 2 * format.heads.length);
      }
      const back = new Float32Array(count * width);
      for (let row = 0; row < count; row++) {
        decodeStored({ values, affine }, row, format, back, row * width);
      }
      decoded[name] = floats(back, count, width);
    }
    runs.push({
      type,
      expected: await sessions.run(graph, decoded),
      found: await runVariant(sessions, graph, type, stored),
    });
  }
  return runs;
}

/** The variant's outputs over stored rows, or why it does not run here. */
export async function runVariant(
  sessions: Sessions,
  graph: GraphName,
  type: StoredType,
  feeds: Feeds,
): Promise<StoredRun["found"]> {
  try {
    return await sessions.run(`${graph}.${type}`, feeds);
  } catch (error) {
    return (error instanceof Error ? error.message : String(error)).split("\n")[0].slice(0, 200);
  }
}
