// `twin data convert`: whoever has trained FuxiCTR, RecBole or EasyRec on files trains on the same files, as they lie.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { cleanUp, temporary } from "../kit/built-twin.ts";
import { fine, refused } from "../kit/cli.ts";
import { writeFiles } from "../kit/data-files.ts";
import { contents } from "../kit/example-build.ts";
import { easyTaobao, fuxiEncoded, fuxiLong, fuxiRaw, recboleLog, recboleParts, sizes } from "../kit/published-files.ts";

afterAll(cleanUp);

const parts = `${sizes.train} training, ${sizes.valid} validation and ${sizes.test} test samples`;

describe("twin data convert", () => {
  it.each<[string, string, (dir: string) => unknown, string]>([
    ["encoded Parquet of FuxiCTR", "fuxictr", fuxiEncoded, parts],
    ["CSV of FuxiCTR as it is", "fuxictr", fuxiRaw, parts],
    ["lists by user of FuxiCTR", "fuxictr", fuxiLong, parts],
    ["a log of RecBole", "recbole", recboleLog, "training"],
    ["parts of RecBole", "recbole", recboleParts, "drawn negatives"],
    ["files of EasyRec", "easyrec", easyTaobao, `${sizes.train} training, ${sizes.test} validation and 0 test samples`],
  ])("drafts what checks, prepares and trains: %s", async (_, from, make, prepared) => {
    const [dir, out] = [temporary(), join(temporary(), "out")];
    await make(dir);
    const before = contents(dir);
    const { stdout } = await fine(["data", "convert", "--from", from, dir, "-o", out]);
    expect(stdout).toContain("a first draft without errors");
    // The files stay as and where they are.
    expect(contents(dir)).toEqual(before);
    const [data, model] = [join(out, "data.yaml"), join(out, "model.twin")];
    expect((await fine(["check", model])).stdout).toContain("no errors");
    expect((await fine(["format", "--check", model])).stderr).toBe("");
    const done = await fine(["data", "prepare", data, "--model", model, "-o", join(out, "cache")]);
    expect(done.stdout).toContain(prepared);
    const run = join(out, "run");
    const trained = await fine([
      "train",
      model,
      "--data",
      data,
      "--cache",
      join(out, "cache"),
      "-o",
      run,
      "--steps",
      "2",
    ]);
    expect(trained.stdout).toMatch(/the weights of step [12]\b/);
  });

  it("takes the edges of the time since from the log's quantiles, or from the lists'", async () => {
    const [log, lists] = [temporary(), temporary()];
    // Twenty users in turn, an event a minute: each comes back every 20 minutes, a hundred times.
    const line = (i: number): string => [i % 20, (i * 7) % 40, 1 + (i % 5), 1_500_000_000 + 60 * i].join("\t");
    writeFiles(log, {
      "ml.inter": `user_id:token\titem_id:token\trating:float\ttimestamp:float\n${Array.from({ length: 2000 }, (_, i) => line(i)).join("\n")}\n`,
    });
    recboleParts(lists);
    for (const [dir, edges] of [
      [log, "log(20min, 2d, 16)"],
      // The newest of a list lies ten minutes back.
      [lists, "log(10min, "],
    ] as const) {
      const out = join(temporary(), "out");
      await fine(["data", "convert", "--from", "recbole", dir, "-o", out]);
      expect(readFileSync(join(out, "model.twin"), "utf8")).toContain(`elapsed(at: ${edges}`);
    }
  });

  it("writes over nothing, and names the folder's own files where it writes beside them", async () => {
    const dir = temporary();
    recboleLog(dir);
    await fine(["data", "convert", "--from", "recbole", dir]);
    expect(readFileSync(join(dir, "data.yaml"), "utf8")).toContain("file: ml.inter");
    const before = contents(dir);
    await refused(
      1,
      ["data", "convert", "--from", "recbole", dir],
      [/model\.twin is there already, and `twin data convert` overwrites nothing; name a new folder: -o OUT/],
    );
    expect(contents(dir)).toEqual(before);
  });

  it("gives every column a name of its own, whatever it is called", async () => {
    const dir = temporary();
    recboleLog(dir);
    const long = "x".repeat(300);
    const names = ["品牌", "价格", "user.id", "item-id", "row", "cross", "Item", "ünïcode", long, "1st", "yes", "ago"];
    writeFiles(dir, {
      "ml.item": `item_id:token\t${names.map((name) => `${name}:token`).join("\t")}\n${Array.from(
        { length: 40 },
        (_, i) => [i + 1, ...names.map((_, k) => `v${(i * (k + 3)) % 7}`)].join("\t"),
      ).join("\n")}\n`,
    });
    const out = join(temporary(), "out");
    const { stdout } = await fine(["data", "convert", "--from", "recbole", dir, "-o", out]);
    expect(stdout).toContain("a first draft without errors");
    const data = readFileSync(join(out, "data.yaml"), "utf8");
    const bound = data
      .split("\n")
      .flatMap((line) => /^ {2}\? ?(item\.\w+)|^ {2}(item\.\w+): /.exec(line)?.slice(1).filter(Boolean) ?? []);
    expect(new Set(bound).size).toBe(names.length);
    for (const name of names) {
      expect(data).toContain(`${name}:token`);
    }
  });
});
