// Rows in a Redis, and in a cluster of three: the contract of every store, names, balance, and what goes wrong.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hasher } from "../../../contract/hash.ts";
import { parseKeys } from "../../../runtime/encode/keys.ts";
import {
  allot,
  finish,
  openRedis,
  type Planned,
  RedisRows,
  type Space,
  writeRows,
} from "../../../runtime/redis/index.ts";
import { namesByBucket, prefixOf } from "../../../runtime/redis/space.ts";
import { LayeredRows } from "../../../runtime/table/layered-rows.ts";
import { rowNumbers } from "../../../runtime/table/table-store.ts";
import { needs } from "../../kit/needs.ts";
import { type RedisCluster, type RedisServer, startCluster, startRedis } from "../../kit/redis.ts";
import { conforms, type StoreSubject } from "../../kit/table-store.ts";

const hash = await hasher();
const rowBytes = 20;
const rowOf = (name: number): Uint8Array => Uint8Array.from({ length: rowBytes }, (_, j) => (name * 31 + j * 7) % 251);
const present = Array.from({ length: 60 }, (_, i) => (i % 3 === 0 ? -1 : 1) * (i * 977 + 1));
const absentRow = new Uint8Array(rowBytes).fill(9);

const planned = (rows: string, count = present.length): Planned => ({
  rows,
  fingerprint: "0123456789abcdef",
  layout: "20 bytes",
  buckets: 64,
  rowBytes,
  count,
});

/** A generation of rows under integer keys. */
async function filled(address: string, plan: Planned, names: readonly number[]) {
  const link = await openRedis(address, { command: 1000, connect: 1000 });
  const space = await allot(link, plan);
  const bytes = Uint8Array.from(names.flatMap((name) => [...rowOf(name)]));
  await writeRows(link, space, parseKeys(names, "int64", "keys"), bytes, hash);
  await finish(link, space);
  return { link, space, rows: new RedisRows(link, { ...plan, ...space }, absentRow, hash) };
}

async function subject(address: string, kind: "int64" | "string" | "row"): Promise<StoreSubject> {
  const plan = planned(`table ${kind}`);
  const link = await openRedis(address);
  const space = await allot(link, plan);
  const names = kind === "row" ? present.map(Math.abs) : present;
  const keys = (asked: readonly number[]) =>
    kind === "row"
      ? rowNumbers(Int32Array.from(asked))
      : kind === "int64"
        ? parseKeys(BigInt64Array.from(asked, BigInt), "int64", "keys")
        : parseKeys(
            asked.map((name) => `é {x} ${name}\n`),
            "string",
            "keys",
          );
  await writeRows(link, space, keys(names), Uint8Array.from(names.flatMap((name) => [...rowOf(name)])), hash);
  await finish(link, space);
  return {
    store: new RedisRows(link, { ...plan, ...space }, absentRow, hash),
    rows: new Map(names.map((name) => [name, rowOf(name)])),
    absent: [7_000_001, 2, 0],
    keys,
    lose: () => link.close(),
    close: () => link.close(),
  };
}

describe("one Redis", needs("redis"), () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.close());

  for (const kind of ["int64", "string", "row"] as const) {
    conforms(`rows in a Redis by ${kind} keys`, () => subject(server.address, kind));
    conforms(`rows in a Redis by ${kind} keys, some of them in memory`, async () => {
      const one = await subject(server.address, kind);
      return { ...one, store: new LayeredRows(one.store, kind, 20) };
    });
  }

  it("names rows as it says, and counts generations itself", async () => {
    const plan = planned("table named", 2);
    const { link, space } = await filled(server.address, plan, [5, -7]);
    const again = await filled(server.address, plan, [5]);
    expect(again.space.generation).toBe(space.generation + 1);
    expect(space.prefix).toMatch(/^twin:[0-9a-f]{8}$/);
    const bucket = hash.bucket("-7", 64);
    const { groups } = namesByBucket(space, parseKeys([-7n], "int64", "keys"), hash);
    expect(groups[0].names).toEqual([`${space.prefix}:${space.generation}:{b${bucket}}:-7`]);
    expect(server.cli("--raw", "exists", groups[0].names[0]).trim()).toBe("1");
    link.close();
    again.link.close();
  });

  it("is asked before the caller goes on, once the generation was looked at", async () => {
    const { link, space } = await filled(server.address, planned("table prompt", 1), [5]);
    let sent = 0;
    const client = new Proxy(link.client, {
      get(target, name) {
        sent += Number(name === "mgetBuffer");
        const value = Reflect.get(target, name);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    const prompt = new RedisRows({ ...link, client }, { ...planned("table prompt", 1), ...space }, absentRow, hash);
    await prompt.check();
    const reading = prompt.read(parseKeys([5, 6], "int64", "k"), []);
    expect(sent).toBeGreaterThan(0);
    expect([...(await reading)]).toEqual([1, 0]);
    link.close();
  });

  it("keeps two models apart, however alike their tables are called", async () => {
    const other: Planned = { ...planned("table t"), fingerprint: "fedcba9876543210" };
    expect(prefixOf(other)).not.toBe(prefixOf(planned("table t")));
    const one = await filled(server.address, planned("table t", 1), [5]);
    const two = await filled(server.address, { ...other, count: 1 }, [6]);
    const [five, six] = [parseKeys([5], "int64", "k"), parseKeys([6], "int64", "k")];
    expect([...(await one.rows.read(five, [])), ...(await one.rows.read(six, []))]).toEqual([1, 0]);
    expect([...(await two.rows.read(five, [])), ...(await two.rows.read(six, []))]).toEqual([0, 1]);
    one.link.close();
    two.link.close();
  });

  const refusing = async (change: (space: Space) => void): Promise<string> => {
    const { link, space, rows } = await filled(server.address, planned("table refused", 1), [5]);
    change(space);
    const error = await rows.read(parseKeys([5], "int64", "k"), []).catch((reason: Error) => reason.message);
    link.close();
    return String(error);
  };
  const meta = ({ prefix, generation }: Space) => `${prefix}:${generation}:meta`;

  it.each<[string, (space: Space) => void, RegExp]>([
    [
      "that is gone",
      (space) => void server.cli("del", meta(space)),
      /generation \d+ of table refused was removed.*publish/,
    ],
    ["that is half written", (space) => void server.cli("hset", meta(space), "state", "writing"), /half written/],
    [
      "of other weights",
      (space) => void server.cli("hset", meta(space), "fingerprint", "77"),
      /holds other rows.*fingerprint is 77 instead of 0123456789abcdef/,
    ],
    [
      "spread otherwise",
      (space) => void server.cli("hset", meta(space), "buckets", "65"),
      /buckets is 65 instead of 64/,
    ],
    ["of no known form", (space) => void server.cli("hset", meta(space), "format", "2"), /no proper format/],
    [
      "whose row is short",
      (space) => void server.cli("set", `${space.prefix}:${space.generation}:{b${hash.bucket("5", 64)}}:5`, "x"),
      /has 1 bytes instead of 20/,
    ],
  ])("refuses a generation %s", async (_, change, pattern) => {
    expect(await refusing(change)).toMatch(pattern);
  });

  it("finds a generation that was removed while the server was away", async () => {
    const own = await startRedis();
    try {
      const { link, rows } = await filled(own.address, planned("table lost", 1), [5]);
      const key = parseKeys([5], "int64", "k");
      expect([...(await rows.read(key, []))]).toEqual([1]);
      await own.kill();
      await expect(rows.read(key, [])).rejects.toThrow(/nobody answers there|does not answer in time/);
      // Nothing was kept on disk: the server that comes back is empty, and a miss would be a lie.
      await own.restart();
      const deadline = Date.now() + 15_000;
      let said = "";
      while (!/was removed/.test(said) && Date.now() < deadline) {
        said = await rows.read(key, []).then(
          (hits) => `hits ${hits}`,
          (reason: Error) => reason.message,
        );
        expect(said).not.toMatch(/^hits/);
      }
      expect(said).toMatch(/was removed, or this is another server/);
      link.close();
    } finally {
      await own.close();
    }
  });

  it("gives a silent server up in time", async () => {
    const own = await startRedis();
    try {
      const { link, rows } = await filled(own.address, planned("table silent", 1), [5]);
      await rows.check();
      own.process.kill("SIGSTOP");
      const start = performance.now();
      await expect(rows.read(parseKeys([5], "int64", "k"), [])).rejects.toThrow(/does not answer in time/);
      expect(performance.now() - start).toBeLessThan(5000);
      own.process.kill("SIGCONT");
      link.close();
    } finally {
      await own.close();
    }
  });

  it("says that its memory is full, and holds nothing for whole", async () => {
    const own = await startRedis("--maxmemory", "3mb", "--maxmemory-policy", "noeviction");
    try {
      const link = await openRedis(own.address);
      const plan = planned("table large", 200_000);
      const space = await allot(link, plan);
      const names = Array.from({ length: 50_000 }, (_, i) => i + 1);
      const bytes = new Uint8Array(names.length * rowBytes);
      await expect(writeRows(link, space, parseKeys(names, "int64", "k"), bytes, hash)).rejects.toThrow(
        /its memory is full.*maxmemory/,
      );
      const rows = new RedisRows(link, { ...plan, ...space }, absentRow, hash);
      await expect(rows.read(parseKeys([1], "int64", "k"), [])).rejects.toThrow(/half written/);
      link.close();
    } finally {
      await own.close();
    }
  });
});

describe("logging in", needs("redis"), () => {
  it("takes the password from what it is given, and says it nowhere", async () => {
    const own = await startRedis("--requirepass", "s3cret-word");
    try {
      for (const login of [{}, { password: "wr0ng-word" }]) {
        const error = await openRedis(own.address, {}, login).catch((reason: Error) => reason);
        expect(String(error)).toMatch(/does not let us in.*TWIN_REDIS_PASSWORD/);
        expect(String(error)).not.toMatch(/wr0ng-word|s3cret/);
      }
      const link = await openRedis(own.address, {}, { password: "s3cret-word" });
      expect(JSON.stringify(link.where)).not.toContain("s3cret");
      own.cli("acl", "setuser", "ranker", "on", ">w0rd", "~twin:*", "+mget", "+hgetall", "+info", "+ping", "+client");
      const user = await openRedis(own.address, {}, { username: "ranker", password: "w0rd" });
      const plan = planned("table acl", 1);
      const space = await allot(link, plan);
      await writeRows(link, space, parseKeys([5], "int64", "k"), rowOf(5), hash);
      await finish(link, space);
      const rows = new RedisRows(user, { ...plan, ...space }, absentRow, hash);
      expect([...(await rows.read(parseKeys([5, 6], "int64", "k"), []))]).toEqual([1, 0]);
      await expect(allot(user, plan)).rejects.toThrow(/may not do that.*twin:\*/);
      link.close();
      user.close();
    } finally {
      await own.close();
    }
  });

  it("says that nobody answers", async () => {
    await expect(openRedis("redis://127.0.0.1:1", { connect: 500 })).rejects.toThrow(
      /^redis:\/\/127\.0\.0\.1:1: nobody answers there \(ECONNREFUSED\)/,
    );
  });
});

describe("a cluster of three primaries", needs("redis"), () => {
  let cluster: RedisCluster;
  beforeAll(async () => {
    cluster = await startCluster();
  }, 60_000);
  afterAll(() => cluster.close());

  conforms("rows in a cluster by int64 keys", () => subject(cluster.address, "int64"));

  it("spreads keys over all nodes within a fifth, and no command crosses slots", async () => {
    const names = Array.from({ length: 20_000 }, (_, i) => i * 3 + 1);
    const plan = { ...planned("table spread", names.length), buckets: 256 };
    const { link, rows } = await filled(cluster.address, plan, names);
    const counts = cluster.nodes.map((node) => Number(node.cli("--raw", "dbsize").trim()));
    const mean = counts.reduce((sum, one) => sum + one, 0) / counts.length;
    for (const one of counts) {
      expect(Math.abs(one / mean - 1)).toBeLessThan(0.2);
    }
    const hits = await rows.read(parseKeys([...names, 2], "int64", "k"), []);
    expect(hits.reduce((sum, hit) => sum + hit, 0)).toBe(names.length);
    const errors = cluster.nodes.map((node) => node.cli("info", "errorstats")).join("");
    expect(errors).not.toMatch(/CROSSSLOT/);
    link.close();
  });

  it("reads on while slots move: MOVED and ASK are followed", async () => {
    const names = Array.from({ length: 5000 }, (_, i) => i + 1);
    const { link, rows } = await filled(cluster.address, planned("table moving", names.length), names);
    const [first, second] = cluster.nodes;
    const id = (node: RedisServer) => node.cli("cluster", "myid").trim();
    let moving = true;
    const load = (async () => {
      let reads = 0;
      while (moving) {
        const into = new Uint8Array(names.length * rowBytes);
        const hits = await rows.read(parseKeys(names, "int64", "k"), [{ from: 0, bytes: rowBytes, into }]);
        expect(hits.every((hit) => hit === 1)).toBe(true);
        expect(into.subarray(20 * 4999)).toEqual(rowOf(5000));
        reads++;
      }
      return reads;
    })();
    const { spawn } = await import("node:child_process");
    const words = [
      "--cluster",
      "reshard",
      `127.0.0.1:${first.port}`,
      "--cluster-from",
      id(first),
      "--cluster-to",
      id(second),
    ];
    const moved = await new Promise<number | null>((resolve) => {
      spawn("redis-cli", [...words, "--cluster-slots", "1500", "--cluster-yes"], { stdio: "ignore" }).on(
        "close",
        resolve,
      );
    });
    moving = false;
    expect(moved).toBe(0);
    expect(await load).toBeGreaterThan(3);
    const told = cluster.nodes.map((node) => node.cli("info", "errorstats")).join("");
    expect(told).toMatch(/MOVED/);
    link.close();
  }, 120_000);
});
