// FuxiCTR's feature_vocab.json: its indices by value, so that Twin's vocabularies can have the values in the tables' order.

import * as v from "valibot";
import { TwinError } from "../../contract/error.ts";
import { named } from "../../contract/named-schema.ts";
import { vocabularyText } from "../encode/vocabulary.ts";
import { readText } from "../host/files.ts";
import type { FuxiFeature } from "./fuxictr-features.ts";
import type { FuxiFound } from "./fuxictr-match.ts";

/** Features → values → indices. */
export type FuxiVocabularies = ReadonlyMap<string, ReadonlyMap<string, number>>;

const VocabularySchema = named(named(v.pipe(v.number(), v.integer(), v.minValue(0))));

/** What its tokenizer reserves. */
const reserved = new Set(["__PAD__", "__OOV__"]);

export function readFeatureVocabularies(path: string): FuxiVocabularies {
  const fail = (why: string): never => {
    throw new TwinError(`${path} is no feature_vocab.json of FuxiCTR: ${why}. Take the one beside feature_map.json`);
  };
  let json: unknown;
  try {
    json = JSON.parse(readText(path));
  } catch (error) {
    if (error instanceof TwinError) {
      throw error;
    }
    fail("it is no JSON text");
  }
  const result = v.safeParse(VocabularySchema, json);
  if (!result.success) {
    return fail(`${v.getDotPath(result.issues[0]) ?? "the whole"}: ${result.issues[0].message}`);
  }
  return new Map(Object.entries(result.output).map(([feature, known]) => [feature, new Map(Object.entries(known))]));
}

/** Twin's vocabulary files, by feature: entry i belongs to row i + 1, as the imported table has it. */
export function vocabularyFiles(
  found: readonly FuxiFound[],
  features: ReadonlyMap<string, FuxiFeature> | null,
  vocabularies: FuxiVocabularies,
): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const { fuxi, array, feature } of found) {
    if (feature.vocabulary !== feature.qualified) {
      continue;
    }
    const known = vocabularies.get(fuxi);
    if (known === undefined) {
      throw new TwinError(`the feature vocabularies do not have ${fuxi}: they belong to other weights`);
    }
    const [rows] = array.shape;
    const padding = features?.get(fuxi)?.padding_idx ?? 0;
    const unknown = features?.get(fuxi)?.oov_idx ?? rows - 1;
    const values = [...known].filter(([value]) => !reserved.has(value)).sort(([, a], [, b]) => a - b);
    const due = Array.from({ length: rows }, (_, row) => row).filter((row) => row !== padding && row !== unknown);
    if (values.length !== due.length || values.some(([, row], i) => row !== due[i])) {
      throw new TwinError(
        `the vocabulary of ${fuxi} does not name each of its table's ${due.length} rows once: it has ${values.length} values. Where the indices are the ids themselves (\`remap: False\`), the feature is an \`id\` here`,
      );
    }
    files.set(
      feature.qualified,
      vocabularyText(
        feature.qualified,
        values.map(([value]) => value),
      ),
    );
  }
  return files;
}
