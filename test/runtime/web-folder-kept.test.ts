// What a page keeps from one visit to the next: by its hash, checked when it is taken out, and nothing that is out of use.
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { openFolder } from "../../runtime/web/folder.ts";
import { mostFolders } from "../../runtime/web/kept-folders.ts";
import { Verdicts } from "../../runtime/web/verdicts.ts";
import type { WebFolder } from "../../runtime/web/web-folder.ts";
import { cleanUp, temporary, writeTables } from "../kit/built-twin.ts";
import { builtRanked, itemColumns, rankSource, someCandidates, someUser } from "../kit/rank-model.ts";
import { type UnrulyServer, unrulyServer } from "../kit/unruly-server.ts";
import { rankBy, webEngine } from "../kit/web-engine.ts";

const servers: UnrulyServer[] = [];
afterEach(async () => {
  vi.unstubAllGlobals();
  await Promise.all(servers.splice(0).map((server) => server.close()));
});
afterAll(cleanUp);

let shared: string | undefined;

async function served(dir?: string): Promise<UnrulyServer> {
  shared ??= await builtRanked();
  const server = await unrulyServer(dir ?? shared);
  servers.push(server);
  return server;
}

const opened = (server: UnrulyServer): Promise<WebFolder> => openFolder(server.url);
const scores = async (folder: WebFolder): Promise<number[]> => [
  ...(await rankBy(webEngine(folder), someUser(20), someCandidates(5))).scores.click,
];

describe("Cache Storage", () => {
  /** As much of it as is used, and what it holds by cache; `broken.put` fails every write. */
  function storage() {
    const all = new Map<string, Map<string, Uint8Array<ArrayBuffer>>>();
    const broken: { put: Error | null } = { put: null };
    const open = async (name: string) => {
      const held = all.get(name) ?? new Map<string, Uint8Array<ArrayBuffer>>();
      all.set(name, held);
      return {
        match: async (url: string) => (held.has(url) ? new Response(held.get(url)) : undefined),
        put: async (url: string, response: Response) => {
          if (broken.put !== null) {
            throw broken.put;
          }
          held.delete(url);
          held.set(url, new Uint8Array(await response.arrayBuffer()));
        },
        keys: async () => [...held.keys()].map((url) => ({ url })),
        delete: async (url: string) => held.delete(url),
      };
    };
    vi.stubGlobal("caches", {
      open,
      keys: async () => [...all.keys()],
      delete: async (name: string) => all.delete(name),
    });
    const of = ({ url }: UnrulyServer) =>
      all.get(`twin-compiler ${url}/`) ?? new Map<string, Uint8Array<ArrayBuffer>>();
    return { all, of, broken };
  }

  it("keeps what was fetched for the next visit, which asks for the manifest and the generation's number only", async () => {
    const { of } = storage();
    const server = await served();
    const first = await scores(await opened(server));
    server.log.length = 0;
    const folder = await opened(server);
    expect(await scores(folder)).toEqual(first);
    expect(server.log).toEqual(["manifest.json", "tables/current", "tables/generations/1/generation.json"]);
    expect(folder.notes).toEqual([]);
    expect(folder.traffic.cache).toBeGreaterThan(0);
    expect(of(server).size).toBeGreaterThan(3);
  });

  it("is not believed: what was changed in it is fetched again", async () => {
    const { of } = storage();
    const server = await served();
    const first = await scores(await opened(server));
    for (const bytes of of(server).values()) {
      bytes[bytes.length >> 1] ^= 1;
    }
    expect(await scores(await opened(server))).toEqual(first);
  });

  it("drops what no build of the folder has any more", async () => {
    const { all, of } = storage();
    const dir = join(temporary(), "build");
    cpSync(await builtRanked(), dir, { recursive: true });
    const server = await served(dir);
    await scores(await opened(server));
    const before = new Set(of(server).keys());
    // Another build in its place, under the same address.
    rmSync(dir, { recursive: true });
    cpSync(await builtRanked(rankSource().replace("hidden: [8]", "hidden: [9]")), dir, { recursive: true });
    await scores(await opened(server));
    const gone = [...before].filter((url) => !of(server).has(url));
    // The graph that ran and the weights; the tables are the same.
    expect(gone.length).toBeGreaterThanOrEqual(2);
    const size = of(server).size;
    await scores(await opened(server));
    expect(of(server).size).toBe(size);
    expect(all.size).toBe(1);
  });

  it("holds one generation, however often a page that stays open refreshes", async () => {
    const { of } = storage();
    const dir = await builtRanked();
    const folder = await opened(await served(dir));
    const server = servers[servers.length - 1];
    const size = of(server).size;
    const { keys, columns } = itemColumns();
    for (let i = 0; i < 3; i++) {
      await writeTables(dir, keys, columns, { madeAt: new Date(Date.now() + i).toISOString() });
      expect(await folder.tables.refresh()).toBe(true);
      expect(of(server).size).toBe(size);
    }
  });

  it("keeps the folders that were opened last, and no more than a few of them", async () => {
    const { all } = storage();
    const clock = vi.spyOn(Date, "now");
    const open = async (server: UnrulyServer, at: number) => {
      clock.mockReturnValue(at);
      await opened(server);
    };
    const names = (some: readonly UnrulyServer[]) => some.map(({ url }) => `twin-compiler ${url}/`).sort();
    all.set("twin-compiler graph checks", new Map());
    all.set("of somebody else", new Map());
    const others = ["of somebody else", "twin-compiler graph checks"];
    const many: UnrulyServer[] = [];
    for (let i = 0; i < mostFolders; i++) {
      many.push(await served());
      await open(many[i], 1000 + i);
    }
    expect([...all.keys()].sort()).toEqual([...others, ...names(many)].sort());
    // The first is used again, so that the second is the oldest.
    await open(many[0], 2000);
    many.push(await served());
    await open(many[mostFolders], 2001);
    expect([...all.keys()].sort()).toEqual([...others, ...names(many.filter((_, i) => i !== 1))].sort());
    clock.mockRestore();
  });

  it("keeps so many verdicts on graphs, the latest ones", async () => {
    const { all } = storage();
    const manifest = (await opened(await served())).manifest;
    const verdicts = new Verdicts();
    const on = (version: number) => ({ adapter: "one", version: String(version) });
    for (let i = 0; i < 510; i++) {
      await verdicts.put(manifest, { graph: "request", worst: 1e-6, wrong: 0, cached: false }, on(i));
    }
    expect(all.get("twin-compiler graph checks")?.size).toBe(500);
    expect(await verdicts.get(manifest, "request", on(9))).toBeNull();
    expect(await verdicts.get(manifest, "request", on(10))).toMatchObject({ worst: 1e-6 });
    expect(await verdicts.get(manifest, "request", on(509))).toMatchObject({ worst: 1e-6 });
  });

  it("that is full, or refused, costs nothing but a note", async () => {
    const { broken } = storage();
    broken.put = new Error("QuotaExceededError");
    const folder = await opened(await served());
    await scores(folder);
    expect(folder.notes).toEqual(["not everything is kept for the next visit: QuotaExceededError"]);
    vi.stubGlobal("caches", { open: async () => Promise.reject(new Error("denied")) });
    expect((await opened(await served())).notes).toEqual(["nothing is kept for the next visit: denied"]);
    vi.stubGlobal("caches", undefined);
    vi.stubGlobal("isSecureContext", false);
    expect((await opened(await served())).notes).toEqual([
      "nothing is kept for the next visit: this page is no secure context (https, or localhost)",
    ]);
  });
});
