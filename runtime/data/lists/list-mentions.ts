// How often items, and values of features, occur where samples bring their histories: each behaviour counts once, in however
// many lists it stands.
import { TwinError } from "../../../contract/error.ts";
import type { FeatureSpec } from "../../../contract/manifest.ts";
import type { Binding } from "../binding.ts";
import { quoted, type Source } from "../database/source.ts";
import type { Events } from "../events.ts";
import { listedBinding } from "../listed-binding.ts";
import type { Resolved } from "../resolve.ts";
import { behavioursOf } from "./behaviours.ts";
import { listFeature } from "./list-features.ts";
import { itemSources } from "./list-items.ts";

export interface Mentions {
  /** A select of `v` (the raw value) and `n` (how often). */
  readonly sql: string;
  readonly column: Resolved;
}

const training = `"#part" = 0`;

/**
 * A select of `i` and `n`: how often each item occurs in the training part. A candidate counts for each of its samples. A
 * behaviour counts once, told by user, item and time; without times one of a user's that never was a candidate counts once.
 * That is what an event log of the same would say.
 */
export function countedItems(events: Events): string {
  return `SELECT i, count(*) AS n FROM (${mentionRows(events, []).join(" UNION ALL ")}) GROUP BY 1`;
}

/** Rows of `i` and the features by name, of candidates and then of the past, each behaviour once. */
function mentionRows(events: Events, past: readonly Resolved[], own: readonly Resolved[] = []): string[] {
  const value = (columns: readonly Resolved[], name: string): string => {
    const found = columns.find((column) => column.name === name);
    return `, ${found === undefined ? "NULL" : found.sql} AS ${quoted(name)}`;
  };
  const names = [...new Set([...past, ...own].map(({ name }) => name))];
  const candidates = `SELECT "#item" AS i${names.map((name) => value(own, name)).join("")} FROM (${events.select}) WHERE ${training}`;
  const known = `SELECT "#user" AS u, "#item" AS i, "#time" AS t FROM (${events.select}) WHERE ${training}`;
  const lists = (events.lists ?? []).map((list) => {
    const timed = list.time !== null;
    const columns = names.map(quoted).map((name) => `, any_value(${name}) AS ${name}`);
    const behaviours = `SELECT * FROM (${behavioursOf(events, list, past)}) WHERE ${training}`;
    const keys = timed ? `"#user", "#key", "#at"` : `"#user", "#key"`;
    const also = timed ? ` AND t = "#at"` : "";
    const missing = names
      .filter((name) => !past.some((one) => one.name === name))
      .map((name) => `, NULL AS ${quoted(name)}`);
    return `SELECT "#key" AS i${columns.join("")} FROM (SELECT *${missing.join("")} FROM (${behaviours}) ANTI JOIN (${known}) ON u = "#user" AND i = "#key"${also}) GROUP BY ${keys}`;
  });
  return [candidates, ...lists];
}

/** Values of a feature of items where no items file is named: those of candidates, and of behaviours that are none. */
export async function itemMentions(
  source: Source,
  binding: Binding,
  events: Events,
  feature: FeatureSpec,
): Promise<Mentions> {
  if (feature.key && !Object.hasOwn(binding.columns, feature.name)) {
    return {
      sql: `SELECT i AS v, n FROM (${countedItems(events)})`,
      column: { ...events.item, name: feature.name, bad: null },
    };
  }
  const [found] = await itemSources(source, binding, events, [feature]);
  const column = found?.candidate ?? found?.lists.values().next().value;
  if (found === undefined || column === undefined) {
    throw new TwinError(`${feature.name} is made of no column: nothing is to be learnt for it`);
  }
  const rows = [
    ...mentionRows({ ...events, lists: [] }, [], found.candidate === null ? [] : [found.candidate]),
    ...(events.lists ?? []).flatMap((list) => {
      const own = found.lists.get(list.history);
      return own === undefined ? [] : mentionRows({ ...events, lists: [list] }, [own]).slice(1);
    }),
  ];
  const name = quoted(feature.name);
  const values = rows
    .filter((sql) => sql.includes(`AS ${name}`))
    .map((sql) => `SELECT ${name} AS v, 1 AS n FROM (${sql})`);
  return { sql: values.join(" UNION ALL "), column: { ...column, derive: found.derive } };
}

/** Values of a cross feature in the lists of the training part, each behaviour once. */
export async function crossMentions(
  source: Source,
  binding: Binding,
  events: Events,
  feature: FeatureSpec,
): Promise<Mentions> {
  const list = events.lists?.find(({ history }) =>
    Object.hasOwn(listedBinding(binding, history).columns, feature.name),
  );
  const column = list && (await listFeature(source, events.relation, binding, list, feature, true));
  if (!list || !column) {
    throw new TwinError(
      `${binding.place("samples", "histories")}: nothing says where ${feature.name} of the past behaviours stands; name its parallel list under \`columns\``,
    );
  }
  const name = quoted(feature.name);
  const keys = list.time === null ? `"#user", "#key", ${name}` : `"#user", "#key", "#at", ${name}`;
  const sql = `SELECT ${name} AS v, 1 AS n FROM (SELECT ${keys} FROM (${behavioursOf(events, list, [column])}) WHERE ${training} GROUP BY ALL)`;
  return { sql, column };
}
