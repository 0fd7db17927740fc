// Many small files, as pipelines write them: read by one thread of the database, with all that holds of one file.
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { dataModel } from "../../cli/data-model.ts";
import { compile } from "../../compiler/index.ts";
import { parseBinding } from "../../runtime/data/binding.ts";
import { Source } from "../../runtime/data/database/source.ts";
import { recordsOf } from "../../runtime/data/files/csv-form.ts";
import { OpenQuote } from "../../runtime/data/files/open-quote.ts";
import { readDatasetSpec } from "../../runtime/data/prepare/dataset-file.ts";
import { prepareDataset } from "../../runtime/data/prepare/index.ts";
import { cleanUp, temporary } from "../kit/built-twin.ts";
import { shopModel, writeFiles } from "../kit/data-files.ts";
import { ask } from "../kit/database.ts";
import { lines, read } from "../kit/read-types.ts";

afterAll(cleanUp);

const count = 40;
const name = (i: number): string => `${String(i).padStart(3, "0")}.csv`;
const heading = "u,sku,ts,bought,recall\n";
const rowsIn = (i: number): string =>
  Array.from(
    { length: 5 },
    (_, j) => `${(i * 5 + j) % 7},${(i + j * 3) % 9},${1_600_000_000 + i * 5 + j},${j % 2 === 0},0.${j}\n`,
  ).join("");

/** @param change of the texts of some files */
function folderOf(
  change: (content: string, i: number) => string | Uint8Array = (content) => content,
  ending = "",
): string {
  const folder = temporary();
  const files = Array.from(
    { length: count },
    (_, i) => [`${name(i)}${ending}`, change(heading + rowsIn(i), i)] as const,
  );
  writeFiles(folder, Object.fromEntries(files));
  return folder;
}

async function threadsOf(folder: string, glob: string): Promise<number> {
  const source = await Source.open({ reads: [join(folder, glob)] });
  try {
    const [{ n }] = await source.all("SELECT current_setting('threads') AS n");
    return Number(n);
  } finally {
    source.close();
  }
}

describe("many small texts", () => {
  it("are read by one thread, and few, or large ones, by two", async () => {
    const folder = folderOf();
    expect(await threadsOf(folder, "*.csv")).toBe(1);
    expect(await threadsOf(folder, "00?.csv")).toBe(2);
    writeFiles(folder, { "big.csv": heading + rowsIn(0).repeat(30_000) });
    expect(await threadsOf(folder, "*.csv")).toBe(2);
  });

  it("have the types of all files and rows, in the order of the files", async () => {
    const late = (content: string, i: number): string =>
      i === 38 ? content.replace(/,\d+,16/, ",x9,16").replace("0.3", "1e3") : content;
    const { types, rows } = await read(folderOf(late), "*.csv");
    expect(types).toMatchObject({ u: "BIGINT", sku: "VARCHAR", recall: "DOUBLE", bought: "BOOLEAN" });
    expect(rows).toHaveLength(5 * count);
    expect(rows.map(({ ts }) => Number(ts))).toEqual(rows.map((_, i) => 1_600_000_000 + i));
    expect(rows[190]).toMatchObject({ sku: "x9" });
    expect(rows[193]).toMatchObject({ recall: 1000 });
  });

  it.each([
    [
      "a line with more fields",
      (text: string) => text.replace("false,0.1", "false,0.1,7"),
      /033\.csv, line 3: it has 6 fields/,
    ],
    ["a line with fewer", (text: string) => text.replace("false,0.1", "false"), /033\.csv, line 3: it has 4 fields/],
    [
      "a quotation mark that is not closed",
      (text: string) => text.replace("false,0.1", 'false,"0.1'),
      /033\.csv, line 3: a quotation mark is not closed/,
    ],
    ["other columns", (text: string) => text.replace("sku", "item"), /033\.csv has no column `sku`, and other files/],
    [
      "no headings",
      (text: string) => text.replace(heading, ""),
      /033\.csv has no line of headings, and other files have one/,
    ],
  ])("with %s in one of them are an error that names it", async (_, broken, message) => {
    const folder = folderOf((content, i) => (i === 33 ? broken(content) : content));
    await expect(read(folder, "*.csv", ["u", "sku"])).rejects.toThrow(message);
  });

  it("give the bytes of one file with the same rows", async () => {
    const folder = folderOf();
    const all = Array.from({ length: count }, (_, i) => rowsIn(i)).join("");
    writeFiles(folder, { "one/all.csv": heading + all });
    const { model } = compile("shop.twin", {
      version: "1.0.0",
      resolve: () => shopModel("hashed(buckets: 50, dim: 4, key: true)"),
    });
    const prints: string[] = [];
    for (const glob of ["*.csv", "one/all.csv"]) {
      const yaml = `events: {file: "${glob}", user: u, item: sku, time: ts}\ncolumns: {predict.buy: bought, candidate.recall: recall}\n`;
      const cache = join(temporary(), "cache");
      await prepareDataset(parseBinding(yaml, join(folder, "data.yaml")), dataModel(model!), cache, {
        vocabularies: new Map(),
      });
      prints.push(readDatasetSpec(cache).fingerprint);
    }
    expect(prints[0]).toBe(prints[1]);
  });

  it("that are compressed, with a damaged one among them, are an error that names it", async () => {
    const damaged = (content: string, i: number): Uint8Array => {
      const zipped = gzipSync(content);
      if (i === 21) {
        zipped[zipped.length - 6] ^= 0x5a;
      }
      return zipped;
    };
    await expect(read(folderOf(damaged, ".gz"), "*.csv.gz")).rejects.toThrow(/021\.csv\.gz is damaged: .*`gzip -t`/);
    const cut = (content: string, i: number): Uint8Array => gzipSync(content).subarray(0, i === 22 ? 40 : undefined);
    await expect(read(folderOf(cut, ".gz"), "*.csv.gz")).rejects.toThrow(/022\.csv\.gz is cut off/);
  });
});

describe("a quotation mark that is not closed at the end of a file among others", () => {
  const open = (content: string): string => content.replace(/,(0\.\d+)\n$/, ',"$1\n');
  const rows = `${lines(30_000, (i) => `${i % 7},${i % 9},${1_600_000_000 + i},true,"0.${i % 9}"`)}\n`;
  const message = /2\.csv(\.gz)?, line \d+: a quotation mark is not closed/;

  it.each([2, 3, 5, 9])("is an error of %i files", async (files) => {
    const all = Array.from({ length: files }, (_, i) => [`${i + 1}.csv`, heading + rowsIn(i)] as const);
    const folder = temporary();
    writeFiles(folder, { ...Object.fromEntries(all), "2.csv": open(heading + rowsIn(1)) });
    await expect(read(folder, "*.csv")).rejects.toThrow(message);
  });

  it.each([
    ["plain", (content: string) => content, ""],
    ["in gzip", (content: string) => gzipSync(content), ".gz"],
  ] as const)("is an error of large ones, %s", async (_, written, ending) => {
    const folder = temporary();
    const files = Array.from({ length: 6 }, (_, i) => {
      const content = heading + rows;
      return [`${i + 1}.csv${ending}`, written(i === 1 ? `${content.slice(0, -6)}"0.5\n` : content)] as const;
    });
    writeFiles(folder, Object.fromEntries(files));
    await expect(read(folder, `*.csv${ending}`)).rejects.toThrow(message);
    writeFiles(folder, { [`2.csv${ending}`]: written(heading + rows) });
    expect((await read(folder, `*.csv${ending}`)).rows).toHaveLength(180_000);
  });

  it("is an error in zstd", async () => {
    const folder = temporary();
    for (let i = 1; i < 7; i++) {
      const last = i === 2 ? `'"x' || chr(10)` : `'x'`;
      await ask(
        `COPY (SELECT * FROM (VALUES ('1,2'), ('3,' || ${last})) t("a,b")) TO '${folder}/${i}.csv.zst' (FORMAT csv, QUOTE '', ESCAPE '', DELIMITER '\t', COMPRESSION zstd)`,
      );
    }
    await expect(read(folder, "*.csv.zst")).rejects.toThrow(/2\.csv\.zst, line 3: a quotation mark/);
  });
});

it.each([
  ['1,"a', true],
  ['1, "a', true],
  ['"a', true],
  ['\uFEFF"a', true],
  ['1,x"a', false],
  ['1,x "a', false],
  ['1,"a"', false],
  ['1,"a""', true],
  ['1,"a"""', false],
  ['1,"a\n\n,"\n"b', true],
  ['1,"a","",""', false],
] as const)("%j ends within a quotation mark: %s, in whatever pieces it comes", (content, open) => {
  for (const size of [1, 2, 3, 100]) {
    const quote = new OpenQuote({ delimiter: ",", escape: '"' });
    for (let at = 0; at < content.length; at += size) {
      quote.add(content.slice(at, at + size), false);
    }
    quote.add("", true);
    expect(quote.open).toBe(open);
  }
});

it("a mark behind the escape ends no field", () => {
  for (const [content, open] of [
    ['1,"a\\"', true],
    ['1,"a\\""', false],
    ['1,"a\\\\"', false],
  ] as const) {
    const quote = new OpenQuote({ delimiter: ",", escape: "\\" });
    quote.add(content, true);
    expect(quote.open).toBe(open);
  }
});

it("records are the same whether their fields are marked or not", () => {
  const field = fc.string({ unit: fc.constantFrom("a", "1", " ", ";", "\\", "é", "."), maxLength: 4 });
  const table = fc.array(fc.array(field, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(table, fc.constantFrom(",", "\t", "::"), (rows, sign) => {
      const plain = rows.map((row) => row.join(sign)).join("\n");
      const marked = rows.map((row) => row.map((one) => `"${one}"`).join(sign)).join("\n");
      expect(recordsOf(plain, sign, '"')).toEqual(recordsOf(marked, sign, '"'));
    }),
  );
});
