// A slot on its way from one node of a cluster to another, held half way: MOVED, ASK and TRYAGAIN are met, and followed.
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hasher } from "../../../contract/hash.ts";
import { parseKeys } from "../../../runtime/encode/keys.ts";
import { allot, finish, openRedis, RedisRows, writeRows } from "../../../runtime/redis/index.ts";
import { namesByBucket } from "../../../runtime/redis/space.ts";
import { needs } from "../../kit/needs.ts";
import { type RedisCluster, type RedisServer, startCluster } from "../../kit/redis.ts";

const hash = await hasher();
const rowBytes = 8;
const rowOf = (name: number): Uint8Array => Uint8Array.from({ length: rowBytes }, (_, j) => (name * 13 + j * 5) % 251);
const names = Array.from({ length: 2000 }, (_, i) => i + 1);
const keys = parseKeys(names, "int64", "k");
const every = Uint8Array.from(names.flatMap((name) => [...rowOf(name)]));

describe("a slot that moves under load", needs("redis"), () => {
  let cluster: RedisCluster;
  beforeAll(async () => {
    cluster = await startCluster();
  }, 60_000);
  afterAll(() => cluster.close());

  it("is read, and written, wherever each of its keys is", async () => {
    const link = await openRedis(cluster.address);
    const plan = {
      ...{ rows: "table moving", fingerprint: "01", layout: "8 bytes", buckets: 8, rowBytes },
      count: names.length,
    };
    const space = await allot(link, plan);
    await writeRows(link, space, keys, every, hash);
    await finish(link, space);
    const rows = new RedisRows(link, { ...plan, ...space }, new Uint8Array(rowBytes), hash);
    const readAll = async () => {
      const into = new Uint8Array(every.length);
      const hits = await rows.read(keys, [{ from: 0, bytes: rowBytes, into }]);
      expect(hits.every((hit) => hit === 1)).toBe(true);
      expect(Buffer.compare(into, every)).toBe(0);
      // And what is nowhere is nowhere, in the moving slot, too.
      const strange = parseKeys([names.length + 1, 5, names.length + 2, names.length + 3], "int64", "k");
      expect([...(await rows.read(strange, []))]).toEqual([0, 1, 0, 0]);
    };
    await readAll();

    const own = namesByBucket(space, keys, hash).groups.sort((a, b) => b.names.length - a.names.length)[0];
    const [node] = cluster.nodes;
    const slot = node.cli("cluster", "keyslot", own.names[0]).trim();
    const id = (one: RedisServer) => one.cli("cluster", "myid").trim();
    const from = cluster.nodes.find((one) => one.cli("get", own.names[0]).indexOf("MOVED") < 0)!;
    const to = cluster.nodes.find((one) => one !== from)!;
    const told = (word: string) =>
      cluster.nodes.reduce((sum, one) => {
        const found = new RegExp(`errorstat_${word}:count=(\\d+)`).exec(one.cli("info", "errorstats"));
        return sum + Number(found?.[1] ?? 0);
      }, 0);
    const movedBefore = told("MOVED");

    let over = false;
    let reads = 0;
    const load = (async () => {
      while (!over) {
        await readAll();
        reads++;
      }
    })();
    const readsMore = async (more: number) => {
      const due = reads + more;
      while (reads < due) {
        await Promise.race([sleep(5), load]);
      }
    };

    expect(to.cli("cluster", "setslot", slot, "importing", id(from))).toContain("OK");
    expect(from.cli("cluster", "setslot", slot, "migrating", id(to))).toContain("OK");
    await readsMore(2);
    const migrate = (some: readonly string[]) =>
      expect(from.cli("migrate", "127.0.0.1", String(to.port), "", "0", "5000", "keys", ...some)).toContain("OK");
    const half = own.names.length >> 1;
    migrate(own.names.slice(0, half));
    await readsMore(3);
    expect(told("ASK")).toBeGreaterThan(0);
    expect(told("TRYAGAIN")).toBeGreaterThan(0);

    // Written while its keys are in two places: none is lost, whichever node had it.
    await writeRows(link, space, keys, every, hash);
    await readsMore(1);

    const left = from.cli("cluster", "getkeysinslot", slot, "10000").trim().split("\n");
    migrate(left);
    await readsMore(2);
    for (const one of [to, from, ...cluster.nodes.filter((other) => other !== to && other !== from)]) {
      expect(one.cli("cluster", "setslot", slot, "node", id(to))).toContain("OK");
    }
    await readsMore(3);
    over = true;
    await load;
    expect(told("MOVED")).toBeGreaterThan(movedBefore);
    link.close();
  }, 120_000);
});
