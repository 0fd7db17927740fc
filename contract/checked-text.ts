// A JSON text of ours with its own checksum, read by its schema.
import * as v from "valibot";
import { isChecked } from "./checked-json.ts";
import { TwinError } from "./error.ts";
import { schemaFault, wayOut } from "./schema-fault.ts";

/**
 * @param path for errors @param again what to do where it cannot be read, without a full stop
 * @throws TwinError where the text is damaged, foreign or of another version
 */
export function parseChecked<S extends v.GenericSchema>(
  schema: S,
  text: string,
  path: string,
  again: string,
): v.InferOutput<S> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new TwinError(`${path} is no JSON text. ${again}`);
  }
  const result = v.safeParse(schema, value);
  if (!result.success) {
    const fault = schemaFault(result.issues as [v.BaseIssue<unknown>, ...v.BaseIssue<unknown>[]]);
    throw new TwinError(`${path}: ${fault.name}: ${fault.what}. ${wayOut(fault, again)}`);
  }
  if (!isChecked(text)) {
    throw new TwinError(`${path}: its checksum does not fit its text: it is damaged, or was changed by hand. ${again}`);
  }
  return result.output;
}

/** What such a text says; null where it is damaged, foreign or of another version: whoever can do without it begins anew. */
export function checkedOrNull<S extends v.GenericSchema>(schema: S, text: string): v.InferOutput<S> | null {
  try {
    const result = v.safeParse(schema, JSON.parse(text));
    return result.success && isChecked(text) ? result.output : null;
  } catch {
    return null;
  }
}
