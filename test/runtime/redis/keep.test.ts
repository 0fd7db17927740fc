// Generations that are removed from a Redis after a publication: only this folder's, never one that is named, and all of it.
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { publishTables } from "../../../runtime/build-table/publish.ts";
import { PublishHistory } from "../../../runtime/build-table/publish-history.ts";
import { load } from "../../../runtime/index.ts";
import { cleanUp, temporary } from "../../kit/built-twin.ts";
import { fine, refused } from "../../kit/cli.ts";
import { needs } from "../../kit/needs.ts";
import { builtRanked, rankSource, someCandidates, someUser } from "../../kit/rank-model.ts";
import { startCluster, startRedis } from "../../kit/redis.ts";

afterAll(cleanUp);

function elsewhere(dir: string): string {
  const served = join(temporary(), "served");
  cpSync(dir, served, { recursive: true });
  rmSync(join(served, "tables/generations"), { recursive: true });
  rmSync(join(served, "tables/current"));
  return served;
}

async function ranks(dir: string): Promise<number> {
  const twin = await load(dir);
  try {
    return (await (await twin.prepare(someUser(9))).rank(someCandidates(9))).scores.click.length;
  } finally {
    await twin.close();
  }
}

/** Ends at its n-th look. */
const endsAt = (n: number): AbortSignal => {
  let turns = 0;
  return {
    throwIfAborted() {
      if (++turns >= n) {
        throw new Error("stopped here");
      }
    },
  } as AbortSignal;
};

describe("publications that are not kept", needs("redis"), () => {
  it("go, rows and all, and no others", async () => {
    const server = await startRedis();
    try {
      const size = () => Number(server.cli("--raw", "dbsize").trim());
      const other = await builtRanked(rankSource("precision: float16"), { covered: 40 }, { seed: 5 });
      await publishTables({ dir: other, to: server.address });
      const others = size();
      const dir = await builtRanked();
      const served: string[] = [];
      let one = 0;
      for (let turn = 0; turn < 3; turn++) {
        await publishTables({ dir, to: server.address });
        served.push(elsewhere(dir));
        one = turn === 0 ? size() - others : one;
      }
      const { removed } = await publishTables({ dir, to: server.address, keep: 2 });
      expect(removed).toEqual({ generations: 4, rows: 1200 });
      // The other model's items are encoded alike, so that they share a counter; it stays: no number is given twice.
      expect(size()).toBe(others + one + 602);
      expect(await ranks(dir)).toBe(9);
      expect(await ranks(served[2])).toBe(9);
      expect(await ranks(other)).toBe(9);
      await expect(load(served[0])).rejects.toThrow(/was removed, or this is another server.*twin table publish/);
      const { stdout } = await fine(["table", "publish", dir, "--to", server.address, "--keep", "1"]);
      expect(stdout).toMatch(/removed: 1,200 rows of 4 generations before/);
      expect(size()).toBe(others + one);
      await refused(2, ["table", "publish", dir, "--to", server.address, "--keep", "0"], [/--keep/]);
    } finally {
      await server.close();
    }
  }, 120_000);

  it("are gone on with where that was stopped, and so is what a stopped publication left", async () => {
    const server = await startRedis();
    try {
      const size = () => Number(server.cli("--raw", "dbsize").trim());
      const dir = await builtRanked();
      // Begun with other buckets, and begun anew: nobody will ever name these rows.
      const stopped = publishTables({ dir, to: server.address, buckets: 16, batch: 100, signal: endsAt(3) });
      await expect(stopped).rejects.toThrow("stopped here");
      await publishTables({ dir, to: server.address });
      await publishTables({ dir, to: server.address });
      const before = size();
      // One look a batch (items and table), then one a piece of the names: it is stopped among these.
      const removing = publishTables({ dir, to: server.address, keep: 1, signal: endsAt(4) });
      await expect(removing).rejects.toThrow("stopped here");
      expect(size()).toBeGreaterThan(604);
      expect(await ranks(elsewhere(dir))).toBe(9);
      await publishTables({ dir, to: server.address, keep: 1 });
      expect(before).toBeGreaterThan(1200);
      // 600 rows, what two kinds say of themselves, and their counters.
      expect(size()).toBe(604);
      expect(await ranks(elsewhere(dir))).toBe(9);
    } finally {
      await server.close();
    }
  }, 120_000);

  it("go from all nodes of a cluster", async () => {
    const cluster = await startCluster();
    try {
      const size = () => cluster.nodes.reduce((sum, one) => sum + Number(one.cli("--raw", "dbsize").trim()), 0);
      const dir = await builtRanked();
      await publishTables({ dir, to: cluster.address, buckets: 32 });
      const one = size();
      await publishTables({ dir, to: cluster.address, buckets: 32 });
      const { removed } = await publishTables({ dir, to: cluster.address, buckets: 32, keep: 1 });
      expect(removed).toEqual({ generations: 4, rows: 1200 });
      expect(size()).toBe(one);
      expect(await ranks(elsewhere(dir))).toBe(9);
    } finally {
      await cluster.close();
    }
  }, 120_000);

  it("are never those that published.json names, nor any where the record is damaged", async () => {
    const server = await startRedis();
    try {
      const dir = await builtRanked();
      await publishTables({ dir, to: server.address });
      const first = readFileSync(join(dir, "tables/published.json"));
      await publishTables({ dir, to: server.address });
      const second = readFileSync(join(dir, "tables/published.json"));
      await publishTables({ dir, to: server.address });
      writeFileSync(join(dir, "tables/published.json"), first);
      const beyond = (keep: number) =>
        new PublishHistory(dir).beyond(server.address, keep).map(({ generation }) => generation);
      expect(beyond(1)).toEqual([2, 2]);
      expect(beyond(3)).toEqual([]);
      // A release that may serve again names what it was made with.
      cpSync(join(dir, "tables/published.json"), join(dir, "releases/7/tables/published.json"));
      writeFileSync(join(dir, "tables/published.json"), second);
      expect(beyond(1)).toEqual([]);
      rmSync(join(dir, "releases"), { recursive: true });
      expect(beyond(1)).toEqual([1, 1]);
      writeFileSync(join(dir, "tables/published.json"), first);
      expect(new PublishHistory(dir).beyond("redis://elsewhere:6379", 1)).toEqual([]);
      const path = join(dir, "tables/published-before.json");
      const text = readFileSync(path, "utf8");
      writeFileSync(path, text.replace(/"generation": \d/, '"generation": 9'));
      expect(beyond(1)).toEqual([]);
      // What it names now is known to the next publication.
      const { removed } = await publishTables({ dir, to: server.address, keep: 1 });
      expect(removed.generations).toBe(2);
      expect(await ranks(elsewhere(dir))).toBe(9);
    } finally {
      await server.close();
    }
  }, 120_000);
});
