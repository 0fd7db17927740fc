// `twin verify` as a user runs it: builds, runs and prepared data of this version and of the first, whole and damaged.
import { cpSync, mkdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cleanUp, temporary } from "../kit/built-twin.ts";
import { fine, refused, root } from "../kit/cli.ts";
import { type ExampleBuild, exampleBuild } from "../kit/example-build.ts";
import { withFlip } from "../kit/flip.ts";

const compat = join(root, "test/compat/0.1.0");
let example: ExampleBuild;
let run: string;
let cache: string;

beforeAll(async () => {
  example = await exampleBuild();
  const folder = temporary();
  for (const name of ["model.twin", "data.yaml", "events.csv"]) {
    cpSync(join(compat, name), join(folder, name));
  }
  const model = join(folder, "model.twin");
  const data = join(folder, "data.yaml");
  run = join(folder, "run");
  cache = join(folder, "cache");
  await fine(["train", model, "--data", data, "-o", run, "--threads", "1", "--steps", "3"]);
  await fine(["data", "prepare", data, "--model", model, "-o", cache]);
}, 120_000);
afterAll(cleanUp);

const folders = () =>
  [
    ["build", example.dir, "weights.safetensors"],
    ["run", run, "data/training/label.click.bin"],
    ["run", run, "vocabularies/item.video_id.jsonl"],
    ["cache", cache, "training/label.click.bin"],
  ] as const;

describe("twin verify", () => {
  it("says of a whole folder what it read, and exits 0", async () => {
    for (const [kind, dir] of folders()) {
      const { stdout } = await fine(["verify", dir]);
      const lines = stdout.trimEnd().split("\n");
      const last = lines.pop();
      expect(last).toMatch(new RegExp(`^\\S+: \\d+ files of a ${kind}, [\\d.]+ \\w+ in [\\d.]+ s \\(`));
      expect(lines.filter((line) => !/^(sound|fresh) {4}/.test(line))).toEqual([]);
      const report = JSON.parse((await fine(["verify", dir, "--json"])).stdout);
      expect(report).toMatchObject({ dir, kind, sound: true, files: expect.any(Number), bytes: expect.any(Number) });
    }
  }, 60_000);

  it("names the damaged file and its block, and exits 1 as JSON too", async () => {
    for (const [, dir, file] of folders()) {
      await withFlip(dir, { file, bit: 8 * 40 + 3 }, async () => {
        const { stdout } = await refused(1, ["verify", dir], [/is not sound: \d+ of \d+ checks failed/], /./);
        const bad = stdout.split("\n").filter((line) => line.startsWith("damaged"));
        expect(bad.join("\n"), file).toContain(file);
        if (!file.endsWith(".jsonl")) {
          expect(bad.join("\n")).toMatch(/bytes 0 to \d+ \(block 0\)/);
        }
        const { stdout: json } = await refused(1, ["verify", "--json", dir], [/is not sound/], /./);
        expect(JSON.parse(json)).toMatchObject({ sound: false });
      });
    }
  }, 60_000);

  it("names files that are missing or cut short", async () => {
    const copy = join(temporary(), "copy");
    cpSync(cache, copy, { recursive: true });
    rmSync(join(copy, "training/label.click.bin"));
    truncateSync(join(copy, "training/time.bin"), 9);
    const { stdout } = await refused(1, ["verify", copy], ["2 of"], /./);
    expect(stdout).toMatch(/^damaged {2}training\/label\.click\.bin: .*missing|no such file|does not exist/m);
    expect(stdout).toMatch(/^damaged {2}training\/time\.bin: .*9 of \d+ bytes/m);
  });

  it("reads folders of the first version, and says what these cannot tell", async () => {
    expect((await fine(["verify", join(compat, "model")])).stdout).toContain("files of a build");
    expect((await fine(["verify", join(compat, "run")])).stdout).toMatch(
      /run\.yaml: of Twin 0\.1, which kept no checksum/,
    );
    expect((await fine(["verify", join(compat, "cache")])).stdout).toMatch(/dataset\.yaml: format 1, .*kept no hashes/);
  });

  it("refuses what is no folder of Twin's, and says what would be", async () => {
    const folder = temporary();
    const way = /none of manifest\.yaml, run\.yaml, dataset\.yaml, clusters\.yaml\. Name the folder of/;
    await refused(1, ["verify", folder], [way]);
    await refused(1, ["verify", join(folder, "none")], ["none"]);
    writeFileSync(join(folder, "file"), "x");
    await refused(1, ["verify", join(folder, "file")], [way]);
    mkdirSync(join(folder, "foreign"));
    writeFileSync(join(folder, "foreign", "manifest.yaml"), "a: [\n");
    await refused(1, ["verify", join(folder, "foreign")], ["manifest.yaml"], /^(damaged {2}manifest\.yaml: .*)?/);
  });
});
