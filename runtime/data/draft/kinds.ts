// From what a column holds to a first feature for it: its kind with arguments, and how data.yaml makes it.
import { Names } from "./names.ts";
import type { Profile } from "./profile.ts";

export interface DraftFeature {
  /** A name of the language: small letters, digits, underscores. */
  readonly name: string;
  /** `bucketed(at: [1, 5], dim: 4)` */
  readonly kind: string;
  /** What data.yaml says where it is not the column of the same name. */
  readonly column: string | null;
}

export interface Skipped {
  readonly column: string;
  readonly because: string;
}

const categorical =
  /(^|_)(id|type|kind|category|genre|brand|author|creator|level|class|group|region|country|city|tab|page|channel)s?$/;

/** @param name that the feature gets @param key whether it is the item's own column */
export function draftFeature(
  profile: Profile,
  name = new Names().give(profile.name),
  key = false,
): DraftFeature | Skipped {
  const { family, different, missing, range, list } = profile;
  const column = name === profile.name ? null : JSON.stringify(profile.name);
  const feature = (kind: string): DraftFeature => ({ name, kind, column });
  const skipped = (because: string): Skipped => ({ column: profile.name, because });
  if (missing === 1) {
    return skipped("it is empty");
  }
  if (key) {
    return feature(`vocabulary(max: ${roomFor(different)}, min_count: 1, dim: 16, key: true)`);
  }
  if (different < 2 && family !== "list") {
    return skipped("it always has the same value");
  }
  if (list !== null) {
    if (!list.floats) {
      return feature(`tags(buckets: ${buckets(different * list.most)}, max: ${list.most}, dim: 8)`);
    }
    return list.even
      ? feature(`pretrained(size: ${list.most}, dim: 8)`)
      : skipped("its lists of floats differ in length");
  }
  switch (family) {
    case "boolean":
      return feature("flag(dim: 4)");
    case "text":
      if (profile.parted > 0.2) {
        return {
          name,
          kind: `tags(buckets: ${buckets(4 * different)}, max: 8, dim: 8)`,
          column: `{split: {column: ${JSON.stringify(profile.name)}, by: "|"}}`,
        };
      }
      if (different > 0.5 * profile.rows && profile.rows > 100) {
        return skipped("nearly every row has its own text");
      }
      return feature(`vocabulary(max: ${roomFor(different)}, min_count: 1, dim: 8)`);
    case "small":
    case "whole":
    case "float":
      if (range === null) {
        return skipped("it is empty");
      }
      if (family !== "float" && range.min === 0 && range.max === 1) {
        return feature("flag(dim: 4)");
      }
      if (family !== "float" && namesSomething(profile, range, name)) {
        return range.min >= 0 && range.max < 10_000
          ? feature(`id(vocab: ${range.max + 1}, dim: ${different > 50 ? 8 : 4})`)
          : feature(`hashed(buckets: ${buckets(different)}, dim: 8)`);
      }
      return bucketed(feature, range.quantiles) ?? skipped("its values hardly differ");
    case "huge":
      return feature(`hashed(buckets: ${buckets(different)}, dim: 8)`);
    default:
      return skipped(`${profile.type} is no feature yet: make a number or a text of it under \`columns\` in data.yaml`);
  }
}

/** Whole numbers that are names rather than amounts: called so, few and near together, or far apart and each seen often. */
function namesSomething({ rows, different }: Profile, range: NonNullable<Profile["range"]>, name: string): boolean {
  const width = range.max - range.min;
  const sparse = different * 20 <= rows && width >= 20 * different;
  return categorical.test(name) || (different <= 20 && width < 100) || sparse;
}

function bucketed(feature: (kind: string) => DraftFeature, quantiles: readonly number[]): DraftFeature | null {
  const edges = [...new Set(quantiles.map((value) => Number(value.toPrecision(3))))].sort((a, b) => a - b);
  return edges.length === 0 ? null : feature(`bucketed(at: [${edges.map(plain).join(", ")}], dim: 4)`);
}

/** A number as the language writes it: no exponent. */
export function plain(value: number): string {
  const text = String(value);
  return /e/i.test(text) ? value.toFixed(12).replace(/\.?0+$/, "") : text;
}

/** Room for twice as many, in round numbers. */
export function roomFor(different: number): number {
  const wanted = Math.max(10, 2 * different);
  const power = 10 ** Math.floor(Math.log10(wanted));
  return Math.ceil(wanted / power) * power;
}

export const buckets = (different: number): number => Math.min(10_000_000, roomFor(Math.max(50, 2 * different)));
