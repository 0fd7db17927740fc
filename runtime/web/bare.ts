// What crossed from a worker as a page should have it: its records are looked up by names from elsewhere.
import { emptyRecord } from "../../contract/record.ts";

/** The same data, of whose objects none has a prototype: what is kept by a name is not confused with what every object inherits. */
export function bare<T>(value: T): T;
export function bare(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map((one: unknown) => bare(one));
  }
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype) {
    return value;
  }
  const record: Record<string, unknown> = emptyRecord();
  for (const [name, one] of Object.entries(value)) {
    record[name] = bare(one);
  }
  return record;
}
