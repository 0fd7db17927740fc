// A published generation, opened: its tables, items and embedding rows, read from a Redis.
import { TwinError } from "../../contract/error.ts";
import { hasher } from "../../contract/hash.ts";
import type { OutsideTables } from "../request/index.ts";
import { itemFields } from "../table/item-layout.ts";
import type { OpenTable } from "../table/live-tables.ts";
import type { OpenParts } from "../table/opened-generation.ts";
import { viewOf } from "../table/table-store.ts";
import { openRedis, type RedisTimes } from "./client.ts";
import type { Published } from "./published.ts";
import { rowsOfEmbedding, rowsOfItems, rowsOfTable } from "./published-spaces.ts";
import { RedisRows } from "./redis-rows.ts";

export interface OpenPublished {
  readonly parts: OpenParts;
  /** Embedding tables that no graph holds; null: there are none. */
  readonly outside: OutsideTables | null;
  close(): void;
}

/**
 * Connects, and holds every generation that is named against what is expected of it.
 * @param address another way to the same server
 * @throws TwinError where nobody answers, or the rows are gone, half written or another model's
 */
export async function openPublished(
  published: Published,
  address: string = process.env.TWIN_REDIS_URL || published.address,
  times?: RedisTimes,
): Promise<OpenPublished> {
  const link = await openRedis(address, times);
  try {
    const hash = await hasher();
    const { described, items } = published;
    const opened: RedisRows[] = [];
    const rowsOf = (
      ...[space, rows, absent]: [
        Published["items"] | Published["tables"][string] | Published["embeddings"][string],
        ReturnType<typeof rowsOfItems>,
        Uint8Array?,
      ]
    ) => {
      const { prefix, generation, buckets, count } = space;
      const expected = { ...rows, prefix, generation, buckets, count };
      const store = new RedisRows(link, expected, absent ?? new Uint8Array(rows.rowBytes), hash);
      opened.push(store);
      return store;
    };
    const tables = new Map<string, OpenTable>();
    for (const [name, table] of Object.entries(published.tables)) {
      const store = rowsOf(table, rowsOfTable(described, name, table.rows));
      tables.set(name, openTable(store, table));
    }
    const absent = Uint8Array.from(Buffer.from(items.absent, "base64"));
    const { fields, rowBytes } = itemFields(items.layout);
    if (absent.length !== rowBytes) {
      throw new TwinError(`published.json: the unknown item has ${absent.length} bytes instead of ${rowBytes}`);
    }
    const store = rowsOf(items, rowsOfItems(described, items.layout), absent);
    const embeddings = new Map(
      Object.entries(published.embeddings).map(([parameter, one]) => [
        parameter,
        rowsOf(one, rowsOfEmbedding(parameter, one.dim, one.fingerprint)),
      ]),
    );
    await Promise.all(opened.map((one) => one.check()));
    const parts = {
      description: described,
      index: { type: described.key.type, keys: described.items },
      store: { ...viewOf(store), fields, records: described.items + 1 },
      tables,
    };
    const outside: OutsideTables | null =
      embeddings.size === 0
        ? null
        : {
            rows(parameter, dim) {
              const found = embeddings.get(parameter);
              if (found === undefined || found.rowBytes !== 4 * dim) {
                throw new TwinError(
                  `${link.where} has no rows of ${parameter} with ${dim} values. Publish again: twin table publish DIR --to ADDRESS`,
                );
              }
              return found;
            },
          };
    return { parts, outside, close: () => link.close() };
  } catch (error) {
    link.close();
    throw error;
  }
}

const openTable = (store: RedisRows, { count, rows: format }: Published["tables"][string]): OpenTable => ({
  ...viewOf(store),
  rows: count + 1,
  format,
  inMemory: false,
  // Read by key: nobody holds all of them.
  floats: async () => null,
  stored: async () => null,
});
