// Parts of `samples:`: files, or what a column says, what `where` leaves out, and samples that stand in two of them.
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { parseBinding } from "../../runtime/data/binding.ts";
import { checkData } from "../../runtime/data/check/check.ts";
import { readManifest } from "../../runtime/host/manifest-file.ts";
import { built, cleanUp, temporary } from "../kit/built-twin.ts";
import { shopModel, writeFiles } from "../kit/data-files.ts";
import { partsOf as parts } from "../kit/parts-of.ts";

afterAll(cleanUp);
const manifest = readManifest(built(shopModel("vocabulary(max: 100, min_count: 1, dim: 4, key: true)")));

describe("the parts of `samples:`", () => {
  const lists = (rows: readonly (readonly [item: string, seen: string])[], set = "") =>
    `user,sku,buy,recall,seen,set\n${rows.map(([item, seen], i) => `7,${item},${i % 2},1,${seen},${set}\n`).join("")}`;
  const samples = (files: Readonly<Record<string, string>>, file: string, more = "") => {
    const folder = temporary();
    writeFiles(folder, files);
    return parseBinding(
      `samples: {file: ${file}, user: user, item: sku, histories: {bought: {item: seen, by: "|"}}${more}}\ncolumns: {predict.buy: buy}`,
      join(folder, "data.yaml"),
    );
  };
  const three = {
    "a.csv": lists([
      ["a", "b|c"],
      ["b", "c"],
    ]),
    "b.csv": lists([
      ["c", "b"],
      ["d", ""],
    ]),
  };

  it("are files or what a column says, as those of events are, and `where` leaves rows out", async () => {
    expect(await parts(samples(three, "{train: a.csv, test: b.csv}"))).toEqual(["a0", "b0", "c2", "d2"]);
    const report = await checkData(samples(three, "{train: a.csv, test: b.csv}", `, where: "sku <> 'd'"`), manifest);
    expect([report.dropped, report.parts.map(({ events }) => events)]).toEqual([{ rows: 1, of: 4 }, [2, 0, 1]]);
    await expect(
      checkData(samples({ ...three, "b.csv": three["a.csv"] }, "{train: a.csv, test: b.csv}"), manifest),
    ).rejects.toThrow(
      /b\.csv, row 1: this sample of the test part stands in .*a\.csv, row 1 of the training part, too/,
    );
  });

  it("share no sample that `where` leaves out, and are told by the numbers that their rows have in the files", async () => {
    const rows = (first: string, last: string) =>
      lists([
        ["a", "b|c"],
        [first, ""],
        [last, "c"],
        ["e", "b"],
      ]);
    const shared = { "a.csv": rows("b", "c"), "b.csv": rows("d", "f") };
    const check = (where: string) =>
      checkData(samples(shared, "{train: a.csv, test: b.csv}", `, where: ${JSON.stringify(where)}`), manifest);
    const { dropped, warnings } = await check("sku NOT IN ('a', 'e')");
    expect(dropped).toEqual({ rows: 4, of: 8 });
    expect(warnings.join()).not.toMatch(/two parts/);
    // A row for which the condition is missing is left out, too.
    expect((await check("CASE WHEN sku NOT IN ('a', 'e') THEN true END")).dropped).toEqual({ rows: 4, of: 8 });
    await expect(check("sku <> 'a'")).rejects.toThrow(
      /b\.csv, row 4: this sample of the test part stands in .*a\.csv, row 4 of the training part, too, .*: remove one of them, or leave it out with `samples\.where`/,
    );
  });

  it("share none by a column, where `where` leaves it in one of them alone", async () => {
    const rows = (set: string) =>
      lists(
        [
          ["a", "b|c"],
          ["b", "c"],
        ],
        set,
      );
    const folder = temporary();
    writeFiles(folder, { "e.csv": `${rows("train")}${rows("test").split("\n").slice(1).join("\n")}7,d,1,1,c,test\n` });
    const check = (where: string) => {
      const text = `samples: {file: e.csv, user: user, item: sku, where: ${JSON.stringify(where)}, histories: {bought: {item: seen, by: "|"}}}
columns: {predict.buy: buy}
split: {by: part, column: set, train: train, test: test}
`;
      return checkData(parseBinding(text, join(folder, "data.yaml")), manifest);
    };
    await expect(check("true")).rejects.toThrow(
      /e\.csv, row 3: this sample of the test part stands in .*e\.csv, row 1/,
    );
    const { parts: found, dropped } = await check("set = 'train' OR sku = 'd'");
    expect([dropped, found.map(({ events }) => events)]).toEqual([{ rows: 2, of: 5 }, [2, 0, 1]]);
  });

  it("are told of by the words of `samples:`", async () => {
    const of = (split: string) => {
      const folder = temporary();
      writeFiles(folder, {
        "a.csv": lists(
          [
            ["a", "b"],
            ["b", "c"],
            ["c", "d"],
            ["d", ""],
          ],
          "train",
        ).replace("7,c,0", "7,c,"),
      });
      return parseBinding(
        `samples: {file: a.csv, user: user, item: sku, histories: {bought: {item: seen, by: "|"}}}\ncolumns: {predict.buy: buy}\nsplit: ${split}`,
        join(folder, "data.yaml"),
      );
    };
    await expect(checkData(of("{by: part, column: set, train: no}"), manifest)).rejects.toThrow(
      /a\.csv, row 1, column `set`: .*`samples\.where` leaves other rows out/,
    );
    const { warnings } = await checkData(of("{by: last, test: 2}"), manifest);
    expect(warnings.join("\n")).toMatch(/1 of the 2 samples that are left out have no label .*`samples\.where` drops/);
  });
});
