// Learns the vocabulary of a feature from the training part: its most frequent values, frozen into the artefacts.
import { TwinError } from "../../contract/error.ts";
import type { FeatureSpec } from "../../contract/manifest.ts";
import { deriveValue } from "../encode/derive.ts";
import type { Binding } from "./binding.ts";
import { quoted, type Source } from "./database/source.ts";
import { type Events, openEvents } from "./events.ts";
import { type KeyType, openItems } from "./items.ts";
import { openBound } from "./key-type.ts";
import { countedItems, crossMentions, itemMentions, type Mentions } from "./lists/list-mentions.ts";
import { explainRead, provides, type Resolved, resolve, selection, type Wanted, wantedOf } from "./resolve.ts";
import { userKeys } from "./user-keys.ts";

/**
 * The entries of a `vocabulary` (or `tags(of vocabulary)`) feature: the most frequent `max` values that occur `min_count`
 * times in the training part of the event log, most frequent first, ties by text. Item features count once for every event
 * of their item; without an event log every item counts once. Integers are their decimal text.
 */
export async function learnVocabulary(
  feature: FeatureSpec,
  binding: Binding,
  source: Source,
  keyType: KeyType,
): Promise<string[]> {
  const rows = feature.encoder.kind === "tags" ? feature.encoder.of : feature.encoder;
  if (rows.kind !== "vocabulary") {
    throw new TwinError(`${feature.name} is no vocabulary: nothing is to be learnt for it`);
  }
  const { sql, column, explain } = await trainingValues(feature, binding, source, keyType);
  if (feature.encoder.kind !== "tags" && column.derive === null) {
    const found = await attempt(
      source.all(
        `SELECT v, sum(n) AS n FROM (SELECT CAST(v AS VARCHAR) AS v, n FROM (${sql})) WHERE v IS NOT NULL GROUP BY v HAVING sum(n) >= ${rows.minCount} ORDER BY sum(n) DESC, v LIMIT ${rows.max}`,
      ),
      explain,
    );
    return found.map((row) => String(row.v));
  }
  return countDerived(source, sql, column, rows, explain);
}

/** Values that only code derives, or lists: counted by raw value in the database, then value by value here. */
async function countDerived(
  source: Source,
  sql: string,
  column: Resolved,
  { max, minCount }: { readonly max: number; readonly minCount: number },
  explain: (cause: unknown) => Promise<TwinError>,
): Promise<string[]> {
  const counts = new Map<string, number>();
  const grouped = `SELECT v, sum(n)::DOUBLE AS n FROM (${sql}) WHERE v IS NOT NULL GROUP BY v`;
  for await (const chunk of source.stream(grouped, 16_384, explain)) {
    const { v, n } = chunk.columns;
    for (let row = 0; row < chunk.rows; row++) {
      const raw = v[row];
      const value = column.derive ? deriveValue(column.derive, raw, `column \`${column.shown}\``) : raw;
      const list = typeof value === "object" && value !== null ? [...new Set<unknown>(value)] : [value];
      for (const one of list) {
        if (one !== null) {
          counts.set(String(one), (counts.get(String(one)) ?? 0) + Number(n[row]));
        }
      }
    }
  }
  const kept = [...counts].filter(([, count]) => count >= minCount);
  kept.sort(([a, m], [b, n]) => n - m || Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return kept.slice(0, max).map(([value]) => value);
}

/** The raw values of a feature in the training part. */
export interface Values {
  /** A select of v (the raw value) and n (how often). */
  readonly sql: string;
  readonly column: Resolved;
  readonly explain: (cause: unknown) => Promise<TwinError>;
}

/** Those of an item or a user count for every event of it; without an event log every item counts once. */
export async function trainingValues(
  feature: FeatureSpec,
  binding: Binding,
  source: Source,
  keyType: KeyType,
): Promise<Values> {
  const wanted = wantedOf(feature);
  if (wanted === null) {
    throw new TwinError(`${feature.name} is made of no column: nothing is to be learnt for it`);
  }
  if (feature.group === "item") {
    return itemValues(feature, wanted, binding, source, keyType);
  }
  const events = await openEvents(source, binding, keyType);
  if (feature.group === "cross" && events.lists !== null) {
    return explained(events, await crossMentions(source, binding, events, feature));
  }
  const training = `SELECT * FROM (${events.select}) WHERE "#part" = 0`;
  if (feature.group === "user" && binding.users !== null) {
    const users = await openBound(source, binding, "users");
    if (provides(users, binding, wanted)) {
      const column = await resolve(source, users, binding, wanted);
      const key = await userKeys(source, binding, users, events.userType);
      const seen = `SELECT "#user" AS u, count(*) AS n FROM (${training}) GROUP BY 1`;
      const values = `SELECT ${key.sql} AS k, ${selection([column])} FROM ${users.sql()}`;
      return {
        sql: `SELECT ${quoted(column.name)} AS v, n FROM (${values}) JOIN (${seen}) ON k = u`,
        column,
        explain: firstOf(events.explain(), explainRead(source, users, [key, column])),
      };
    }
  }
  const own =
    feature.key && feature.group === "user" ? { ...wanted, defaults: [events.user.shown, ...wanted.defaults] } : wanted;
  const column = await resolve(source, events.relation, binding, own);
  return { sql: `SELECT ${column.sql} AS v, 1 AS n FROM (${training})`, column, explain: events.explain([column]) };
}

const explained = (events: Events, { sql, column }: Mentions): Values => ({
  sql,
  column,
  explain: events.explain([column]),
});

async function itemValues(
  feature: FeatureSpec,
  wanted: Wanted,
  binding: Binding,
  source: Source,
  keyType: KeyType,
): Promise<Values> {
  if (
    binding.items === null ||
    (feature.key && binding.events !== null && !Object.hasOwn(binding.columns, feature.name))
  ) {
    // The key itself: the log says it all.
    const events = await openEvents(source, binding, keyType);
    if (events.lists !== null) {
      return explained(events, await itemMentions(source, binding, events, feature));
    }
    const own = feature.key ? { ...wanted, defaults: [events.item.shown, ...wanted.defaults] } : wanted;
    const column = await resolve(source, events.relation, binding, own);
    const sql = `SELECT ${column.sql} AS v, 1 AS n FROM (${events.select}) WHERE "#part" = 0`;
    return { sql, column, explain: events.explain([column]) };
  }
  const items = await openItems(source, binding, [], keyType);
  const own = feature.key ? { ...wanted, defaults: [binding.items.key, ...wanted.defaults] } : wanted;
  const column = await resolve(source, items.relation, binding, own);
  const values = `SELECT ${items.keySql} AS k, ${column.sql} AS v FROM ${items.relation.sql()}`;
  const explain = explainRead(source, items.relation, [column]);
  if (binding.events === null) {
    return { sql: `SELECT v, 1 AS n FROM (${values})`, column, explain };
  }
  const events = await openEvents(source, binding, keyType);
  const seen =
    events.lists === null
      ? `SELECT "#item" AS i, count(*) AS n FROM (${events.select}) WHERE "#part" = 0 GROUP BY 1`
      : countedItems(events);
  const either = firstOf(events.explain(), explain);
  return { sql: `SELECT v, n FROM (${values}) JOIN (${seen}) ON k = i`, column, explain: either };
}

type Explain = Values["explain"];

/** The row may lie in the log or in the other file: who finds one says it. */
const firstOf =
  (log: Explain, other: Explain): Explain =>
  async (cause) => {
    const found = await log(cause);
    return found.message.includes(", row ") ? found : other(cause);
  };

async function attempt<T>(run: Promise<T>, explain: (cause: unknown) => Promise<TwinError>): Promise<T> {
  try {
    return await run;
  } catch (cause) {
    throw await explain(cause);
  }
}
