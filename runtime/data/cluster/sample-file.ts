// Samples with their lists as Parquet: which columns a row has, the query that joins lists to rows, and data.yaml that names them.
import type { FeatureSpec } from "../../../contract/manifest.ts";
import { recordOf } from "../../../contract/record.ts";
import { yamlText } from "../../../contract/yaml-write.ts";
import type { Derivation } from "../../encode/derive.ts";
import type { Binding } from "../binding.ts";
import type { ClusterSettings } from "../cluster-settings.ts";
import { double, quoted } from "../database/source.ts";
import { namesOf } from "../files/headings.ts";
import { eventTable } from "../prepare/sort-events.ts";
import type { SampleColumns } from "../sample-columns.ts";
import { partsAsked } from "../split.ts";

export const viewTable = "twin_views";
export const entryTable = (history: number): string => `twin_entries${history}`;
const listTable = (history: number): string => `twin_lists${history}`;

/** A history as its lists are written. */
export interface ListedHistory {
  readonly name: string;
  readonly max: number;
  readonly delay: number;
  /** Null: behaviours as they are. */
  readonly clusters: ClusterSettings | null;
  /** The feature that says the members of each entry; null: nothing does. */
  readonly size: string | null;
  /** Cross features in the order of the entries' columns `c0`, …; `known`: that of `k0`, … where it becomes known later. */
  readonly cross: readonly { readonly feature: FeatureSpec; readonly known: number | null }[];
}

/** A column of a row that is neither a list nor says what the row is. */
interface OwnColumn {
  /** Of the model: `context.hour`, `predict.click`. */
  readonly name: string;
  readonly column: string;
  readonly derive: Derivation | null;
  /** Whether data.yaml has to say it. */
  readonly said: boolean;
}

/** What the lists of a history are called. */
interface ListNames {
  readonly item: string;
  readonly time: string;
  readonly size: string | null;
  /** Of each cross feature. */
  readonly cross: readonly string[];
}

const fixed = ["user", "item", "time", "part", "weight"];

/** All columns of the samples by names that no other has, however capitals are written: features' bare names as far as they are free. */
function namesIn(
  columns: SampleColumns,
  features: readonly FeatureSpec[],
  histories: readonly ListedHistory[],
): { readonly lists: readonly ListNames[]; readonly own: readonly OwnColumn[] } {
  const wanted = histories.map(({ name, size, cross }) => [
    ...[`${name}.item`, `${name}.time`, ...(size === null ? [] : [size])],
    ...cross.map(({ feature }) => feature.name),
  ]);
  const rows = [...columns.context, ...columns.candidate, ...columns.user, ...columns.labels].map((column) => ({
    ...column,
    usual: features.find(({ name }) => name === column.name)?.column ?? bare(column.name),
  }));
  const usual = rows.map(({ derive, usual }) => derive?.column ?? usual);
  const { names } = namesOf([...fixed, ...wanted.flat(), ...usual]);
  const rest = [...names].slice(fixed.length);
  const lists = histories.map(({ size, cross }, i) => {
    const [item, time, ...more] = rest.splice(0, wanted[i].length);
    return { item, time, size: size === null ? null : more[0], cross: more.slice(more.length - cross.length) };
  });
  const own = rows.map(({ name, derive, usual }, i) => {
    return { name, column: rest[i], derive, said: derive !== null || rest[i] !== usual };
  });
  return { lists, own };
}

const bare = (name: string): string => name.slice(name.lastIndexOf(".") + 1);

/** Makes lists of the entries. */
export const listQueries = (histories: readonly ListedHistory[]): string[] =>
  histories.map(({ cross, size }, i) => {
    const names = ["item", "time", ...(size === null ? [] : ["size"]), ...valueNames(cross), ...knownNames(cross)];
    const lists = names.map((name) => `list(${name} ORDER BY place) AS ${name}`);
    return `CREATE OR REPLACE TABLE ${listTable(i)} AS SELECT list AS list_number, ${lists.join(", ")} FROM ${entryTable(i)} GROUP BY list`;
  });

export const valueNames = (cross: ListedHistory["cross"]): string[] => cross.map((_, i) => `c${i}`);
export const knownNames = (cross: ListedHistory["cross"]): string[] =>
  cross.flatMap(({ known }) => (known === null ? [] : [`k${known}`]));

/** Rows of the views first … last, in their order, with their lists. */
export function sampleQuery(
  columns: SampleColumns,
  binding: Binding,
  features: readonly FeatureSpec[],
  histories: readonly ListedHistory[],
  [first, last]: readonly [number, number],
): string {
  const names = namesIn(columns, features, histories);
  const own = names.own.map(({ name, column }) => `e.${quoted(name)} AS ${quoted(column)}`);
  const split = binding.split === null ? [] : [`${partName} AS "part"`];
  const weight = columns.weight === null ? [] : [`e."#weight" AS "weight"`];
  const lists = histories.flatMap((history, i) => listsOf(history, names.lists[i], i));
  const joins = histories.map((_, i) => `LEFT JOIN ${listTable(i)} l${i} ON l${i}.list_number = v.list${i}`);
  return [
    `SELECT ${[`e."#user" AS "user"`, `e."#item" AS "item"`, `e."#time" AS "time"`, ...split, ...weight, ...own, ...lists].join(", ")}`,
    `FROM ${viewTable} v JOIN ${quoted(eventTable)} e ON e."#row" = v.row`,
    ...joins,
    `WHERE v.view BETWEEN ${first} AND ${last} ORDER BY v.view`,
  ].join(" ");
}

const partName = `CASE e."#part" WHEN 0 THEN 'training' WHEN 1 THEN 'validation' ELSE 'test' END`;

function listsOf({ max, delay, cross }: ListedHistory, names: ListNames, i: number): string[] {
  const some = (list: string): string => `coalesce(${list}[1:v.count${i}][-${max}:], [])`;
  const column = (what: string): string => `l${i}.${what}`;
  const values = cross.map(({ known }, c) => {
    const all = some(column(`c${c}`));
    if (known === null) {
      return [names.cross[c], all] as const;
    }
    const at = `e."#time"`;
    const seen = `x[2] < ${at} AND x[2] <= ${at} - ${double(delay)}`;
    const pairs = `list_zip(${all}, ${some(column(`k${known}`))})`;
    return [names.cross[c], `[CASE WHEN ${seen} THEN x[1] END FOR x IN ${pairs}]`] as const;
  });
  const sizes = names.size === null ? [] : [[names.size, some(column("size"))] as const];
  return [
    [names.item, some(column("item"))] as const,
    [names.time, some(column("time"))] as const,
    ...sizes,
    ...values,
  ].map(([as, sql]) => `${sql} AS ${quoted(as)}`);
}

/** Where the rows of items lie, and which of their features another column than usual. */
export interface ItemFiles {
  readonly key: string;
  readonly columns: Readonly<Record<string, string>>;
}

/** The text of data.yaml beside `samples/` and `items/`. */
export function bindingText(
  columns: SampleColumns,
  binding: Binding,
  features: readonly FeatureSpec[],
  histories: readonly ListedHistory[],
  items: ItemFiles,
): string {
  const names = namesIn(columns, features, histories);
  const lists = histories.map(({ name, clusters, size, cross }, i) => {
    const own = names.lists[i];
    const parallel = [
      ...(size === null || own.size === null ? [] : [[size, own.size] as const]),
      ...cross.map(({ feature }, c) => [feature.name, own.cross[c]] as const),
    ];
    return [
      name,
      {
        item: own.item,
        time: own.time,
        ...(parallel.length > 0 && { columns: recordOf(parallel) }),
        ...(clusters && { clusters }),
      },
    ] as const;
  });
  const own = names.own.filter(({ said }) => said);
  const bound = recordOf([
    ...own.map(({ name, column, derive }) => [name, derived(derive, column)] as const),
    ...Object.entries(items.columns),
  ]);
  return yamlText({
    samples: { file: "samples/*.parquet", user: "user", item: "item", time: "time", histories: recordOf(lists) },
    items: { file: "items/*.parquet", key: items.key },
    ...(Object.keys(bound).length > 0 && { columns: bound }),
    ...(columns.weight !== null && { weight: "weight" }),
    ...(binding.split !== null && { split: splitBy(binding.split) }),
  });
}

function splitBy(split: NonNullable<Binding["split"]>) {
  const { validation, test } = partsAsked(split);
  return {
    by: "part",
    column: "part",
    train: "training",
    ...(validation && { validation: "validation" }),
    ...(test && { test: "test" }),
  };
}

/** A derivation of a column that is called otherwise now. */
function derived(derive: Derivation | null, column: string): unknown {
  if (derive === null) {
    return column;
  }
  const { kind, ...settings } = derive;
  return { [kind]: { ...settings, column } };
}
