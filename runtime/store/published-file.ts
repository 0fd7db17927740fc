// tables/published.json in its folder.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { checkedJson } from "../../contract/checked-json.ts";
import { readText, writeFileAtomic } from "../host/files.ts";
import { type Published, parsePublished } from "../redis/index.ts";

/** Where a build folder says what of it lies in a Redis. */
export const publishedPath = (dir: string): string => join(dir, "tables", "published.json");

/** Where it says what it has put into a Redis so far, so that it can be taken out again. */
export const publishedBeforePath = (dir: string): string => join(dir, "tables", "published-before.json");

/** What was published of a build folder; null: nothing. @throws TwinError where it is damaged */
export function readPublished(dir: string): Published | null {
  const path = publishedPath(dir);
  return existsSync(path) ? parsePublished(readText(path, 16 * 1024 * 1024), path) : null;
}

export function writePublished(dir: string, published: Published): void {
  writeFileAtomic(publishedPath(dir), checkedJson(published));
}
