// What a page keeps from one visit to the next: by its hash, checked when it is taken out, and nothing that is out of use.
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { openFolder } from "../../runtime/web/folder.ts";
import type { WebFolder } from "../../runtime/web/web-folder.ts";
import { cleanUp } from "../kit/built-twin.ts";
import { builtRanked, someCandidates, someUser } from "../kit/rank-model.ts";
import { type UnrulyServer, unrulyServer } from "../kit/unruly-server.ts";
import { rankBy, webEngine } from "../kit/web-engine.ts";

const servers: UnrulyServer[] = [];
afterEach(async () => {
  vi.unstubAllGlobals();
  await Promise.all(servers.splice(0).map((server) => server.close()));
});
afterAll(cleanUp);

let shared: string | undefined;

async function served(): Promise<UnrulyServer> {
  shared ??= await builtRanked();
  const server = await unrulyServer(shared);
  servers.push(server);
  return server;
}

const opened = (server: UnrulyServer): Promise<WebFolder> => openFolder(server.url);
const scores = async (folder: WebFolder): Promise<number[]> => [
  ...(await rankBy(webEngine(folder), someUser(20), someCandidates(5))).scores.click,
];

describe("Cache Storage", () => {
  /** As much of it as is used, and what it holds. */
  function storage() {
    const held = new Map<string, Uint8Array<ArrayBuffer>>();
    const cache = {
      match: async (url: string) => (held.has(url) ? new Response(held.get(url)) : undefined),
      put: async (url: string, response: Response) => void held.set(url, new Uint8Array(await response.arrayBuffer())),
      keys: async () => [...held.keys()].map((url) => ({ url })),
      delete: async (url: string) => held.delete(url),
    };
    vi.stubGlobal("caches", { open: async () => cache });
    return { held, cache };
  }

  it("keeps what was fetched for the next visit, which asks for the manifest and the generation's number only", async () => {
    const { held } = storage();
    const server = await served();
    const first = await scores(await opened(server));
    server.log.length = 0;
    const folder = await opened(server);
    expect(await scores(folder)).toEqual(first);
    expect(server.log).toEqual(["manifest.json", "tables/current", "tables/generations/1/generation.json"]);
    expect(folder.notes).toEqual([]);
    expect(folder.traffic.cache).toBeGreaterThan(0);
    expect(held.size).toBeGreaterThan(3);
  });

  it("is not believed: what was changed in it is fetched again", async () => {
    const { held } = storage();
    const server = await served();
    const first = await scores(await opened(server));
    for (const bytes of held.values()) {
      bytes[bytes.length >> 1] ^= 1;
    }
    expect(await scores(await opened(server))).toEqual(first);
  });

  it("drops what no build of the folder has any more", async () => {
    const { held } = storage();
    held.set("https://twin.invalid/sha256/old", new Uint8Array(3));
    await opened(await served());
    expect(held.has("https://twin.invalid/sha256/old")).toBe(false);
  });

  it("that is full, or refused, costs nothing but a note", async () => {
    const { cache } = storage();
    cache.put = async () => {
      throw new Error("QuotaExceededError");
    };
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
