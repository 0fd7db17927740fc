// Where a page's folder may lie: addresses of all sorts, several folders one after the other; and what a page says of those that
// are none, and of a pack of another build.
import { cpSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cutPack } from "../../runtime/build-table/index.ts";
import { mostFolders } from "../../runtime/web/kept-folders.ts";
import { useBrowser } from "../kit/browser.ts";
import { cleanUp, temporary } from "../kit/built-twin.ts";
import { needs } from "../kit/needs.ts";
import { builtRanked, itemColumns, rankSource, someCandidates, someUser } from "../kit/rank-model.ts";
import type { Site } from "../kit/site.ts";
import { readyPage, webSite } from "../kit/web-page.ts";

describe("a page", needs("chromium"), () => {
  const browser = useBrowser({ webgpu: false });
  const request = { user: someUser(10), candidates: someCandidates(3) };
  let dir: string;
  let otherPack: Uint8Array;
  let site: Site;
  beforeAll(async () => {
    dir = join(temporary(), "build");
    cpSync(await builtRanked(), dir, { recursive: true });
    const other = await builtRanked(rankSource().replace("buckets: 20", "buckets: 21"));
    const keys = itemColumns().keys.map(String);
    otherPack = (await cutPack({ dir: other, keys, where: "ids" })).bytes;
    site = await webSite(browser, dir, {
      routes: {
        "/models é/100% 模型/v 1/": { folder: dir },
        "/packs/other.bin": otherPack,
      },
    });
  });
  afterAll(cleanUp);

  /** The model that each address gives, or why it gives none. */
  const loaded = async (
    url: string,
    addresses: readonly string[],
    options: { readonly pack?: string; readonly worker?: boolean } = {},
  ) => {
    const page = await readyPage(browser, url, { expected: [/status of 404/] });
    return page.evaluate(
      async ({ addresses, options }) => {
        const told: string[] = [];
        for (const address of addresses) {
          const twin = await globalThis.twin.load(address, { providers: ["wasm"], ...options }).catch((error) => error);
          told.push(twin instanceof Error ? `${twin.name}: ${twin.message}` : twin.manifest.model);
          await twin.close?.();
        }
        return told;
      },
      { addresses, options },
    );
  };

  it("takes a folder with signs of all sorts in its address, with or without a slash, a query, a fragment", async () => {
    const odd = "models%20%C3%A9/100%25%20%E6%A8%A1%E5%9E%8B/v%201";
    const addresses = [
      ...["build", "build/", "/build", "./build/", "build/manifest.json", "none/../build", `${site.origin}/build`],
      ...[odd, `/${odd}/`, "models é/100%25 模型/v 1", "build/?X-Signature=a%2Fb%3D&expires=9", "build?v=1#part"],
    ];
    const before = site.requests.length;
    // A worker has each address as the page has it; all but one are opened on the page's thread, which is quicker.
    expect(await loaded(site.origin, addresses, { worker: false })).toEqual(addresses.map(() => "ranked"));
    expect(await loaded(site.origin, [`/${odd}/`])).toEqual(["ranked"]);
    const asked = site.requests.slice(before).filter((path) => path.includes("X-Signature"));
    expect(asked.length).toBeGreaterThan(0);
    expect(asked.every((path) => path.endsWith("?X-Signature=a%2Fb%3D&expires=9"))).toBe(true);
  });

  it("says of other addresses why they are none", async () => {
    const refusals: [string, RegExp][] = [
      [
        "file:///srv/build/",
        /^TwinError: file:.* browsers let no page read files by their address; serve it over http, or/,
      ],
      [
        "blob:http://127.0.0.1/x",
        /^TwinError: blob:.* a blob is one file, and a folder is due; bring its files as a Map/,
      ],
      ["data:text/plain,a", /^TwinError: data:text\/plain,a cannot be fetched: it holds one file/],
      ["https://me:secret@example.org/b", /^TwinError: https:\/\/example\.org\/b: the address holds a user's name/],
      ["http://", /^TwinError: load: "http:\/\/" is no address of a folder/],
      ["none/", /^TwinError: cannot read http.*\/none\/manifest\.json: the server answers 404\. Bring a folder that/],
    ];
    const told = await loaded(
      site.origin,
      refusals.map(([address]) => address),
    );
    refusals.forEach(([, says], i) => {
      expect(told[i]).toMatch(says);
    });
  });

  it("refuses a pack of another build", async () => {
    expect(await loaded(site.origin, ["build/"], { pack: "packs/other.bin?token=secret" })).toEqual([
      expect.stringMatching(
        /^TwinError: http:\/\/[^?]*\/packs\/other\.bin is no pack of this build: its items were encoded otherwise .* Cut it anew of this one: twin pack DIR --items ids\.txt$/,
      ),
    ]);
  });

  it("keeps of a folder what its present build has, and of the folders those that were opened last", async () => {
    const routes = Object.fromEntries(Array.from({ length: mostFolders + 2 }, (_, i) => [`/v${i}/`, { folder: dir }]));
    const own = await webSite(browser, dir, { routes });
    const page = await readyPage(browser, own.origin);
    const visit = (address: string, ranks = true) =>
      page.evaluate(
        async ({ address, whole, request, ranks }) => {
          const twin = await globalThis.twin.load(address, { providers: ["wasm"], worker: ranks });
          if (ranks) {
            await (await twin.prepare(request.user)).rank(request.candidates);
          }
          await twin.close();
          const store = Reflect.get(globalThis, "caches");
          const names: string[] = (await store.keys()).filter((name: string) => name.startsWith("twin-compiler http"));
          const held = await store.open(`twin-compiler ${whole}`);
          return { names, urls: (await held.keys()).map(({ url }: { url: string }) => url) as string[] };
        },
        { address, whole: new URL(address, own.origin).href, request, ranks },
      );
    const first = await visit("build/");
    expect(first.names).toEqual([`twin-compiler ${own.origin}/build/`]);
    // Another build under the same address.
    const aside = `${dir}.aside`;
    renameSync(dir, aside);
    cpSync(await builtRanked(rankSource().replace("hidden: [8]", "hidden: [9]")), dir, { recursive: true });
    const second = await visit("build/");
    // The graph that ran and the weights; the tables are the same.
    expect(first.urls.filter((url) => !second.urls.includes(url)).length).toBeGreaterThanOrEqual(2);
    expect(second.urls).toHaveLength(first.urls.length);
    rmSync(dir, { recursive: true });
    renameSync(aside, dir);
    let names: readonly string[] = [];
    for (let i = 0; i < mostFolders + 2; i++) {
      ({ names } = await visit(`v${i}/`, false));
    }
    expect([...names].sort()).toEqual(
      Array.from({ length: mostFolders }, (_, i) => `twin-compiler ${own.origin}/v${i + 2}/`).sort(),
    );
  }, 240_000);
});
