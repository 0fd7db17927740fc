// Whether texts are so many and small that two threads of the database wait for one another more than they read.
import { statSync } from "node:fs";

/** Fewer files cost little either way. */
const many = 32;

/** Bytes of a file on average below which one thread reads faster than two: measured, they are equal at about 256 kB. */
const small = 64 * 1024;

export function manySmallTexts(files: readonly string[]): boolean {
  const texts = files.filter((file) => !/\.(parquet|pq)$/i.test(file));
  if (texts.length < many) {
    return false;
  }
  const bytes = texts.reduce((sum, file) => sum + (statSync(file, { throwIfNoEntry: false })?.size ?? 0), 0);
  return bytes < small * texts.length;
}
