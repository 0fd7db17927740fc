// The heads of block files and of vocabularies have no schema: their structure is taken from files of a build, and committed.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { decodeHeader, headerBytes } from "../../contract/block-format.ts";
import { hasher } from "../../contract/hash.ts";
import { cleanUp } from "../kit/built-twin.ts";
import { exampleBuild } from "../kit/example-build.ts";
import { breaking } from "../kit/schema-outline.ts";

afterAll(cleanUp);

/** Lines `path: type` of a value; lists as their first element, records under names of data as they are. */
function* shape(value: unknown, path: string): Iterable<string> {
  if (Array.isArray(value)) {
    yield `${path}: list`;
    yield* value.length === 0 ? [] : shape(value[0], `${path}[]`);
  } else if (typeof value === "object" && value !== null) {
    yield `${path}: object`;
    for (const [name, field] of Object.entries(value)) {
      yield* shape(field, `${path}.${name}`);
    }
  } else {
    yield `${path}: ${value === null ? "null" : typeof value}`;
  }
}

it("are those that are committed: whoever changes one gives it another number", async () => {
  const { dir } = await exampleBuild();
  const hash = await hasher();
  const heads = new Map<string, unknown>();
  const generation = join(dir, "tables/generations/1");
  for (const file of readdirSync(generation).filter((name) => /\.(table|index|store)$/.test(name))) {
    const header = decodeHeader(readFileSync(join(generation, file)).subarray(0, headerBytes), hash);
    if (typeof header === "string") {
      throw new Error(`${file}: ${header}`);
    }
    expect(header.format).toBe(1);
    heads.set(header.kind, header);
  }
  expect([...heads.keys()].sort()).toEqual(["index", "items", "table"]);
  const [vocabulary] = readdirSync(join(dir, "vocabularies"));
  const [line] = readFileSync(join(dir, "vocabularies", vocabulary), "utf8").split("\n");
  heads.set("vocabulary", JSON.parse(line));

  const now = [...heads].sort().flatMap(([kind, head]) => [...shape(head, kind)]);
  const file = join(import.meta.dirname, "../compat/heads-1.txt");
  const before = existsSync(file) ? readFileSync(file, "utf8").trimEnd().split("\n") : [];
  expect(before.length === 0 ? [] : breaking(before, now)).toEqual([]);
  if (process.env.UPDATE === "1") {
    writeFileSync(file, `${now.join("\n")}\n`);
  } else {
    expect(now).toEqual(before);
  }
});
