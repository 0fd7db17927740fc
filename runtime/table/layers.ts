// A generation's stores, each with a part of its rows in memory: how bytes are shared among them, and what came of it.
import type { KeyType } from "../encode/keys.ts";
import { keyBytes } from "./hot-keys.ts";
import { LayeredRows, type LayerStatus, slotsOf } from "./layered-rows.ts";
import type { OpenTable } from "./live-tables.ts";
import type { OpenParts } from "./opened-generation.ts";
import { type RowKeys, type TableStore, viewOf } from "./table-store.ts";

/** What the caches of a loaded folder's rows have done since their generation came into use. */
export interface CacheStatus {
  /** Bytes that they may take. */
  readonly bytes: number;
  /** Of keys that were asked for, the share that lay there; null where none was. */
  readonly hitRate: number | null;
  /** By what the rows are: `items`, `table NAME`, `embedding PARAMETER`; none for rows that lie in memory anyway. */
  readonly stores: readonly ({ readonly name: string; readonly hitRate: number | null } & LayerStatus)[];
}

/** Tables of embeddings by their parameters. */
interface Embeddings {
  rows(parameter: string, dim: number): TableStore;
}

export interface EmbeddingSize {
  readonly parameter: string;
  readonly dim: number;
  readonly rows: number;
}

/** One store that may be layered. */
interface Due {
  readonly name: string;
  readonly store: TableStore;
  readonly type: RowKeys["type"];
  /** Rows that there are. */
  readonly rows: number;
}

export class Layers {
  readonly #bytes: number;
  readonly #layers = new Map<string, LayeredRows>();

  /** @param bytes for all together @param parts null: no generation is in use */
  constructor(bytes: number, parts: OpenParts | null, embeddings: Embeddings | null, sizes: readonly EmbeddingSize[]) {
    this.#bytes = bytes;
    const due = [
      ...(parts === null ? [] : duesOf(parts)),
      ...(embeddings === null ? [] : sizes).map(
        ({ parameter, dim, rows }): Due => ({
          name: embeddingName(parameter),
          store: embeddings!.rows(parameter, dim),
          type: "row",
          rows,
        }),
      ),
    ];
    for (const [{ name, store, type }, slots] of shared(bytes, due)) {
      this.#layers.set(name, new LayeredRows(store, type, slots));
    }
  }

  /** The parts as requests shall read them. */
  parts(parts: OpenParts): OpenParts {
    const { store } = parts;
    const items = this.#layers.get("items");
    return {
      description: parts.description,
      index: parts.index,
      store:
        items === undefined ? store : Object.assign(viewOf(items), { fields: store.fields, records: store.records }),
      tables: new Map([...parts.tables].map(([name, table]) => [name, this.#table(name, table)])),
    };
  }

  #table(name: string, table: OpenTable): OpenTable {
    const layer = this.#layers.get(tableName(name));
    const { rows, format } = table;
    const whole = async () => null;
    return layer === undefined
      ? table
      : Object.assign(viewOf(layer), { rows, format, inMemory: false, floats: whole, stored: whole });
  }

  /** The rows of an embedding. */
  embedding(embeddings: Embeddings, parameter: string, dim: number): TableStore {
    return this.#layers.get(embeddingName(parameter)) ?? embeddings.rows(parameter, dim);
  }

  /** Gives their memory back: whoever still reads asks the stores. */
  release(): void {
    for (const layer of this.#layers.values()) {
      layer.release();
    }
  }

  status(): CacheStatus {
    return cacheStatus(
      this.#bytes,
      [...this.#layers].map(([name, layer]) => ({ name, ...layer.status() })),
    );
  }
}

const embeddingName = (parameter: string): string => `embedding ${parameter}`;
const tableName = (table: string): string => `table ${table}`;

function duesOf({ index, store, tables, description }: OpenParts): Due[] {
  const type: KeyType = index.type;
  const items: Due = { name: "items", store, type, rows: description.items };
  const every = [
    items,
    ...[...tables].map(([name, table]): Due => ({ name: tableName(name), store: table, type, rows: table.rows })),
  ];
  return every.filter((one) => one.store.inMemory !== true);
}

/** The same number of rows for each, since a request asks each for the same keys; who has fewer leaves the rest to others. */
function shared(bytes: number, due: readonly Due[]): (readonly [Due, number])[] {
  const cost = ({ store, type }: Due) => store.rowBytes + keyBytes(store.locate === undefined ? type : "row");
  const result: (readonly [Due, number])[] = [];
  let left = bytes;
  let wide = due.reduce((sum, one) => sum + cost(one), 0);
  for (const one of [...due].sort((a, b) => a.rows - b.rows)) {
    const type = one.store.locate === undefined ? one.type : "row";
    const slots = Math.min(one.rows, slotsOf((left * cost(one)) / wide, one.store.rowBytes, type));
    left -= (slots + 1) * cost(one);
    wide -= cost(one);
    if (slots > 0) {
      result.push([one, slots]);
    }
  }
  return result;
}

/** Caches of several threads as one: each store's counts together. @param bytes that all may take */
export function cachesTogether(bytes: number, caches: readonly CacheStatus[]): CacheStatus {
  const sums = new Map<string, LayerStatus>();
  for (const { name, hitRate: _, ...one } of caches.flatMap(({ stores }) => stores)) {
    const sum = sums.get(name) ?? { rows: 0, most: 0, bytes: 0, hits: 0, misses: 0 };
    sums.set(name, {
      rows: sum.rows + one.rows,
      most: sum.most + one.most,
      bytes: sum.bytes + one.bytes,
      hits: sum.hits + one.hits,
      misses: sum.misses + one.misses,
    });
  }
  return cacheStatus(
    bytes,
    [...sums].map(([name, one]) => ({ name, ...one })),
  );
}

function cacheStatus(bytes: number, stores: readonly ({ readonly name: string } & LayerStatus)[]): CacheStatus {
  const sum = (of: (one: LayerStatus) => number) => stores.reduce((all, one) => all + of(one), 0);
  return {
    bytes,
    hitRate: rate(
      sum(({ hits }) => hits),
      sum(({ misses }) => misses),
    ),
    stores: stores.map((one) => ({ ...one, hitRate: rate(one.hits, one.misses) })),
  };
}

const rate = (hits: number, misses: number): number | null => (hits + misses === 0 ? null : hits / (hits + misses));
