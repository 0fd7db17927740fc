// What is planted of the items, for those who tell whether a model has found it.
import { join } from "node:path";
import { literal, Source } from "../data/source.ts";

/** The category of every item of an example data set, by key. @param dir its folder */
export async function itemCategories(dir: string): Promise<Map<bigint, number>> {
  const source = await Source.open();
  try {
    const rows = await source.all(`SELECT video_id, category FROM ${literal(join(dir, "items.parquet"))}`);
    return new Map(rows.map(({ video_id, category }) => [BigInt(video_id as bigint), Number(category)]));
  } finally {
    source.close();
  }
}
