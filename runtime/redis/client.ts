// A Redis, or a cluster of them, through ioredis: connections that are renewed, bounded waits, errors without secrets.
import type { Cluster, Redis } from "ioredis";
import { TwinError } from "../../contract/error.ts";
import { missingPackage } from "../host/missing-package.ts";
import { addressText, loginOf, parseAddress, type RedisLogin } from "./address.ts";

export interface RedisTimes {
  /** Milliseconds until a command that has no reply is given up; default 2,000. */
  readonly command?: number;
  /** Milliseconds for a connection; default 5,000. */
  readonly connect?: number;
}

export interface RedisLink {
  /** The address, for errors and files: without secrets. */
  readonly where: string;
  readonly client: Redis | Cluster;
  readonly cluster: boolean;
  /** Counts connections that were made: what was checked over an earlier one is checked again. */
  connections(): number;
  close(): void;
}

/**
 * Connects. A server says itself whether it is one of a cluster; then every node is found through those that are named.
 * @throws TwinError where nobody answers, the login is refused, or the server is none of Redis 6 or newer
 */
export async function openRedis(
  address: string,
  { command = 2000, connect = 5000 }: RedisTimes = {},
  login: RedisLogin = loginOf(process.env),
): Promise<RedisLink> {
  const parsed = parseAddress(address);
  const where = addressText(parsed);
  const { Redis, Cluster } = await import("ioredis").catch((error: unknown) => {
    const missing = missingPackage(error);
    throw missing === null ? error : new TwinError(missing);
  });
  const options = {
    ...login,
    ...(parsed.tls && { tls: {} }),
    connectTimeout: connect,
    commandTimeout: command,
    // A command waits for one renewed connection, then fails; the connection itself is tried for as long as the link is open.
    maxRetriesPerRequest: 1,
    connectionName: "twin",
  };
  let connections = 0;
  let heardLast: Error | null = null;
  const heard = <T extends Redis | Cluster>(client: T): T => {
    // Whoever waits for a command is told; without a listener ioredis writes to the console.
    client.on("error", (error: Error) => {
      heardLast = error;
    });
    client.on("ready", () => connections++);
    client.on("+node", () => connections++);
    return client;
  };
  const { nodes, database } = parsed;
  let first: Redis | null = null;
  let last: unknown;
  for (const node of nodes) {
    const one = heard(new Redis({ ...options, ...node, db: database, lazyConnect: true, retryStrategy: retry }));
    try {
      await one.connect();
      first = one;
      break;
    } catch (error) {
      // What closed the connection was said beside.
      last = heardLast ?? error;
      one.disconnect();
    }
  }
  if (first === null) {
    throw failed(where, last);
  }
  try {
    const cluster = /^cluster_enabled:1/m.test(await first.info("cluster"));
    if (!cluster && nodes.length > 1) {
      throw new TwinError(`${where} names several nodes, and they are of no cluster: name one`);
    }
    if (!cluster) {
      const one = first;
      return { where, client: one, cluster, connections: () => connections, close: () => one.disconnect() };
    }
    const all = heard(
      new Cluster([...nodes], {
        redisOptions: options,
        clusterRetryStrategy: retry,
        // Slots that move: as often as a resharding may send one command on.
        maxRedirections: 16,
        // Not for long: `apart` asks for such keys one by one.
        retryDelayOnTryAgain: 10,
        slotsRefreshTimeout: connect,
        lazyConnect: true,
      }),
    );
    try {
      await all.connect();
    } catch (error) {
      all.disconnect();
      throw error;
    }
    first.disconnect();
    return { where, client: all, cluster, connections: () => connections, close: () => all.disconnect() };
  } catch (error) {
    first.disconnect();
    throw failed(where, error);
  }
}

/** The servers whose keys are all that there are: one, or a cluster's primaries. */
export const primaries = ({ client }: RedisLink): readonly Redis[] =>
  "nodes" in client ? client.nodes("master") : [client];

/**
 * A command over several keys; where their slot is on its way to another node, and some of them are here and some there,
 * the same for each key alone, which ASK leads to where it is.
 */
export async function apart<T>(together: () => Promise<T>, each: () => Promise<T>): Promise<T> {
  try {
    return await together();
  } catch (error) {
    // ioredis asks any node after TRYAGAIN, so that it may say MOVED at last.
    if (error instanceof Error && /\bTRYAGAIN\b|Too many Cluster redirections/.test(lastOf(error).message)) {
      return each();
    }
    throw error;
  }
}

const retry = (tries: number): number => Math.min(50 * 2 ** Math.min(tries, 6), 2000);

/** What went wrong between here and a Redis, as an error for people; others as they are. */
export function failed(where: string, cause: unknown): Error {
  if (cause instanceof TwinError || !(cause instanceof Error)) {
    return cause instanceof Error ? cause : new Error(String(cause));
  }
  const { message } = lastOf(cause);
  const code: unknown = Reflect.get(lastOf(cause), "code");
  const [what, way] = meaning(message, typeof code === "string" ? code : "");
  return new TwinError(`${where}: ${what}. ${way}`, { cause });
}

/** ioredis wraps what its nodes said. */
function lastOf(error: Error): Error {
  const inner: unknown = Reflect.get(error, "lastNodeError") ?? Reflect.get(error, "previousErrors");
  const one: unknown = Array.isArray(inner) ? inner.at(-1) : inner;
  return one instanceof Error ? lastOf(one) : error;
}

function meaning(message: string, code: string): readonly [string, string] {
  if (/^(NOAUTH|WRONGPASS|ERR invalid password|ERR AUTH)/.test(message)) {
    return [
      "it does not let us in",
      "Set TWIN_REDIS_PASSWORD, and TWIN_REDIS_USERNAME where it has users, in the environment",
    ];
  }
  if (/CERT|self.signed|certificate/i.test(`${code} ${message}`)) {
    return [
      `its certificate is not trusted (${code || message})`,
      "Name the file of the authority that signed it in NODE_EXTRA_CA_CERTS in the environment, or mend the address",
    ];
  }
  if (/^NOPERM/.test(message)) {
    return [
      "this user may not do that",
      "To rank it needs GET, MGET, HGETALL, INFO and PING over keys `twin:*`, in a cluster CLUSTER and READONLY, too; to publish also HGET, HSET, INCR, MSET and SET, and with --keep SCAN and UNLINK",
    ];
  }
  if (/^OOM/.test(message)) {
    return ["its memory is full", "Give it more (`maxmemory`), or remove generations that nobody reads"];
  }
  if (/timed out/i.test(message)) {
    return ["it does not answer in time", "Look whether it is reachable and idle"];
  }
  if (/^(MOVED|ASK|CLUSTERDOWN|TRYAGAIN)/.test(message) || /Failed to refresh slots|redirections/i.test(message)) {
    return [`its cluster cannot serve all keys now (${message})`, "Look at `redis-cli cluster info`"];
  }
  if (/max retries|Connection is closed|ECONN|ENOTFOUND|EAI_AGAIN|EHOST|ENET|socket/i.test(`${code} ${message}`)) {
    return [`nobody answers there${code === "" ? "" : ` (${code})`}`, "Start it, or mend the address"];
  }
  return [message, "Look at its log"];
}
