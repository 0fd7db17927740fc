// Schemas of objects from outside that take every name for a key: the library's own leave out `__proto__`, `constructor` and
// `prototype`, without a word.
import * as v from "valibot";
import { emptyRecord, type Named } from "./record.ts";

/** An object with these keys and no other. */
export function strict<const E extends v.ObjectEntries>(entries: E): v.StrictObjectSchema<E, undefined> {
  // The library asks `key in entries`, which is true of what every object inherits.
  return v.strictObject(Object.assign(Object.create(null), entries) as E);
}

/** An object with keys of any name; it comes out without a prototype. */
export function named<S extends v.GenericSchema>(value: S) {
  return v.pipe(
    v.custom<Named<v.InferInput<S>>>(
      (input) => typeof input === "object" && input !== null && !Array.isArray(input),
      (issue) => `Invalid type: Expected Object but received ${issue.received}`,
    ),
    v.rawTransform(({ dataset, addIssue, NEVER }): Record<string, v.InferOutput<S>> => {
      const input = dataset.value as Record<string, unknown>;
      const output = emptyRecord<v.InferOutput<S>>();
      let sound = true;
      for (const [key, one] of Object.entries(input)) {
        const result = v.safeParse(value, one);
        if (result.success) {
          output[key] = result.output;
          continue;
        }
        sound = false;
        for (const { message, path } of result.issues) {
          addIssue({
            message,
            path: [{ type: "object", origin: "value", input, key, value: one }, ...(path ?? [])] as never,
          });
        }
      }
      return sound ? output : NEVER;
    }),
    v.metadata({ values: value }),
  );
}
