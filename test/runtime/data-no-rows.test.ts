// Files without a single row, in every kind of file and role: that is what is said, and not what their columns could hold.
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { parseBinding } from "../../runtime/data/binding.ts";
import { checkData } from "../../runtime/data/check/check.ts";
import { draft } from "../../runtime/data/draft/draft.ts";
import { cleanUp, temporary } from "../kit/built-twin.ts";
import { writeFiles } from "../kit/data-files.ts";
import { read, text } from "../kit/read-types.ts";
import { type TableKind, tableFile, tableKinds } from "../kit/table-files.ts";

afterAll(cleanUp);

const tables: Readonly<Record<string, readonly [string[], (number | number[])[]]>> = {
  events: [
    ["uid", "iid", "sec"],
    [1, 11, 1_600_000_000],
  ],
  samples: [
    ["uid", "iid", "sec", "seq"],
    [1, 11, 1_600_000_000, [12, 13]],
  ],
  items: [["iid"], [11]],
  users: [["uid"], [1]],
};

/** Checks a data set of which the file of one role has headings alone. */
async function check(role: string, kind: TableKind): Promise<unknown> {
  const folder = temporary();
  const rows = role === "samples" ? role : "events";
  for (const name of [rows, "items", "users"]) {
    const [headings, row] = tables[name];
    const content = await (name === role ? tableFile(kind, headings, []) : tableFile("csv", headings, [row]));
    writeFiles(folder, { [`${name}.${name === role ? kind : "csv"}`]: content });
  }
  const file = (name: string): string => `file: ${name}.${name === role ? kind : "csv"}`;
  const lists = role === "samples" ? ", histories: {h: {item: seq}}" : "";
  const yaml = [
    `${rows}: {${file(rows)}, user: uid, item: iid, time: sec${lists}}`,
    `items: {${file("items")}, key: iid}`,
    `users: {${file("users")}, key: uid}`,
  ];
  return checkData(parseBinding(`${yaml.join("\n")}\n`, join(folder, "data.yaml")), null);
}

describe.each(Object.keys(tables))("%s", (role) => {
  it.each(tableKinds)("in a file of %s without a row", async (kind) => {
    const line = { events: 1, samples: 1, items: 2, users: 3 }[role];
    const said = kind === "jsonl" ? "is empty: it has not a single record" : "has no rows: is it what was meant";
    await expect(check(role, kind)).rejects.toThrow(
      new RegExp(`data\\.yaml:${line}:\\d+: .*${role}\\.${kind} ${said}`),
    );
  });
});

describe("a file", () => {
  it.each([
    ["x.csv", "a,b\r\n"],
    ["x.csv", "\uFEFFa,b"],
    ["x.csv", '"a","b"\n\n\n'],
    ["x.csv.gz", gzipSync("a,b\n")],
    ["x.inter", "user_id:token\titem_id:token\n"],
    ["x.json", " [ ]\n"],
    ["x.json.gz", gzipSync("[]")],
  ])("%s of %j has no rows", async (name, content) => {
    await expect(text(content, name)).rejects.toThrow(/^data\.yaml:1:1: .*has no rows: is it what was meant/);
  });

  it.each([
    ["x.csv", ""],
    ["x.csv", "\uFEFF"],
    ["x.csv", "\n\n"],
    ["x.csv.gz", gzipSync("")],
    ["x.jsonl", ""],
    ["x.jsonl", "\n \n"],
    ["x.jsonl.gz", gzipSync("")],
    ["x.parquet", ""],
  ])("%s of %j is empty", async (name, content) => {
    await expect(text(content, name)).rejects.toThrow(/^data\.yaml:1:1: .*x\.[a-z.]+ is empty: it has not a single/);
  });

  it("of records without a key says that", async () => {
    await expect(text("{}\n{}\n", "x.jsonl")).rejects.toThrow(/x\.jsonl has rows without a single key/);
    await expect(text("[{}]", "x.json")).rejects.toThrow(/x\.json has rows without a single key/);
    const { rows } = await text('{}\n{"a":1}\n', "x.jsonl");
    expect(rows).toEqual([{ a: null }, { a: 1n }]);
  });

  it.each([
    ["x.jsonl", '{"a":1}\n{"a":2}\n[1,2]\n', /x\.jsonl, record 3: \[1,2\] has no keys/],
    ["x.jsonl", '{"a":1}\n"b"\n17\n', /x\.jsonl, record 2: "b" has no keys/],
    ["x.jsonl", "17\n18\n", /x\.jsonl, record 1: 17 has no keys/],
    ["x.jsonl", "[1,2]\r\n[3,4]\r\n", /x\.jsonl, line 1: \[1,2\] has no keys/],
    ["x.jsonl", '[1,2]\n{"a":1}\n', /x\.jsonl, line 1: \[1,2\] has no keys/],
    ["x.json", '[{"a":1},[1,2]]', /x\.json, record 2: \[1,2\] has no keys/],
    ["x.jsonl", `{"a":1}\n["${"b".repeat(80)}"]\n`, /record 2: \["b{58}… has no keys; a record is an object/],
  ])("%s of %j has a record that is no object", async (name, content, message) => {
    await expect(text(content, name)).rejects.toThrow(message);
  });

  it("takes a key called json, records of nothing, and an array in one line or many, for what they are", async () => {
    expect((await text('{"json":1}\n{"json":"b"}\n', "x.jsonl")).rows).toEqual([{ json: "1" }, { json: "b" }]);
    expect((await text('{"a":1}\nnull\n', "x.jsonl")).rows).toEqual([{ a: 1n }, { a: null }]);
    expect((await text('[{"a":1},{"a":2}]\n', "x.json")).rows).toEqual([{ a: 1n }, { a: 2n }]);
    expect((await text('[\n{"a":1}\n]\n', "x.json")).rows).toEqual([{ a: 1n }]);
  });

  it("of records that have many keys, each in few of them, has them all", async () => {
    const record = (i: number): string => JSON.stringify({ user: i, [`k${i}`]: i });
    const { types } = await text(Array.from({ length: 300 }, (_, i) => record(i)).join("\n"), "x.jsonl");
    expect(Object.keys(types)).toHaveLength(301);
  });
});

describe("several files", () => {
  it.each(tableKinds)("of %s may have empty ones among them, but not all may be", async (kind) => {
    const folder = temporary();
    const [none, one] = [await tableFile(kind, ["num"], []), await tableFile(kind, ["num"], [[1]])];
    writeFiles(folder, { [`1.${kind}`]: none, [`2.${kind}`]: none });
    await expect(read(folder, `*.${kind}`)).rejects.toThrow(
      kind === "jsonl" ? /1\.jsonl is empty/ : /none of the 2 files of .* has a row: is it what was meant/,
    );
    writeFiles(folder, { [`3.${kind}`]: one });
    expect((await read(folder, `*.${kind}`)).rows).toEqual([{ num: 1n }]);
  });
});

it("Parquet files without a row say nothing of types, and lack no column", async () => {
  const folder = temporary();
  writeFiles(folder, {
    "1.parquet": await tableFile("parquet", ["num", "only"], []),
    "2.parquet": await tableFile("parquet", ["num"], [[1]]),
    "3.parquet": await tableFile("parquet", ["NUM", "num"], []),
  });
  const { types, rows } = await read(folder, "*.parquet", ["num"]);
  expect(types).toEqual({ num: "BIGINT", only: "VARCHAR", num_1: "VARCHAR" });
  expect(rows).toEqual([{ num: 1n, only: null, num_1: null }]);
});

it.each(tableKinds)("init says it of %s", async (kind) => {
  const folder = temporary();
  writeFiles(folder, { [`log.${kind}`]: await tableFile(kind, ["user_id", "item_id", "timestamp"], []) });
  await expect(draft({ events: join(folder, `log.${kind}`), folder })).rejects.toThrow(
    /^--from: .*log\.[a-z]+ (has no rows|is empty)/,
  );
});
