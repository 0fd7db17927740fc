// The features of a group as members of a request: which columns there may be, must be, and what stands in their place.

import { documentationOf } from "../../contract/documentation-section.ts";
import type { FeatureSpec, Manifest } from "../../contract/manifest.ts";
import type { Member } from "./object-type.ts";
import { documentedAs, objectType } from "./object-type.ts";
import { type MadeOf, rawType, type ValueType, valueType } from "./raw-values.ts";

/** Names in a history and beside candidates that are no features. */
const reserved = ["item", "items", "time"];

/** The feature that a raw column becomes, and how; null where it comes as it is. */
function madeOf({ derived }: Manifest, { name }: FeatureSpec): MadeOf | null {
  const made = derived.find((one) => one.feature === name && one.kind !== "sql" && one.kind !== "known_at");
  return made === undefined || made.kind === "sql" || made.kind === "known_at" ? null : made;
}

/** A feature, and the raw column of another name that may come instead. */
interface Brought {
  readonly member: Member;
  readonly raw: Member | null;
}

type Documented = ReturnType<typeof documentationOf>;

function broughtBy(manifest: Manifest, doc: Documented, feature: FeatureSpec, form: "one" | "column"): Brought[] {
  const value = valueType(feature);
  if (value === null) {
    return [];
  }
  const { column } = feature;
  const made = madeOf(manifest, feature);
  const raw = made === null ? null : rawType(made, column);
  const missing = (of: ValueType): string => (form === "one" ? `${of.one} | Missing` : of.column);
  const says = documentedAs(doc("features", feature.name), value.says);
  const own = { name: column, type: missing(value), doc: says };
  if (made === null || raw === null) {
    return [{ member: own, raw: null }];
  }
  if (made.column === column) {
    const both = { one: `${value.one} | ${raw.one}`, column: bothColumns(value, raw), says: value.says };
    // Nothing tells raw from made where both are numbers or texts: then what comes is the feature.
    const told = form === "column" && made.kind !== "split" && made.kind !== "at_least" ? value : both;
    return [{ member: { ...own, type: missing(told), doc: `${says} Or, raw: ${raw.says}` }, raw: null }];
  }
  const either = `${says} Or bring \`${made.column}\`.`;
  return [{ member: { ...own, doc: either }, raw: { name: made.column, type: missing(raw), doc: raw.says } }];
}

/** Values may be mixed in one column. */
const bothColumns = (value: ValueType, raw: ValueType): string =>
  `Column<${value.one} | ${raw.one}>${value.column.startsWith("Column<") ? "" : ` | ${value.column}`}`;

/** Members that may all be missing. */
export function optionalMembers(
  manifest: Manifest,
  features: readonly FeatureSpec[],
  form: "one" | "column",
): readonly Member[] {
  const doc = documentationOf(manifest);
  const brought = features.flatMap((feature) => broughtBy(manifest, doc, feature, form));
  const members = [
    ...brought.map(({ member }) => member),
    ...brought.flatMap(({ raw }) => (raw === null ? [] : [raw])),
  ];
  return members.flatMap((member): Member[] => {
    if (!Object.hasOwn(Object.prototype, member.name)) {
      return [{ ...member, optional: true }];
    }
    // To the type checker every object has a member of this name, of another type: it cannot be left out.
    const doc = `${member.doc} Say \`null\` where it is unknown: every object has something of this name.`;
    return form === "one" ? [{ ...member, doc }] : [];
  });
}

/**
 * Columns that must all come, unless there are no rows; where a raw column may come instead, one of the two.
 * @param first what is no feature
 */
export function requiredColumns(
  manifest: Manifest,
  features: readonly FeatureSpec[],
  first: readonly Member[],
  last: readonly Member[],
): string {
  const own = new Set(features.map(({ column }) => column));
  const doc = documentationOf(manifest);
  const brought = features.flatMap((feature) => broughtBy(manifest, doc, feature, "column"));
  const always: Member[] = [...first];
  const either: string[] = [];
  for (const { member, raw } of brought) {
    if (reserved.includes(member.name)) {
      continue;
    }
    if (raw === null) {
      always.push(member);
    } else if (own.has(raw.name) || reserved.includes(raw.name)) {
      always.push({ ...member, optional: true });
    } else {
      either.push(`(${objectType([member])} | ${objectType([raw])})`);
    }
  }
  const whole = [objectType([...always, ...last]), ...either].join(" & ");
  const needs = either.length > 0 || always.some(({ name, optional }) => name !== "item" && optional !== true);
  return needs ? `NoItems | (${whole})` : whole;
}
