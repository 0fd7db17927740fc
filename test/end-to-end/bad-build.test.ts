// A build folder whose files were truncated, exchanged or damaged: every verb that reads it names the file and the cure.
import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cleanUp, temporary } from "../kit/built-twin.ts";
import { fine, refused } from "../kit/cli.ts";
import { contents, copyOf, type ExampleBuild, exampleBuild } from "../kit/example-build.ts";
import { vouchFor } from "../kit/sealed.ts";

let example: ExampleBuild;
beforeAll(async () => {
  example = await exampleBuild();
});
afterAll(cleanUp);

const rank = (dir: string) => ["rank", dir, "--request", example.request];
const generation = "tables/generations/1";

const half = (path: string) => truncateSync(path, readFileSync(path).length >> 1);
const foreign = (path: string) => writeFileSync(path, "this is something else entirely\n".repeat(300));
const empty = (path: string) => writeFileSync(path, "");
const remove = (path: string) => rmSync(path);
/** One byte in the middle is another one; the size stays. */
const flip = (path: string) => {
  const bytes = readFileSync(path);
  bytes[bytes.length >> 1] ^= 0x55;
  writeFileSync(path, bytes);
};

describe("artefacts", () => {
  const files = ["request.onnx", "manifest.yaml", "vocabularies/item.video_id.jsonl", "weights.safetensors"];
  const harms = { half, foreign, empty, remove };
  it.each(files.flatMap((name) => Object.keys(harms).map((harm) => [name, harm] as const)))(
    "refuses %s: %s",
    async (name, harm) => {
      const dir = copyOf(example.dir);
      harms[harm as keyof typeof harms](join(dir, name));
      await refused(1, rank(dir), [name.split("/").at(-1)!, /twin build/]);
    },
  );

  it("refuses a graph, a vocabulary, a spec with one other byte", async () => {
    for (const name of ["request.onnx", "vocabularies/item.video_id.jsonl", "tables/video_keys.yaml"]) {
      const dir = copyOf(example.dir);
      flip(join(dir, name));
      await refused(1, rank(dir), [name, /twin build/]);
    }
  });

  it("refuses a foreign graph whose size and SHA-256 the manifest confirms", async () => {
    const dir = copyOf(example.dir);
    const path = join(dir, "request.onnx");
    foreign(path);
    vouchFor(dir, "request.onnx");
    await refused(1, rank(dir), [/request\.onnx cannot be opened by ONNX Runtime/, /twin build/]);
  });

  it("refuses a manifest of another version, of another kind, and one that leads out of its folder", async () => {
    const dir = copyOf(example.dir);
    const path = join(dir, "manifest.yaml");
    const text = readFileSync(path, "utf8");
    for (const wrong of [
      text.replace(/^format: \d+/m, "format: 99"),
      "people: [ann, bob]\n",
      text.replaceAll("request.onnx", "../request.onnx"),
      text.replace(/^model: .*$/m, "model: [1, 2"),
      "a: &a [*a, *a]\n",
    ]) {
      expect(wrong).not.toBe(text);
      writeFileSync(path, wrong);
      await refused(1, rank(dir), ["manifest.yaml", /twin build/]);
    }
  });

  it("says in every verb that a folder is no build", async () => {
    const nothing = temporary();
    const patterns = [nothing, /manifest\.yaml: there is no such file, so .* is no build/, /twin build FILE -o/];
    await refused(1, rank(nothing), patterns);
    await refused(1, ["diff", nothing, example.model], patterns);
    await refused(1, ["table", "verify", nothing], patterns);
    await refused(1, ["table", "build", nothing, "--data", example.data], patterns);
    await refused(1, ["evaluate", nothing, "--self-test"], patterns);
    await refused(1, ["score", nothing, "--data", example.data, "-o", join(nothing, "s.parquet")], patterns);
    await refused(1, ["diff", join(nothing, "none"), example.model], [/none is no build/]);
    expect(readdirSync(nothing)).toEqual([]);
  });
});

describe("tables", () => {
  const names = ["video_keys.table", "keys.index", "items.store", "generation.json"];
  const harms = { half, foreign, empty, remove };
  it.each(names.flatMap((name) => Object.keys(harms).map((harm) => [name, harm] as const)))(
    "refuses %s: %s",
    async (name, harm) => {
      const dir = copyOf(example.dir);
      harms[harm as keyof typeof harms](join(dir, generation, name));
      await refused(1, rank(dir), [name, /twin table build/]);
      const verified = await refused(1, ["table", "verify", dir], [], /damaged/);
      expect(verified.stdout).toContain(name);
      // The cure that is named is one.
      if (harm === "half") {
        await fine(["table", "build", dir, "--data", example.data]);
        await fine(rank(dir));
      }
    },
  );

  it("finds one other byte with `table verify`, and when the block is read", async () => {
    for (const name of ["video_keys.table", "keys.index", "items.store"]) {
      const dir = copyOf(example.dir);
      flip(join(dir, generation, name));
      await refused(1, ["table", "verify", dir], [/build the tables again/], /damaged/);
      await refused(1, rank(dir), [name, /twin table build/]);
    }
  });

  it("refuses a pointer to nothing, and one that is none", async () => {
    for (const pointer of ["7\n", "", "one\n", "../1\n", "1\n2\n", "\0\0\0"]) {
      const dir = copyOf(example.dir);
      writeFileSync(join(dir, "tables/current"), pointer);
      await refused(1, rank(dir), [/current|generations\/7/, /twin table build/]);
      await fine(["table", "build", dir, "--data", example.data]);
    }
  });

  it("takes files of another generation's kind for what they are", async () => {
    const dir = copyOf(example.dir);
    const folder = join(dir, generation);
    const store = readFileSync(join(folder, "items.store"));
    writeFileSync(join(folder, "video_keys.table"), store);
    await refused(1, rank(dir), ["video_keys.table", /an item store|a table/, /twin table build/]);
  });
});

describe("what a failed command leaves", () => {
  it("changes nothing in a folder that it could not use", async () => {
    const dir = copyOf(example.dir);
    half(join(dir, "request.onnx"));
    const before = contents(dir);
    await refused(1, ["table", "build", dir, "--data", example.data], ["request.onnx"]);
    await refused(1, ["evaluate", dir, "--self-test"], ["request.onnx"]);
    expect(contents(dir)).toEqual(before);
  });
});
