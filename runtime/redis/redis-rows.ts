// The store of rows in a Redis: one MGET a bucket and chunk, all under way together.
import { TwinError } from "../../contract/error.ts";
import type { Hasher } from "../../contract/hash.ts";
import {
  expectRoom,
  type HitMask,
  type Piece,
  putRow,
  type ReadOptions,
  type RowKeys,
  type TableStore,
} from "../table/table-store.ts";
import { apart, failed, type RedisLink } from "./client.ts";
import { type Expected, expectMeta } from "./meta.ts";
import { metaKey, namesByBucket } from "./space.ts";

/** Keys that one command names at most. */
export const chunk = 512;

export class RedisRows implements TableStore {
  readonly where: string;
  readonly rowBytes: number;
  readonly absent: Uint8Array;
  readonly #link: RedisLink;
  readonly #expected: Expected;
  readonly #hasher: Hasher;
  /** Connections that there were when the generation was last held against what is expected of it. */
  #checked = 0;
  #at = 0;
  #checking: Promise<void> | null = null;

  /** @param absent what stands in the pieces of a key that is not there */
  constructor(link: RedisLink, expected: Expected, absent: Uint8Array, hasher: Hasher) {
    this.where = `${link.where}: ${expected.rows}, generation ${expected.generation}`;
    this.rowBytes = expected.rowBytes;
    this.absent = absent;
    this.#link = link;
    this.#expected = expected;
    this.#hasher = hasher;
  }

  async read(keys: RowKeys, into: readonly Piece[], { signal }: ReadOptions = {}): Promise<HitMask> {
    signal?.throwIfAborted();
    expectRoom(this, keys, into);
    try {
      return await ended(this.#read(keys, into, signal ?? null), signal ?? null);
    } catch (error) {
      throw signal?.aborted && error === signal.reason ? error : failed(this.#link.where, error);
    }
  }

  async #read(keys: RowKeys, into: readonly Piece[], signal: AbortSignal | null): Promise<HitMask> {
    // Asked at once where nothing is to be checked: what the caller does next is done meanwhile.
    if (!this.#isChecked(Number.POSITIVE_INFINITY)) {
      await this.check();
    }
    const { groups, distinct, count } = namesByBucket(this.#expected, keys, this.#hasher);
    const rows: (Uint8Array | null)[] = new Array(count);
    const asked: Promise<void>[] = [];
    for (const { names, places } of groups) {
      for (let from = 0; from < names.length; from += chunk) {
        asked.push(this.#ask(names.slice(from, from + chunk), places, from, rows));
      }
    }
    await Promise.all(asked);
    // What a renewed connection, or one after a removal, does not find may have been there.
    if (rows.includes(null)) {
      await this.check(1000);
    }
    // Nothing is written into memory of a caller who has gone.
    signal?.throwIfAborted();
    const hits = new Uint8Array(keys.length);
    for (let i = 0; i < hits.length; i++) {
      const row = rows[distinct[i]];
      hits[i] = row === null ? 0 : 1;
      putRow(row ?? this.absent, 0, i, into);
    }
    return hits;
  }

  async #ask(names: string[], places: number[], from: number, rows: (Uint8Array | null)[]): Promise<void> {
    const { client } = this.#link;
    const found = await apart(
      () => client.mgetBuffer(names),
      () => Promise.all(names.map((name) => client.getBuffer(name))),
    );
    for (const [i, row] of found.entries()) {
      if (row !== null && row.length !== this.rowBytes) {
        throw new TwinError(
          `${this.#link.where}: ${names[i]} has ${row.length} bytes instead of ${this.rowBytes}: something else wrote it. Publish the tables again: twin table publish DIR --to ADDRESS`,
        );
      }
      rows[places[from + i]] = row;
    }
  }

  /**
   * Holds the generation against what is expected of it: before the first use, and once more after a connection was renewed.
   * @param milliseconds that the last time may be ago
   * @throws TwinError where it is absent, half written or another model's
   */
  async check(milliseconds = Number.POSITIVE_INFINITY): Promise<void> {
    const { client, connections, where } = this.#link;
    if (this.#isChecked(milliseconds)) {
      return;
    }
    this.#checking ??= (async () => {
      const [now, at] = [connections(), performance.now()];
      expectMeta(where, this.#expected, await client.hgetall(metaKey(this.#expected)));
      this.#checked = now;
      this.#at = at;
    })().finally(() => {
      this.#checking = null;
    });
    await this.#checking;
  }

  #isChecked(milliseconds: number): boolean {
    return this.#checked === this.#link.connections() && performance.now() - this.#at < milliseconds;
  }
}

/** What a promise gives, unless a signal comes before: then its reason. */
async function ended<T>(work: Promise<T>, signal: AbortSignal | null): Promise<T> {
  if (signal === null) {
    return work;
  }
  let stop: () => void = () => undefined;
  const gone = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
  });
  try {
    return await Promise.race([work, gone]);
  } finally {
    signal.removeEventListener("abort", stop);
    // What goes on after the caller went away fails for nobody.
    work.catch(() => undefined);
    gone.catch(() => undefined);
  }
}
