// Ways of asking a store for less, and what each needs instead.
import type { CapacityQuestion } from "./capacity.ts";
import type { Reads } from "./reads.ts";
import type { RowSize } from "./sizes.ts";
import { commonest } from "./zipf.ts";

/** Servers of a store. */
export interface Servers {
  readonly memory: number;
  readonly keys: number;
  readonly network: number;
  /** The most of these. */
  readonly due: number;
}

export interface Way {
  readonly way: string;
  readonly keysPerSecond: number;
  /** Of answers. */
  readonly bytesPerSecond: number;
  readonly servers: Servers;
  /** Where bytes are needed instead; 0: nowhere. */
  readonly instead: { readonly bytes: number; readonly where: string };
  /** Bytes a second that a refresh writes there; 0: none. */
  readonly writes: number;
}

export interface Need {
  readonly question: CapacityQuestion;
  readonly requestsPerSecond: number;
  /** Bytes of everything in files, and in a Redis. */
  readonly whole: { readonly file: number; readonly redis: number };
  /** As the model says. */
  readonly rows: readonly RowSize[];
  readonly reads: Reads;
  /** Seconds in which all is made anew; null: never. */
  readonly refresh: number | null;
}

/** Shares of the rows that are kept in memory. */
const hot = [0.001, 0.01];

export function waysOf({ question, requestsPerSecond, whole, rows, reads, refresh }: Need): Way[] {
  const { items, session, skew, users, server } = question;
  const user = asked(reads.user, rows);
  const candidates = asked(reads.candidates, rows);
  const servers = (bytes: number, keysPerSecond: number, bytesPerSecond: number): Servers => {
    const memory = Math.ceil((bytes * server.copies) / (server.memory * server.fill));
    const keys = Math.ceil(keysPerSecond / server.keysPerSecond);
    const network = Math.ceil((8 * bytesPerSecond) / server.bitsPerSecond);
    return { memory, keys, network, due: Math.max(memory, keys, network) };
  };
  /** @param ofUser share of the user's keys that are asked for @param missed share of those that the store must answer */
  const way = (name: string, ofUser: number, missed: number, instead: Way["instead"]): Way => {
    const each = requestsPerSecond * missed;
    const keysPerSecond = each * (ofUser * user.keys + candidates.keys);
    const bytesPerSecond = each * (ofUser * user.bytes + candidates.bytes);
    return {
      way: name,
      keysPerSecond,
      bytesPerSecond,
      servers: servers(whole.redis, keysPerSecond, bytesPerSecond),
      instead,
      writes: 0,
    };
  };
  const aRow = rows.filter(({ count }) => count === items).reduce((sum, { row }) => sum + row, 0);
  const anew = (bytes: number): number => (refresh === null ? 0 : bytes / refresh);
  const beside = (users ?? 1e6) * user.bytes;
  const alone = way("", 0, 1, { bytes: 0, where: "" });
  const oneEach = alone.keysPerSecond + requestsPerSecond;
  const allBytes = alone.bytesPerSecond + requestsPerSecond * user.bytes;
  return [
    way("every key from the store", 1, 1, { bytes: 0, where: "" }),
    ...hot.map((share) => {
      const hits = commonest(share * items, items, skew);
      const what = `the commonest ${percent(share)} of the rows in memory of each process that ranks`;
      return way(`${what} (${percent(hits)} of what is asked)`, 1, 1 - hits, {
        bytes: share * items * aRow,
        where: "in each process",
      });
    }),
    way(`a user's rows kept in the process for ${session} requests`, 1 / session, 1, {
      bytes: user.bytes,
      where: "a user",
    }),
    {
      way: "rows beside the user's history: one value a request",
      keysPerSecond: oneEach,
      bytesPerSecond: allBytes,
      servers: servers(whole.redis + beside, oneEach, allBytes),
      instead: { bytes: beside, where: users === null ? "in the store for a million users" : "in the store" },
      writes: anew(beside),
    },
    {
      ...way("every row on each machine that ranks", 0, 0, { bytes: whole.file, where: "on each machine" }),
      servers: { memory: 0, keys: 0, network: 0, due: 0 },
      writes: anew(whole.file),
    },
  ];
}

/** Keys of a request, and the bytes of their rows. */
export function asked(
  reads: ReadonlyMap<string, number>,
  rows: readonly RowSize[],
): { readonly keys: number; readonly bytes: number } {
  let [keys, bytes] = [0, 0];
  for (const [name, count] of reads) {
    keys += count;
    bytes += count * rows.find((one) => one.name === name)!.row;
  }
  return { keys, bytes };
}

const percent = (share: number): string => `${Number((100 * share).toPrecision(3))} %`;
