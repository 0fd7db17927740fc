// Headings that come twice, or look alike, in every kind of file and role: both columns are read, and it is said.
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { parseBinding } from "../../runtime/data/binding.ts";
import { checkData } from "../../runtime/data/check/check.ts";
import { draft } from "../../runtime/data/draft/draft.ts";
import { databaseNames, mayBeRenamed, namesOf } from "../../runtime/data/files/headings.ts";
import { cleanUp, temporary } from "../kit/built-twin.ts";
import { writeFiles } from "../kit/data-files.ts";
import { ask } from "../kit/database.ts";
import { events, read, text } from "../kit/read-types.ts";
import { type TableKind, tableFile, tableKinds } from "../kit/table-files.ts";

afterAll(cleanUp);

const more = ["price", "Price", "price_1"];
const values = [7, 8, 9];
const said = (file: string): string =>
  `${file} has more than one column called \`Price\` (capitals do not count): this one is read as \`Price_2\`. Give each a heading of its own`;

/** What `data check` says where the file of a role has a heading twice. */
async function warned(role: string, kind: TableKind): Promise<string[]> {
  const folder = temporary();
  const file = async (name: string, headings: string[], rows: (number | number[])[][]): Promise<string> => {
    const twice = name === role;
    const content = await tableFile(
      twice ? kind : "csv",
      twice ? [...headings, ...more] : headings,
      twice ? rows.map((row) => [...row, ...values]) : rows,
    );
    const path = `${name}.${twice ? kind : "csv"}`;
    writeFiles(folder, { [path]: content });
    return path;
  };
  const past = [[1, 11, 1_600_000_000, [12, 13]]];
  const rows =
    role === "samples"
      ? `samples: {file: ${await file("samples", ["uid", "iid", "sec", "seq"], past)}, user: uid, item: iid, time: sec, histories: {h: {item: seq}}}`
      : `events: {file: ${await file("events", ["uid", "iid", "sec"], [[1, 11, 1_600_000_000]])}, user: uid, item: iid, time: sec}`;
  const items = `items: {file: ${await file("items", ["iid"], [[11], [12], [13]])}, key: iid}`;
  const users = `users: {file: ${await file("users", ["uid"], [[1]])}, key: uid}`;
  const binding = parseBinding(`${rows}\n${items}\n${users}\n`, join(folder, "data.yaml"));
  return (await checkData(binding, null)).warnings.map((warning) => warning.replaceAll(`${folder}/`, ""));
}

describe("a heading that comes twice", () => {
  const roles = ["events", "samples", "items", "users"];
  it.each(roles.flatMap((role) => tableKinds.map((kind) => [role, kind] as const)))(
    "is said of %s in %s",
    async (role, kind) => {
      expect(await warned(role, kind)).toContain(said(`${role}.${kind}`));
    },
  );

  it.each(tableKinds)("is read under another name in %s, and what was there keeps its own", async (kind) => {
    const { types, rows } = await text(await tableFile(kind, more, [values, [1, 2, 3]]), `x.${kind}`);
    expect(Object.keys(types)).toEqual(["price", "Price_2", "price_1"]);
    expect(rows).toEqual([
      { price: 7n, Price_2: 8n, price_1: 9n },
      { price: 1n, Price_2: 2n, price_1: 3n },
    ]);
  });

  it.each(tableKinds)("counts among letters beyond ASCII in %s as well", async (kind) => {
    const { rows } = await text(await tableFile(kind, ["größe", "GRÖSSE", "GRÖßE"], [[1, 2, 3]]), `x.${kind}`);
    expect(Object.entries(rows[0])).toEqual([
      ["größe", 1n],
      ["GRÖSSE", 2n],
      ["GRÖßE_1", 3n],
    ]);
  });

  it.each(tableKinds)("does not count what Unicode writes in two ways as one, in %s", async (kind) => {
    const names = ["caf\u00e9", "cafe\u0301"];
    const { types, rows } = await text(await tableFile(kind, names, [[1, 2]]), `x.${kind}`);
    expect(Object.keys(types)).toEqual(names);
    expect(Object.values(rows[0])).toEqual([1n, 2n]);
  });

  it("is said by init, of the file among several that has it", async () => {
    const folder = temporary();
    const rows = Array.from({ length: 60 }, (_, i) => [i % 5, i % 7, 1_600_000_000 + i, i % 2, ...values]);
    const headings = ["user_id", "item_id", "timestamp", "click"];
    writeFiles(folder, {
      "1.parquet": await tableFile("parquet", headings, rows),
      "2.parquet": await tableFile("parquet", [...headings, ...more], rows),
    });
    const { notes } = await draft({ events: join(folder, "*.parquet"), folder });
    expect(notes.map((note) => note.replaceAll(`${folder}/`, ""))).toEqual([said("2.parquet")]);
  });
});

describe("Parquet files of several schemas", () => {
  it("have each column where its heading stands, whatever the others' headings are", async () => {
    const folder = temporary();
    writeFiles(folder, {
      "1.parquet": await tableFile("parquet", ["num", "NUM"], [[1, 2]]),
      "2.parquet": await tableFile("parquet", ["NUM_1", "num"], [[3, 4]]),
      "3.parquet": await tableFile("parquet", ["other", "num"], [[5, 6]]),
    });
    const { rows } = await read(folder, "*.parquet");
    expect(rows).toEqual([
      { num: 1n, NUM_1: 2n, other: null },
      { num: 4n, NUM_1: 3n, other: null },
      { num: 6n, NUM_1: null, other: 5n },
    ]);
  });

  it("bring such columns to one type, and what is within a column is none", async () => {
    const folder = temporary();
    writeFiles(folder, { "1.parquet": await tableFile("parquet", ["num", "NUM"], [[1, 2]]) });
    await ask(
      `COPY (SELECT {'NUM_1': 1, 'x': 2} AS s, 0.5::DOUBLE AS "NUM_1") TO '${folder}/2.parquet' (FORMAT parquet)`,
    );
    const { types, rows } = await read(folder, "*.parquet");
    expect(types).toMatchObject({ num: "BIGINT", NUM_1: "DOUBLE" });
    expect(rows.map((row) => row.NUM_1)).toEqual([2, 0.5]);
  });
});

describe("keys of JSON", () => {
  it("that are written in capitals in some records alone are columns of their own, with all their values", async () => {
    const lines = ['{"user":1,"l":[1,2]}', '{"USER":2,"L":[0.5]}', '{"User":"x","user":3}', '{"user_1":4}'];
    const { types, rows } = await text(`${lines.join("\n")}\n`, "x.jsonl");
    expect(types).toEqual({
      user: "BIGINT",
      l: "BIGINT[]",
      USER_2: "BIGINT",
      L_1: "DOUBLE[]",
      User_3: "VARCHAR",
      user_1: "BIGINT",
    });
    const none = { user: null, l: null, USER_2: null, L_1: null, User_3: null, user_1: null };
    expect(rows).toEqual([
      { ...none, user: 1n, l: [1n, 2n] },
      { ...none, USER_2: 2n, L_1: [0.5] },
      { ...none, User_3: "x", user: 3n },
      { ...none, user_1: 4n },
    ]);
  });

  it("that stand twice in one record are an error with its line, and within a column with the file", async () => {
    const folder = temporary();
    writeFiles(folder, {
      "x.jsonl": '{"user":1,"i":1,"t":1}\n{"user":2,"user":3,"i":1,"t":1}\n',
      "1.jsonl": '{"a":{"b":1}}\n',
      "2.jsonl": '{"a":{"b":1,"B":2}}\n',
    });
    await expect(events(folder, "events: {file: x.jsonl, user: user, item: i, order: t}")).rejects.toThrow(
      /x\.jsonl, line 2: an object has more than one key called `user` \(capitals do not count\): give each a name/,
    );
    await expect(read(folder, "[12].jsonl")).rejects.toThrow(
      /2\.jsonl: an object in a column has more than one key called `B`/,
    );
  });

  it("without a name are left out, and blanks at the ends are part of a name", async () => {
    const { rows } = await text('{"":1,"user ":2,"user":3," ":4}\n', "x.jsonl");
    expect(rows).toEqual([{ "user ": 2n, user: 3n, " ": 4n }]);
  });

  it("that look like names which were given anew are what they are", async () => {
    const { rows } = await text('{"a":1,"a_1":2,"C2":3}\n', "x.jsonl");
    expect(rows).toEqual([{ a: 1n, a_1: 2n, C2: 3n }]);
  });
});

describe("a name that looks like a heading, and is another", () => {
  const missing = (heading: string, name: string, kind: TableKind) =>
    tableFile(kind, [heading, "iid", "sec"], [[1, 2, 3]]).then((content) => {
      const folder = temporary();
      writeFiles(folder, { [`x.${kind}`]: content });
      return events(folder, `events: {file: x.${kind}, user: "${name}", item: iid, order: sec}`);
    });
  it.each(tableKinds)("is not found in %s, and the heading is shown as it is", async (kind) => {
    await expect(missing("cafe\u0301", "caf\u00e9", kind)).rejects.toThrow(
      /x\.[a-z]+ has no column `caf\u00e9`; its column "cafe\\u\{301\}" looks the same, and has other characters or blanks in it: copy the name/,
    );
    await expect(missing("user\u00a0id", "user id", kind)).rejects.toThrow(
      /its column "user\\u\{a0\}id" looks the same/,
    );
  });
  it.each(["jsonl", "parquet"] as const)("has its blanks at the ends in %s", async (kind) => {
    await expect(missing(" user", "user", kind)).rejects.toThrow(/its column " user" looks the same/);
  });
});

describe("names", () => {
  it("of the database are foreseen, and suspected where they may not be the file's", () => {
    expect(databaseNames(["a", "A", "a_1", "a", "", "É", "é"])).toEqual(["a", "A_1", "a_1_1", "a_2", "C4", "É", "é"]);
    expect(mayBeRenamed(["a", "b_1", "C1"])).toBe(false);
    for (const names of [
      ["a", "A_1"],
      ["É", "é"],
      ["a", "C1"],
      ["a_1", "a_1_1"],
    ]) {
      expect(mayBeRenamed(names)).toBe(true);
    }
  });

  it("are told apart by a number that no heading has", () => {
    expect(namesOf(["a", "", "A", "a_1", "column1"]).names).toEqual(["a", "column1_1", "A_2", "a_1", "column1"]);
  });
});
