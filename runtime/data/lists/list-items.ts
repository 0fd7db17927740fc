// The items of samples, where no items file is named: one row for every key that a candidate or a past has, with what was
// said of it last.
import { TwinError } from "../../../contract/error.ts";
import type { FeatureSpec } from "../../../contract/manifest.ts";
import type { Derivation } from "../../encode/derive.ts";
import type { Binding } from "../binding.ts";
import type { DataModel } from "../data-model.ts";
import { quoted, type Source } from "../database/source.ts";
import { type Events, openEvents } from "../events.ts";
import type { KeyType } from "../items.ts";
import { type Relation, rowColumn } from "../relation.ts";
import { provides, type Resolved, resolve, wantedOf } from "../resolve.ts";
import { behavioursOf } from "./behaviours.ts";
import { listFeature } from "./list-features.ts";
import { listOf, type OpenList } from "./open-lists.ts";

const table = "twin_list_items";

export interface ListItems {
  readonly relation: Relation;
  readonly key: Resolved;
  readonly columns: readonly Resolved[];
  readonly explain: (cause: unknown) => Promise<TwinError>;
}

/** Where a feature's values come from. */
export interface ItemSources {
  readonly feature: FeatureSpec;
  readonly derive: Derivation | null;
  /** Of the candidate; null: only lists say it. */
  readonly candidate: Resolved | null;
  /** By history. */
  readonly lists: ReadonlyMap<string, Resolved>;
}

/**
 * Makes a table of the items. A feature has the value of the newest mention that has one: by time where there is one, else
 * of the later row, a candidate after its own past.
 * @throws TwinError naming the feature that neither the samples nor their lists have
 */
export async function listItems(
  source: Source,
  binding: Binding,
  features: readonly FeatureSpec[],
  keyType: KeyType,
): Promise<ListItems> {
  const events = await openEvents(source, binding, keyType);
  const own = features.filter(({ key, name }) => !key || Object.hasOwn(binding.columns, name));
  const sources = await itemSources(source, binding, events, own);
  const explain = events.explain(sources.flatMap(resolvedOf));
  const newest = sources.map(({ feature: { name } }) => `arg_max(${quoted(name)}, "#when") AS ${quoted(name)}`);
  const mentions = mentionsOf(events, sources).join(" UNION ALL ");
  try {
    await source.all(
      `CREATE OR REPLACE TEMP TABLE ${quoted(table)} AS SELECT ${[`"#key"`, ...newest].join(", ")} FROM (${mentions}) WHERE "#key" IS NOT NULL GROUP BY "#key" ORDER BY "#key"`,
    );
  } catch (cause) {
    throw await explain(cause);
  }
  const { relation } = events;
  const column = (name: string, feature: FeatureSpec | null, derive: Derivation | null): Resolved => ({
    name,
    sql: quoted(feature === null || !own.includes(feature) ? "#key" : feature.name),
    bad: null,
    derive,
    made: derive === null ? "column" : "derivation",
    shown: feature?.name ?? events.item.shown,
    use: feature === null ? "identity" : (wantedOf(feature)?.use ?? "identity"),
  });
  return {
    relation: {
      name: `${relation.name} (its items, as no items file is named)`,
      files: relation.files,
      columns: relation.columns,
      format: relation.format,
      texts: relation.texts,
      guards: [],
      renamed: relation.renamed,
      sql: () => quoted(table),
      numbered: `SELECT *, row_number() OVER () - 1 AS ${quoted(rowColumn)} FROM ${quoted(table)}`,
      made: relation,
    },
    key: column("#key", null, null),
    columns: features
      .filter((feature) => wantedOf(feature) !== null)
      .map((feature) => column(feature.name, feature, sources.find((one) => one.feature === feature)?.derive ?? null)),
    explain,
  };
}

const resolvedOf = ({ candidate, lists }: ItemSources): Resolved[] => [
  ...(candidate === null ? [] : [candidate]),
  ...lists.values(),
];

/** @throws TwinError naming the feature that nothing has, or that is not made alike */
export async function itemSources(
  source: Source,
  binding: Binding,
  events: Events,
  features: readonly FeatureSpec[],
): Promise<ItemSources[]> {
  const found: ItemSources[] = [];
  for (const feature of features) {
    const wanted = wantedOf(feature);
    if (wanted === null) {
      continue;
    }
    const there = provides(events.relation, binding, wanted);
    const candidate = there ? await resolve(source, events.relation, binding, wanted) : null;
    const lists = new Map<string, Resolved>();
    let derive: Derivation | null = candidate?.derive ?? null;
    for (const list of events.lists ?? []) {
      const one = await listFeature(source, events.relation, binding, list, feature, false, derive);
      if (one === null) {
        continue;
      }
      if (candidate === null && lists.size === 0) {
        derive = one.derive;
      }
      if (kindOf(one.derive) !== kindOf(derive)) {
        throw new TwinError(
          `${binding.place("samples", "histories", list.history, "columns", feature.name)}: ${feature.name} of past items is made in another way than that of candidates: write both alike`,
        );
      }
      lists.set(list.history, one);
    }
    if (candidate === null && lists.size === 0) {
      await resolve(source, events.relation, binding, wanted);
    }
    found.push({ feature, derive, candidate, lists });
  }
  return found;
}

/** A derivation without the column that it reads. */
const kindOf = (derive: Derivation | null): string => JSON.stringify(derive && { ...derive, column: "" });

/** A select for the candidates, and one for each history: `"#key"`, `"#when"` and the features by name. */
export function mentionsOf(events: Events, sources: readonly ItemSources[]): string[] {
  const values = (of: (one: ItemSources) => Resolved | null | undefined): string =>
    sources.map((one) => `, ${of(one)?.sql ?? "NULL"} AS ${quoted(one.feature.name)}`).join("");
  const clock = events.steps ? "0::DOUBLE" : `"#time"`;
  const candidates = `SELECT "#item" AS "#key", {t: ${clock}, r: "#row", p: 4611686018427387904::BIGINT} AS "#when"${values((one) => one.candidate)} FROM (${events.select})`;
  const past = (list: OpenList): string => {
    const parallel = sources.flatMap(({ lists }) => lists.get(list.history) ?? []);
    const named = sources.map(({ feature: { name }, lists }) =>
      lists.has(list.history) ? `, ${quoted(name)}` : `, NULL AS ${quoted(name)}`,
    );
    const at = list.time !== null ? `"#at"` : events.steps ? "0::DOUBLE" : `"#now"`;
    return `SELECT "#key", {t: ${at}, r: "#row", p: "#place"::BIGINT} AS "#when"${named.join("")} FROM (${behavioursOf(events, list, parallel)})`;
  };
  return [candidates, ...(events.lists ?? []).map(past)];
}

/** By history of the model, behaviours of which a feature is there and is another than that of their item; after `listItems`. */
export async function countDiffering(
  source: Source,
  binding: Binding,
  events: Events,
  { features, histories }: DataModel,
): Promise<number[]> {
  const item = features.filter(({ group, key }) => group === "item" && !key);
  const sources = await itemSources(source, binding, events, item);
  const counts: number[] = [];
  for (const { name } of histories) {
    const list = listOf(events.lists, name);
    const parallel = sources.flatMap(({ lists }) => lists.get(name) ?? []);
    if (parallel.length === 0) {
      counts.push(0);
      continue;
    }
    const other = parallel.map(
      (one) => `(b.${quoted(one.name)} IS NOT NULL AND b.${quoted(one.name)} IS DISTINCT FROM i.${quoted(one.name)})`,
    );
    const [row] = await source.all(
      `SELECT count(*)::DOUBLE AS n FROM (${behavioursOf(events, list, parallel)}) b JOIN ${quoted(table)} i USING ("#key") WHERE ${other.join(" OR ")}`,
    );
    counts.push(Number(row.n));
  }
  return counts;
}
