// Types are decided over all files and all rows: no value changes without a word, whatever the first file or the first rows hold.
import { afterAll, describe, expect, it } from "vitest";
import { cleanUp, temporary } from "../kit/built-twin.ts";
import { writeFiles } from "../kit/data-files.ts";
import { events, lines, many, parquet, read, text } from "../kit/read-types.ts";

afterAll(cleanUp);

describe("Parquet, over all files", () => {
  it.each([
    ["whole numbers and fractions", ["1", "0.4::DOUBLE", "1.4::FLOAT"], "DOUBLE", [1, 0.4, Math.fround(1.4)]],
    ["truths and whole numbers", ["true", "2"], "INTEGER", [1, 2]],
    ["truths and fractions", ["false", "0.7::DOUBLE"], "DOUBLE", [0, 0.7]],
    ["narrow and wide whole numbers", ["1::TINYINT", "9007199254740993"], "BIGINT", [1n, 9007199254740993n]],
    ["decimals and whole numbers", ["0.4::DECIMAL(3,1)", "7::INTEGER"], "DECIMAL(11,1)", [0.4, 7]],
    ["texts and whole numbers", ["'x'", "7"], "VARCHAR", ["x", "7"]],
    ["texts and floats", ["'1'", "1.0::DOUBLE", "1.5::DOUBLE"], "VARCHAR", ["1", "1", "1.5"]],
    ["64-bit numbers beside floats", ["9007199254740992", "0.5::DOUBLE"], "DOUBLE", [9007199254740992, 0.5]],
    [
      "days and times",
      ["DATE '2020-09-13'", "TIMESTAMP '2020-09-14 23:13:20'"],
      "TIMESTAMP",
      [new Date("2020-09-13T00:00:00Z"), new Date("2020-09-14T23:13:20Z")],
    ],
    [
      "times with and without a zone",
      ["TIMESTAMP '2020-09-13 01:00:00'", "TIMESTAMPTZ '2020-09-13 01:00:00+02'"],
      "TIMESTAMP WITH TIME ZONE",
      [new Date("2020-09-13T01:00:00Z"), new Date("2020-09-12T23:00:00Z")],
    ],
    ["bytes", ["'é'::BLOB", "'x'::BLOB"], "VARCHAR", ["\\xC3\\xA9", "x"]],
  ])("%s", async (_, values, type, expected) => {
    const fixed = values.map((value) => (value === "'é'::BLOB" ? "encode('é')" : value));
    const folder = await parquet(fixed.map((value) => `SELECT ${value} AS x`));
    const { types, rows } = await read(folder, "*.parquet");
    expect(types).toEqual({ x: type });
    expect(rows.map(({ x }) => x)).toEqual(expected.map((value) => (value === "\\xC3\\xA9" ? "é" : value)));
  });

  it("has what is missing in a file as missing, whatever order the columns have", async () => {
    const folder = await parquet([
      "SELECT 1 AS a, 'x' AS b",
      "SELECT ['y'] AS c, 2 AS a",
      "SELECT NULL::INTEGER AS c, NULL::INTEGER AS b, 3 AS a",
    ]);
    const { rows } = await read(folder, "*.parquet");
    expect(rows.map(({ a, b }) => [a, b])).toEqual([
      [1, "x"],
      [2, null],
      [3, null],
    ]);
    expect(rows.map(({ c }) => c)).toEqual([null, ["y"], null]);
    await expect(read(folder, "*.parquet", ["b"])).rejects.toThrow(/1\.parquet has no column `b`, and other files/);
  });

  it("names the file and the row of a whole number that a float would round", async () => {
    const folder = await parquet([
      "SELECT unnest([1, 9007199254740993]) AS item, 1 AS user, 1600000000 AS ts",
      "SELECT 0.5::DOUBLE AS item, 1 AS user, 1600000000 AS ts",
    ]);
    await expect(events(folder, 'events: {file: "*.parquet", user: user, item: item, time: ts}')).rejects.toThrow(
      /0\.parquet, row 2, column `item`: this BIGINT is beyond ±2\^53 and would be rounded, as other files hold the column as DOUBLE/,
    );
  });

  it("names the files' types where they have nothing in common", async () => {
    const folder = await parquet([
      "SELECT {'p': 1} AS item, 1 AS user, 1600000000 AS ts",
      "SELECT 1 AS item, 1 AS user, 1600000000 AS ts",
    ]);
    await expect(events(folder, 'events: {file: "*.parquet", user: user, item: item, time: ts}')).rejects.toThrow(
      /column `item` of .*\*\.parquet holds STRUCT\(p INTEGER\) in one file and INTEGER in another/,
    );
  });

  it("names the row of bytes that are no text", async () => {
    const folder = await parquet(["SELECT unnest([encode('a'), '\\xFF'::BLOB]) AS item, 1 AS user, 1600000000 AS ts"]);
    await expect(events(folder, 'events: {file: "*.parquet", user: user, item: item, time: ts}')).rejects.toThrow(
      /0\.parquet, row 2, column `item`: its bytes are no text in UTF-8/,
    );
  });
});

describe("ids in Parquet", () => {
  const yaml = 'events: {file: "*.parquet", user: user, item: item, time: ts}';
  const log = (item: string): string => `SELECT ${item} AS item, 1 AS user, 1600000000 AS ts`;
  it.each([
    ["floats", "unnest([12.0::DOUBLE, 13, -0.0])", [12n, 13n, 0n]],
    ["floats of 32 bits", "unnest([12::FLOAT, 16777215])", [12n, 16777215n]],
    ["decimals", "unnest([12.00::DECIMAL(38,2), 13])", [12n, 13n]],
    [
      "decimals beyond 64 bits",
      "unnest([12345678901234567890123::DECIMAL(38,0), 7])",
      ["12345678901234567890123", "7"],
    ],
    ["64 bits without a sign", "unnest([18446744073709551615::UBIGINT, 7])", ["18446744073709551615", "7"]],
    ["64 bits without a sign, all small", "unnest([8::UBIGINT, 7])", [8n, 7n]],
    ["bytes", "unnest([encode('é'), encode('7')])", ["é", "7"]],
  ])("%s are what they say", async (_, item, expected) => {
    expect((await events(await parquet([log(item)]), yaml)).map((row) => row.item)).toEqual(expected);
  });

  it.each([
    ["a fraction", "unnest([12.0::DOUBLE, 12.5])", "12.5"],
    ["a fraction of a decimal", "unnest([12::DECIMAL(38,1), 12.5])", "12.5"],
    ["a float of 32 bits that may be rounded", "unnest([12::FLOAT, 16777217])", "16777216.0"],
    ["a float that may be rounded", "unnest([12::DOUBLE, 9007199254740993])", "9007199254740992.0"],
  ])("%s is refused with its row", async (_, item, value) => {
    const error = await events(await parquet([log(item)]), yaml).catch((cause: Error) => cause);
    expect((error as Error).message).toMatch(
      /0\.parquet, row 2, column `item`: this value does not fit; whole numbers of 64 bits are due/,
    );
    expect((error as Error).message).toContain(value);
  });

  it("are missing where a float is NaN", async () => {
    const found = await events(await parquet([log("unnest([12.0::DOUBLE, 'NaN'::DOUBLE])")]), yaml);
    expect(found.map((row) => row.item)).toEqual([12n, null]);
  });
});

describe("times as texts", () => {
  const log = (ts: string): string => `SELECT unnest([${ts}]) AS ts, 1 AS user, 2 AS item`;
  const yaml = 'events: {file: "*.parquet", user: user, item: item, time: ts}';
  it("are read where all are ISO 8601", async () => {
    const found = await events(
      await parquet([log("'2020-09-13T12:26:40Z', '2020-09-13 12:26:41.5', '2020-09-13'")]),
      yaml,
    );
    expect(found.map(({ time }) => time)).toEqual([1_600_000_000, 1_600_000_001.5, 1_599_955_200]);
  });

  it("are refused with the row that is none", async () => {
    await expect(events(await parquet([log("'2020-09-13', '2020-02-30'")]), yaml)).rejects.toThrow(
      /0\.parquet, row 2, column `ts`: this is no time with the year first/,
    );
  });
});

describe("JSON lines, over all lines", () => {
  const jsonl = (values: readonly string[]): string =>
    values.map((value, i) => `{"n": ${i}, "x": ${value}}`).join("\n");
  it.each([
    ["whole numbers", ["7", "9007199254740993", "null"], "BIGINT", [7n, 9007199254740993n, null]],
    ["whole numbers on both sides of 0", ["7", "-7", "9007199254740993"], "BIGINT", [7n, -7n, 9007199254740993n]],
    ["12 and 12.0", ["12", "12.0", "1.5"], "DOUBLE", [12, 12, 1.5]],
    ["numbers and texts", ["7", '"x7"', '"7"'], "VARCHAR", ["7", "x7", "7"]],
    ["texts of digits", ['"0017"', '"17"'], "VARCHAR", ["0017", "17"]],
    ["20 digits", ["12345678901234567890123", "7"], "VARCHAR", ["12345678901234567890123", "7"]],
    ["truths and numbers", ["true", "1"], "VARCHAR", ["true", "1"]],
    ["days", ['"2020-01-02"'], "DATE", [new Date("2020-01-02T00:00:00Z")]],
    ["days that may be months", ['"03/04/2020"'], "VARCHAR", ["03/04/2020"]],
    ["nothing", ["null", "null"], '"NULL"', [null, null]],
    ["lists of texts and numbers", ['["a", 1]', "[2]"], "VARCHAR[]", [["a", "1"], ["2"]]],
  ])("%s", async (_, values, type, expected) => {
    const { types, rows } = await text(jsonl(values), "x.jsonl");
    expect(types).toEqual({ n: "BIGINT", x: type });
    expect(rows.map(({ x }) => x)).toEqual(expected);
  });

  it("has fields, fractions and texts that come late", async () => {
    const line = (i: number): string =>
      `{"a": ${i < 20_600 ? 1 : 1.4}, "b": ${i < 20_600 ? 1 : '"0017"'}${i < 20_600 ? "" : ', "c": 5'}}`;
    const { types, rows } = await text(lines(many, line), "x.jsonl");
    expect(types).toEqual({ a: "DOUBLE", b: "VARCHAR", c: "BIGINT" });
    expect(rows.at(-1)).toEqual({ a: 1.4, b: "0017", c: 5n });
  });

  it("reads ids as texts that stand for one number once", async () => {
    const folder = temporary();
    const ids = ["12", "12.0", "13"];
    writeFiles(folder, {
      "x.jsonl": ids.map((id) => `{"user": 1, "item": ${id}, "ts": 1600000000}`).join("\n"),
    });
    const found = await events(folder, "events: {file: x.jsonl, user: user, item: item, time: ts}");
    expect(found.map(({ item }) => item)).toEqual([12n, 12n, 13n]);
  });
});
