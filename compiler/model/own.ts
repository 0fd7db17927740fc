// The tables that a metric has of its own, for its scores alone (DARE, ICLR 2025, section 3).
import type { Embedding, Feature, Metric, Model } from "./model.ts";
import { searchedFeatures } from "./searched.ts";
import { wideTables } from "./wide.ts";

/** One of them, and the feature of query and keys whose rows it is read by. */
export interface OwnTable {
  readonly feature: Feature;
  readonly embedding: Embedding;
  /** The parameter's name before the feature was renamed. */
  readonly formerly: string | null;
}

/** `relevance.own.category.table` [rows, dim]: one a feature of the keys that has rows, in their order; none where tables are shared. */
export function ownTables({ name, keys, embeddings }: Metric): OwnTable[] {
  if (embeddings.kind === "shared") {
    return [];
  }
  const named = (of: string) => `${name}.own.${of}.table`;
  return keys.flatMap((feature) =>
    feature.embedding === null
      ? []
      : [
          {
            feature,
            embedding: { parameter: named(feature.name), rows: feature.embedding.rows, dim: embeddings.dim },
            formerly: feature.formerly && named(feature.formerly),
          },
        ],
  );
}

/** Tables that features are read by besides their own: metrics' own, those of searches that go by another run, towers' wide terms, each with its reader. */
export const tablesBeside = (
  model: Pick<Model, "metrics" | "towers">,
): { readonly embedding: Embedding; readonly reader: Feature }[] => [
  ...model.metrics.flatMap((metric) =>
    ownTables(metric).map(({ embedding, feature: reader }) => ({ embedding, reader })),
  ),
  ...searchedTables(model),
  ...wideTables(model),
];

/** Each once, with its first reader. */
function searchedTables(model: Pick<Model, "metrics">) {
  const tables = new Map<string, { readonly embedding: Embedding; readonly reader: Feature }>();
  for (const { feature: reader } of searchedFeatures(model)) {
    const { embedding } = reader;
    if (embedding !== null && !tables.has(embedding.parameter)) {
      tables.set(embedding.parameter, { embedding, reader });
    }
  }
  return tables.values();
}
