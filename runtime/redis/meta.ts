// What a generation of rows in Redis says of itself, held against what a folder expects of it.
import * as v from "valibot";
import { TwinError } from "../../contract/error.ts";
import { metaKey, type RowsIdentity, type Space } from "./space.ts";

const whole = v.pipe(v.string(), v.regex(/^\d{1,15}$/), v.transform(Number));

/** Fields of the hash `…:meta`. */
const MetaSchema = v.object({
  format: v.literal("1"),
  /** `writing` until every row lies there. */
  state: v.picklist(["writing", "whole"]),
  rows: v.string(),
  fingerprint: v.string(),
  layout: v.string(),
  buckets: whole,
  row_bytes: whole,
  count: whole,
});

export interface SpaceMeta extends RowsIdentity {
  readonly state: "writing" | "whole";
  readonly buckets: number;
  readonly rowBytes: number;
  /** Rows that lie there. */
  readonly count: number;
}

/** What is expected of a generation. */
export type Expected = Space &
  RowsIdentity & {
    readonly rowBytes: number;
    readonly count: number;
    /** Default: whole. Who writes it reads it before. */
    readonly state?: "writing" | "whole";
  };

export function metaFields({ state, rows, fingerprint, layout, buckets, rowBytes, count }: SpaceMeta): string[] {
  return Object.entries({
    ...{ format: "1", state, rows, fingerprint, layout },
    ...{ buckets: String(buckets), row_bytes: String(rowBytes), count: String(count) },
  }).flat();
}

const again = "Publish the tables again: twin table publish DIR --to ADDRESS";

/**
 * @param fields of the hash; none: there is no such generation
 * @throws TwinError where it is absent, half written, or another model's or another generation's
 */
export function expectMeta(where: string, expected: Expected, fields: Readonly<Record<string, string>>): void {
  const place = `${where}: ${metaKey(expected)}`;
  if (Object.keys(fields).length === 0) {
    throw new TwinError(
      `${place} is not there: generation ${expected.generation} of ${expected.rows} was removed, or this is another server. ${again}`,
    );
  }
  const found = v.safeParse(MetaSchema, fields);
  if (!found.success) {
    const name = v.getDotPath(found.issues[0]) ?? "fields";
    throw new TwinError(`${place} has no proper ${name}: another version of Twin wrote it, or it is damaged. ${again}`);
  }
  const meta = found.output;
  if (meta.state !== "whole" && expected.state !== "writing") {
    throw new TwinError(`${place} is half written: its publishing was stopped, or goes on. ${again}`);
  }
  for (const name of ["rows", "fingerprint", "layout", "buckets", "count"] as const) {
    if (meta[name] !== expected[name]) {
      throw new TwinError(
        `${place} holds other rows than this folder's: their ${name} is ${shown(meta[name])} instead of ${shown(expected[name])}. ${again}`,
      );
    }
  }
  if (meta.row_bytes !== expected.rowBytes) {
    throw new TwinError(`${place}: rows have ${meta.row_bytes} bytes instead of ${expected.rowBytes}. ${again}`);
  }
}

const shown = (value: string | number): string => {
  const text = String(value);
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
};
