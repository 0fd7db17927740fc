// Whether samples lie before the moment until which their items' vectors were made: such vectors know what a sample is asked.
import { TwinError } from "../../../contract/error.ts";
import type { Binding } from "../binding.ts";
import { counted } from "../counted.ts";
import { double, quoted, type Source } from "../database/source.ts";
import type { SampleColumns } from "../sample-columns.ts";
import { recordsIn } from "./record.ts";

/**
 * @param from a table, or a select in brackets, with the columns of the events' query
 * @param read features of items that come from the vectors' file; null: no model says which, and the vectors are judged as read
 * @param scored whether rows without a label are samples, too: all from the binding's first sample on
 * @returns warnings @throws TwinError where samples lie before the vectors' `until`
 */
export async function judgeVectors(
  source: Source,
  from: string,
  { events, labels, explain }: SampleColumns,
  binding: Binding,
  read: readonly string[] | null,
  scored = false,
): Promise<string[]> {
  if (binding.vectors === null || read?.length === 0) {
    return [];
  }
  const where = binding.place("vectors", "file");
  const records = await recordsIn(source, binding.vectors.file);
  const clock = events.steps ? "steps" : "seconds";
  const other = records.find((record) => record.clock !== clock);
  if (other !== undefined) {
    return [
      `${where}: these vectors were made until ${other.until} ${other.clock}, and the data has ${clock}: nothing says whether samples lie before it, and what they do is then in their items' vectors`,
    ];
  }
  const until = Math.max(...records.map((record) => record.until));
  const samples = scored
    ? afterFirst(binding)
    : labels.map(({ name }) => `NOT isnan(${quoted(name)}::DOUBLE)`).join(" OR ");
  if (records.length === 0 || samples === "") {
    return [];
  }
  const [row] = await source
    .all(
      `SELECT count(*)::DOUBLE AS n, count(*) FILTER ("#time" < ${double(until)})::DOUBLE AS early FROM ${from} WHERE ${samples}`,
    )
    .catch(async (cause) => {
      throw await explain(cause);
    });
  if (Number(row.early) === 0) {
    return [];
  }
  const features = read === null ? "" : `${read.join(", ")}: `;
  const at = events.steps ? String(until) : written(until);
  throw new TwinError(
    `${where}: ${features}these vectors were made of all that happened before ${at}, and ${counted(Number(row.early))} of ${counted(Number(row.n))} samples lie before it, whose own event and whose future are so in their features. Let samples begin there, \`samples_from: ${at}\`, or make vectors until an earlier moment`,
  );
}

/** Rows before the first sample are behaviours of others, and nothing is asked of them. */
const afterFirst = ({ samplesFrom }: Binding): string =>
  samplesFrom === null ? "true" : `"#time" >= ${double(samplesFrom)}`;

const written = (seconds: number): string =>
  new Date(seconds * 1000)
    .toISOString()
    .replace(/\.000Z$/, "Z")
    .replace("T00:00:00Z", "");
