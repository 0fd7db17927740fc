// `twin build --search-weights`: what the search costs that does not share the attention's parameters, on the command line.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cleanUp, temporary } from "../kit/built-twin.ts";
import { fine, refused } from "../kit/cli.ts";
import { contents, copyOf, type ExampleBuild, exampleBuild } from "../kit/example-build.ts";

let example: ExampleBuild;
let plain: string;
let other: string;
let mixed: string;
let same: string;

const json = async (args: readonly string[]) => JSON.parse((await fine([...args, "--json"])).stdout);

beforeAll(async () => {
  example = await exampleBuild({ tables: false });
  const { model, dir } = example;
  const folder = temporary();
  [plain, other, mixed, same] = ["plain", "other", "mixed", "same"].map((name) => join(folder, name));
  // Nothing is missed, so that requests see what batches do.
  writeFileSync(model, readFileSync(model, "utf8").replace("coverage:  97%", "coverage:  100%"));
  const own = ["--weights", join(dir, "weights.safetensors")];
  await fine(["build", model, "-o", other, "--seed", "7", "--vocabularies", join(dir, "vocabularies")]);
  await fine(["build", model, "-o", plain, ...own]);
  await fine(["build", model, "-o", mixed, ...own, "--search-weights", other]);
  await fine(["build", model, "-o", same, ...own, "--search-weights", plain]);
  for (const built of [plain, mixed, same]) {
    await fine(["table", "build", built, "--data", example.data]);
  }
});
afterAll(cleanUp);

const evaluation = (dir: string, ...more: readonly string[]) =>
  json(["evaluate", dir, "--data", example.data, ...more]);

describe("twin build --search-weights", () => {
  it("with the run's own weights changes nothing: scores, lists, figures", async () => {
    const ranked = (dir: string) => json(["rank", dir, "--request", example.request]);
    const [wanted, made] = [await ranked(plain), await ranked(same)];
    for (const label of ["click", "like"]) {
      for (const [i, score] of wanted.scores[label].entries()) {
        expect(made.scores[label][i]).toBeCloseTo(score, 6);
      }
    }
    expect(made.kept).toEqual(wanted.kept);
    const [before, after] = [await evaluation(plain), await evaluation(same)];
    expect(after.labels[0].auc).toBeCloseTo(before.labels[0].auc, 6);
    expect(after.labels[0].logloss).toBeCloseTo(before.labels[0].logloss, 6);
  });

  it("with another's gives the price: batches and requests agree, and the search misses what the attention would choose", async () => {
    const [batches, requests] = [
      await evaluation(mixed, "--hit-rate", "10"),
      await evaluation(mixed, "--serving", "--users", "20"),
    ];
    const alone = await evaluation(plain, "--hit-rate", "10");
    expect(batches.labels[0].logloss).not.toBeCloseTo(alone.labels[0].logloss, 6);
    // Tables are float16: their rows are what the two differ by.
    expect(batches.labels[0].logloss).toBeCloseTo(requests.labels[0].logloss, 3);
    const rate = (of: typeof alone) => {
      const [{ hits, wanted }] = of.hitRate.tables[0].curves;
      return hits / wanted;
    };
    expect(rate(alone)).toBeGreaterThan(0.95);
    expect(rate(batches)).toBeLessThan(0.8);
  });

  it("passes the self-test, which says that not all are due", async () => {
    const { stdout } = await fine(["evaluate", mixed, "--self-test", "--requests", "4"]);
    expect(stdout).toMatch(/nearest: .*: it goes by another measure than the attention, so not all are due/);
    expect(stdout.trimEnd().endsWith("passed")).toBe(true);
  });

  it("refuses tables of a build without, and those of another other are stale", async () => {
    const { model, dir } = example;
    const [carried, third] = [copyOf(plain), copyOf(mixed)];
    const own = ["--weights", join(dir, "weights.safetensors")];
    await fine(["build", model, "-o", carried, ...own, "--search-weights", other]);
    await refused(
      1,
      ["rank", carried, "--request", example.request],
      [/table video_keys in .* cannot be used: its rows are 64 wide instead of 128\. Rebuild it/],
    );
    await fine(["build", model, "-o", third, ...own, "--search-weights", plain]);
    await refused(1, ["rank", third, "--request", example.request], [/table video_keys in .* is stale/]);
  });

  it("fits into the bytes of a page, is where a run may start, and is explained", async () => {
    const { model, dir, folder, request } = example;
    const own = ["--weights", join(dir, "weights.safetensors"), "--data", example.data];
    const web = join(folder, "web");
    const build = ["build", model, "-o", web, ...own, "--search-weights", other];
    await fine([...build, "--target", "web", "--budget", "3.05MB"]);
    await fine(["table", "build", web, "--data", example.data]);
    expect((await json(["rank", web, "--request", request])).kept).toBeDefined();
    const { extensions } = JSON.parse(readFileSync(join(web, "manifest.json"), "utf8"));
    expect(Object.keys(extensions)).toEqual(expect.arrayContaining(["budget", "search_weights"]));

    const run = join(folder, "run");
    const { stderr } = await fine(["train", model, "--data", example.data, "-o", run, "--steps", "1", "--from", mixed]);
    expect(stderr).toMatch(/kept: \d+ parameters/);
    expect(stderr).toMatch(/gone: search:relevance\.query/);

    const { candidates } = JSON.parse(readFileSync(request, "utf8"));
    const [first, second] = candidates.item;
    const { stdout } = await fine(["why", mixed, "--request", request, "--item", first, "--versus", second]);
    expect(stdout).toContain(`${first}`);
  });

  it("refuses what is no run of the model, and leaves the folder as it was", async () => {
    const { model, folder } = example;
    const before = contents(mixed);
    const build = (from: string, ...more: readonly string[]) => [
      ...["build", model, "-o", mixed, "--search-weights", from],
      ...more,
    ];
    await refused(1, build(folder), [/neither a training run nor a build: --search-weights takes the folder of one/]);
    await refused(1, build(other), [
      /vocabulary of item\.video_id: \d+ entries there, 0 here.*\n.*Take a run of the same model on the same data/,
    ]);
    expect(contents(mixed)).toEqual(before);
  });
});
