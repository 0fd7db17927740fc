// Files as others write them: separators, endings, headings with types, JSON arrays, encodings, compressed; read by their lines or as data.yaml says.
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { boundFiles, parseBinding } from "../../runtime/data/binding.ts";
import { Source } from "../../runtime/data/database/source.ts";
import { draft } from "../../runtime/data/draft/draft.ts";
import { likelyEncoding } from "../../runtime/data/files/encoding.ts";
import { parquetFooter } from "../../runtime/data/files/parquet-footer.ts";
import { openBound } from "../../runtime/data/key-type.ts";
import { cleanUp, temporary } from "../kit/built-twin.ts";
import { writeFiles } from "../kit/data-files.ts";
import { ask } from "../kit/database.ts";
import { events, lines, read, text } from "../kit/read-types.ts";

afterAll(cleanUp);

const utf16 = (content: string, mark = true): Buffer => Buffer.from(`${mark ? "\uFEFF" : ""}${content}`, "utf16le");
/** 中文,电影 and 标题 as GBK writes them. */
const gbk = Buffer.concat([
  Buffer.from("id,name\n1,"),
  Buffer.from([0xd6, 0xd0, 0xce, 0xc4]),
  Buffer.from("\n2,"),
  Buffer.from([0xb5, 0xe7, 0xd3, 0xb0]),
  Buffer.from("\n"),
]);

describe("separators told by the lines", () => {
  it.each([
    ["two colons", "1::2::5::978300760\n2::3::4::978300761\n", [1n, 2n, 5n, 978300760n]],
    [
      "two colons around texts with signs",
      "1::Toy Story, The; (1995)::A|B\n2::Heat::C\n",
      [1n, "Toy Story, The; (1995)", "A|B"],
    ],
    ["two colons, each text parted alike", "1::Toy::A|B\n2::Heat::C|D\n", [1n, "Toy", "A|B"]],
    ["^A", "1\x012,3\x01a b\n2\x013,4\x01c d\n", [1n, "2,3", "a b"]],
    ["blanks", "1 2 5\n2 3 4\n", [1n, 2n, 5n]],
    ["tabs", "196\t242\t3\n186\t302\t3\n", [196n, 242n, 3n]],
    ["a comma before names with colons", "std::a::b,1\nstd::c::d,2\n", ["std::a::b", 1n]],
    [
      "a comma before days with hours",
      "1,2020-01-01 10:00:00\n2,2020-01-01 11:00:00\n",
      [1n, new Date("2020-01-01T10:00:00Z")],
    ],
  ])("%s", async (_, content, first) => {
    const { rows } = await text(content, "x.dat");
    expect(Object.values(rows[0])).toEqual(first);
    expect(rows).toHaveLength(2);
  });

  it("does not part the texts of a single column at their blanks", async () => {
    const { rows } = await text("full name\nJohn Doe\nJane Roe\n", "x.csv", ["full name"]);
    expect(rows).toEqual([{ "full name": "John Doe" }, { "full name": "Jane Roe" }]);
  });
});

it.each(["dat", "data", "log", "inter", "item", "user", "csv.gz", "dat.gz"])("reads x.%s", async (ending) => {
  const content = "u\ti\n1\t2\n";
  const { rows } = await text(ending.endsWith("gz") ? gzipSync(content) : content, `x.${ending}`);
  expect(rows).toEqual([{ u: 1n, i: 2n }]);
});

async function opened(files: Record<string, string | Uint8Array>, yaml: string) {
  const folder = temporary();
  writeFiles(folder, files);
  const binding = parseBinding(yaml, `${folder}/data.yaml`);
  const source = await Source.open({ reads: boundFiles(binding) });
  try {
    const relation = await openBound(source, binding, "items");
    return { columns: [...relation.columns], rows: await source.all(`SELECT * FROM ${relation.sql()}`) };
  } finally {
    source.close();
  }
}

describe("headings with types, as RecBole writes them", () => {
  const item = "item_id:token\tgenre:token_seq\tyear:float\n1\ta b\t1995\n";

  it("are named without them", async () => {
    const { columns } = await opened({ "x.item": item }, "items: {file: x.item, key: item_id}");
    expect(columns).toEqual([
      ["item_id", "BIGINT"],
      ["genre", "VARCHAR"],
      ["year", "BIGINT"],
    ]);
  });

  it("or with them, column by column", async () => {
    const { columns } = await opened(
      { "x.item": item },
      'items: {file: x.item, key: "item_id:token"}\ncolumns: {item.genre: {split: {column: "genre:token_seq", by: " "}}}',
    );
    expect(columns.map(([name]) => name)).toEqual(["item_id:token", "genre:token_seq", "year"]);
  });

  it("stay what they are where not all have one", async () => {
    const { columns } = await opened({ "x.item": "a:token\tb\n1\t2\n" }, 'items: {file: x.item, key: "a:token"}');
    expect(columns.map(([name]) => name)).toEqual(["a:token", "b"]);
  });
});

describe("what data.yaml says of a file", () => {
  const log = "events: {file: x.dat, user: column0, item: column1, time: column2";

  it.each([
    ["::", '"::"', "1::2::5\n"],
    ["^A", '"^A"', "1\x012\x015\n"],
    ["a tab", '"\\t"', "1\t2\t5\n"],
    ["a tab, by its name", "tab", "1\t2\t5\n"],
    ["a blank", '" "', "1 2 5\n"],
    ["#", '"#"', "1#2#5\n"],
    ["three signs", '"|||"', "1|||2|||5\n"],
  ])("separator: %s", async (_, separator, content) => {
    const folder = temporary();
    writeFiles(folder, { "x.dat": content.replace("5", "1600000000") });
    expect(await events(folder, `${log}, separator: ${separator}}`)).toEqual([
      { user: 1n, item: 2n, time: 1_600_000_000 },
    ]);
  });

  it("header: false takes headings for a row, and true a row for headings", async () => {
    const { rows, columns } = await opened(
      { "x.csv": "a,b\nc,d\n" },
      "items: {file: x.csv, header: false, key: column0}",
    );
    expect([rows.length, columns[0][0]]).toEqual([2, "column0"]);
    const other = await opened({ "x.csv": "1,2\n3,4\n" }, 'items: {file: x.csv, header: true, key: "1"}');
    expect([other.rows.length, other.columns[0][0]]).toEqual([1, "1"]);
  });

  it("format, where the ending says nothing", async () => {
    const csv = await opened({ "part-00000": "a,b\n1,2\n" }, "items: {file: part-00000, format: csv, key: a}");
    expect(csv.rows).toEqual([{ a: 1n, b: 2n }]);
    const json = await opened({ "x.log": '{"a":1}\n' }, "items: {file: x.log, format: json, key: a}");
    expect(json.rows).toEqual([{ a: 1n }]);
  });

  it.each([
    ['separator: "abcde"', /x\.csv:1:22|at most 4 bytes/],
    ['separator: "\\n"', /cannot separate fields/],
    ["encoding: klingon", /the encoding `klingon` is not known; use one such as/],
    ["format: xlsx", /one of csv, parquet, json is due/],
    ["header: maybe", /true .* or false is due/],
    ["format: parquet, separator: x", /`separator` is for csv, and x\.csv is parquet/],
    ["seperator: x", /`seperator` is not known here; did you mean `separator`|`separator`/],
  ])("refuses %s", (written, message) => {
    expect(() => parseBinding(`items: {file: x.csv, ${written}, key: a}`, "d.yaml")).toThrow(message);
  });

  it("leaves bindings that say nothing as they were, for data that are prepared", () => {
    expect(parseBinding("items: {file: x.csv, key: a}", "d.yaml").items).toEqual({
      file: expect.any(String),
      key: "a",
    });
  });
});

describe("JSON", () => {
  const array = '[\n  {"a": 1,\n   "b": "x"},\n  {"a": 2.5}\n]\n';
  it.each([
    ["arrays, printed over lines", array],
    ["arrays in one line", '[{"a":1,"b":"x"},{"a":2.5}]'],
    ["lines", '{"a":1,"b":"x"}\n{"a":2.5}\n'],
    ["lines after a byte order mark", '\uFEFF{"a":1,"b":"x"}\n{"a":2.5}\n'],
    ["records over lines", '{\n "a":1,\n "b":"x"\n}\n{"a":2.5}\n'],
    ["compressed arrays", gzipSync(array)],
    ["arrays in UTF-16", utf16(array)],
  ])("reads %s", async (_, content) => {
    const { rows, types } = await text(
      content,
      typeof content === "string" || content[0] !== 0x1f ? "x.json" : "x.json.gz",
    );
    expect(rows).toEqual([
      { a: 1, b: "x" },
      { a: 2.5, b: null },
    ]);
    expect(types).toEqual({ a: "DOUBLE", b: "VARCHAR" });
  });
});

describe("encodings", () => {
  it.each([
    ["GBK, as data.yaml says", gbk, ", encoding: gbk", ["中文", "电影"]],
    [
      "Latin-1, as data.yaml says",
      Buffer.from("id,name\n1,café\n2,niño\n", "latin1"),
      ", encoding: latin1",
      ["café", "niño"],
    ],
    ["UTF-16 by its mark", utf16("id,name\n1,中文\n2,é\n"), "", ["中文", "é"]],
    ["UTF-16 of the other order by its mark", utf16("id,name\n1,中文\n2,é\n").swap16(), "", ["中文", "é"]],
    [
      "UTF-16 without a mark, as data.yaml says",
      utf16("id,name\n1,中文\n2,é\n", false),
      ", encoding: utf-16",
      ["中文", "é"],
    ],
    ["UTF-8 with a mark", Buffer.from("\uFEFFid,name\n1,中文\n2,é\n"), "", ["中文", "é"]],
  ])("reads %s", async (_, content, said, names) => {
    const { rows, columns } = await opened({ "x.csv": content }, `items: {file: x.csv${said}, key: id}`);
    expect(columns).toEqual([
      ["id", "BIGINT"],
      ["name", "VARCHAR"],
    ]);
    expect(rows.map(({ name }) => name)).toEqual(names);
  });

  it("reads compressed texts and those in folders that say values", async () => {
    const yaml = 'items: {file: "day=*/x.csv.gz", encoding: gbk, key: id}';
    const { rows } = await opened({ "day=2020-01-02/x.csv.gz": gzipSync(gbk) }, yaml);
    expect(rows[1]).toMatchObject({ id: 2n, name: "电影", day: new Date("2020-01-02T00:00:00Z") });
  });

  it("names a row of the file itself, and the line that is not in the encoding", async () => {
    const bad = Buffer.concat([gbk, Buffer.from([0x33, 0x2c, 0xd6, 0x20, 0x0a])]);
    await expect(opened({ "x.csv": bad }, "items: {file: x.csv, encoding: gbk, key: id}")).rejects.toThrow(
      /\/x\.csv, line 4: its bytes are no text in gbk/,
    );
    const ragged = Buffer.concat([gbk, Buffer.from("3,4,5\n")]);
    await expect(opened({ "x.csv": ragged }, "items: {file: x.csv, encoding: gbk, key: id}")).rejects.toThrow(
      /[^s]\/x\.csv, line 4: it has 3 fields/,
    );
  });

  it.each([
    [
      "GBK",
      gbk,
      "line 2: .*look like gbk: write `encoding: gbk` beside `file`, or convert it: `iconv -f GBK -t UTF-8 \\S*x.csv > \\S*x.utf8.csv`",
    ],
    ["Latin-1", Buffer.from("id,name\n1,abc\n2,café\n", "latin1"), "line 3: .*iconv -f WINDOWS-1252"],
    ["UTF-16 without a mark", utf16("id,name\n1,é中\n2,bcdefgh\n", false), "encoding: utf-16le"],
  ])("guesses %s for the hint", async (_, content, message) => {
    await expect(text(content)).rejects.toThrow(new RegExp(message));
  });

  it("names the line of what comes late", async () => {
    const folder = temporary();
    const rows = lines(60_000, (i) => `${i},abc,${1_600_000_000 + i}`);
    writeFiles(folder, { "x.csv": Buffer.from(`a,b,t\n${rows}\n1,caf\xe9,1600000000\n`, "latin1") });
    await expect(events(folder, "events: {file: x.csv, user: b, item: a, time: t}")).rejects.toThrow(
      /x\.csv, line 60002: .*iconv -f WINDOWS-1252/,
    );
  });

  it("tells languages apart by their bytes", () => {
    const korean = Buffer.from([
      0xb0, 0xa1, 0xb3, 0xaa, 0xb4, 0xd9, 0xb6, 0xf3, 0xb8, 0xb6, 0xb9, 0xd9, 0x20, 0xb0, 0xa1, 0xb3, 0xaa,
    ]);
    expect(likelyEncoding(korean)).toBe("euc-kr");
    expect(likelyEncoding(Buffer.from([0xcf, 0xf0, 0xe8, 0xe2, 0xe5, 0xf2, 0x20, 0xec, 0xe8, 0xf0]))).toBe(
      "windows-1251",
    );
    expect(likelyEncoding(Buffer.from([0x82, 0xb1, 0x82, 0xf1, 0x82, 0xc9, 0x82, 0xbf, 0x82, 0xcd]))).toBe("shift_jis");
    expect(likelyEncoding(Buffer.from([0xa7, 0x41, 0xa6, 0x6e, 0xa5, 0x40, 0xac, 0xc9]))).toBe("big5");
  });
});

it("reads Parquet files of alternating schemas in their order, with nothing changed", async () => {
  const folder = temporary();
  for (let i = 0; i < 12; i++) {
    const other = [`${i}::BIGINT AS a, ${i}.5::DOUBLE AS c`, `'x' AS b, ${i}::TINYINT AS A`, `${i}::INTEGER AS a`][
      i % 3
    ];
    await ask(`COPY (SELECT ${other}) TO '${folder}/${String(i).padStart(2, "0")}.parquet' (FORMAT parquet)`);
  }
  const { rows, types } = await read(folder, "*.parquet");
  expect(types).toEqual({ a: "BIGINT", c: "DOUBLE", b: "VARCHAR" });
  expect(rows.map(({ a }) => a)).toEqual(Array.from({ length: 12 }, (_, i) => BigInt(i)));
  expect(rows.map(({ b, c }) => [b, c]).slice(0, 3)).toEqual([
    [null, 0.5],
    ["x", null],
    [null, null],
  ]);
});

it("drafts files in those forms", async () => {
  const folder = temporary();
  const of = (i: number): string => `${i % 9}::${i % 7}::${(i % 5) + 1}::${1_600_000_000 + i}`;
  writeFiles(folder, { "ratings.dat": `${lines(300, of)}\n` });
  const { data } = await draft({
    events: `${folder}/ratings.dat`,
    folder,
    user: "column0",
    item: "column1",
    time: "column3",
  });
  expect(data).toContain('events: {file: ratings.dat, separator: "::", user: column0, item: column1, time: column3}');
});

it("reads all members of a compressed file", async () => {
  const members = Buffer.concat([gzipSync("a,b\n1,2\n"), gzipSync("3,4\n")]);
  const { rows } = await text(members, "x.csv.gz");
  expect(rows).toEqual([
    { a: 1n, b: 2n },
    { a: 3n, b: 4n },
  ]);
});

it("reads rows and schema at a Parquet file's end as the database does, of few and of many columns", async () => {
  const folder = temporary();
  const wide = Array.from({ length: 900 }, (_, i) => `range AS column_with_a_long_name_${i}`).join(", ");
  const selects = [
    "SELECT 1 AS a FROM range(7)",
    "SELECT 2 AS a FROM range(70000)",
    "SELECT 'x' AS a FROM range(7)",
    `SELECT ${wide} FROM range(3)`,
  ];
  for (const [i, select] of selects.entries()) {
    await ask(`COPY (${select}) TO '${folder}/${i}.parquet' (FORMAT parquet)`);
  }
  const footers = selects.map((_, i) => parquetFooter(join(folder, `${i}.parquet`)));
  expect(footers.map((footer) => footer?.rows)).toEqual([7, 70_000, 7, 3]);
  expect(footers[1]?.schema).toBe(footers[0]?.schema);
  expect(footers[2]?.schema).not.toBe(footers[0]?.schema);
});

describe("texts that are not what they seem", () => {
  it.each(["x.csv", "x.jsonl"])("UTF-16 without a byte order mark is named, in %s", async (name) => {
    const content = name === "x.csv" ? "a,b\n1,2\n" : '{"a":1,"b":2}\n';
    await expect(text(utf16(content, false), name)).rejects.toThrow(
      /line 1: its bytes are no text in UTF-8, and look like utf-16le: write `encoding: utf-16le`/,
    );
  });

  it("a line that ends otherwise than those before it is named, also among several files", async () => {
    const folder = temporary();
    const lf = `a,b\n${"1,2\n".repeat(300)}`;
    writeFiles(folder, { "1.csv": lf, "2.csv": `${lf}3,4\r\n5,6\r\n`, "3.csv": lf.replaceAll("\n", "\r\n") });
    await expect(read(folder, "*.csv")).rejects.toThrow(
      /2\.csv, line 302: it does not end as the lines before it do.*dos2unix/,
    );
  });

  it("a nested key with blanks in it is one, and an expression with blanks stays one", async () => {
    const folder = temporary();
    const line = (u: number, v: number): string => `{"user":{"the id":${u},"id":1},"v":${v},"ts":1600000000}`;
    writeFiles(folder, { "e.jsonl": `${line(5, 7)}\n${line(6, 8)}\n` });
    const found = await events(folder, 'events: {file: e.jsonl, user: user.the id, item: "v", time: ts}');
    expect(found.map(({ user }) => user)).toEqual([5n, 6n]);
    const made = await events(
      folder,
      "events: {file: e.jsonl, user: user.id, item: CASE WHEN v > 7 THEN 1 ELSE 2 END, time: ts}",
    );
    expect(made.map(({ item }) => item)).toEqual([2n, 1n]);
    await expect(events(folder, "events: {file: e.jsonl, user: user.no such, item: v, time: ts}")).rejects.toThrow(
      /has no column `user\.no such`/,
    );
  });
});
