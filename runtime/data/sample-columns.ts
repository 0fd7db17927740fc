// Which columns of the event log (and of the users file) the samples of a model need, and the one query that yields them.
import { isComputed } from "../../contract/encoder-spec.ts";
import { TwinError } from "../../contract/error.ts";
import type { FeatureSpec } from "../../contract/manifest.ts";
import { meant } from "../../contract/nearest.ts";
import { computedFrom } from "../encode/column.ts";
import type { Binding } from "./binding.ts";
import { checkClock } from "./clock-unit.ts";
import type { DataModel } from "./data-model.ts";
import { castTo, due } from "./database/cast.ts";
import { double, quoted, type Source } from "./database/source.ts";
import { type Events, openEvents } from "./events.ts";
import type { KeyType } from "./items.ts";
import { openBound } from "./key-type.ts";
import { checkKnownAt, knownAtColumns } from "./known-at.ts";
import { checkLists, crossLists } from "./lists/list-features.ts";
import { listColumns } from "./lists/open-lists.ts";
import { type Relation, requireColumn } from "./relation.ts";
import {
  condition,
  explainRead,
  expression,
  provides,
  type Resolved,
  resolve,
  selection,
  wantedOf,
} from "./resolve.ts";
import { userShare } from "./row-part.ts";
import { userKeys } from "./user-keys.ts";

export interface SampleColumns {
  readonly events: Events;
  readonly context: readonly Resolved[];
  readonly candidate: readonly Resolved[];
  readonly user: readonly Resolved[];
  /** Of each history, in the manifest's order; lists where each row brings its own. */
  readonly cross: ReadonlyMap<string, readonly Resolved[]>;
  /** By cross feature: when a behaviour's value became known, where the data says so. */
  readonly knownAt: ReadonlyMap<string, Resolved>;
  /** Labels that the data has. */
  readonly labels: readonly Resolved[];
  readonly weight: Resolved | null;
  /** The users file; null: none is named. */
  readonly users: Relation | null;
  /** All rows of all users, in no order. `where` limits them. */
  rows(where?: string): string;
  /** The same: by user, newest first. */
  query(where?: string): string;
  readonly explain: (cause: unknown) => Promise<TwinError>;
}

/** Features that SQL makes: whoever sends a request must supply them, and derivations that serving repeats. */
export function supplied(columns: SampleColumns): string[] {
  const all = [...columns.context, ...columns.candidate, ...columns.user, ...[...columns.cross.values()].flat()];
  return all.filter((column) => column.made === "sql").map((column) => column.name);
}

/** The column that a feature of an event is made of. */
export function resolvedOf({ context, candidate, user, cross }: SampleColumns, feature: string): Resolved {
  for (const group of [context, candidate, user, ...cross.values()]) {
    const found = group.find(({ name }) => name === feature);
    if (found !== undefined) {
      return found;
    }
  }
  throw new Error(`${feature} is made of no column of the events`);
}

/** Columns of lists in the events' query. */
export function flatColumns({ events, cross }: SampleColumns): ReadonlySet<string> {
  const lists = (events.lists ?? []).flatMap(listColumns);
  return new Set(events.lists === null ? [] : [...lists, ...[...cross.values()].flat()].map(({ name }) => name));
}

/** @throws TwinError for names in data.yaml that the model does not have */
export function checkNames(binding: Binding, manifest: DataModel): void {
  const features = manifest.features.map((feature) => feature.name);
  const names = [...features, ...manifest.labels.map((label) => `predict.${label.name}`)];
  for (const name of Object.keys(binding.columns)) {
    if (names.includes(name)) {
      continue;
    }
    throw new TwinError(
      `${binding.place("columns", name)}: the model ${manifest.model} has no \`${name}\`${meant(name, names)}`,
    );
  }
  for (const feature of manifest.features) {
    const { name, encoder } = feature;
    if (isComputed(encoder) && Object.hasOwn(binding.columns, name)) {
      const where = binding.place("columns", name);
      throw new TwinError(`${where}: ${name} is computed from ${computedFrom(feature)}: leave it out`);
    }
  }
  const histories = manifest.histories.map((history) => history.name);
  for (const name of Object.keys(binding.history)) {
    if (histories.includes(name)) {
      continue;
    }
    throw new TwinError(
      `${binding.place("history", name)}: the model ${manifest.model} has no history \`${name}\`${meant(name, histories)}`,
    );
  }
}

/**
 * @param labelled whether a label must be had: true for evaluation, false for scoring
 * @param served without the features that training alone knows: no request has them
 */
export async function sampleColumns(
  source: Source,
  binding: Binding,
  manifest: DataModel,
  keyType: KeyType | null,
  labelled: boolean,
  served = false,
): Promise<SampleColumns> {
  checkNames(binding, manifest);
  checkKnownAt(binding, manifest);
  checkClock(binding, manifest.features);
  checkLists(binding, manifest);
  const events = await openEvents(source, binding, keyType);
  const ofEvents = async (features: readonly FeatureSpec[]): Promise<Resolved[]> => {
    const columns: Resolved[] = [];
    for (const feature of features) {
      const wanted = wantedOf(feature);
      if (wanted !== null) {
        columns.push(await resolve(source, events.relation, binding, wanted));
      }
    }
    return columns;
  };
  const group = (name: FeatureSpec["group"]) =>
    manifest.features.filter((feature) => feature.group === name && !(served && feature.training === true));
  const cross = new Map<string, readonly Resolved[]>();
  const conditions: string[] = [];
  const lists: Resolved[] = [];
  for (const [i, { name, cross: own }] of manifest.histories.entries()) {
    const features = manifest.features.filter((feature) => own.includes(feature.name));
    const list = events.lists?.find(({ history }) => history === name);
    if (list !== undefined) {
      cross.set(name, await crossLists(source, events.relation, binding, list, features));
      lists.push(...listColumns(list));
      continue;
    }
    cross.set(name, await ofEvents(features));
    const bound = binding.history[name];
    const keep = bound?.where
      ? await condition(source, events.relation, bound.where, binding.place("history", name, "where"))
      : "true";
    if (bound?.excludeSame) {
      requireColumn(events.relation, bound.excludeSame, binding.place("history", name, "exclude_same"));
    }
    conditions.push(`coalesce(${keep}, false) AS "#keep${i}"`);
    conditions.push(`${bound?.excludeSame ? `CAST(${quoted(bound.excludeSame)} AS VARCHAR)` : "NULL"} AS "#same${i}"`);
  }
  const context = await ofEvents(group("context"));
  const candidate = await ofEvents(group("candidate"));
  const labels = await labelColumns(source, events, binding, manifest, labelled);
  const weight = await weightColumn(source, events, binding);
  const users = await userColumns(source, events, binding, group("user"));
  const knownAt = await knownAtColumns(source, events.relation, binding);
  const values = [...[...cross.values()].flat(), ...knownAt.values()];
  const own = [...lists, ...context, ...candidate, ...labels, ...values, ...users.inEvents];
  const all = weight ? [...own, weight] : own;
  const parts = [
    `"#user", "#item", "#time", "#row", "#part"`,
    ...conditions,
    ...(all.length > 0 ? [selection(all)] : []),
  ];
  const inner = `SELECT ${parts.join(", ")} FROM (${events.select})`;
  const rows = (where = "true"): string => {
    const joined = users.select === null ? "" : ` LEFT JOIN (${users.select}) ON "#ukey" = "#user"`;
    return `SELECT * FROM (SELECT * FROM (${inner}) WHERE ${where})${joined}`;
  };
  return {
    events,
    context,
    candidate,
    user: [...users.inEvents, ...users.inUsers],
    cross,
    knownAt,
    labels,
    weight,
    users: users.relation,
    rows,
    query: (where) => `${rows(where)} ORDER BY "#user", "#time" DESC, "#row" DESC`,
    explain: async (cause) => (await users.explain?.(cause)) ?? events.explain(all)(cause),
  };
}

async function labelColumns(
  source: Source,
  events: Events,
  binding: Binding,
  manifest: DataModel,
  labelled: boolean,
): Promise<Resolved[]> {
  const labels: Resolved[] = [];
  for (const { name } of manifest.labels) {
    const wanted = { name: `predict.${name}`, defaults: [name], use: "label" } as const;
    if (provides(events.relation, binding, wanted)) {
      const label = await resolve(source, events.relation, binding, wanted);
      // Rows before the first sample have histories to be seen in, and no label.
      const { samplesFrom: from } = binding;
      labels.push(
        from === null ? label : { ...label, sql: `CASE WHEN "#time" >= ${double(from)} THEN ${label.sql} END` },
      );
    }
  }
  if (labelled && labels.length === 0) {
    const first = manifest.labels[0].name;
    throw new TwinError(
      `${binding.place("columns")}: no label of the model is in the data; add \`predict.${first}: "…"\` under columns`,
    );
  }
  return labels;
}

async function weightColumn(source: Source, events: Events, binding: Binding): Promise<Resolved | null> {
  if (binding.weight === null) {
    return null;
  }
  const where = binding.place("weight");
  const own = events.relation.columns.get(binding.weight);
  const { sql, type } =
    own === undefined
      ? await expression(source, events.relation, binding.weight, where)
      : { sql: quoted(binding.weight), type: own };
  const cast = castTo("number", sql, type);
  if (cast === null) {
    throw new TwinError(`${where}: \`${binding.weight}\` is ${type}; ${due.number} are due`);
  }
  return { name: "#weight", ...cast, derive: null, made: "column", shown: binding.weight, use: "number" };
}

async function userColumns(source: Source, events: Events, binding: Binding, features: readonly FeatureSpec[]) {
  const users = binding.users === null ? null : await openBound(source, binding, "users");
  const inEvents: Resolved[] = [];
  const inUsers: Resolved[] = [];
  for (const feature of features) {
    const wanted = wantedOf(feature);
    if (wanted === null) {
      continue;
    }
    const own = feature.key ? { ...wanted, defaults: [...wanted.defaults, events.user.shown] } : wanted;
    if (users !== null && provides(users, binding, wanted)) {
      // An expression may be meant for either file; the users file is asked first.
      try {
        inUsers.push(await resolve(source, users, binding, wanted));
        continue;
      } catch (error) {
        if (!Object.hasOwn(binding.columns, wanted.name)) {
          throw error;
        }
        inEvents.push(await resolve(source, events.relation, binding, own).catch(() => Promise.reject(error)));
        continue;
      }
    }
    inEvents.push(await resolve(source, events.relation, binding, own));
  }
  if (users === null || inUsers.length === 0) {
    return { relation: users, inEvents, inUsers, select: null, explain: null };
  }
  const key = await userKeys(source, binding, users, events.userType);
  const one = `SELECT ${key.sql} AS "#ukey", ${selection(inUsers)} FROM ${users.sql()}`;
  const search = explainRead(source, users, [key, ...inUsers]);
  const explain = async (cause: unknown): Promise<TwinError | undefined> => {
    const bad = [key, ...inUsers].some((column) => column.bad !== null);
    const found = bad ? await search(cause) : undefined;
    return found?.message.includes(", row ") ? found : undefined;
  };
  return { relation: users, inEvents, inUsers, select: one, explain };
}

/**
 * A condition that keeps at most so many of the users who have such samples: the first by a hash of their key.
 * @param part samples of this part only; null: all @param labelled samples with a label only
 */
export function someUsers(columns: SampleColumns, count: number, part: number | null, labelled: boolean): string {
  const some = columns.labels.map(({ name }) => `${quoted(name)} IS NOT NULL`);
  const wanted = [...(part === null ? [] : [`"#part" = ${part}`]), ...(labelled ? [`(${some.join(" OR ")})`] : [])];
  const rows = columns.rows(wanted.length === 0 ? undefined : wanted.join(" AND "));
  return `"#user" IN (SELECT u FROM (SELECT DISTINCT "#user" AS u FROM (${rows})) ORDER BY ${userShare("u")}, u LIMIT ${count})`;
}
