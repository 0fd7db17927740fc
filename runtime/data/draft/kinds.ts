// From what a column holds to a first feature for it: its kind with arguments, and how data.yaml makes it.
import { Names } from "./names.ts";
import { twoDigits } from "./past.ts";
import { oftenEnough, type Profile } from "./profile.ts";
import { categoryWords, usual } from "./role-words.ts";

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
    return feature(vocabulary(profile, "dim: 16, key: true"));
  }
  if (different < 2 && family !== "list") {
    return skipped("it always has the same value");
  }
  if (list !== null) {
    if (!list.floats) {
      return feature(tags(list));
    }
    return list.even && list.most <= widest
      ? feature(`pretrained(size: ${list.most}, dim: 8)`)
      : skipped(list.even ? `its lists are longer than ${widest}` : "its lists of floats differ in length");
  }
  if (profile.tags !== null) {
    return { name, kind: tags(profile.tags), column: `{split: {column: ${JSON.stringify(profile.name)}, by: "|"}}` };
  }
  switch (family) {
    case "boolean":
      return feature("flag(dim: 4)");
    case "text":
      return different > 0.5 * profile.rows && profile.rows > 100
        ? skipped("nearly every row has its own text")
        : feature(vocabulary(profile));
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
        return range.min >= 0 && range.max < Math.max(100, 4 * different)
          ? feature(`id(vocab: ${range.max + 1}, dim: ${different > 50 ? 8 : 4})`)
          : feature(vocabulary(profile));
      }
      return feature(bucketed(profile));
    case "time":
      return feature(bucketed(profile));
    case "huge":
      return feature(vocabulary(profile));
    default:
      return skipped(`${profile.type} is no feature yet: make a number or a text of it under \`columns\` in data.yaml`);
  }
}

/** The user's own column, whatever it holds. */
export const userFeature = (profile: Profile, name: string): DraftFeature => ({
  name,
  kind: vocabulary(profile, "dim: 16"),
  column: name === profile.name ? null : JSON.stringify(profile.name),
});

/** More entries than this are hashed. */
const mostEntries = 1_000_000;
/** Share of the rows that frequent values need, for the others to be left to the unknown row. */
const mostRows = 0.5;
/** The language's widest vector. */
const widest = 65_536;
const longestTags = 256;
/** Digits of a number that is still read. */
const longestNumber = 16;

/** Each value has a row of its own, where they are not too many. Such as come seldom teach a row of their own noise, and together the unknown row what is new. */
function vocabulary({ different, often }: Profile, more = "dim: 8"): string {
  const all = often === null || often.values === different || often.share < mostRows;
  const values = all ? different : often.values;
  return values > mostEntries
    ? `hashed(buckets: ${buckets(different)}, ${more})`
    : `vocabulary(max: ${roomFor(values)}, min_count: ${all ? 1 : oftenEnough}, ${more})`;
}

function tags({ different, most }: NonNullable<Profile["tags"]>): string {
  const rows = different > mostEntries ? `buckets: ${buckets(different)}` : `vocabulary: ${roomFor(different)}`;
  return `tags(${rows}, max: ${Math.min(longestTags, most)}, dim: 8)`;
}

/** Whole numbers that are names rather than amounts: called so, few and near together, or far apart and each seen often. */
function namesSomething(
  { name: column, rows, different }: Profile,
  range: NonNullable<Profile["range"]>,
  name: string,
): boolean {
  const width = range.max - range.min;
  const sparse = different * 20 <= rows && width >= 20 * different;
  return categorical.test(name) || categoryWords.test(usual(column)) || (different <= 20 && width < 100) || sparse;
}

/** An edge at each value where there are few, else where the training part has equally many between two. */
function bucketed({ values }: Profile): string {
  const edges = (values ?? []).slice(1).map(plain);
  const written = edges.length > 0 && edges.every((edge) => edge.length <= longestNumber);
  return `bucketed(at: ${written ? `[${edges.join(", ")}]` : "quantiles(20)"}, dim: 4)`;
}

/** A number as the language writes it: all its digits, no exponent. */
export function plain(value: number): string {
  const [, sign, digits, power] = /^(-?)(.*)e([+-]\d+)$/.exec(String(value)) ?? [];
  if (power === undefined) {
    return String(value);
  }
  const [, whole, part = ""] = /^(\d+)\.?(\d*)$/.exec(digits) ?? [];
  return Number(power) < 0
    ? `${sign}0.${"0".repeat(-Number(power) - 1)}${whole}${part}`
    : `${sign}${whole}${part.padEnd(Number(power), "0")}`;
}

/** Room for a few more, in round numbers. */
export function roomFor(different: number): number {
  return Math.max(10, twoDigits(1.2 * different));
}

export const buckets = (different: number): number => Math.min(10_000_000, roomFor(Math.max(50, 4 * different)));
