// CSV: types are decided over all rows, and a file that is written otherwise than it begins is an error, never fewer rows.
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { boundFiles, parseBinding } from "../../runtime/data/binding.ts";
import { Source } from "../../runtime/data/database/source.ts";
import { openEvents } from "../../runtime/data/events.ts";
import { cleanUp, temporary } from "../kit/built-twin.ts";
import { writeFiles } from "../kit/data-files.ts";
import { ask } from "../kit/database.ts";
import { events, lines, many, read, text } from "../kit/read-types.ts";

afterAll(cleanUp);

describe("CSV, over all rows", () => {
  it("keeps decimals that come late", async () => {
    const { types, rows } = await text(`a,price\n${lines(many, (i) => `${i},${i < 20_600 ? 1 : 1.4}`)}\n`);
    expect(types).toEqual({ a: "BIGINT", price: "DOUBLE" });
    expect(rows.reduce((sum, row) => sum + Number(row.price), 0) / many).toBeCloseTo(1.00762, 5);
  });

  it("keeps the time of day that comes late", async () => {
    const { types, rows } = await text(
      `ts\n${lines(many, (i) => (i < 20_600 ? "2020-01-01" : "2020-02-01 13:45:00"))}\n`,
    );
    expect(types).toEqual({ ts: "TIMESTAMP" });
    expect(rows.at(-1)!.ts).toEqual(new Date("2020-02-01T13:45:00Z"));
  });

  it("keeps ids that are no whole numbers as they are written", async () => {
    const odd: Record<number, string> = { 20900: "0017", 20901: "17.6", 20902: "1_7", 20903: "0x11", 20904: "+17" };
    const folder = temporary();
    const log = lines(many, (i) => `${i % 7},${odd[i] ?? (i % 40) + 1},${1_600_000_000 + i}`);
    writeFiles(folder, { "x.csv": `user,item,ts\n${log}\n` });
    const found = await events(folder, "events: {file: x.csv, user: user, item: item, time: ts}");
    expect(new Set(found.map(({ item }) => item)).size).toBe(45);
    expect(found[20_900]).toEqual({ user: 5n, item: "0017", time: 1_600_020_900 });
  });

  it.each([
    ["whole numbers", ["7", "-7", ""], "BIGINT", [7n, -7n, null]],
    ["whole numbers between spaces", [" 7", " 8 "], "BIGINT", [7n, 8n]],
    ["whole floats", ["7.0", "", "8"], "DOUBLE", [7, null, 8]],
    ["numbers", ["7", "-.5", "1e3", "nan"], "DOUBLE", [7, -0.5, 1000, Number.NaN]],
    ["20 digits", ["12345678901234567890", "1"], "VARCHAR", ["12345678901234567890", "1"]],
    ["20 digits among decimals", ["12345678901234567890", "1.5"], "DOUBLE", [12345678901234567000, 1.5]],
    ["leading zeros", ["0017", "17"], "VARCHAR", ["0017", "17"]],
    ["underscores", ["1_7", "17"], "VARCHAR", ["1_7", "17"]],
    ["truths", ["true", "False"], "BOOLEAN", [true, false]],
    ["truths and numbers", ["true", "1"], "VARCHAR", ["true", "1"]],
    ["days", ["2020-02-29"], "DATE", [new Date("2020-02-29T00:00:00Z")]],
    ["a day that is none", ["2020-02-28", "2020-02-30"], "VARCHAR", ["2020-02-28", "2020-02-30"]],
    ["days that may be months", ["03/04/2020"], "VARCHAR", ["03/04/2020"]],
    [
      "times with and without a zone",
      ["2020-01-01T10:00:00", "2020-01-01T10:00:00+02:00"],
      "TIMESTAMP WITH TIME ZONE",
      [new Date("2020-01-01T10:00:00Z"), new Date("2020-01-01T08:00:00Z")],
    ],
    ["nothing", ["", ""], "VARCHAR", [null, null]],
  ])("reads %s", async (_, values, type, expected) => {
    const { types, rows } = await text(`n,x\n${values.map((value, i) => `${i},${value}`).join("\n")}\n`);
    expect(types).toEqual({ n: "BIGINT", x: type });
    expect(rows.map(({ x }) => x)).toEqual(expected);
  });

  it("reads ids that pandas wrote as floats as the whole numbers that they are", async () => {
    const folder = temporary();
    writeFiles(folder, {
      "x.csv": "user,item,ts\n1.0,12.0,1600000000\n2.0,13.0,1600000001\n",
      "items.parquet": "",
      "users.csv": "user\n1\n2\n",
    });
    await ask(`COPY (SELECT 12 AS item) TO '${folder}/items.parquet' (FORMAT parquet)`);
    const yaml =
      "events: {file: x.csv, user: user, item: item, time: ts}\nitems: {file: items.parquet, key: item}\nusers: {file: users.csv, key: user}";
    expect(await events(folder, yaml)).toEqual([
      { user: 1n, item: 12n, time: 1_600_000_000 },
      { user: 2n, item: 13n, time: 1_600_000_001 },
    ]);
  });

  it("holds keys as texts in all files where one of them has texts", async () => {
    const folder = temporary();
    writeFiles(folder, {
      "x.csv": "user,item,ts\n1,17,1600000000\n2,0017,1600000001\n",
    });
    await ask(`COPY (SELECT 17 AS item) TO '${folder}/items.parquet' (FORMAT parquet)`);
    const yaml = "events: {file: x.csv, user: user, item: item, time: ts}\nitems: {file: items.parquet, key: item}";
    expect(await events(folder, yaml)).toEqual([
      { user: 1n, item: "17", time: 1_600_000_000 },
      { user: 2n, item: "0017", time: 1_600_000_001 },
    ]);
  });
});

describe("CSV that is written otherwise than it begins", () => {
  const rows = lines(300, (i) => `${i},${i},${i}`);
  it.each([
    ["more fields", `a,b,c\n${rows}\n1,2,3,4\n`, /x\.csv, line 302: it has 4 fields, and 3 are due/],
    ["more fields from early on", `a,b,c\n1,2,3\n1,2,3,4\n1,2,3,4\n`, /x\.csv, line 3: it has 4 fields, and 3 are due/],
    ["fewer fields", `a,b,c\n${rows}\n1,2\n`, /x\.csv, line 302: it has 2 fields, and 3 are due/],
    ["another separator", `a,b,c\n${rows}\n1;2;3\n`, /x\.csv, line 302: it has 1 fields?, and 3 are due/],
    ["an open quote", `a,b,c\n${rows}\n1,"2,3\n4,5,6\n`, /x\.csv, line 302: a quotation mark is not closed/],
    ["an open quote in the headings", `a,"b,c\n1,2,3\n`, /x\.csv, line 1: a quotation mark is not closed/],
    [
      "text behind a quote",
      `a,b,c\n${rows}\n1,"2"x,3\n`,
      /x\.csv, line 302: a quotation mark is not closed, or something/,
    ],
    ["Latin-1", Buffer.from(`a,b,c\n${rows}\n1,\xe9,3\n`, "latin1"), /x\.csv.*UTF-8/],
  ])("is an error with its line: %s", async (_, content, message) => {
    const error = await text(content).then(
      () => null,
      (cause: Error) => cause,
    );
    expect(error?.message).toMatch(message);
    expect(error?.message).not.toMatch(/strict_mode|null_padding|ignore_errors|sample_size|Possible/);
    expect(error?.name).toBe("TwinError");
  });

  it.each([
    ["quoted newlines, quotes and separators", 'a,b\r\n1,"x\ny, ""z"""\r\n2,w\r\n', ['x\ny, "z"', "w"]],
    ["a byte order mark", "\ufeffa,b\n1,x\n2,w\n", ["x", "w"]],
    ["tabs", "a\tb\n1\tx,y\n2\tw\n", ["x,y", "w"]],
    ["semicolons and decimal commas", "a;b\n1;1,5\n2;2,5\n", ["1,5", "2,5"]],
    ["backslashes before quotes", 'a,b\n1,"x \\"y\\", z"\n2,w\n', ['x "y", z', "w"]],
    ["no newline at the end", "a,b\n1,x\n2,w", ["x", "w"]],
    ["empty lines", "a,b\n1,x\n\n2,w\n\n", ["x", "w"]],
    ["a hash sign", "a,b\n1,#x\n2,w\n", ["#x", "w"]],
  ])("is none: %s", async (_, content, expected) => {
    const { types, rows: found } = await text(content);
    expect(Object.keys(types)).toEqual(["a", "b"]);
    expect(found.map(({ b }) => b)).toEqual(expected);
  });
});

describe("headings", () => {
  it.each([
    ["numbers below texts", "a,b\n1,2\n", [], ["a", "b"]],
    ["texts below texts", "a,b\nx,y\n", [], ["a", "b"]],
    ["no headings", "1,2\n3,4\n", [], ["column0", "column1"]],
    ["no headings, said by name", "x,y\nz,w\n", ["column0", "column1"], ["column0", "column1"]],
    ["headings that are numbers, said by name", "2020,2021\n3,4\n", ["2021"], ["2020", "2021"]],
    ["an index without a name", ",a\n0,1\n", [], ["column0", "a"]],
    ["one name twice", "a,A\n0,1\n", [], ["a", "A_1"]],
  ])("%s", async (_, content, expected, names) => {
    expect(Object.keys((await text(content, "x.csv", expected)).types)).toEqual(names);
  });

  it("are in all files or in none", async () => {
    const folder = temporary();
    writeFiles(folder, { "d/0.csv": "a,b\n1,2\n", "d/1.csv": "3,4\n" });
    await expect(read(folder, "d/*.csv", ["a"])).rejects.toThrow(
      /1\.csv has no line of headings, and other files have one/,
    );
  });
});

describe("several CSV files", () => {
  it("are read by the names of their columns, each as it is written", async () => {
    const folder = temporary();
    writeFiles(folder, {
      "d/0.csv": "a,b\n1,2\n",
      "d/1.csv": "b;a;c\n3.5;4;x\n",
      "d/2.csv": "a\n0017\n",
      "d/3.csv": "",
    });
    const { types, rows } = await read(folder, "d/*.csv");
    expect(types).toEqual({ a: "VARCHAR", b: "DOUBLE", c: "VARCHAR" });
    expect(rows).toEqual([
      { a: "1", b: 2, c: null },
      { a: "4", b: 3.5, c: "x" },
      { a: "0017", b: null, c: null },
    ]);
    await expect(read(folder, "d/*.csv", ["b"])).rejects.toThrow(
      /2\.csv has no column `b`, and other files of .* have it/,
    );
  });

  it("take columns from the names of folders, zeros and all", async () => {
    const folder = temporary();
    writeFiles(folder, { "d/day=2020-01-01/r=0017/x.csv": "a\n1\n", "d/day=2020-01-02/r=17/x.csv": "a\n2\n" });
    const { types, rows } = await read(folder, "d/*/*/*.csv");
    expect(types).toEqual({ a: "BIGINT", day: "DATE", r: "VARCHAR" });
    expect(rows.map(({ r }) => r)).toEqual(["0017", "17"]);
  });
});

describe("a split by shares", () => {
  const partsOf = async (times: readonly number[], split: string): Promise<number[]> => {
    const folder = temporary();
    writeFiles(folder, { "x.csv": `user,item,ts\n${times.map((time) => `1,2,${1_600_000_000 + time}`).join("\n")}\n` });
    const yaml = `events: {file: x.csv, user: user, item: item, time: ts}\nsplit: {by: share, ${split}}`;
    const binding = parseBinding(yaml, join(folder, "data.yaml"));
    const source = await Source.open({ reads: boundFiles(binding) });
    try {
      const { select } = await openEvents(source, binding, null);
      return (await source.all(`SELECT "#part" AS p FROM (${select}) ORDER BY "#row"`)).map(({ p }) => Number(p));
    } finally {
      source.close();
    }
  };
  it("never parts events of one instant: all go to the later part", async () => {
    expect(await partsOf([0, 1, 1, 1, 2, 3, 3, 4], "train: 50%, validation: 25%")).toEqual([0, 0, 0, 0, 1, 2, 2, 2]);
    expect(await partsOf([0, 1, 1, 1, 1, 2, 3, 4], "train: 50%, validation: 25%")).toEqual([0, 1, 1, 1, 1, 1, 2, 2]);
    expect(await partsOf([5, 5, 5], "train: 80%, validation: 10%")).toEqual([2, 2, 2]);
  });

  it("sums shares as they are written", async () => {
    const ten = Array.from({ length: 10 }, (_, i) => i);
    expect(await partsOf(ten, "train: 70%, validation: 10%")).toEqual([0, 0, 0, 0, 0, 0, 0, 1, 2, 2]);
  });
});
