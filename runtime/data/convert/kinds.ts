// What a published column becomes: a feature's kind with its arguments, and how data.yaml makes it of the column.
import { quoted } from "../database/source.ts";
import { buckets, draftFeature, plain, roomFor } from "../draft/kinds.ts";
import type { Profile } from "../draft/profile.ts";
import { type Look, listSql } from "./look.ts";
import type { ListForm, PublishedFeature, PublishedKind, Size } from "./published.ts";

/** As an entry of `columns` in data.yaml: a column's name, an expression, or a derivation. */
export type Bound = string | { readonly split: { readonly column: string; readonly by: string } };

export type Made = { readonly kind: string; readonly bound: Bound } | { readonly because: string };

/** The language's longest list of tags. */
const mostTags = 4096;
const mostRows = 2_147_483_646;

const rowsOf = (count: number): number => Math.max(1, Math.min(mostRows, Math.round(count)));

/** @param file the column's */
export async function madeOf(
  look: Look,
  file: string,
  { column, kind, list, dim, sql }: Pick<PublishedFeature, "column" | "kind" | "list" | "dim" | "sql">,
  role: "key" | "user" | null = null,
): Promise<Made> {
  const width = dim ?? (role === null ? 8 : 16);
  const key = role === "key" ? ", key: true" : "";
  const type = (await look.columns(file)).get(column) ?? "";
  switch (kind.kind) {
    case "category": {
      if (sql !== null) {
        return { kind: `${categoryText(kind.size ?? { buckets: 100_000 })}, dim: ${width})`, bound: sql };
      }
      const profile = kind.size !== null && !("vocab" in kind.size) ? null : await look.profile(file, column);
      // Indices are whole numbers; what is written otherwise is looked up.
      const size =
        profile !== null && (kind.size === null || profile.family === "text") ? sizeOf(profile, role) : kind.size;
      if (size === null) {
        return { because: `it holds ${type}, and a text or a whole number is due` };
      }
      return { kind: `${categoryText(size)}, dim: ${width}${key})`, bound: column };
    }
    case "number":
      return numberOf(kind.at, await look.profile(file, column), dim ?? 4);
    case "tags": {
      const found = await look.lists(file, column, list);
      const max = Math.min(mostTags, kind.max ?? found.usual);
      const size = kind.size ?? tagsOf(found);
      return {
        kind: `tags(${sizeText(size)}, max: ${max}, dim: ${width})`,
        bound: tagsBound(column, type, list, size),
      };
    }
    case "vector": {
      const { longest } = await look.lists(file, column, { by: list.by, padding: null });
      const bound = type.endsWith("[]") || list.by === null ? column : `${cut(column, list.by)}::DOUBLE[]`;
      return { kind: `pretrained(size: ${kind.length ?? longest}, dim: ${dim ?? 8})`, bound };
    }
  }
}

/** The feature of a list that runs parallel to a history's items. */
export async function parallelMade(
  look: Look,
  file: string,
  column: string,
  list: ListForm,
  kind: PublishedKind,
  dim: number | null,
): Promise<string | null> {
  if (kind.kind === "tags" || kind.kind === "vector") {
    return null;
  }
  const found = await look.lists(file, column, list);
  if (kind.kind === "category") {
    const size = kind.size ?? tagsOf(found);
    return `${categoryText(size)}, dim: ${dim ?? 4})`;
  }
  const edges = kind.at ?? found.quantiles;
  return edges.length === 0 ? null : bucketed(edges, dim ?? 4);
}

const categoryText = (size: NonNullable<Size>): string =>
  "vocab" in size
    ? `id(vocab: ${rowsOf(size.vocab)}`
    : "buckets" in size
      ? `hashed(buckets: ${rowsOf(size.buckets)}`
      : `vocabulary(max: ${rowsOf(size.vocabulary)}, min_count: 1`;

const sizeText = (size: NonNullable<Size>): string =>
  "vocab" in size
    ? `vocab: ${rowsOf(size.vocab)}`
    : "buckets" in size
      ? `buckets: ${rowsOf(size.buckets)}`
      : `vocabulary: ${rowsOf(size.vocabulary)}`;

/** Whole numbers below this are rows as they are; beyond, they may be anything's number. */
const denseIds = 10_000;
/** Ids are indices where there is one for so many of them. */
const sparse = 4;
/** More than these are hashed: a vocabulary of them would be as large as the data. */
const mostListed = 200_000;

const listedSize = (different: number): NonNullable<Size> =>
  different > mostListed ? { buckets: buckets(different) } : { vocabulary: roomFor(different) };

function sizeOf({ family, different, range }: Profile, role: "key" | "user" | null): Size {
  if (role === "key") {
    return { vocabulary: roomFor(different) };
  }
  if (role === "user") {
    return { buckets: Math.max(100, 2 * different) };
  }
  switch (family) {
    case "text":
      return listedSize(different);
    case "boolean":
      return { vocabulary: 2 };
    case "small":
    case "whole":
      return range !== null && range.min >= 0 && range.max < Math.min(denseIds, sparse * different)
        ? { vocab: range.max + 1 }
        : listedSize(different);
    case "huge":
      return { buckets: buckets(different) };
    default:
      return null;
  }
}

const tagsOf = ({ greatest, different }: Awaited<ReturnType<Look["lists"]>>): NonNullable<Size> =>
  greatest !== null && greatest < Math.min(denseIds, sparse * different)
    ? { vocab: greatest + 1 }
    : listedSize(different);

function numberOf(at: readonly number[] | null, profile: Profile, dim: number): Made {
  const bound = profile.name;
  if (at !== null && at.length > 0) {
    return { kind: bucketed(at, dim), bound };
  }
  if (profile.range === null) {
    return { because: `it holds ${profile.type}, and numbers are due` };
  }
  const whole = profile.range.min === 0 && profile.range.max === 1 && profile.different <= 2;
  const made = draftFeature({ ...profile, family: whole ? "small" : "float" });
  return "because" in made ? { because: made.because } : { kind: made.kind, bound };
}

function bucketed(edges: readonly number[], dim: number): string {
  const rising = [...new Set(edges)].sort((a, b) => a - b);
  return `bucketed(at: [${rising.map(plain).join(", ")}], dim: ${dim})`;
}

const cut = (column: string, by: string): string => `string_split(${quoted(column)}, '${by.replaceAll("'", "''")}')`;

function tagsBound(column: string, type: string, list: ListForm, size: NonNullable<Size>): Bound {
  const listed = list.by === null || type.endsWith("[]");
  if (list.padding === null && listed) {
    return column;
  }
  if (list.padding === null && list.by !== null && !("vocab" in size)) {
    return { split: { column, by: list.by } };
  }
  const values = listSql(column, type, list);
  return "vocab" in size && !listed ? `list_transform(${values}, lambda x: x::BIGINT)` : values;
}
