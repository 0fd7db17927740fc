// Learns the vocabulary of a feature from the training part: its most frequent values, frozen into the artefacts.
import { TwinError } from "../../contract/error.ts";
import type { FeatureSpec } from "../../contract/manifest.ts";
import { deriveValue } from "../encode/derive.ts";
import type { Binding } from "./binding.ts";
import type { Source } from "./database/source.ts";
import type { KeyType } from "./items.ts";
import type { Resolved } from "./resolve.ts";
import { TrainingData, type Values } from "./training-values.ts";

/**
 * The entries of a `vocabulary` (or `tags(of vocabulary)`) feature: the most frequent `max` values that occur `min_count`
 * times in the training part of the event log, most frequent first, ties by text. Item features count once for every event
 * of their item; without an event log every item counts once. Integers are their decimal text.
 */
export async function learnVocabulary(
  feature: FeatureSpec,
  binding: Binding,
  source: Source,
  keyType: KeyType,
): Promise<string[]> {
  return vocabularyOf(feature, await new TrainingData(source, binding, keyType).values(feature), source);
}

/** As `learnVocabulary`, of values that are at hand. */
export async function vocabularyOf(
  feature: FeatureSpec,
  { sql, column, explain }: Values,
  source: Source,
): Promise<string[]> {
  const rows = feature.encoder.kind === "tags" ? feature.encoder.of : feature.encoder;
  if (rows.kind !== "vocabulary") {
    throw new TwinError(`${feature.name} is no vocabulary: nothing is to be learnt for it`);
  }
  if (feature.encoder.kind !== "tags" && column.derive === null) {
    const found = await attempt(
      source.all(
        `SELECT v, sum(n) AS n FROM (SELECT CAST(v AS VARCHAR) AS v, n FROM (${sql})) WHERE v IS NOT NULL GROUP BY v HAVING sum(n) >= ${rows.minCount} ORDER BY sum(n) DESC, v LIMIT ${rows.max}`,
      ),
      explain,
    );
    return found.map((row) => String(row.v));
  }
  return countDerived(source, sql, column, rows, explain);
}

/** Values that only code derives, or lists: counted by raw value in the database, then value by value here. */
async function countDerived(
  source: Source,
  sql: string,
  column: Resolved,
  { max, minCount }: { readonly max: number; readonly minCount: number },
  explain: (cause: unknown) => Promise<TwinError>,
): Promise<string[]> {
  const counts = new Map<string, number>();
  const grouped = `SELECT v, sum(n)::DOUBLE AS n FROM (${sql}) WHERE v IS NOT NULL GROUP BY v`;
  for await (const chunk of source.stream(grouped, 16_384, explain)) {
    const { v, n } = chunk.columns;
    for (let row = 0; row < chunk.rows; row++) {
      const raw = v[row];
      const value = column.derive ? deriveValue(column.derive, raw, `column \`${column.shown}\``) : raw;
      const list = typeof value === "object" && value !== null ? [...new Set<unknown>(value)] : [value];
      for (const one of list) {
        if (one !== null) {
          counts.set(String(one), (counts.get(String(one)) ?? 0) + Number(n[row]));
        }
      }
    }
  }
  const kept = [...counts].filter(([, count]) => count >= minCount);
  kept.sort(([a, m], [b, n]) => n - m || Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return kept.slice(0, max).map(([value]) => value);
}

async function attempt<T>(run: Promise<T>, explain: (cause: unknown) => Promise<TwinError>): Promise<T> {
  try {
    return await run;
  } catch (cause) {
    throw await explain(cause);
  }
}
