// What a page may meet when it reads a folder: networks that fail, servers that answer otherwise, builds that change meanwhile.
// A clear error or a clean retry; no hang, and nothing wrong shown as right.
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { checkedJson } from "../../contract/checked-json.ts";
import { TwinError } from "../../contract/error.ts";
import { openFolder } from "../../runtime/web/folder.ts";
import type { FolderOptions, WebFolder } from "../../runtime/web/web-folder.ts";
import { buildInto, cleanUp, temporary, writeTables } from "../kit/built-twin.ts";
import { builtRanked, itemColumns, rankSource, someCandidates, someUser } from "../kit/rank-model.ts";
import { plain, type UnrulyServer, unrulyServer, type Whim } from "../kit/unruly-server.ts";
import { rankBy, webEngine } from "../kit/web-engine.ts";

const servers: UnrulyServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});
afterAll(cleanUp);

let shared: string | undefined;
const build = async (): Promise<string> => {
  shared ??= await builtRanked();
  return shared;
};

async function served(dir?: string, whim?: Whim): Promise<UnrulyServer> {
  const server = await unrulyServer(dir ?? (await build()));
  servers.push(server);
  if (whim !== undefined) {
    server.whim = whim;
  }
  return server;
}

const copy = async (): Promise<string> => {
  const dir = join(temporary(), "build");
  cpSync(await build(), dir, { recursive: true });
  return dir;
};

const flip = (path: string, at: number): void => {
  const bytes = readFileSync(path);
  bytes[at < 0 ? bytes.length + at : at] ^= 4;
  writeFileSync(path, bytes);
};

const opened = async (server: UnrulyServer, options?: FolderOptions): Promise<WebFolder> =>
  openFolder(server.url, options);
const scores = async (folder: WebFolder): Promise<number[]> => [
  ...(await rankBy(webEngine(folder), someUser(20), someCandidates(5))).scores.click,
];

/** Half of what was promised, then the line is cut. */
const cut =
  (path: string, times: number): Whim =>
  (asked, response) => {
    if (asked.path !== path || asked.before >= times) {
      return false;
    }
    response.writeHead(asked.range === null ? 200 : 206, { "content-length": 2000 });
    response.write(new Uint8Array(1000));
    setTimeout(() => response.destroy(), 5);
    return true;
  };

describe("a network that fails", () => {
  it.each([
    "manifest.json",
    "request.onnx",
    "weights.safetensors",
    "tables/current",
    "tables/generations/1/items.store",
  ])("once while it gives %s: it is asked again", async (path) => {
    const folder = await opened(await served(undefined, cut(path, 2)));
    expect(await scores(folder)).toEqual(await scores(await opened(await served())));
  });

  it.each(["manifest.json", "tables/generations/1/video_keys.table"])("for good while it gives %s", async (path) => {
    const server = await served(undefined, cut(path, 99));
    await expect(opened(server)).rejects.toThrow(`cannot fetch ${server.url}/${path}: `);
    await expect(opened(server)).rejects.toThrow(/tried 3 times.*CORS/);
  });

  it("with an overloaded server that recovers, and one that does not", async () => {
    const busy: Whim = ({ path, before }, response) => {
      if (path !== "manifest.json" || before >= 2) {
        return false;
      }
      response.writeHead(503).end();
      return true;
    };
    await opened(await served(undefined, busy));
    const down: Whim = (_, response) => response.writeHead(500).end() !== undefined;
    await expect(opened(await served(undefined, down))).rejects.toThrow(/the server answers 500/);
  });

  it("where no server is", async () => {
    await expect(openFolder("http://127.0.0.1:9/build")).rejects.toThrow(
      /cannot fetch http:\/\/127\.0\.0\.1:9\/build\/manifest\.json/,
    );
    await expect(openFolder("models/build")).rejects.toThrow(/"models\/build" is no address here; write it in full/);
  });
});

describe("an address", () => {
  it.each([
    [
      "file:///srv/models/build/",
      /^file:\/srv\/models\/build\/ cannot be fetched: browsers let no page read files by their address; serve it over http, or let the user pick it/,
    ],
    [
      "blob:https://example.org/6f1c",
      /cannot be fetched: a blob is one file, and a folder is due; bring its files as a Map/,
    ],
    [
      `data:application/json,${"x".repeat(9000)}`,
      /^data:application\/json,x{18}… cannot be fetched: it holds one file/,
    ],
    ["javascript:alert(1)", /^javascript:alert\(1\) cannot be fetched/],
    [
      "https://me:secret@example.org/build",
      /^https:\/\/example\.org\/build: the address holds a user's name or password/,
    ],
  ])("%s is refused in words", async (address, says) => {
    const refused = openFolder(address);
    await expect(refused).rejects.toThrow(TwinError);
    await expect(refused).rejects.toThrow(says);
    await expect(refused).rejects.not.toThrow(/secret/);
  });

  it("of a pack is shown without what stands behind its `?`, and may have any sign in it", async () => {
    const dir = await copy();
    writeFileSync(join(dir, "100% ü.bin"), "no pack");
    const { url } = await served(dir);
    const pack = (address: string) => openFolder(url, { pack: address });
    const wrong = pack(`${url}/100%25%20%C3%BC.bin?token=secret`);
    await expect(wrong).rejects.toThrow(`${url}/100%25%20%C3%BC.bin is not a pack`);
    await expect(wrong).rejects.not.toThrow(/secret/);
    // Written by hand, the sign is left as it stands.
    const nowhere = openFolder(url, {
      pack: "http://x.test/none%.bin?token=secret",
      fetch: async (asked, init) =>
        String(asked).startsWith("http://x.test/") ? new Response(null, { status: 404 }) : fetch(asked, init),
    });
    await expect(nowhere).rejects.toThrow(
      "cannot read http://x.test/none%.bin: the server answers 404. Check the address",
    );
    await expect(pack("file:///srv/pack.bin")).rejects.toThrow(/no page read files by their address/);
    const text = `data:application/octet-stream,${"x".repeat(5000)}`;
    await expect(pack(text)).rejects.toThrow(/^data:application\/octet-stream,x{10}… is not a pack of Twin/);
  });
});

describe("a server that says nothing", () => {
  const silent: Whim = ({ path }) => path === "request.onnx";
  const stuck: Whim = ({ path }, response) => {
    if (path !== "request.onnx") {
      return false;
    }
    response.writeHead(200);
    response.write("a");
    return true;
  };

  it.each([
    ["from the first", silent],
    ["in the middle", stuck],
  ] as const)("%s: bounded in time", async (_, whim) => {
    const folder = await opened(await served(undefined, whim), { stalled: 60 });
    await expect(folder.graph("request")).rejects.toThrow(/request\.onnx: no byte came for 60 ms \(tried 3 times\)/);
  });

  it.each([
    ["from the first", silent],
    ["in the middle", stuck],
  ] as const)("%s: ends with its signal", async (_, whim) => {
    const server = await served(undefined, whim);
    const folder = await opened(server);
    const control = new AbortController();
    const asked = folder.graph("request", control.signal);
    setTimeout(() => control.abort(new Error("enough")), 30);
    await expect(asked).rejects.toThrow("enough");
    server.whim = () => false;
    expect((await folder.graph("request")).model.length).toBeGreaterThan(0);
  });

  it("while it is opened", async () => {
    const server = await served(undefined, ({ path }) => path === "tables/current");
    await expect(opened(server, { signal: AbortSignal.timeout(40) })).rejects.toThrow(/timeout/);
    await expect(opened(server, { signal: AbortSignal.abort(new Error("gone")) })).rejects.toThrow("gone");
  });
});

describe("a server that answers whatever it is asked", () => {
  const page: Whim = ({ path }, response) => {
    if (!/manifest\.json|onnx$|safetensors/.test(path)) {
      response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end("<!doctype html><p>app</p>");
      return true;
    }
    return false;
  };

  it("gives its page for a file that is missing: that is said", async () => {
    const everything: Whim = (_, response) => response.writeHead(200).end("<!DOCTYPE html><p>app</p>") !== undefined;
    await expect(opened(await served(undefined, everything))).rejects.toThrow(
      /cannot read http.*manifest\.json: the server answers with an HTML page/,
    );
    await expect(opened(await served(join(temporary(), "empty")))).rejects.toThrow(
      /manifest\.json: the server answers 404/,
    );
  });

  it("has no tables where its page stands in their place", async () => {
    const dir = buildInto(join(temporary(), "build"), rankSource());
    expect((await opened(await served(dir, page))).tables.current()).toBeNull();
  });

  it("gives a file of the generation by its page", async () => {
    const server = await served(undefined, ({ path }, response) =>
      path.endsWith("keys.index") ? response.end("<html>") !== undefined : false,
    );
    await expect(opened(server)).rejects.toThrow(
      /keys\.index: the server answers with an HTML page, and tables\/current says/,
    );
  });
});

describe("bytes that are not the build's", () => {
  it("of a graph, of the weights, of a vocabulary: by their hash, once past every cache, then named", async () => {
    const dir = await copy();
    flip(join(dir, "request.onnx"), 300);
    flip(join(dir, "weights.safetensors"), -1);
    const server = await served(dir);
    const folder = await opened(server);
    await expect(folder.graph("request")).rejects.toThrow(
      /request\.onnx is not the file of its build: its SHA-256 is not the manifest's\. Put the whole folder there anew/,
    );
    expect(server.log.filter((path) => path === "request.onnx")).toHaveLength(2);
    await expect(folder.graph("rank")).rejects.toThrow(
      /weights\.safetensors is not the file of its build: block 0 does not match its hash/,
    );
  });

  it("of another length, longer without an end among them", async () => {
    const dir = await copy();
    writeFileSync(join(dir, "rank.onnx"), "short");
    const endless: Whim = ({ path }, response) => {
      if (path !== "request.onnx") {
        return false;
      }
      response.writeHead(200);
      const more = () => response.write(new Uint8Array(1 << 16), (error) => error ?? more());
      more();
      return true;
    };
    const folder = await opened(await served(dir, endless));
    await expect(folder.graph("rank")).rejects.toThrow(
      /rank\.onnx is not the file of its build: it has 5 bytes and the manifest says/,
    );
    await expect(folder.graph("request")).rejects.toThrow(
      /request\.onnx is not the file of its build: it has \d+ bytes/,
    );
  });

  it.each(["video_keys.table", "keys.index", "items.store"])("of the generation: %s", async (name) => {
    for (const at of [5, 4096, -1]) {
      const dir = await copy();
      flip(join(dir, "tables/generations/1", name), at);
      await expect(opened(await served(dir))).rejects.toThrow(name);
    }
  });

  it("of the manifest, of a newer format, of an earlier version that wrote none", async () => {
    const dir = await copy();
    flip(join(dir, "manifest.json"), 900);
    await expect(opened(await served(dir))).rejects.toThrow(/manifest\.json/);
    writeFileSync(join(dir, "manifest.json"), checkedJson({ format: 3 }));
    await expect(opened(await served(dir))).rejects.toThrow(/manifest\.json.*format 3/);
    rmSync(join(dir, "manifest.json"));
    await expect(opened(await served(dir))).rejects.toThrow(/of an earlier version gets it by `twin upgrade DIR`/);
    await expect(openFolder(new Map())).rejects.toThrow(/manifest\.json .*it is not among them/);
    await expect(openFolder([])).rejects.toThrow(/it is not among them/);
  });

  it.each(["../secret", "/etc/passwd", "a/../../b", "http://elsewhere.example/x", "a\\b", "./x"])(
    "a manifest that names %s is refused before it is asked for",
    async (name) => {
      const dir = await copy();
      const { checksum: _, ...manifest } = JSON.parse(readFileSync(join(dir, "manifest.json"), "utf8"));
      manifest.graphs.request.file = name;
      writeFileSync(join(dir, "manifest.json"), checkedJson(manifest));
      const server = await served(dir);
      await expect(opened(server)).rejects.toThrow(/names the file .*, which is not one of its own folder/);
      expect(server.log).toEqual(["manifest.json"]);
    },
  );

  it("a name that means something in addresses stays a name", async () => {
    const dir = await copy();
    const odd = "%2e%2e/re quest?#.onnx";
    const { checksum: _, ...manifest } = JSON.parse(readFileSync(join(dir, "manifest.json"), "utf8"));
    manifest.files[odd] = manifest.files["request.onnx"];
    manifest.graphs.request.file = odd;
    writeFileSync(join(dir, "manifest.json"), checkedJson(manifest));
    const bytes = readFileSync(join(dir, "request.onnx"));
    const server = await served(dir, ({ path }, response) =>
      path === odd ? response.end(bytes) !== undefined : false,
    );
    expect(await (await opened(server)).file(odd)).toEqual(new Uint8Array(bytes));
  });
});

describe("a folder that changes meanwhile", () => {
  const other = async (): Promise<string> => {
    const dir = buildInto(join(temporary(), "build"), rankSource().replace("hidden: [8]", "hidden: [12]"));
    const { keys, columns } = itemColumns();
    await writeTables(dir, keys, columns);
    return dir;
  };
  const withWords = rankSource().replace(
    /author: hashed\([^)]*\)/,
    "author: vocabulary(max: 50, min_count: 1, dim: 4)",
  );

  it("while it is opened is opened once more, from the manifest", async () => {
    const words = (more: string[]) => ({ vocabularies: new Map([["item.author", ["a", "b", ...more]]]) });
    const before = buildInto(join(temporary(), "build"), withWords, words([]));
    const after = buildInto(join(temporary(), "build"), withWords, words(["c"]));
    const server = await served(before, ({ path }) => {
      if (path.startsWith("vocabularies")) {
        server.folder = after;
      }
      return false;
    });
    const folder = await opened(server);
    expect(folder.manifest.vocabularies).toMatchObject([{ entries: 3 }]);
    // Back and forth: one retry, then an error.
    const unsteady = await served(before);
    unsteady.whim = ({ path, before: times }, response) => {
      if (path === "manifest.json") {
        plain(join(times % 2 === 0 ? before : after, path), null, response);
        return true;
      }
      if (path.startsWith("vocabularies")) {
        plain(join(times < 2 ? after : before, `${path}x`), null, response);
        return true;
      }
      return false;
    };
    await expect(opened(unsteady)).rejects.toMatchObject({ code: "folder_changed" });
  });

  it("after it was opened: the next graph says that it was, by its code", async () => {
    const server = await served();
    const folder = await opened(server);
    server.folder = await other();
    await expect(folder.graph("request")).rejects.toMatchObject({
      code: "folder_changed",
      message: expect.stringMatching(
        /request\.onnx is of another build .*: the folder was replaced while it was read\. Open it again/,
      ),
    });
    expect((await opened(server)).manifest.graphs.rank).toBeDefined();
  });

  it("in its tables alone, between two of their files", async () => {
    const dir = await copy();
    const { keys, columns } = itemColumns();
    let done = false;
    const server = await served(dir);
    await writeTables(dir, keys, columns);
    rmSync(join(dir, "tables/generations/1"), { recursive: true, force: true });
    server.whim = ({ path }, response) => {
      if (path === "tables/current" && !done) {
        done = true;
        plain(join(shared!, path), null, response);
        return true;
      }
      return false;
    };
    const folder = await opened(server);
    expect(folder.tables.current()?.number).toBe(2);
  });
});

describe("what is too large", () => {
  it("of built tables, and of embeddings outside: a pack is named", async () => {
    await expect(opened(await served(), { largest: 5000 })).rejects.toThrow(
      /has \d+ bytes or more, and at most \d+ are taken here.*twin pack DIR --items ids\.txt -o pack\.bin/,
    );
    const dir = buildInto(join(temporary(), "build"), rankSource(), { outside: "all" });
    const folder = await opened(await served(dir), { largest: 100 });
    await expect(
      folder.outside!.rows("item.video.table", 4).read({ type: "row", length: 1, rows: Int32Array.of(1) }, []),
    ).rejects.toThrow(
      /the embedding item\.video\.table has \d+ bytes, and at most 100 are fetched of one. Cut a pack .*twin pack/,
    );
  });
});
