// What is planted of the items, for those who tell whether a model has found it.
import { resolve } from "node:path";
import { fileList, Source } from "../data/index.ts";

/** The category of every item of an example data set, by key. @param dir its folder */
export async function itemCategories(dir: string): Promise<Map<bigint, number>> {
  const file = resolve(dir, "items.parquet");
  const source = await Source.open({ reads: [file] });
  try {
    const rows = await source.all(`SELECT video_id, category FROM read_parquet(${fileList([file])})`);
    return new Map(rows.map(({ video_id, category }) => [BigInt(String(video_id)), Number(category)]));
  } finally {
    source.close();
  }
}
