// The made-up world of the comparison with PyTorch, its items spread over a catalogue of any size: batches stay the same.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Batch, Dataset } from "../../runtime/learn/dataset.ts";
import { openWorld, type WorldSize } from "../peers/world.ts";

export interface CatalogueSize {
  readonly world: WorldSize;
  /** Items of the catalogue, at least the world's: item i of the world is item i · ⌊catalogue ÷ world⌋ here. */
  readonly catalogue: number;
}

export const settingsFile = "catalogue.json";

/** Of a folder with the settings: what a worker thread is told. */
export const openDataset = (folder: string): Dataset =>
  openCatalogue(JSON.parse(readFileSync(join(folder, settingsFile), "utf8")) as CatalogueSize);

export function openCatalogue({ world, catalogue }: CatalogueSize): Dataset {
  const data = openWorld(world);
  if (catalogue === world.items) {
    return data;
  }
  const stride = Math.floor(catalogue / world.items);
  const id = new Int32Array(new SharedArrayBuffer(4 * (catalogue + 1))).map((_, item) => item);
  const category = new Int32Array(new SharedArrayBuffer(4 * (catalogue + 1))).map((_, item) =>
    item === 0 ? 0 : 1 + (item % world.categories),
  );
  const known = data.items.columns["item.category"];
  for (let item = 1; item <= world.items; item++) {
    category[item * stride] = known[item];
  }
  const spread = (items: Int32Array): Int32Array => items.map((item) => item * stride);
  const batch: Dataset["batch"] = (...of): Batch => {
    const narrow = data.batch(...of);
    const histories = Object.entries(narrow.histories).map(
      ([name, history]) => [name, { ...history, item: spread(history.item) }] as const,
    );
    return { ...narrow, candidate: spread(narrow.candidate), histories: Object.fromEntries(histories) };
  };
  return {
    ...data,
    fingerprint: JSON.stringify({ world, catalogue }),
    items: {
      count: catalogue + 1,
      columns: { "item.video_id": id, "item.category": category },
      occurrences: new Uint32Array(catalogue + 1).fill(1),
    },
    batch,
  };
}
