// The query behind a prepared data set: every event with its item's ordinal, each column in the type that is fastest to read.
import { TwinError } from "../../../contract/error.ts";
import type { Derivation } from "../../encode/derive.ts";
import type { Binding } from "../binding.ts";
import type { DataModel } from "../data-model.ts";
import { double, literal, quoted, type Source } from "../database/source.ts";
import type { Items, KeyType } from "../items.ts";
import { openItems } from "../items.ts";
import { itemKeyType } from "../key-type.ts";
import { countDiffering } from "../lists/list-items.ts";
import { listColumns } from "../lists/open-lists.ts";
import { saidRenamed } from "../relation.ts";
import type { Resolved } from "../resolve.ts";
import { type SampleColumns, sampleColumns } from "../sample-columns.ts";

/** Table of the items: `k` (key), `ordinal` (from 1). */
export const itemTable = "twin_items";

export interface DataQuery {
  readonly columns: SampleColumns;
  readonly keyType: KeyType;
  /** Null: no items file is named, and the events' items are all there are. */
  readonly items: Items | null;
  /** Select of the items table. */
  readonly itemKeys: string;
  /**
   * Select of all events in no order: `#user`, `#item`, `#ordinal`, `#time`, `#row`, `#part`, for the i-th history `#keepI`
   * (1 or 0) and `#sameI` (where each row brings its own history its lists, `#list NAME` and `#times NAME`), features by name, `#known.FEATURE` (NaN: never), labels (NaN: missing, infinite: refused) and `#weight`.
   */
  readonly events: string;
  /** By history, behaviours that say something else of their item than its row; null where nothing but the items says it. */
  differing(): Promise<number[] | null>;
}

/** @param labelled whether a label must be had */
export async function dataQuery(
  source: Source,
  binding: Binding,
  model: DataModel,
  labelled = true,
): Promise<DataQuery> {
  const features = model.features.filter((feature) => feature.group === "item");
  const key = features.find((feature) => feature.key);
  if (!key) {
    throw new TwinError(`the model ${model.model} has no item key, so events and items cannot be joined`);
  }
  const keyType = await itemKeyType(source, binding, key);
  const columns = await sampleColumns(source, binding, model, keyType, labelled);
  const others = features.filter((feature) => !feature.key);
  const items =
    binding.items === null && others.length === 0 ? null : await openItems(source, binding, features, keyType);
  const itemKeys =
    items === null
      ? `SELECT k, row_number() OVER (ORDER BY k)::INTEGER AS ordinal FROM (SELECT DISTINCT k FROM (${namedItems(columns)}) WHERE k IS NOT NULL)`
      : `SELECT ${items.keySql} AS k, (row_number() OVER ())::INTEGER AS ordinal FROM ${items.relation.sql()}`;
  const differing = async (): Promise<number[] | null> =>
    binding.lists === null || binding.items !== null || items === null
      ? null
      : countDiffering(source, binding, columns.events, {
          ...model,
          features: model.features.filter(({ name }) => !items.beside.includes(name)),
        });
  return { columns, keyType, items, itemKeys, events: eventSelect(columns, model), differing };
}

/** What is said of headings that come twice. */
export const renamedHeadings = ({ columns, items }: DataQuery): string[] => {
  const { events, users } = columns;
  return [...new Set([events.relation, items?.relation, users].flatMap((one) => (one ? saidRenamed(one) : [])))];
};

/** Keys of candidates, and of what the lists name. */
function namedItems({ events }: SampleColumns): string {
  const lists = (events.lists ?? []).map(({ item }) => `SELECT unnest(${item.sql}) AS k FROM ${events.relation.sql()}`);
  return [`SELECT "#item" AS k FROM (${events.select})`, ...lists].join(" UNION ALL ");
}

function eventSelect(columns: SampleColumns, model: DataModel): string {
  const own = [`"#user"`, `"#item"`, `coalesce(i.ordinal, 0) AS "#ordinal"`];
  own.push(`"#time"::DOUBLE AS "#time"`, `"#row"::DOUBLE AS "#row"`, `"#part"::INTEGER AS "#part"`);
  const { lists } = columns.events;
  const cross = [...columns.cross.values()].flat();
  if (lists === null) {
    for (let h = 0; h < model.histories.length; h++) {
      own.push(`"#keep${h}"::INTEGER AS "#keep${h}"`, `"#same${h}"`);
    }
  } else {
    own.push(...[...lists.flatMap(listColumns), ...cross].map(({ name }) => quoted(name)));
  }
  const features = [...columns.context, ...columns.candidate, ...columns.user, ...(lists === null ? cross : [])];
  for (const column of features) {
    own.push(`${quick(column)} AS ${quoted(column.name)}`);
  }
  for (const { name } of columns.knownAt.values()) {
    own.push(`coalesce(${quoted(name)}, 'NaN'::DOUBLE) AS ${quoted(name)}`);
  }
  for (const label of columns.labels) {
    own.push(`${labelSql(label)} AS ${quoted(label.name)}`);
  }
  if (columns.weight !== null) {
    own.push(`coalesce("#weight", 'NaN'::DOUBLE) AS "#weight"`);
  }
  return `SELECT ${own.join(", ")} FROM (${columns.rows()}) q LEFT JOIN ${quoted(itemTable)} i ON i.k = q."#item"`;
}

/** Columns without gaps come as typed arrays: a missing number or flag is NaN, which encodes as missing does. */
function quick(column: Resolved): string {
  const name = quoted(column.name);
  if (column.use === "number") {
    return `coalesce(${name}, 'NaN'::DOUBLE)`;
  }
  if (column.use === "flag" && column.derive === null) {
    return `CASE WHEN ${name} IS NULL THEN 'NaN'::DOUBLE WHEN ${name} THEN 1.0::DOUBLE ELSE 0.0::DOUBLE END`;
  }
  return name;
}

/** A label as DOUBLE: NaN where it is missing; what the file itself has as NaN becomes infinite, which is refused. */
export function labelSql(label: Resolved): string {
  const name = quoted(label.name);
  const value = label.derive === null ? name : derivedSql(name, label.derive);
  return `CASE WHEN ${value} IS NULL THEN 'NaN'::DOUBLE WHEN isnan((${value})::DOUBLE) THEN 'inf'::DOUBLE ELSE (${value})::DOUBLE END`;
}

/** A derivation as SQL, for labels: serving never computes them. */
function derivedSql(name: string, derive: Derivation): string {
  switch (derive.kind) {
    case "at_least":
      return `(CASE WHEN ${name} IS NULL OR isnan(${name}) THEN NULL WHEN ${name} >= ${double(derive.value)} THEN 1 ELSE 0 END)`;
    case "scale":
      return `(${name} * ${double(derive.by)} + ${double(derive.plus)})`;
    case "map": {
      const number = (value: string | number | boolean | null): string => {
        if (value === null) {
          return "NULL";
        }
        if (Number.isNaN(Number(value))) {
          throw new TwinError(`a label is a number: map it to numbers, not to ${value}`);
        }
        return double(Number(value));
      };
      const text = `regexp_replace(CAST(${name} AS VARCHAR), '\\.0$', '')`;
      const cases = Object.entries(derive.values).map(([key, value]) => `WHEN ${literal(key)} THEN ${number(value)}`);
      if (cases.length === 0) {
        return number(derive.otherwise);
      }
      return `(CASE ${text} ${cases.join(" ")} ELSE ${number(derive.otherwise)} END)`;
    }
    case "split":
      throw new TwinError("a label is a number, and split makes lists");
  }
}
