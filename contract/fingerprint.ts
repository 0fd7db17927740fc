// Which value it is, whoever wrote it down.
import { digestOf } from "./digest.ts";
import { recordOf } from "./record.ts";

/** SHA-256 of a value as JSON, its keys in order: who wrote them down does not matter. */
export function fingerprintOf(value: unknown): string {
  const ordered = (_key: string, one: unknown): unknown =>
    typeof one === "object" && one !== null && !Array.isArray(one)
      ? recordOf(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)))
      : one;
  return digestOf(JSON.stringify(value, ordered));
}
