// Keys and codes in one row of a table: what serves rows elsewhere (a pack, a Redis, a program of its own) serves codes, too.
import { spawnSync } from "node:child_process";
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readPack } from "../../runtime/table/pack.ts";
import { cleanUp } from "../kit/built-twin.ts";
import { fine, root } from "../kit/cli.ts";
import { type ExampleBuild, exampleBuild, type RequestFile } from "../kit/example-build.ts";
import { needs, python } from "../kit/needs.ts";
import { startRedis } from "../kit/redis.ts";

let example: ExampleBuild;
const file = (of: string) => join(example.folder, `eta-${of}.twin`);
const dir = (of: string) => join(example.folder, `eta-${of}`);
const table = "\ntable both {\n  of: [relevance.keys, nearest.codes]\n  coverage: 60%\n  on_miss: compute\n}\n";
const json = async (args: readonly string[]) => JSON.parse((await fine([...args, "--json"])).stdout);
const rank = (of: string) => json(["rank", of, "--request", example.request]);
let held: { scores: Record<string, number[]>; kept: unknown; tables: { found: number; computed: number }[] };

beforeAll(async () => {
  example = await exampleBuild({ tables: false });
  const request: RequestFile = JSON.parse(readFileSync(example.request, "utf8"));
  writeFileSync(example.request, JSON.stringify({ ...request, candidates: { item: request.candidates.item } }));
  const text = readFileSync(join(root, "models/eta.twin"), "utf8").replace("keep: 100", "keep: 10");
  writeFileSync(file("plain"), text);
  writeFileSync(file("held"), text + table);
  const vocabularies = ["--vocabularies", join(example.dir, "vocabularies")];
  await fine(["build", file("plain"), "-o", dir("plain"), ...vocabularies]);
  await fine(["build", file("held"), "-o", dir("held"), "--weights", join(dir("plain"), "weights.safetensors")]);
  for (const of of ["plain", "held"]) {
    await fine(["table", "build", dir(of), "--data", example.data]);
  }
  held = await rank(dir("held"));
});
afterAll(cleanUp);

const close = (found: Record<string, number[]>, due: Record<string, number[]>, digits: number): void => {
  for (const [label, scores] of Object.entries(due)) {
    for (const [i, score] of scores.entries()) {
      expect(found[label][i]).toBeCloseTo(score, digits);
    }
  }
};

describe("keys and codes in one row", () => {
  it("keep what a model keeps that hashes and projects, and score it alike", async () => {
    const plain = await rank(dir("plain"));
    expect(held.kept).toEqual(plain.kept);
    close(held.scores, plain.scores, 5);
    const [{ found, computed }] = held.tables;
    expect(found).toBeGreaterThan(0);
    expect(computed).toBeGreaterThan(0);
  });

  it("are in a pack, whatever precision it is cut in", async () => {
    for (const precision of ["float16", "uint8"]) {
      const output = join(example.folder, `${precision}.pack`);
      await fine(["pack", dir("held"), "--data", example.data, "-o", output, "--precision", precision]);
      const pack = await readPack(new Uint8Array(readFileSync(output)), output);
      expect(Object.keys(pack.description.tables)).toEqual(["both"]);
    }
  });

  it("fit a build into the bytes that a page may fetch", async () => {
    const own = ["--weights", join(dir("plain"), "weights.safetensors"), "--data", example.data];
    const { stdout } = await fine([
      "build",
      file("held"),
      "-o",
      dir("web"),
      ...own,
      "--target",
      "web",
      "--budget",
      "2.4MB",
    ]);
    expect(stdout).toMatch(/a page fetches .* to rank, of at most 2\.4 MB/);
    await fine(["table", "build", dir("web"), "--data", example.data]);
    const { extensions } = JSON.parse(readFileSync(join(dir("web"), "manifest.json"), "utf8"));
    expect(extensions.budget.content.tables).toEqual([{ table: "both", precision: "uint8", of: "float32" }]);
    expect(Object.keys((await rank(dir("web"))).scores)).toEqual(Object.keys(held.scores));
  });
});

describe("keys and codes in a Redis", needs("redis"), () => {
  it("rank from there as from the files", async () => {
    const server = await startRedis();
    try {
      cpSync(dir("held"), dir("away"), { recursive: true });
      await fine(["table", "publish", dir("away"), "--to", server.address]);
      for (const one of ["current", "generations"]) {
        rmSync(join(dir("away"), "tables", one), { recursive: true });
      }
      const away = await rank(dir("away"));
      expect(away.scores).toEqual(held.scores);
      expect(away.kept).toEqual(held.kept);
    } finally {
      await server.close();
    }
  });
});

describe("keys and codes for a program of its own", needs("python"), () => {
  it("rank by rank.py as by Twin", () => {
    const program = join(root, "examples/python/rank.py");
    const { status, stdout, stderr } = spawnSync(python(), [program, dir("held"), example.request], {
      encoding: "utf8",
    });
    expect(status, stderr).toBe(0);
    close(JSON.parse(stdout).scores, held.scores, 5);
  });
});
