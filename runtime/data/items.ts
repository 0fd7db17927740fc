// The items file, or the log's items → raw item features in chunks, each item once, with its key.

import { TwinError } from "../../contract/error.ts";
import type { FeatureSpec } from "../../contract/manifest.ts";
import { recordOf } from "../../contract/record.ts";
import { type DataColumn, keysOf } from "../encode/data-column.ts";
import { type Derivation, deriveColumn } from "../encode/derive.ts";
import type { Binding } from "./binding.ts";
import { quoted, type Source } from "./database/source.ts";
import { eventItems } from "./event-items.ts";
import { besideVectors, expectApart, type ItemVectors, openVectors } from "./item-vectors.ts";
import { keyColumn, openBound } from "./key-type.ts";
import { rowsKey } from "./listed-binding.ts";
import { type ListItems, listItems } from "./lists/list-items.ts";
import { locate, type Relation, rowColumn } from "./relation.ts";
import { explainRead, type Resolved, resolve, selection, wantedOf } from "./resolve.ts";

export type KeyType = "int64" | "string";

export interface ItemChunk {
  readonly rows: number;
  readonly keys: BigInt64Array | readonly (bigint | string | null)[];
  /** Raw values by the feature's qualified name. */
  readonly columns: Readonly<Record<string, DataColumn>>;
}

export interface Items {
  readonly relation: Relation;
  /** Expression of the key over the relation's columns. */
  readonly keySql: string;
  /** Features made by SQL: whoever gives item features inline must supply these. */
  readonly supplied: readonly string[];
  /** Features that the file of `vectors` has. */
  readonly beside: readonly string[];
  /** Derivations that serving repeats, by feature. */
  readonly derived: Readonly<Record<string, Derivation>>;
  /** Number of items; every key present and unique. @throws TwinError naming the rows */
  check(): Promise<number>;
  /** All items, in file order, or in the order of an SQL clause over the columns, `"#row"` and what `join` adds. */
  chunks(size: number, ordered?: { readonly join: string; readonly by: string }): AsyncGenerator<ItemChunk>;
}

/**
 * Opens the items of a binding for a model's item features: its items file, or where it names none the items of the event log.
 * @param keyType how keys are held; the caller takes it from the manifest or from a table's spec
 */
export async function openItems(
  source: Source,
  binding: Binding,
  features: readonly FeatureSpec[],
  keyType: KeyType,
): Promise<Items> {
  const vectors = await openVectors(source, binding, features, keyType);
  const elsewhere = vectors?.features ?? [];
  const here = features.filter((feature) => !elsewhere.some((one) => one.feature === feature));
  const {
    relation,
    key: ofKey,
    columns: own,
    explain: explainOwn,
  } = binding.items === null && binding.lists !== null
    ? await listItems(source, binding, here, keyType)
    : await itemsOf(source, binding, here, keyType);
  if (vectors !== null) {
    expectApart(vectors, relation, binding);
  }
  const base = selection([ofKey, ...own]);
  const columns = [...own, ...elsewhere.map(({ column }) => column)];
  const explain = vectors === null ? explainOwn : explainBoth(source, vectors, explainOwn);
  return {
    relation,
    keySql: ofKey.sql,
    beside: elsewhere.map(({ feature }) => feature.name),
    supplied: columns.filter((column) => column.made === "sql").map((column) => column.name),
    derived: recordOf(columns.flatMap(({ name, derive }) => (derive === null ? [] : [[name, derive] as const]))),
    check: () => checkKeys(source, relation, ofKey, explain),
    async *chunks(size, ordered) {
      const rows = `(${relation.numbered}) i ${ordered?.join ?? ""}`;
      const order = [...(ordered ? [ordered.by] : []), quoted(rowColumn)].join(", ");
      const sql =
        vectors !== null && elsewhere.length > 0
          ? besideVectors(vectors, `SELECT ${base}, row_number() OVER (ORDER BY ${order}) AS "#at" FROM ${rows}`, "#at")
          : ordered
            ? `SELECT ${base} FROM ${rows} ORDER BY ${order}`
            : `SELECT ${base} FROM ${relation.sql()}`;
      for await (const chunk of source.stream(sql, size, explain)) {
        const derived = columns.map((column) => {
          const raw = chunk.columns[column.name];
          const value = column.derive
            ? deriveColumn(column.derive, raw, `${relation.name}, column \`${column.shown}\``)
            : raw;
          return [column.name, value] as const;
        });
        yield { rows: chunk.rows, keys: keysOf(chunk.columns["#key"]), columns: recordOf(derived) };
      }
    },
  };
}

/** The row may lie in either file: who finds one says it. */
function explainBoth(source: Source, vectors: ItemVectors, own: (cause: unknown) => Promise<TwinError>) {
  const { relation, key, features } = vectors;
  const search = explainRead(source, relation, [key, ...features.map(({ column }) => column)]);
  return async (cause: unknown): Promise<TwinError> => {
    const found = await own(cause);
    return found.message.includes(", row ") ? found : search(cause);
  };
}

/** The rows of the items file; of the event log where none is named. */
async function itemsOf(
  source: Source,
  binding: Binding,
  features: readonly FeatureSpec[],
  keyType: KeyType,
): Promise<ListItems> {
  const { relation, key, where } = await itemRows(source, binding, keyType);
  const ofKey = await keyColumn(source, relation, key, keyType, "#key", where);
  const columns: Resolved[] = [];
  for (const feature of features) {
    const wanted = wantedOf(feature);
    if (wanted === null) {
      continue;
    }
    // The key feature itself reads the key's column unless told otherwise.
    const own = feature.key ? { ...wanted, defaults: [key, ...wanted.defaults] } : wanted;
    columns.push(await resolve(source, relation, binding, own));
  }
  return { relation, key: ofKey, columns, explain: explainRead(source, relation, [ofKey, ...columns]) };
}

async function itemRows(source: Source, binding: Binding, keyType: KeyType) {
  if (binding.items !== null) {
    const relation = await openBound(source, binding, "items");
    return { relation, key: binding.items.key, where: binding.place("items", "key") };
  }
  if (binding.events === null) {
    throw new TwinError(
      `${binding.place()}: no items file is named; add \`items: {file: items.parquet, key: item_id}\``,
    );
  }
  const relation = await eventItems(source, binding, keyType);
  return { relation, key: binding.events.item, where: binding.place(rowsKey(binding), "item") };
}

async function checkKeys(
  source: Source,
  relation: Relation,
  key: Resolved,
  explain: (cause: unknown) => Promise<TwinError>,
): Promise<number> {
  const ask = async (sql: string): Promise<Record<string, unknown>[]> => {
    try {
      return await source.all(sql);
    } catch (cause) {
      throw await explain(cause);
    }
  };
  const [total] = await ask(
    `SELECT count(*) AS items, count(k) AS present, count(DISTINCT k) AS different FROM (SELECT ${key.sql} AS k FROM ${relation.sql()})`,
  );
  const items = Number(total.items);
  if (items === 0) {
    throw new TwinError(`${relation.name} holds no items`);
  }
  if (Number(total.present) < items) {
    const place = await locate(source, relation, `(${key.sql}) IS NULL`);
    throw new TwinError(`${place ?? relation.name}, column \`${key.shown}\`: the item's key is missing`);
  }
  if (Number(total.different) === items) {
    return items;
  }
  const [twice] = await ask(
    `SELECT k FROM (SELECT ${key.sql} AS k FROM ${relation.sql()}) GROUP BY k HAVING count(*) > 1 ORDER BY k LIMIT 1`,
  );
  const value = typeof twice.k === "bigint" ? String(twice.k) : `'${String(twice.k).replaceAll("'", "''")}'`;
  const first = await locate(source, relation, `${key.sql} = ${value}`);
  const second = await locate(source, relation, `${key.sql} = ${value}`, 1);
  throw new TwinError(
    `${second}: the key ${value} was already given in ${first}; every item has one row, so remove one of them`,
  );
}
