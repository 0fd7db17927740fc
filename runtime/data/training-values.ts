// The raw values of features in the training part, and how often each counts: once for every event of it, those of an item or a
// user for every event of theirs. What several features are read from is opened once.
import { TwinError } from "../../contract/error.ts";
import type { FeatureSpec } from "../../contract/manifest.ts";
import type { Binding } from "./binding.ts";
import { quoted, type Source } from "./database/source.ts";
import { type Events, openEvents } from "./events.ts";
import { type ItemVectors, openVectors, vectorValues } from "./item-vectors.ts";
import { type Items, type KeyType, openItems } from "./items.ts";
import { openBound } from "./key-type.ts";
import { countedItems, crossMentions, itemMentions, type Mentions } from "./lists/list-mentions.ts";
import type { Relation } from "./relation.ts";
import { explainRead, provides, type Resolved, resolve, type Wanted, wantedOf } from "./resolve.ts";
import { userKeys } from "./user-keys.ts";

/** The raw values of a feature in the training part. */
export interface Values {
  /** A select of v (the raw value) and n (how often). */
  readonly sql: string;
  readonly column: Resolved;
  readonly explain: (cause: unknown) => Promise<TwinError>;
}

/** Rows that several features are read from. */
export interface SharedRows {
  /** A select of some columns, given with their expressions and by their names, and of `n`. */
  select(columns: readonly { readonly sql: string; readonly name: string }[]): string;
  /** Whether a column alone is read from there as fast as from a table. */
  readonly quick: boolean;
  /** How many rows there are at most; null: they must be counted. */
  readonly count: number | null;
  /** What to count in order to know. */
  readonly counted: string;
}

/** Values with the rows that they are read from; null: nobody else's. */
export interface ValuesOfRows extends Values {
  readonly shared: SharedRows | null;
}

/** Files that are opened about as fast as one. */
const fewFiles = 16;

const training = `"#part" = 0`;

/** Opens each file once, for whatever is asked of it. */
export class TrainingData {
  readonly #source: Source;
  readonly #binding: Binding;
  readonly #keyType: KeyType;
  #events: Promise<{ readonly events: Events; readonly rows: SharedRows }> | null = null;
  #items: Promise<{ readonly items: Items; readonly rows: SharedRows }> | null = null;
  #users: Promise<Relation> | null = null;
  #userRows: Promise<{ readonly key: Resolved; readonly rows: SharedRows }> | null = null;

  constructor(source: Source, binding: Binding, keyType: KeyType) {
    this.#source = source;
    this.#binding = binding;
    this.#keyType = keyType;
  }

  /** @throws TwinError where the feature is made of no column */
  async values(feature: FeatureSpec): Promise<ValuesOfRows> {
    const wanted = wantedOf(feature);
    if (wanted === null) {
      throw new TwinError(`${feature.name} is made of no column: nothing is to be learnt for it`);
    }
    if (feature.group === "item") {
      return this.#ofItem(feature, wanted);
    }
    const { events, rows } = await this.#openEvents();
    if (feature.group === "cross" && events.lists !== null) {
      return mentioned(events, await crossMentions(this.#source, this.#binding, events, feature));
    }
    if (feature.group === "user" && this.#binding.users !== null) {
      this.#users ??= openBound(this.#source, this.#binding, "users");
      const users = await this.#users;
      if (provides(users, this.#binding, wanted)) {
        const column = await resolve(this.#source, users, this.#binding, wanted);
        this.#userRows ??= this.#openUsers(users, events);
        const { key, rows: ofUsers } = await this.#userRows;
        return valuesIn(ofUsers, column, firstOf(events.explain(), explainRead(this.#source, users, [key, column])));
      }
    }
    const own =
      feature.key && feature.group === "user"
        ? { ...wanted, defaults: [events.user.shown, ...wanted.defaults] }
        : wanted;
    const column = await resolve(this.#source, events.relation, this.#binding, own);
    return valuesIn(rows, column, events.explain([column]));
  }

  async #ofItem(feature: FeatureSpec, wanted: Wanted): Promise<ValuesOfRows> {
    const vectors = await openVectors(this.#source, this.#binding, [feature], this.#keyType);
    const [beside] = vectors?.features ?? [];
    if (vectors !== null && beside !== undefined) {
      return this.#ofVectors(vectors, beside.column);
    }
    const { items: file, events: log, columns } = this.#binding;
    const keyOfLog = feature.key && log !== null && !Object.hasOwn(columns, feature.name);
    if (file === null || keyOfLog) {
      // The key itself: the log says it all.
      const { events, rows } = await this.#openEvents();
      if (events.lists !== null) {
        return mentioned(events, await itemMentions(this.#source, this.#binding, events, feature));
      }
      const own = feature.key ? { ...wanted, defaults: [events.item.shown, ...wanted.defaults] } : wanted;
      const column = await resolve(this.#source, events.relation, this.#binding, own);
      return valuesIn(rows, column, events.explain([column]));
    }
    this.#items ??= this.#openItems();
    const { items, rows } = await this.#items;
    const own = feature.key ? { ...wanted, defaults: [file.key, ...wanted.defaults] } : wanted;
    const column = await resolve(this.#source, items.relation, this.#binding, own);
    const explain = explainRead(this.#source, items.relation, [column]);
    return log === null
      ? valuesIn(rows, column, explain)
      : valuesIn(rows, column, firstOf((await this.#openEvents()).events.explain(), explain));
  }

  async #ofVectors(vectors: ItemVectors, column: Resolved): Promise<ValuesOfRows> {
    const explain = explainRead(this.#source, vectors.relation, [vectors.key, column]);
    if (this.#binding.events === null) {
      this.#items ??= this.#openItems();
      const { keySql, relation } = (await this.#items).items;
      const items = `SELECT ${keySql} AS k, 1 AS n FROM ${relation.sql()}`;
      return { sql: vectorValues(vectors, column, items), column, explain, shared: null };
    }
    const { events } = await this.#openEvents();
    const items = `SELECT i AS k, n FROM (${seenItems(events)})`;
    return {
      sql: vectorValues(vectors, column, items),
      column,
      explain: firstOf(events.explain(), explain),
      shared: null,
    };
  }

  #openEvents() {
    this.#events ??= openEvents(this.#source, this.#binding, this.#keyType).then((events) => {
      const { rows = null, dropped } = events.relation;
      const from = `(${events.select}) WHERE ${training}`;
      const select: SharedRows["select"] = (columns) => `SELECT ${named(columns)}, 1 AS n FROM ${from}`;
      const count = dropped === undefined ? rows : null;
      return { events, rows: { select, quick: this.#isQuick(events), count, counted: from } };
    });
    return this.#events;
  }

  /** Parquet is read by columns; which rows are of the training part must not take a sort. */
  #isQuick({ relation }: Events): boolean {
    const kind = this.#binding.split?.kind;
    return relation.format === "parquet" && relation.files.length <= fewFiles && kind !== "share" && kind !== "last";
  }

  async #openItems() {
    const items = await openItems(this.#source, this.#binding, [], this.#keyType);
    const { relation, keySql } = items;
    const values: SharedRows["select"] = (columns) =>
      `SELECT ${named([{ sql: keySql, name: "k" }, ...columns])} FROM ${relation.sql()}`;
    const size = { quick: false, count: relation.rows ?? null, counted: relation.sql() };
    if (this.#binding.events === null) {
      return {
        items,
        rows: {
          ...size,
          select: (columns: Parameters<typeof values>[0]) =>
            `SELECT ${names(columns)}, 1 AS n FROM (${values(columns)})`,
        },
      };
    }
    const { events } = await this.#openEvents();
    return { items, rows: { ...size, select: joined(values, seenItems(events), "k = i") } };
  }

  async #openUsers(users: Relation, events: Events) {
    const key = await userKeys(this.#source, this.#binding, users, events.userType);
    const seen = `SELECT "#user" AS u, count(*) AS n FROM (${events.select}) WHERE ${training} GROUP BY 1`;
    const values: SharedRows["select"] = (columns) =>
      `SELECT ${named([{ sql: key.sql, name: "k" }, ...columns])} FROM ${users.sql()}`;
    return {
      key,
      rows: { quick: false, count: users.rows ?? null, counted: users.sql(), select: joined(values, seen, "k = u") },
    };
  }
}

/** A select of the items of the training part, i, and how often each occurs, n. */
const seenItems = (events: Events): string =>
  events.lists === null
    ? `SELECT "#item" AS i, count(*) AS n FROM (${events.select}) WHERE ${training} GROUP BY 1`
    : countedItems(events);

const named = (columns: Parameters<SharedRows["select"]>[0]): string =>
  columns.map(({ sql, name }) => `${sql} AS ${quoted(name)}`).join(", ");

const names = (columns: Parameters<SharedRows["select"]>[0]): string =>
  columns.map(({ name }) => quoted(name)).join(", ");

const joined =
  (values: SharedRows["select"], seen: string, on: string): SharedRows["select"] =>
  (columns) =>
    `SELECT ${names(columns)}, n FROM (${values(columns)}) JOIN (${seen}) ON ${on}`;

const valuesIn = (shared: SharedRows, column: Resolved, explain: Values["explain"]): ValuesOfRows => ({
  sql: shared.select([{ sql: column.sql, name: "v" }]),
  column,
  explain,
  shared,
});

const mentioned = (events: Events, { sql, column }: Mentions): ValuesOfRows => ({
  sql,
  column,
  explain: events.explain([column]),
  shared: null,
});

/** The row may lie in the log or in the other file: who finds one says it. */
const firstOf =
  (log: Values["explain"], other: Values["explain"]): Values["explain"] =>
  async (cause) => {
    const found = await log(cause);
    return found.message.includes(", row ") ? found : other(cause);
  };
