// releases/current.json: which release of a folder serves, and since when others do not any more.
import * as v from "valibot";
import { checkedJson } from "../../contract/checked-json.ts";
import { parseChecked } from "../../contract/checked-text.ts";
import { named, strict } from "../../contract/named-schema.ts";
import { recordOf } from "../../contract/record.ts";

const number = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
/** ISO 8601, UTC. */
const moment = v.pipe(v.string(), v.isoTimestamp());

export const PointerSchema = strict({
  format: v.literal(1),
  release: number,
  since: moment,
  /** The one that served before; null: none did. */
  before: v.nullable(number),
  /** The highest number that a release ever had: none is given twice. */
  made: number,
  /** By number, since when a release that is still there does not serve any more. */
  left: named(moment),
  checksum: v.string(),
});

export type Pointer = Omit<v.InferOutput<typeof PointerSchema>, "format" | "checksum">;

/** @param path for errors @throws TwinError where it is damaged, or of another version */
export function parsePointer(text: string, path: string): Pointer {
  const again = "Say which release serves: twin releases DIR, then twin rollback DIR --to N";
  const { release, since, before, made, left } = parseChecked(PointerSchema, text, path, again);
  return { release, since, before, made, left };
}

export const pointerText = (pointer: Pointer): string => checkedJson({ format: 1, ...pointer });

/** Another release serves. @param before null: none did @param kept the releases that are still there */
export function movedTo(release: number, before: Pointer | null, kept: readonly number[], now: Date): Pointer {
  const since = now.toISOString();
  if (before?.release === release) {
    return before;
  }
  const left: [string, string][] = Object.entries(before?.left ?? {});
  if (before !== null) {
    left.push([String(before.release), since]);
  }
  return {
    release,
    since,
    before: before?.release ?? null,
    made: Math.max(release, before?.made ?? 0, ...kept),
    left: recordOf<string>(left.filter(([name]) => Number(name) !== release && kept.includes(Number(name)))),
  };
}
