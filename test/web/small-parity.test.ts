// The case that a device is tried by: small enough to fetch, right by ONNX Runtime on the CPU, and it sees what is wrong.
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { compile } from "../../compiler/index.ts";
import { parityFile, parityPlace } from "../../contract/parity-place.ts";
import { type GraphName, sideGraphs } from "../../contract/port-spec.ts";
import { parseSafetensors } from "../../contract/safetensors.ts";
import { type GraphSession, type SessionName, Sessions } from "../../runtime/session/session.ts";
import { openFile } from "../../runtime/session/session-node.ts";
import type { WebLibrary } from "../../runtime/session/session-web.ts";
import { Device } from "../../runtime/web/device.ts";
import { openFolder } from "../../runtime/web/folder.ts";
import { checkGraph, ReferenceCases } from "../../runtime/web/graph-check.ts";
import type { WebFolder } from "../../runtime/web/web-folder.ts";
import { cleanUp, temporary } from "../kit/built-twin.ts";
import { root } from "../kit/cli.ts";
import { builtRanked } from "../kit/rank-model.ts";
import { bytesOf } from "../kit/small-model.ts";

const name = "parity.small.safetensors";
const most = 50_000;
const models = readdirSync(join(root, "models")).filter((file) => file.endsWith(".twin"));
afterAll(cleanUp);

/** A build in its own size; null where this version does not build the model. */
function built(model: string, tableInput?: "uint8") {
  const { files, manifest } = compile(`models/${model}`, {
    version: "0",
    resolve: (path) => {
      const text = readFileSync(join(root, path), "utf8");
      return tableInput ? text.replaceAll(/precision: +\w+/g, `precision: ${tableInput}`) : text;
    },
    ...(tableInput && { tableInput }),
  });
  if (manifest === null) {
    return null;
  }
  const dir = temporary();
  for (const file of files) {
    mkdirSync(dirname(join(dir, file.path)), { recursive: true });
    writeFileSync(join(dir, file.path), bytesOf(file));
  }
  return { dir, manifest, small: readFileSync(join(dir, name)) };
}

const onCpu = (dir: string, graph: SessionName): Promise<GraphSession> =>
  openFile(join(dir, `${graph}.onnx`), { providers: ["cpu"], threads: 1, warn: () => undefined });

/** The same, off by a hundredth in every number and with every list turned round. */
const off = (session: GraphSession): GraphSession => ({
  ...session,
  async run(feeds) {
    const outputs = await session.run(feeds);
    for (const { dtype, data } of Object.values(outputs)) {
      if (dtype === "float32") {
        data[0] += 0.01;
      } else {
        data.reverse();
      }
    }
    return outputs;
  },
});

describe("the small case", () => {
  it.each<[string, "uint8" | undefined]>([
    ...models.map((model): [string, undefined] => [model, undefined]),
    ["movielens.twin", "uint8"],
  ])(
    "of %s, stored as %s, has at most 50 kB a graph, is what the CPU computes, and sees faults",
    async (model, tableInput) => {
      const made = built(model, tableInput);
      if (made === null) {
        expect(["dare", "din", "eta", "sdim", "stca", "twin_v2", "features"]).toContain(model.slice(0, -5));
        return;
      }
      const { dir, manifest, small } = made;
      const { entries, headerBytes, metadata } = parseSafetensors(small, small.length, name);
      expect(metadata.near_ties).toBeUndefined();
      const sizes = new Map<string, number>();
      for (const { name: tensor, start, end } of entries.values()) {
        const { graph, type, scenario } = parityPlace(tensor.slice(0, tensor.indexOf("/")))!;
        expect(scenario).toBe("small");
        const key = type === null ? graph : `${graph}.${type}`;
        sizes.set(key, (sizes.get(key) ?? 0) + end - start);
      }
      const graphs = Object.entries(manifest.graphs).flatMap(([graph, spec]) =>
        sideGraphs.includes(graph as GraphName)
          ? []
          : [graph, ...Object.keys(spec?.variants ?? {}).map((type) => `${graph}.${type}`)],
      ) as SessionName[];
      expect([...sizes.keys()].sort()).toEqual([...graphs].sort());
      for (const [graph, bytes] of sizes) {
        expect(bytes + headerBytes / sizes.size, graph).toBeLessThanOrEqual(most);
      }
      const cases = new ReferenceCases(small, name);
      for (const graph of graphs) {
        const session = await onCpu(dir, graph);
        expect(await checkGraph(session, graph, manifest, cases), graph).toMatchObject({ graph, wrong: 0 });
        expect((await checkGraph(off(session), graph, manifest, cases))?.wrong, graph).toBeGreaterThan(0);
        await session.close();
      }
    },
  );
});

const filesIn = (dir: string): Map<string, Uint8Array> =>
  new Map(
    readdirSync(dir, { recursive: true, encoding: "utf8" })
      .map((path) => join(dir, path))
      .filter((path) => statSync(path).isFile())
      .map((path) => [relative(dir, path), readFileSync(path)]),
  );

describe("a device", () => {
  /** Opens a graph on what says that it is a GPU; the files that were read for it. */
  async function asked(dir: string, folder: WebFolder): Promise<string[]> {
    const read: string[] = [];
    const library: WebLibrary = { provider: "webgpu", version: "0", open: (graph) => onCpu(dir, graph) };
    const device = new Device(library, { because: "", adapter: "pretended", threads: 1 });
    const session = await device.open(
      {
        ...folder,
        file: (path) => {
          read.push(path);
          return folder.file(path);
        },
      },
      "request",
    );
    await session.close();
    expect(device.status().checked).toMatchObject([{ graph: "request", wrong: 0, cached: false }]);
    return read;
  }

  it("is tried by it, and by the whole file where a build of an earlier version has no other", async () => {
    const dir = await builtRanked();
    const folder = await openFolder(filesIn(dir));
    expect(await asked(dir, folder)).toEqual([name]);
    const { [name]: _, ...files } = folder.manifest.files;
    const older = { ...folder, manifest: { ...folder.manifest, files } };
    expect(await asked(dir, older)).toEqual(["parity.safetensors"]);
  });

  it("that is the CPU is held to the side graphs, too, by the whole file, and sees what is wrong in each", async () => {
    const dir = await builtRanked();
    const folder = await openFolder(filesIn(dir));
    const side = sideGraphs.filter((graph) => folder.manifest.graphs[graph] !== undefined);
    expect(side).not.toEqual([]);
    const read: string[] = [];
    const counted: WebFolder = {
      ...folder,
      file: (path) => {
        read.push(path);
        return folder.file(path);
      },
    };
    for (const wrong of [false, true]) {
      const open = async (graph: SessionName) => (wrong ? off(await onCpu(dir, graph)) : onCpu(dir, graph));
      const device = new Device({ provider: "wasm", version: "0", open }, { because: "", adapter: null, threads: 1 });
      const sessions = new Sessions((graph) => device.open(counted, graph));
      const checks = await device.verify(counted, sessions);
      await sessions.close();
      expect(read.splice(0)).toEqual([name, parityFile]);
      for (const graph of side) {
        const found = checks.find((check) => check.graph === graph);
        expect(found, graph).toBeDefined();
        expect(found!.wrong > 0, graph).toBe(wrong);
      }
    }
  });
});
