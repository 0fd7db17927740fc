// `twin pack`: cut for named items, or for those that a log sees most; and what is said where it cannot be.
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readPack } from "../../runtime/table/pack.ts";
import { cleanUp } from "../kit/built-twin.ts";
import { fine, twin } from "../kit/cli.ts";
import { type ExampleBuild, exampleBuild } from "../kit/example-build.ts";

let example: ExampleBuild;
beforeAll(async () => {
  example = await exampleBuild();
}, 120_000);
afterAll(cleanUp);

it("cuts for named items, and says which are not there", async () => {
  const ids = join(example.folder, "ids.txt");
  const output = join(example.folder, "pack.bin");
  const items = (JSON.parse(readFileSync(example.request, "utf8")).candidates.item as string[]).slice(0, 5);
  writeFileSync(ids, `\uFEFF${[...items, "", "999999", items[0]].join("\r\n")}\n`);
  const { stdout } = await fine(["pack", example.dir, "--items", ids, "-o", output, "--precision", "uint8"]);
  expect(stdout).toMatch(
    /pack\.bin: 5 items of generation 1, .*\n {2}video_keys: \d+ rows, uint8\n {2}not in the generation: 1 of the keys \(999999\)/,
  );
  const pack = await readPack(new Uint8Array(readFileSync(output)), output);
  expect(pack).toMatchObject({ model: "twin", description: { items: 5, number: 1 } });
});

it("cuts for the items that a log's requests see most", async () => {
  const output = join(example.folder, "most.bin");
  const cut = async (coverage: string) =>
    JSON.parse(
      (await fine(["pack", example.dir, "--data", example.data, "--coverage", coverage, "-o", output, "--json"]))
        .stdout,
    );
  const [half, all] = [await cut("50%"), await cut("1")];
  expect(half.coverage).toBeGreaterThanOrEqual(0.5);
  expect(half.coverage).toBeLessThan(0.6);
  expect(half.items).toBeLessThan(all.items / 2);
  expect(all).toMatchObject({ coverage: 1, unknown: 0 });
});

it("claims no share of the log where items of it are not in the generation", async () => {
  const few = join(example.folder, "few");
  const data = join(example.folder, "few-data");
  const output = join(example.folder, "few.bin");
  cpSync(example.dir, few, { recursive: true });
  await fine(["example", data, "--users", "20", "--items", "100", "--behaviours", "60"]);
  await fine(["table", "build", few, "--data", join(data, "data.yaml")]);
  const words = ["pack", few, "--data", example.data, "-o", output];
  const { stdout, stderr } = await fine(words);
  expect(stdout).toMatch(/not in the generation: \d+ of the keys/);
  expect(stdout).not.toMatch(/of the log's behaviours/);
  expect(stderr).toMatch(/few\.bin covers less of the log than was asked for.*twin table build .*few --data /);
  expect(JSON.parse((await fine([...words, "--json"])).stdout).coverage).toBeNull();
}, 120_000);

it("says what is wrong with how it was asked", async () => {
  const output = join(example.folder, "none.bin");
  const failing = async (words: readonly string[], code: number) => {
    const result = await twin(["pack", example.dir, "-o", output, ...words]);
    expect(result.code).toBe(code);
    return result.stderr;
  };
  expect(await failing([], 2)).toMatch(/say which items: --items ids\.txt/);
  expect(await failing(["--items", "a", "--coverage", "9%"], 2)).toMatch(/--coverage is a share of a log's behaviours/);
  expect(await failing(["--data", example.data, "--coverage", "140%"], 2)).toMatch(/a share is due, such as 95%/);
  const empty = join(example.folder, "empty.txt");
  writeFileSync(empty, "\n");
  expect(await failing(["--items", empty], 1)).toMatch(/empty\.txt names no items; write a key a line/);
  writeFileSync(empty, "1\ntwo\n");
  expect(await failing(["--items", empty], 1)).toMatch(/empty\.txt: key 1/);
});
