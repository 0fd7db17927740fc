// Evaluation on the command line: scores of ours compared with themselves, a run's page, wrong usage.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cleanUp, temporary } from "../kit/built-twin.ts";
import { fine, refused } from "../kit/cli.ts";
import { type ExampleBuild, exampleBuild } from "../kit/example-build.ts";

let example: ExampleBuild;
let scores: string;

beforeAll(async () => {
  example = await exampleBuild();
  scores = join(temporary(), "scores.parquet");
});
afterAll(cleanUp);

describe("twin evaluate", () => {
  it("holds our own scores against themselves, and leaves nothing in the temporary folder", async () => {
    // A folder of its own: what other processes have in the system's comes and goes.
    const env = { TMPDIR: temporary() };
    await fine(["score", example.dir, "--data", example.data, "-o", scores], { env });
    const { stdout } = await fine(
      ["evaluate", example.dir, "--data", example.data, "--predictions", scores, "--json"],
      { env },
    );
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({ part: "test", scoredBy: "model", rows: 120, users: 20, untrained: true });
    expect(report.labels.map(({ label }: { label: string }) => label)).toEqual(["click", "like"]);
    expect(report.comparison).toMatchObject({ unused: 1080, sampled: 0 });
    for (const { auc, logloss } of report.comparison.labels) {
      expect(auc.difference).toBeCloseTo(0, 6);
      expect(logloss.difference).toBeCloseTo(0, 6);
    }
    expect(readdirSync(env.TMPDIR).filter((name) => name.startsWith("twin-"))).toEqual([]);
  });
  it("ranks positives among all items where it is asked to, and writes the rows, which come back", async () => {
    const rows = join(temporary(), "rows.csv");
    const words = ["evaluate", example.dir, "--data", example.data];
    const { stdout, stderr } = await fine([...words, "--positives", "5", "--at", "1,20", "--rows", rows]);
    expect(stdout).toContain("rank of what was taken among all");
    expect(stdout).toMatch(/^click +positives +recall@1 +recall@20 +NDCG@1 +NDCG@20 +MRR +mean rank$/m);
    expect(stdout).toMatch(/^first visits +\d/m);
    expect(stdout).toMatch(/^5 of \d+ positives, chosen by chance/m);
    expect(stderr).toContain("positives ranked");
    const plain = JSON.parse((await fine([...words, "--json"], {})).stdout);
    expect(plain.ranks).toBeNull();
    const { ranks, comparison } = JSON.parse(
      (await fine([...words, "--candidates", "9", "--predictions", rows, "--json"], {})).stdout,
    );
    expect(ranks).toMatchObject({ candidates: 9, met: "exclude" });
    expect(comparison).toMatchObject({ unused: 0, sampled: 0, drawn: 0 });
    for (const { auc } of comparison.labels) {
      expect(auc.difference).toBeCloseTo(0, 6);
    }
  });
  it("says what is lost where values are shuffled, with progress", async () => {
    const words = ["evaluate", example.dir, "--data", example.data, "--importance", "50", "--repeats", "1"];
    const { stdout, stderr } = await fine(words);
    expect(stdout).toMatch(/^importance: what is lost where values are shuffled, on \d+ rows of \d+ users$/m);
    expect(stdout).toMatch(/^group item +-?0\.\d{4}/m);
    expect(stdout).toMatch(/^history watched +-?0\.\d{4}/m);
    expect(stdout).toMatch(/^ watched\.ago\* /m);
    expect(stderr).toMatch(/rows with something shuffled: ([\d,]+) of \1 \(100 %\)/);
    const { importance } = JSON.parse((await fine([...words, "--json"])).stdout);
    expect(importance).toMatchObject({ repeats: 1, draws: 400, seed: 1 });
    expect(importance.labels.map(({ label }: { label: string }) => label)).toEqual(["click", "like"]);
    expect(Object.keys(importance.losses[0].labels.click)).toEqual(["auc", "gauc", "logloss"]);
  });
  it("prints tables, with the hit rate of every item in every precision", async () => {
    const words = ["evaluate", example.dir, "--data", example.data, "--serving", "--users", "4", "--hit-rate", "4"];
    const { stdout } = await fine(words);
    expect(stdout).toMatch(/^twin, on the test part of .*: \d+ rows of 4 users$/m);
    expect(stdout).toContain("scored as requests are");
    expect(stdout).toMatch(/every item, float32 \(fresh\):\n {2}nearest: (\d+) of \1 behaviours at k = \d+ \(100 %\)/);
  });
  it("keeps prepared data where it is told to, and finds it again", async () => {
    const cache = join(temporary(), "cache");
    const words = ["evaluate", example.dir, "--data", example.data, "--cache", cache];
    const [first, again] = [await fine(words), await fine(words)];
    expect(again.stdout).toBe(first.stdout);
    expect(readdirSync(cache)).toContain("dataset.yaml");
    expect(again.stderr).not.toContain("events sorted");
  });
  it.each([
    [[], /--data DATA, or --self-test/],
    [["--data", "d.yaml", "--table", "x"], /add --hit-rate/],
    [["--data", "d.yaml", "--history-edges", "9,3"], /must ascend/],
    [["--data", "d.yaml", "--at", "1,none"], /whole number/],
    [["--data", "d.yaml", "--serving", "--cache", "x"], /leave out --serving/],
    [
      ["--data", "d.yaml", "--serving", "--positives", "9"],
      /--positives is for scoring by the model itself: leave out/,
    ],
    [["--data", "d.yaml", "--serving", "--candidates", "9"], /--candidates is for .* leave out --serving/],
    [["--data", "d.yaml", "--repeats", "3"], /add --importance/],
    [["--data", "d.yaml", "--serving", "--importance"], /--importance is for .* leave out --serving/],
    [["--data", "d.yaml", "--serving", "--rows", "r.csv"], /--rows is for .* leave out --serving/],
  ])("refuses %j", async (words, said) => {
    await refused(2, ["evaluate", example.dir, ...words], [said]);
  });
  it("says what is wrong with the predictions of another system", async () => {
    const words = ["evaluate", example.dir, "--data", example.data, "--serving", "--users", "1", "--predictions"];
    await refused(
      1,
      [...words, join(temporary(), "none.parquet")],
      [/--predictions: there is no file .*none\.parquet/],
    );
    await refused(1, [...words, example.model], [/twin\.twin has no ending that says its format/]);
  });
});
