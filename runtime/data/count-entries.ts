// How often each entry of a vocabulary occurs in the training part: counted as a vocabulary is learned.
import { TwinError } from "../../contract/error.ts";
import type { FeatureSpec } from "../../contract/manifest.ts";
import { deriveValue } from "../encode/derive.ts";
import { Vocabulary } from "../encode/vocabulary.ts";
import { type Binding, readBinding } from "./binding.ts";
import { learnEach } from "./learn-each.ts";
import { vocabularyFeatures } from "./learn-vocabularies.ts";

/**
 * @param data path of data.yaml, or a binding
 * @param features all of the model
 * @param vocabularies entries by the feature that owns them, in row order
 * @returns by feature the occurrences of each entry, in the same order: those of an item or a user count for each of its
 * events; without an event log each item counts once
 */
export async function countEntries(
  data: string | Binding,
  features: readonly FeatureSpec[],
  vocabularies: ReadonlyMap<string, readonly string[]>,
  signal?: AbortSignal,
): Promise<Map<string, Float64Array>> {
  const counts = new Map<string, Float64Array>();
  const own = typeof data === "string" ? readBinding(data) : data;
  const wanted = vocabularyFeatures(features).filter(({ name }) => vocabularies.has(name));
  await learnEach(own, features, wanted, async (feature, { sql, column, explain }, source) => {
    const vocabulary = Vocabulary.of(feature.name, vocabularies.get(feature.name) ?? []);
    const found = new Float64Array(vocabulary.size);
    const plain = feature.encoder.kind !== "tags" && column.derive === null;
    // Values that only code derives, and lists, are counted by raw value first.
    const value = plain ? "CAST(v AS VARCHAR)" : "v";
    const grouped = `SELECT ${value} AS v, sum(n)::DOUBLE AS n FROM (${sql}) WHERE v IS NOT NULL GROUP BY 1`;
    for await (const chunk of source.stream(grouped, 16_384, explain)) {
      if (signal?.aborted) {
        throw new TwinError("nothing was built");
      }
      const { v, n } = chunk.columns;
      for (let row = 0; row < chunk.rows; row++) {
        const derived = column.derive ? deriveValue(column.derive, v[row], `column \`${column.shown}\``) : v[row];
        for (const one of new Set<unknown>(
          typeof derived === "object" && derived !== null ? (derived as Iterable<unknown>) : [derived],
        )) {
          const place = one === null ? 0 : vocabulary.row(String(one));
          if (place > 0) {
            found[place - 1] += Number(n[row]);
          }
        }
      }
    }
    counts.set(feature.name, found);
  });
  return counts;
}
