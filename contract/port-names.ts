// What the ports of earlier builds hold, told from their names, which the compiler of then gave by fixed rules. Only manifests
// that do not say it are read so, when they are brought into the present shape.
import type { EarlierManifest } from "./manifest-earlier.ts";
import type { Result, Source } from "./port-spec.ts";

/** Every input that a graph may have, by its name. */
export function sourcesByName(manifest: EarlierManifest): ReadonlyMap<string, Source> {
  const sources = new Map<string, Source>();
  for (const { name: feature, group } of manifest.features) {
    switch (group) {
      case "item":
        sources.set(feature, { kind: "item", feature });
        sources.set(`candidate.${feature}`, { kind: "candidate-item", feature });
        for (const { name: history } of manifest.histories) {
          sources.set(`${history}.${feature}`, { kind: "history-item", history, feature });
        }
        break;
      case "candidate":
        sources.set(feature, { kind: "candidate", feature });
        break;
      case "user":
      case "context":
        sources.set(feature, { kind: "single", feature });
        break;
      case "cross": {
        const history = manifest.histories.find(({ name }) => feature.startsWith(`${name}.`));
        if (history !== undefined) {
          sources.set(feature, { kind: "cross", history: history.name, feature });
        }
        break;
      }
    }
  }
  for (const { name: history } of manifest.histories) {
    sources.set(`${history}.valid`, { kind: "valid", history });
  }
  for (const [table, { row }] of Object.entries(manifest.tables)) {
    sources.set(table, { kind: "table", table });
    sources.set(`${table}.scale`, { kind: "table-scale", table });
    sources.set(row, { kind: "row", table });
  }
  for (const { input, parameter } of manifest.embeddings) {
    if (input !== null) {
      sources.set(input, { kind: "embedding", parameter });
    }
  }
  for (const { kept, name: search } of manifest.searches) {
    sources.set(kept, { kind: "kept", search });
  }
  return sources;
}

/** Every output that a graph may have, by its name; those of the projector are the tables'. */
export function resultsByName(manifest: EarlierManifest): ReadonlyMap<string, Result> {
  const results = new Map<string, Result>();
  for (const { name: attend } of manifest.attends) {
    for (const part of ["weights", "metric", "bias"] as const) {
      results.set(`${attend}.${part}`, { kind: "attention", attend, part });
    }
  }
  for (const { name: search, kept, scores } of manifest.searches) {
    results.set(kept, { kind: "kept", search });
    if (scores !== null) {
      results.set(scores, { kind: "scores", search });
    }
  }
  for (const { name: label, output, logit } of manifest.labels) {
    results.set(output, { kind: "probability", label });
    results.set(logit, { kind: "logit", label });
  }
  return results;
}

/** The table whose rows an output of the projector holds; the only output of the only table may be called `keys` or `values`. */
export function projectedTable(manifest: EarlierManifest, output: string): string | null {
  const tables = Object.keys(manifest.tables);
  return (
    tables.find((table) => output === table || output === `${table}.out`) ?? (tables.length === 1 ? tables[0] : null)
  );
}
