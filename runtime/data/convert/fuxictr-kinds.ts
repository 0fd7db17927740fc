// FuxiCTR's types of features as kinds, and its labels.
import { TwinError } from "../../../contract/error.ts";
import type { FuxiFiles } from "./fuxictr-files.ts";
import type { FuxiSpec } from "./fuxictr-specs.ts";
import { named } from "./look.ts";
import { type ListForm, noList, type PublishedFeature, type PublishedKind } from "./published.ts";

export const groupsOf: Readonly<Record<string, PublishedFeature["group"]>> = {
  item: "item",
  user: "user",
  context: "context",
};

/** Null for types that are none of a feature. */
export function kindOf(spec: FuxiSpec, encoded: boolean): PublishedKind | null {
  const size = spec.vocab === null ? null : encoded ? { vocab: spec.vocab } : { vocabulary: spec.vocab };
  switch (spec.type) {
    case "categorical":
      return { kind: "category", size };
    case "numeric":
      return { kind: "number", at: null };
    case "sequence":
      return { kind: "tags", size, max: spec.max };
    case "embedding":
      return { kind: "vector", length: spec.length };
    default:
      return null;
  }
}

export function listOf(spec: FuxiSpec, encoded: boolean): ListForm {
  return spec.type === "sequence" || spec.type === "meta"
    ? { by: encoded ? null : spec.splitter, padding: encoded ? 0 : null }
    : noList;
}

export function labelColumns(
  { labels, files }: Pick<FuxiFiles, "labels" | "files">,
  rows: ReadonlyMap<string, string>,
): { readonly name: string; readonly column: string }[] {
  const there = labels.filter((name) => rows.has(name));
  if (there.length === 0) {
    throw new TwinError(
      `${files.train}: ${labels.length === 0 ? "no label is named" : `the label ${named(labels)} is no column of it`}; it has ${named(rows.keys())}`,
    );
  }
  return there.map((name) => ({ name, column: name }));
}
