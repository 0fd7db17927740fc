// `twin init` and `twin data convert` write at the end: after an error there is nothing in the way of the next try. Headings that come twice are said.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { cleanUp, temporary } from "../kit/built-twin.ts";
import { fine, refused } from "../kit/cli.ts";
import { writeFiles } from "../kit/data-files.ts";
import { contents } from "../kit/example-build.ts";

afterAll(cleanUp);

const line = (i: number) => `u${i % 9},${i % 17},${1600000000 + i * 60},${i % 2},${i % 5}`;
const lines = (change: (i: number) => string = line): string =>
  `${Array.from({ length: 300 }, (_, i) => change(i)).join("\n")}\n`;
const log = (change?: (i: number) => string): string => `user_id,item_id,time,click,price\n${lines(change)}`;

describe("twin init after an error in the data", () => {
  it.each(["new", "."])("leaves nothing behind in %s, and drafts once they are mended", async (name) => {
    const folder = temporary();
    const dir = join(folder, name);
    // A row without an item: the columns look well, and reading them all tells.
    writeFiles(folder, { "log.csv": log((i) => (i === 250 ? `u1,,${1600000000 + i * 60},1,2` : line(i))) });
    const before = contents(folder);
    await refused(
      1,
      ["init", dir, "--from", join(folder, "log.csv")],
      [/log\.csv, row 251, column `item_id`.*Nothing was written: mend the data, and draft again/s],
    );
    expect(contents(folder)).toEqual(before);
    writeFiles(folder, { "log.csv": log() });
    await fine(["init", dir, "--from", join(folder, "log.csv")]);
    const files = [...contents(dir).keys()].filter((one) => one !== "/log.csv").sort();
    expect(files).toEqual(["/README.md", "/data.yaml", "/draft.twin"]);
    await fine(["data", "check", join(dir, "data.yaml"), "--model", join(dir, "draft.twin")]);
  });

  it("writes over nothing that stands there", async () => {
    const folder = temporary();
    writeFiles(folder, { "log.csv": log(), "data.yaml": "mine\n" });
    await refused(1, ["init", folder, "--from", join(folder, "log.csv")], [/data\.yaml is there already/]);
    expect(readFileSync(join(folder, "data.yaml"), "utf8")).toBe("mine\n");
    expect(contents(folder).size).toBe(2);
  });
});

describe("twin data convert after an error in the data", () => {
  it("leaves nothing behind", async () => {
    const folder = temporary();
    const atomic = join(folder, "shop");
    mkdirSync(atomic);
    const rows = (click: (i: number) => string): string =>
      `user_id:token\titem_id:token\ttimestamp:float\tlabel:float\n${Array.from({ length: 200 }, (_, i) => `u${i % 9}\ti${i % 17}\t${1600000000 + i * 60}\t${click(i)}`).join("\n")}\n`;
    const file = join(atomic, "shop.inter");
    // A label that is neither 0 nor 1 among those that are.
    writeFileSync(file, rows((i) => (i === 150 ? "" : String(i % 2))).replace("u6\ti14", "\ti14"));
    const out = join(folder, "out");
    const words = ["data", "convert", "--from", "recbole", atomic, "-o", out];
    const before = contents(folder);
    await refused(1, words, [/Nothing was written: mend the data, and draft again/]);
    expect(contents(folder)).toEqual(before);
    writeFileSync(
      file,
      rows((i) => String(i % 2)),
    );
    await fine(words);
    expect([...contents(out).keys()].sort()).toEqual(["/data.yaml", "/model.twin"]);
  });
});

describe("headings that come twice", () => {
  const twice = `user_id,item_id,time,click,price,Price,price_1\n${lines((i) => `${line(i)},${i % 7},${i % 3}`)}`;
  const said =
    /log\.csv has more than one column called `Price` \(capitals do not count\): this one is read as `Price_2`/;
  it("are said once by init, and by whatever reads the data; a heading that was there keeps its name", async () => {
    const folder = temporary();
    writeFiles(folder, { "log.csv": twice });
    const dir = join(folder, "new");
    const { stderr } = await fine(["init", dir, "--from", join(folder, "log.csv")]);
    expect(stderr).toMatch(said);
    expect(stderr.match(/more than one column/g)).toHaveLength(1);
    const [model, data] = [join(dir, "draft.twin"), join(dir, "data.yaml")];
    expect(readFileSync(model, "utf8")).toMatch(/ price_1: .*\n.*| price_2: /);
    const words = [data, "--model", model];
    expect((await fine(["data", "check", ...words])).stderr).toMatch(said);
    expect((await fine(["data", "prepare", ...words, "-o", join(folder, "cache")])).stderr).toMatch(said);

    // Each verb that reads them says it, once.
    const build = join(folder, "build");
    await fine(["build", model, "--data", data, "-o", build]);
    for (const verb of [
      ["table", "build", build, "--data", data],
      ["evaluate", build, "--data", data],
      ["score", build, "--data", data, "-o", join(folder, "scores.csv")],
    ]) {
      const { stderr } = await fine(verb);
      expect(stderr, verb[0]).toMatch(said);
      expect(stderr.match(/more than one column/g), verb[0]).toHaveLength(1);
    }
  });
});
