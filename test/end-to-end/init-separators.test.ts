// `twin init` on CSV with other separators: told by the lines, or said, and written into data.yaml.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { cleanUp, temporary } from "../kit/built-twin.ts";
import { fine, refused } from "../kit/cli.ts";
import { writeFiles } from "../kit/data-files.ts";

afterAll(cleanUp);

describe("separators", () => {
  const fields = (separator: string) =>
    Array.from({ length: 300 }, (_, i) => [`u${i % 9}`, (i * 7) % 23, i % 2, 1_600_000_000 + i * 60].join(separator));
  const files = (separator: string, name: string): { folder: string; from: string; dir: string } => {
    const folder = temporary();
    const head = ["user_id", "item_id", "click", "time"].join(separator);
    writeFiles(folder, {
      [name]: `${[head, ...fields(separator)].join("\n")}\n`,
      "items.csv": `item_id;kind\n${Array.from({ length: 23 }, (_, i) => `${i};k${i % 4}`).join("\n")}\n`,
    });
    return { folder, from: join(folder, name), dir: join(folder, "draft") };
  };
  it.each([
    ["::", "log.dat", [], ', separator: "::"'],
    ["\t", "log.csv", [], ', separator: "\\t"'],
    ["\t", "log.tsv", [], ""],
    ["|", "log.csv", [], ', separator: "|"'],
    ["\x01", "log.txt", [], ', separator: "^A"'],
    [",", "log.csv", [], ""],
    // What the lines do not tell is said; what an ending does not tell, too.
    ["#", "log.csv", ["--separator", "#"], ', separator: "#"'],
    ["\x01", "part-00000", ["--separator", "^A"], ', format: csv, separator: "^A"'],
  ])("%j in %s", async (separator, name, words, written) => {
    const { folder, from, dir } = files(separator, name);
    const { stdout } = await fine(["init", dir, "--from", from, "--items", join(folder, "items.csv"), ...words]);
    expect(stdout).toContain("a first draft without errors");
    const data = readFileSync(join(dir, "data.yaml"), "utf8");
    expect(data).toContain(`events: {file: "../${name}"${written}, user: user_id, item: item_id`);
    expect(data).toContain('items:  {file: "../items.csv", separator: ";", key: item_id}');
  });
  it("says what to do where nothing tells, and refuses what separates nothing", async () => {
    const { folder, from, dir } = files("#", "log.csv");
    await refused(1, ["init", dir, "--from", from], [/has one column only, "user_id#item_id.*--separator SIGN/]);
    await refused(1, ["init", dir, "--from", from, "--separator", '"'], [/--separator: a quotation mark/]);
    await refused(2, ["init", dir, "--separator", "#"], [/--separator says something of your own files/]);
    await refused(
      2,
      ["init", dir, "--from", from, "--items-separator", ";"],
      [/--items-separator says how the items are written/],
    );
    writeFiles(folder, { "x.jsonl": '{"a":1}\n' });
    await refused(
      1,
      ["init", dir, "--from", join(folder, "x.jsonl"), "--separator", "#"],
      [/a separator is for CSV, and .*x\.jsonl is json/],
    );
  });
});
