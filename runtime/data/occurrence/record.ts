// What a file of vectors says of how it was made, in its Parquet metadata: until when behaviours were counted, and of which.
import * as v from "valibot";
import { fingerprintOf } from "../../../contract/fingerprint.ts";
import { strict } from "../../../contract/named-schema.ts";
import { namedFiles } from "../binding.ts";
import { fileList, type Source } from "../database/source.ts";

/** Key of the metadata. */
const key = "twin.vectors";

const whole = v.pipe(v.number(), v.integer());

const RecordSchema = strict({
  format: v.literal(1),
  /** Behaviours strictly before it were counted: epoch seconds, or steps. */
  until: v.number(),
  clock: v.picklist(["seconds", "steps"]),
  /** Null: every event. */
  history: v.nullable(v.string()),
  dim: whole,
  window: whole,
  min_count: whole,
  shift: v.number(),
  seed: whole,
  behaviours: whole,
  items: whole,
  pairs: whole,
  /** Pairs with fewer were left out. */
  least: whole,
  /** SHA-256 of the items' keys and the pairs' counts. */
  counted: v.string(),
});

export type VectorRecord = v.InferOutput<typeof RecordSchema>;

export const recordText = (record: VectorRecord): Readonly<Record<string, string>> => ({
  [key]: JSON.stringify(record),
});

/** What the files of a name say, where they say it: vectors from elsewhere say nothing. */
export async function recordsIn(source: Source, file: string): Promise<VectorRecord[]> {
  const files = namedFiles(file).flatMap((name) => source.files(name));
  const rows = await source
    .all(
      `SELECT decode(value) AS value FROM parquet_kv_metadata(${fileList(files)}) WHERE decode(key) = '${key}' ORDER BY 1`,
    )
    // It is no Parquet file.
    .catch(() => []);
  return rows.flatMap(({ value }) => {
    const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), RecordSchema), value);
    return parsed.success ? [parsed.output] : [];
  });
}

/** What tells these vectors from others: equal records, equal vectors. Null: they are from elsewhere. */
export const originOf = (records: readonly VectorRecord[]): string | null =>
  records.length === 0 ? null : fingerprintOf(records);
