// Where a Redis is: an address without secrets, which may stand in files and errors; who logs in, from the environment.
import { TwinError } from "../../contract/error.ts";

export interface RedisAddress {
  readonly tls: boolean;
  /** One server, or some of a cluster's: the others are found through them. */
  readonly nodes: readonly { readonly host: string; readonly port: number }[];
  /** Number of the database; a cluster has 0 alone. */
  readonly database: number;
}

export interface RedisLogin {
  readonly username?: string;
  readonly password?: string;
}

const form =
  "redis://HOST:PORT, rediss://HOST:PORT for TLS, or redis://HOST:PORT,HOST:PORT for some nodes of a cluster";

/**
 * `redis://host:6379/0`, `rediss://…`, `redis://a:7000,b:7000`.
 * @throws TwinError where it is none, or holds a password: the text of it is never repeated then
 */
export function parseAddress(text: string): RedisAddress {
  if (text.includes("@")) {
    throw new TwinError(
      "the address of a Redis names a user or a password. Addresses stand in files and errors: give TWIN_REDIS_USERNAME and TWIN_REDIS_PASSWORD in the environment instead",
    );
  }
  const match = /^(rediss?):\/\/([^/?#]+)(?:\/(\d*))?$/.exec(text);
  const nodes = (match?.[2] ?? "").split(",").map((one) => {
    const parts = /^(\[[0-9A-Fa-f:.]+\]|[^:[\]\s]+)(?::(\d{1,5}))?$/.exec(one);
    const port = Number(parts?.[2] ?? 6379);
    return parts === null || port === 0 || port > 65_535 ? null : { host: parts[1].replace(/^\[|\]$/g, ""), port };
  });
  if (match === null || nodes.includes(null)) {
    throw new TwinError(`${JSON.stringify(text)} is no address of a Redis; write ${form}`);
  }
  const database = Number(match[3] || 0);
  if (nodes.length > 1 && database > 0) {
    throw new TwinError(`${JSON.stringify(text)}: a cluster has database 0 alone`);
  }
  return { tls: match[1] === "rediss", nodes: nodes.filter((one) => one !== null), database };
}

/** The address as it is written in files and errors. */
export function addressText({ tls, nodes, database }: RedisAddress): string {
  const places = nodes.map(({ host, port }) => `${host.includes(":") ? `[${host}]` : host}:${port}`).join();
  return `${tls ? "rediss" : "redis"}://${places}${database > 0 ? `/${database}` : ""}`;
}

/** Who logs in: `TWIN_REDIS_USERNAME` and `TWIN_REDIS_PASSWORD`. */
export function loginOf(environment: Readonly<Record<string, string | undefined>>): RedisLogin {
  const { TWIN_REDIS_USERNAME: username, TWIN_REDIS_PASSWORD: password } = environment;
  return { ...(username && { username }), ...(password && { password }) };
}
