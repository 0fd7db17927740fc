// Rows of a table that are projected in the request, because the table lacks them.

import { TwinError } from "../../contract/error.ts";
import { inputsOf, outputOf, type SourcedInput } from "../../contract/ports.ts";
import { emptyRecord } from "../../contract/record.ts";
import { encodedShape, encodedWidth } from "../encode/column.ts";
import { leastRows, repeated } from "../encode/least-rows.ts";
import { floatsOf, type Tensor, tensorOf } from "../session/session.ts";
import type { ItemColumns } from "../table/item-columns.ts";
import type { ReadOptions } from "../table/table-store.ts";
import type { Engine } from "./engine.ts";
import type { HistorySide } from "./history.ts";
import { fetchOutside, rowTensor } from "./outside.ts";

/** Items projected at once. */
const batch = 8192;

/** Projects the items: behaviour i to row i + 1 of [rows, width]. */
type Project = (into: Float32Array, width: number) => Promise<void>;

/** Reads and encodes the items of some behaviours; what it gives projects them. */
export async function projection(
  engine: Engine,
  history: HistorySide,
  table: string,
  behaviours: readonly number[],
  options?: ReadOptions,
): Promise<Project> {
  const { inputs, manifest } = engine.artefacts;
  const spec = manifest.graphs.projector;
  if (spec === undefined) {
    throw new TwinError(`table ${table}: the artefacts have no projector`);
  }
  const output = outputOf(spec.outputs, (result) => result.kind === "rows" && result.table === table);
  if (output === undefined) {
    throw new TwinError(`table ${table}: the projector of the artefacts does not make its rows`);
  }
  const ports = inputsOf(manifest, inputs, "projector");
  const features = ports.flatMap(({ source }) => (source.kind === "item" ? [source.feature] : []));
  // Where all of them are due their features are what the histories' graphs read, too.
  const items = behaviours.length === history.count ? history.items : history.items.some(behaviours);
  await items.fetch(features, options);
  return async (into, width) => {
    for (let start = 0; start < behaviours.length; start += batch) {
      const end = Math.min(start + batch, behaviours.length);
      const feeds = await projectorFeeds(engine, items, ports, { start, end }, options);
      const results = await engine.sessions.run("projector", feeds);
      const projected = floatsOf(results[output.name], output.name);
      for (let i = start; i < end; i++) {
        const at = (i - start) * width;
        into.set(projected.subarray(at, at + width), (behaviours[i] + 1) * width);
      }
    }
  };
}

async function projectorFeeds(
  { artefacts: { outside } }: Engine,
  items: ItemColumns,
  ports: readonly SourcedInput[],
  { start, end }: { readonly start: number; readonly end: number },
  options?: ReadOptions,
): Promise<Record<string, Tensor>> {
  const feeds: Record<string, Tensor> = emptyRecord();
  for (const { name, source } of ports) {
    if (source.kind !== "item") {
      continue;
    }
    const { feature } = source;
    const width = encodedWidth(feature);
    const data = items.encoded(feature).slice(start * width, end * width);
    const alone = end - start < leastRows;
    const rows = alone ? leastRows : end - start;
    feeds[name] = tensorOf(alone ? repeated(data, leastRows) : data, encodedShape(feature, rows));
  }
  for (const { name, source } of ports) {
    if (source.kind !== "embedding" || outside === null) {
      continue;
    }
    const { parameter, entry } = source;
    const users = ports.filter((one) => one.source.kind === "item" && one.source.feature.embedding === parameter);
    const uses = users.map((one) => ({ indices: rowTensor(feeds[one.name], one.name), needed: null }));
    const fetched = await fetchOutside(outside, entry, uses, options);
    feeds[name] = fetched.rows;
    users.forEach((one, i) => {
      feeds[one.name] = fetched.indices[i];
    });
  }
  return feeds;
}
