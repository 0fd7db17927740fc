// Generations of rows taken out of a Redis: first what they say of themselves, so that nobody begins to read, then their rows.
import { meter, type OnProgress } from "../host/progress.ts";
import { apart, failed, primaries, type RedisLink } from "./client.ts";
import { chunk } from "./redis-rows.ts";
import { metaKey, type Space } from "./space.ts";

export type SpaceName = Pick<Space, "prefix" | "generation">;

/** Names that one SCAN looks at. */
const looked = 1000;

/** What tells a generation from all others, and from those of other prefixes. */
export const spaceText = ({ prefix, generation }: SpaceName): string => `${prefix}:${generation}`;

/**
 * Goes through the server's names once, in bounded pieces, and unlinks the rows of these generations: Redis frees their
 * memory beside its other work. Stopped at any moment, the same call does the rest.
 * @returns rows that were removed
 * @throws TwinError where Redis does not do it; the signal's reason
 */
export async function removeSpaces(
  link: RedisLink,
  spaces: readonly SpaceName[],
  { signal, onProgress }: { readonly signal?: AbortSignal; readonly onProgress?: OnProgress } = {},
): Promise<number> {
  if (spaces.length === 0) {
    return 0;
  }
  const { client, where } = link;
  const gone = new Set(spaces.map(spaceText));
  const show = meter("rows removed", 0, onProgress);
  let removed = 0;
  try {
    for (const space of spaces) {
      await client.del(metaKey(space));
    }
    const pattern = `${spaces.length === 1 ? spaceText(spaces[0]) : "twin"}:*`;
    for (const node of primaries(link)) {
      let cursor = "0";
      do {
        signal?.throwIfAborted();
        const [next, names] = await node.scan(cursor, "MATCH", pattern, "COUNT", looked);
        cursor = next;
        const count = await unlink(client, names, gone);
        removed += count;
        show.add(count);
      } while (cursor !== "0");
    }
  } catch (error) {
    throw signal?.aborted && error === signal.reason ? error : failed(where, error);
  }
  show.done();
  return removed;
}

/** Unlinks those of some names that belong to these generations. */
async function unlink(client: RedisLink["client"], names: readonly string[], gone: Set<string>): Promise<number> {
  const buckets = new Map<string, string[]>();
  for (const name of names) {
    const [, space, bucket] = /^(twin:[0-9a-f]{8}:\d+):\{(b\d+)\}:/.exec(name) ?? [];
    if (space !== undefined && gone.has(space)) {
      const own = buckets.get(bucket) ?? [];
      own.push(name);
      buckets.set(bucket, own);
    }
  }
  const sent: Promise<number>[] = [];
  for (const own of buckets.values()) {
    // The names of one bucket lie in one slot, whatever the generation.
    for (let from = 0; from < own.length; from += chunk) {
      const some = own.slice(from, from + chunk);
      const each = async () => (await Promise.all(some.map((name) => client.unlink(name)))).reduce((a, b) => a + b, 0);
      sent.push(apart(() => client.unlink(...some), each));
    }
  }
  return (await Promise.all(sent)).reduce((sum, count) => sum + count, 0);
}
