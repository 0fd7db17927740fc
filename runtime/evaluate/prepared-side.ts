// The user's side of a request from a prepared sample: encoded histories go in as they are, and rows of tables are projected
// afresh from the prepared items, so that the request's graphs give what the model itself does.

import type { FeatureSpec } from "../../contract/manifest.ts";
import { recordOf } from "../../contract/record.ts";
import type { StoredDataset } from "../data/index.ts";
import { encodedShape, encodedWidth } from "../encode/column.ts";
import type { Encoded } from "../encode/encoded.ts";
import type { RawKeys } from "../encode/keys.ts";
import type { Part } from "../learn/index.ts";
import {
  crossFeatures,
  type Engine,
  fetchItems,
  fetchSideRows,
  HistorySide,
  MatchSearch,
  OutsideRows,
  rankGraphs,
  route,
  rowsOfTables,
  SideStats,
  tablesOf,
  type UserSide,
} from "../request/index.ts";
import { floats, ints, type Tensor } from "../session/session.ts";
import type { OpenGeneration } from "../table/live-tables.ts";
import { byNumber } from "../table/locate.ts";
import { MemoryRows } from "../table/memory-rows.ts";
import { bytesOf, rowNumbers } from "../table/table-store.ts";

/** The items of prepared data as a generation without tables, in which the key of an item is its ordinal; null: unknown. */
export function preparedItems({ items }: Pick<StoredDataset, "items">): OpenGeneration {
  const names = Object.keys(items.columns);
  const sections = names.map((name) => {
    const memory = bytesOf(items.columns[name]);
    return { name, bytes: memory.length / items.count, memory };
  });
  let from = 0;
  const placed = sections.map((section) => {
    const one = { ...section, from };
    from += section.bytes;
    return one;
  });
  const fields = new Map(
    placed.map(({ name, bytes, from: first }) => {
      const dtype = items.columns[name] instanceof Float32Array ? ("float32" as const) : ("int32" as const);
      return [name, { dtype, from: first, words: bytes / 4 }];
    }),
  );
  return {
    number: 0,
    items: items.count - 1,
    store: Object.assign(new MemoryRows("the prepared data", items.count, placed, byNumber), { fields }),
    keys: (keys) => rowNumbers(Int32Array.from<unknown>(keys, Number)),
    table: () => null,
    freshness: () => [],
    hold: () => () => undefined,
  };
}

/** Keys of items as `preparedItems` reads them. */
export const ordinalKeys = (ordinals: Int32Array): RawKeys =>
  Array.from(ordinals, (ordinal) => (ordinal === 0 ? null : ordinal)) as RawKeys;

/** What the user of one sample did before it, and who it is; the sample's context is among the single features. */
export async function preparedSide(
  engine: Engine,
  dataset: Pick<StoredDataset, "batch">,
  generation: OpenGeneration,
  part: Part,
  sample: number,
): Promise<UserSide> {
  const { artefacts } = engine;
  const { manifest } = artefacts;
  const least = recordOf(manifest.histories.map(({ name, minimum }) => [name, minimum]));
  const batch = dataset.batch(part, Uint32Array.of(sample), least, {}, true);
  const time = batch.time[0];
  const histories = new Map<string, HistorySide>();
  for (const spec of manifest.histories) {
    const { lengths, item, cross, time: times } = batch.histories[spec.name];
    const ordinals = item.slice(0, lengths[0]);
    const keys = ordinalKeys(ordinals);
    const context = artefacts.context(`history ${spec.name}`, time);
    const items = { keys, rowKeys: rowNumbers(ordinals), store: generation.store, inline: {}, context };
    const length = Math.max(ordinals.length, spec.minimum);
    const made = crossFeatures(manifest, spec.name).map(
      (feature) => [feature.name, tensor(feature, cross[feature.name], length)] as const,
    );
    const when = times?.subarray(0, ordinals.length) ?? null;
    histories.set(spec.name, new HistorySide(spec, { item: keys }, items, when, context, { encoded: new Map(made) }));
  }
  const way = route(manifest, false);
  const single = manifest.features.filter(
    ({ group, encoder }) => (group === "user" || group === "context") && encoder.kind !== "key",
  );
  const graphs = rankGraphs(way);
  const [tables] = await Promise.all([
    rowsOfTables(engine, tablesOf(manifest, way), histories, generation),
    fetchItems(engine, histories, graphs),
  ]);
  const side: UserSide = {
    time,
    route: way,
    generation,
    histories,
    tables,
    kernel: null,
    matched: MatchSearch.of(engine, histories),
    freshness: [],
    single: new Map(single.map((feature) => [feature.name, tensor(feature, batch.single[feature.name], 1)])),
    missing: [],
    outside: new OutsideRows(),
    stats: new SideStats(artefacts, histories, time),
  };
  await fetchSideRows(engine, side, graphs);
  return side;
}

function tensor(feature: FeatureSpec, encoded: Encoded, rows: number): Tensor {
  const data = encoded.subarray(0, rows * encodedWidth(feature));
  const shape = encodedShape(feature, rows);
  return data instanceof Float32Array ? floats(data, ...shape) : ints(data, ...shape);
}
