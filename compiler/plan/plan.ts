// Choices that do not change a score: which embedding tables live inside the graphs, and why.

import { clusteringOf, vocabularyName } from "../../contract/vocabulary-name.ts";
import { bytesText, countText } from "../diagnostics/number-text.ts";
import { type EmbeddingUse, embeddingsOf } from "../model/embeddings.ts";
import type { Model } from "../model/model.ts";
import { passes } from "../passes/index.ts";
import type { CostReport } from "./cost-report.ts";
import type { StoredVariants } from "./stored-tables.ts";

/** Tables above this live outside unless told otherwise (artifacts.md 1). */
export const defaultOutsideAbove = 256_000_000;

export interface PlanOptions {
  /** `auto`: by size; `all`: every table of ids; `none`. */
  readonly outside?: "auto" | "all" | "none";
  /** Bytes of one table; `auto` only. */
  readonly outsideAbove?: number;
}

/** Something that was decided, for manifest.yaml. */
export interface Choice {
  readonly choice: string;
  readonly because: string;
}

export interface Plan {
  /** Embedding parameters whose rows come in as an input. */
  readonly outside: ReadonlySet<string>;
  readonly choices: readonly Choice[];
}

export function plan(model: Model, { outside = "auto", outsideAbove = defaultOutsideAbove }: PlanOptions = {}): Plan {
  const uses = embeddingsOf(model);
  const chosen = uses.filter((use) => {
    if (outside === "none") {
      return false;
    }
    return outside === "all" ? use.readers.some(hasIds) : bytesOf(use) > outsideAbove;
  });
  const choices = chosen.map(
    (use): Choice => ({
      choice: `${use.embedding.parameter} is outside: its rows come in as ${use.input}`,
      because:
        outside === "all"
          ? "the build was told to keep every table of ids outside"
          : `it has ${bytesText(bytesOf(use))}, and tables above ${bytesText(outsideAbove)} are kept outside`,
    }),
  );
  if (chosen.length === 0 && uses.length > 0) {
    const largest = uses.reduce((a, b) => (bytesOf(b) > bytesOf(a) ? b : a));
    choices.push({
      choice: "every embedding table is inside",
      because:
        outside === "none"
          ? "the build was told so"
          : outside === "all"
            ? "no table is one of ids"
            : `the largest, ${largest.embedding.parameter}, has ${bytesText(bytesOf(largest))} of at most ${bytesText(outsideAbove)}`,
    });
  }
  const item = chosen.find(({ readers }) => readers.some(({ group }) => group === "item"));
  if (item) {
    choices.push({
      choice: "no request graph: search runs, only the kept items' rows are fetched, then rank runs",
      because: `${item.embedding.parameter} is an item table and is outside`,
    });
  }
  return {
    outside: new Set(chosen.map(({ embedding }) => embedding.parameter)),
    choices,
  };
}

/** What the exact rewrites bring, in counted multiply-adds. */
export function rewriteChoices({ candidates, histories, graphs }: CostReport): Choice[] {
  const lengths = Object.entries(histories).map(([name, length]) => ` and ${countText(length)} of ${name}`);
  return [
    {
      choice: `the exact rewrites: ${passes.map(({ name }) => name).join(", ")}`,
      because: `they keep every score and change the multiply-adds of ${graphs
        .filter(({ before, after }) => before !== after)
        .map(({ name, before, after }) => `${name} from ${countText(before)} to ${countText(after)}`)
        .join(", ")} (${candidates} candidates${lengths.join("")})`,
    },
  ];
}

/** Graphs that take tables as they are stored, besides float32. */
export function variantChoices(variants: StoredVariants | null): Choice[] {
  if (variants === null) {
    return [];
  }
  return [
    {
      choice: `${[...variants.graphs.keys()].join(", ")} also take ${variants.type} rows as they are stored (${[...variants.graphs.values()].map(({ name }) => `${name}.onnx`).join(", ")})`,
      because: `the build was told so (--table-input ${variants.type}); where such a graph does not run, the runtime decodes the rows`,
    },
  ];
}

/** Vocabularies that nobody has learned yet: all their values are unknown, and the manifest says so. */
export function emptyVocabularies(
  vocabularies: readonly { readonly name: string; readonly entries: number }[],
): Choice[] {
  return vocabularies
    .filter(({ entries }) => entries === 0)
    .map(({ name }) => ({
      choice: `${vocabularyName(name)} is empty: ${clusteringOf(name) ? "no item is in a cluster" : "each of its values is unknown"}`,
      because: "no learned vocabulary was given to the build",
    }));
}

const bytesOf = ({ embedding }: EmbeddingUse) => embedding.rows * embedding.dim * 4;

const hasIds = ({ encoder }: EmbeddingUse["readers"][number]) =>
  ["id", "vocabulary", "hashed", "tags"].includes(encoder.kind);
