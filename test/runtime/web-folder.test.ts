// A build folder as a page reads it: by address, from memory or picked; the same scores as Node's `load`, only what is needed.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { digestOf } from "../../contract/digest.ts";
import { load } from "../../runtime/index.ts";
import { openFolder } from "../../runtime/web/folder.ts";
import type { FolderSource, PickedFile, WebFolder } from "../../runtime/web/web-folder.ts";
import { buildInto, cleanUp, temporary, writeTables } from "../kit/built-twin.ts";
import { builtRanked, rankSource, someCandidates, someUser } from "../kit/rank-model.ts";
import { type UnrulyServer, unrulyServer } from "../kit/unruly-server.ts";
import { rankBy, webEngine } from "../kit/web-engine.ts";

const servers: UnrulyServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});
afterAll(cleanUp);

async function served(dir: string): Promise<UnrulyServer> {
  const server = await unrulyServer(dir);
  servers.push(server);
  return server;
}

function filesIn(dir: string, below = ""): [string, Uint8Array<ArrayBuffer>][] {
  return readdirSync(join(dir, below)).flatMap((name) => {
    const path = below === "" ? name : `${below}/${name}`;
    return statSync(join(dir, path)).isDirectory()
      ? filesIn(dir, path)
      : [[path, new Uint8Array(readFileSync(join(dir, path)))] as [string, Uint8Array<ArrayBuffer>]];
  });
}

const picked = (dir: string): PickedFile[] =>
  filesIn(dir).map(([path, bytes]) =>
    Object.assign(new File([bytes], path.split("/").at(-1) ?? ""), { webkitRelativePath: `models/build/${path}` }),
  );

/** The folder ranks as Node's `load` does. */
async function alike(dir: string, folder: WebFolder, lengths = [0, 3, 40]): Promise<void> {
  const twin = await load(dir, { threads: 1 });
  const engine = webEngine(folder);
  for (const length of lengths) {
    const [user, candidates] = [someUser(length, length + 1), someCandidates(9)];
    const expected = await (await twin.prepare(user)).rank(candidates);
    const found = await rankBy(engine, user, candidates);
    expect([...found.scores.click]).toEqual([...expected.scores.click]);
    expect([...found.logits.like]).toEqual([...expected.logits.like]);
    expect(found.kept?.positions).toEqual(expected.kept?.positions);
    expect(found.tables).toEqual(expected.tables.map((table) => ({ ...table, age: expect.any(Number) })));
    expect(found.unknownCandidates).toBe(expected.unknownCandidates);
  }
  await engine.sessions.close();
  await twin.close();
}

describe.each([
  ["float32 rows", "precision: float32", {}, {}],
  ["float16 rows, some missed", "precision: float16 on_miss: zero", { covered: 150 }, {}],
  ["uint8 rows, misses projected", "precision: uint8 on_miss: compute", { covered: 150 }, {}],
  ["uint8 rows in the graphs", "precision: uint8", {}, { tableInput: "uint8" }],
  ["embeddings outside", "precision: float32", {}, { outside: "all" }],
] as const)("a folder with %s ranks as in Node", (_, table, settings, options) => {
  it("by address, from memory and picked", async () => {
    const dir = await builtRanked(rankSource(table), settings, options);
    const { url } = await served(dir);
    const sources: FolderSource[] = [url, new URL(`${url}/manifest.json?v=1`), new Map(filesIn(dir)), picked(dir)];
    for (const from of sources) {
      await alike(dir, await openFolder(from), [0, 40]);
    }
  });
});

it("sends what stands behind the address's `?` with every request, and shows it to nobody", async () => {
  const dir = await builtRanked();
  const server = await served(dir);
  const asked: string[] = [];
  server.whim = ({ request, path }, response) => {
    asked.push(request.url ?? "");
    return path === "rank.onnx" ? response.writeHead(401).end() !== undefined : false;
  };
  const folder = await openFolder(`${server.url}/?token=secret#part`);
  await folder.graph("request");
  expect(asked.length).toBeGreaterThan(5);
  expect(asked.filter((url) => !url.endsWith("?token=secret"))).toEqual([]);
  expect(folder.dir).toBe(`${server.url}/`);
  const refused = folder.graph("rank");
  await expect(refused).rejects.toThrow(`cannot fetch ${server.url}/rank.onnx: the server answers 401`);
  await expect(refused).rejects.not.toThrow(/secret/);
});

it("finds the folder in files that were given with more before their names", async () => {
  const files = filesIn(await builtRanked()).map(([path, bytes]) => [`site/build/${path}`, bytes] as const);
  const more = new Map([...files, ["site/build/old/manifest.json", new Uint8Array(3)] as const]);
  expect((await openFolder(more)).manifest.model).toBe("ranked");
  await expect(openFolder(more, { largest: 0 })).rejects.toThrow(/largest is 0; bring a number above 0/);
});

it("reads vocabularies, and keys that are texts", async () => {
  const names = Array.from({ length: 12 }, (_, i) => `item ${i} ü`);
  const source = `model one
item { name: vocabulary(max: 50, min_count: 1, dim: 4, key: true) kind: id(vocab: 5, dim: 4) }
history seen { of: item max: 8 }
metric m { query: item keys: seen.item heads: 1 dim: 3 }
search s { from: seen by: m keep: 2 }
attend a { over: s by: m }
tower t { input: [a, item] hidden: [4] predict { click: binary } }
table keys { of: m.keys }
`;
  const vocabularies = new Map([["item.name", [...names, "item-new"]]]);
  const dir = buildInto(`${temporary()}/build`, source, { vocabularies });
  await writeTables(dir, names, { kind: names.map((_, i) => i % 4) });
  const twin = await load(dir, { threads: 1 });
  const user = { history: { item: names.slice(0, 5) } };
  const candidates = { candidates: { item: ["item 3 ü", "item-new", "nobody"] } };
  const expected = await (await twin.prepare(user)).rank(candidates);
  const found = await rankBy(webEngine(await openFolder((await served(dir)).url)), user, candidates);
  expect([...found.scores.click]).toEqual([...expected.scores.click]);
  expect(found.unknownCandidates).toBe(expected.unknownCandidates);
  await twin.close();
});

describe("only what is needed is fetched", () => {
  /** A wide tower: some graphs read few of the blocks. */
  const wide = rankSource()
    .replace("hidden: [8]", "hidden: [1024, 512]")
    .replace("vocab: 400, dim: 4", "vocab: 200000, dim: 4");

  it("of the weights by blocks, once, and never the graphs that no request runs", async () => {
    const dir = await builtRanked(wide);
    const server = await served(dir);
    const folder = await openFolder(server.url);
    expect(server.log.filter((path) => path.startsWith("weights"))).toEqual([]);
    const size = statSync(join(dir, "weights.safetensors")).size;
    const { externalData } = await folder.graph("projector");
    const first = server.log.filter((path) => path.startsWith("weights"));
    const bytes = first
      .map((line) => /(\d+)-(\d+)$/.exec(line)!)
      .reduce((sum, [, a, b]) => sum + Number(b) - Number(a), 0);
    expect(bytes).toBeGreaterThan(0);
    expect(bytes).toBeLessThan(size);
    expect(externalData).toMatchObject([{ path: "weights.safetensors" }]);
    expect(externalData[0].data.length).toBe(size);
    await folder.graph("projector");
    expect(server.log.filter((path) => path.startsWith("weights"))).toEqual(first);
    await alike(dir, folder, [40]);
    expect(server.log.filter((path) => path.endsWith(".onnx")).sort()).toEqual([
      "projector.onnx",
      "projector.onnx",
      "request.onnx",
    ]);
    expect(server.log.filter((path) => /^train|^parity|^oracle|yaml$/.test(path))).toEqual([]);
    expect(folder.notes).toEqual(["nothing is kept for the next visit: this host has no Cache Storage"]);
    expect(folder.traffic.cache).toBe(0);
  });

  it("whole where the server gives no ranges, or others than it was asked for, and that is said", async () => {
    const dir = await builtRanked(wide);
    for (const wrong of [false, true]) {
      const server = await served(dir);
      server.ranges = false;
      if (wrong) {
        server.whim = ({ range }, response) => {
          if (range === null) {
            return false;
          }
          response.writeHead(206, { "content-range": "bytes 0-3/17" }).end("abcd");
          return true;
        };
      }
      const folder = await openFolder(server.url);
      await folder.graph("projector");
      expect(folder.notes.join()).toMatch(
        /the server gives no ranges of http.*weights.safetensors: it is fetched whole/,
      );
      await alike(dir, folder, [40]);
      expect(server.log.filter((path) => path === "weights.safetensors")).toHaveLength(1);
    }
  });

  it("and progress is told, to the end", async () => {
    const { url } = await served(await builtRanked(wide));
    const told: (readonly [number, number])[] = [];
    const folder = await openFolder(url, { progress: (done, total) => told.push([done, total]) });
    await folder.graph("request");
    const [done, total] = told.at(-1)!;
    expect(done).toBe(total);
    expect(done).toBe(folder.traffic.network);
    expect(told.every(([some, all], i) => some <= all && (i === 0 || some >= told[i - 1][0]))).toBe(true);
  });
});

describe("integrity", () => {
  it("pins the manifest, in either way of writing", async () => {
    const dir = await builtRanked();
    const { url } = await served(dir);
    const hex = digestOf(new Uint8Array(readFileSync(join(dir, "manifest.json"))));
    const base64 = Buffer.from(hex, "hex").toString("base64");
    await openFolder(url, { integrity: hex });
    await openFolder(url, { integrity: `sha256-${base64}` });
    await expect(openFolder(url, { integrity: hex.replace(/^./, (one) => (one === "0" ? "1" : "0")) })).rejects.toThrow(
      /manifest\.json is not the one that `integrity` pins: its SHA-256 is/,
    );
    await expect(openFolder(url, { integrity: "sha384-abc" })).rejects.toThrow(/is neither "sha256-…"/);
  });
});

it("takes a new generation into use when asked to, and only then", async () => {
  const dir = await builtRanked();
  const { url } = await served(dir);
  const folder = await openFolder(url);
  expect(folder.tables.current()?.number).toBe(1);
  expect(await folder.tables.refresh()).toBe(false);
  await writeTables(dir, [1, 2, 3], {
    author: ["a", "b", "c"],
    topics: [[], [], []],
    cover: [
      [0, 0, 0, 0, 0],
      [0, 0, 0, 0, 0],
      [0, 0, 0, 0, 0],
    ],
  });
  expect(folder.tables.current()?.number).toBe(1);
  expect(await folder.tables.refresh()).toBe(true);
  expect(folder.tables.current()).toMatchObject({ number: 2, items: 3 });
});

it("opens a folder without tables", async () => {
  const dir = buildInto(join(temporary(), "build"), rankSource());
  const folder = await openFolder((await served(dir)).url);
  expect(folder.tables.current()).toBeNull();
  expect((await openFolder(new Map(filesIn(dir)))).tables.current()).toBeNull();
});
