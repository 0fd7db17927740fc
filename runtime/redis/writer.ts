// A generation of rows written into a Redis: allotted, filled, held against what was written, and said to be whole.

import { TwinError } from "../../contract/error.ts";
import type { Hasher } from "../../contract/hash.ts";
import type { RowKeys } from "../table/table-store.ts";
import { apart, failed, type RedisLink } from "./client.ts";
import { metaFields, type SpaceMeta } from "./meta.ts";
import { chunk } from "./redis-rows.ts";
import { counterKey, metaKey, namesByBucket, prefixOf, type Space } from "./space.ts";

/** What a generation will hold. */
export type Planned = Omit<SpaceMeta, "state">;

/** Takes the next number of these rows: one that nobody else gets. @throws TwinError */
export async function allot({ client, where }: RedisLink, planned: Planned): Promise<Space> {
  const prefix = prefixOf(planned);
  try {
    const generation = await client.incr(counterKey(prefix));
    const space = { prefix, generation, buckets: planned.buckets };
    await client.hset(metaKey(space), ...metaFields({ ...planned, state: "writing" }));
    return space;
  } catch (error) {
    throw failed(where, error);
  }
}

/** Whether a generation that was begun is still there to be gone on with. @throws TwinError */
export async function begun({ client, where }: RedisLink, space: Space): Promise<"writing" | "whole" | null> {
  try {
    const state = await client.hget(metaKey(space), "state");
    return state === "writing" || state === "whole" ? state : null;
  } catch (error) {
    throw failed(where, error);
  }
}

/**
 * Writes rows; writing some of them again changes nothing.
 * @param rows [keys, rowBytes]
 * @throws TwinError where Redis does not take them all
 */
export async function writeRows(
  { client, where }: RedisLink,
  space: Space,
  keys: RowKeys,
  rows: Uint8Array,
  hasher: Hasher,
): Promise<void> {
  const width = rows.length / keys.length;
  const { groups, count } = namesByBucket(space, keys, hasher);
  if (count !== keys.length) {
    throw new Error("a key is written twice");
  }
  try {
    await Promise.all(
      groups.flatMap(({ names, places }) => {
        const sent: Promise<unknown>[] = [];
        for (let from = 0; from < names.length; from += chunk) {
          const pairs = names.slice(from, from + chunk).map((name, i) => {
            const at = places[from + i] * width;
            return [name, Buffer.from(rows.buffer, rows.byteOffset + at, width)] as const;
          });
          const together = () => client.mset(...pairs.flat());
          const each = () => Promise.all(pairs.map(([name, row]) => client.set(name, row)));
          sent.push(apart<unknown>(together, each));
        }
        return sent;
      }),
    );
  } catch (error) {
    throw failed(where, error);
  }
}

/** Says that every row lies there: from now on it is read. @throws TwinError where it was removed meanwhile */
export async function finish(link: RedisLink, space: Space): Promise<void> {
  if ((await begun(link, space)) === null) {
    throw new TwinError(`${link.where}: ${metaKey(space)} was removed while it was written. Publish again`);
  }
  try {
    await link.client.hset(metaKey(space), "state", "whole");
  } catch (error) {
    throw failed(link.where, error);
  }
}
