// Items from CSV, Parquet and JSON lines: the same columns, exact keys, and errors that name file, column and row.

import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { boundFiles, parseBinding } from "../../runtime/data/binding.ts";
import { Source } from "../../runtime/data/database/source.ts";
import { type ItemChunk, type KeyType, openItems } from "../../runtime/data/items.ts";
import { readManifest } from "../../runtime/host/manifest-file.ts";
import { built, cleanUp, temporary } from "../kit/built-twin.ts";
import { videoModel, writeFiles } from "../kit/data-files.ts";
import { ask } from "../kit/database.ts";

const folder = temporary();
afterAll(cleanUp);
const features = readManifest(built(videoModel())).features.filter((feature) => feature.group === "item");
const binding = (items: string, columns = "") => parseBinding(`items: ${items}\n${columns}`, join(folder, "data.yaml"));

async function read(items: string, columns = "", keyType: KeyType = "int64", size = 100): Promise<ItemChunk[]> {
  const bound = binding(items, columns);
  const source = await Source.open({ reads: boundFiles(bound) });
  try {
    const opened = await openItems(source, bound, features, keyType);
    await opened.check();
    const chunks: ItemChunk[] = [];
    for await (const chunk of opened.chunks(size)) {
      chunks.push(chunk);
    }
    return chunks;
  } finally {
    source.close();
  }
}

const csv = `video,category,duration,topics,cover
9007199254740993,3,12.5,a|b,"[1, 2, 3]"
-4,,70,,
9223372036854775807,5,,c,"[0.5, 0, -1]"
`;
const json = [
  '{"video": "9007199254740993", "category": 3, "duration": 12.5, "topics": ["a", "b"], "cover": [1, 2, 3]}',
  '{"video": "-4", "duration": 70, "topics": []}',
  '{"video": "9223372036854775807", "category": 5, "topics": ["c"], "cover": [0.5, 0, -1]}',
].join("\n");
const split = 'columns: {item.topics: {split: {column: topics, by: "|"}}}';

beforeAll(async () => {
  writeFiles(folder, { "items.csv": csv, "items.csv.gz": gzipSync(csv), "items.jsonl": `${json}\n` });
  await ask(
    `COPY (SELECT * REPLACE (string_split(coalesce(topics, ''), '|') AS topics, CAST(cover AS FLOAT[]) AS cover) FROM read_csv('${folder}/items.csv')) TO '${folder}/items.parquet'`,
  );
});

describe("items", () => {
  it.each([
    ["items.csv", split],
    ["items.csv.gz", split],
    ["items.jsonl", ""],
    ["items.parquet", ""],
  ])("reads %s with exact keys", async (file, columns) => {
    const [chunk] = await read(`{file: ${file}, key: video}`, columns);
    expect([...chunk.keys]).toEqual([9007199254740993n, -4n, 9223372036854775807n]);
    expect(Array.from(chunk.columns["item.video"], String)).toEqual(Array.from(chunk.keys, String));
    expect([...chunk.columns["item.category"]].map((v) => (v === null ? null : Number(v)))).toEqual([3, null, 5]);
    expect([...chunk.columns["item.duration"]]).toEqual([12.5, 70, null]);
    const topics = [...chunk.columns["item.topics"]].map(
      (list) => (list as string[] | null)?.filter((one) => one !== "") ?? [],
    );
    expect(topics).toEqual([["a", "b"], [], ["c"]]);
    expect([...chunk.columns["item.cover"]].map((v) => v && [...(v as Float32Array)])).toEqual([
      [1, 2, 3],
      null,
      [0.5, 0, -1],
    ]);
  });

  it("reads globs in order, in chunks, and text keys with their zeros", async () => {
    const rows = (start: number, n: number) => Array.from({ length: n }, (_, i) => `0${start + i},1,2,x,`).join("\n");
    writeFiles(folder, {
      "many/a.csv": `video,category,duration,topics,cover\n${rows(1, 3000)}\n`,
      "many/b.csv": `video,category,duration,topics,cover\n${rows(5001, 2500)}\n`,
    });
    const chunks = await read('{file: "many/*.csv", key: video}', split, "string", 2048);
    expect(chunks.length).toBeGreaterThan(1);
    const keys = chunks.flatMap((chunk) => [...(chunk.keys as readonly string[])]);
    expect(keys.length).toBe(5500);
    expect([keys[0], keys[2999], keys[3000], keys[5499]]).toEqual(["01", "03000", "05001", "07500"]);
  });

  it("makes features by SQL and says which", async () => {
    const bound = binding(
      "{file: items.csv, key: video}",
      `columns:\n  item.duration: "duration / 2"\n  item.topics: {split: {column: topics, by: "|"}}`,
    );
    const source = await Source.open({ reads: boundFiles(bound) });
    const items = await openItems(source, bound, features, "int64");
    expect(items.supplied).toEqual(["item.duration"]);
    expect(items.derived).toEqual({ "item.topics": { kind: "split", column: "topics", by: "|" } });
    for await (const chunk of items.chunks(10)) {
      expect([...chunk.columns["item.duration"]]).toEqual([6.25, 35, null]);
    }
    source.close();
  });
});

describe("errors of items", () => {
  const broken: [string, string, string, RegExp][] = [
    ["a missing file", "", "{file: none.csv, key: video}", /data\.yaml:1:9: there is no file .*none\.csv/],
    ["an unknown ending", "", "{file: items.xlsx, key: video}", /has no ending that says its format; use \.csv/],
    [
      "a missing key column",
      csv,
      "{file: x.csv, key: vdeo}",
      /data\.yaml:1:22: .*x\.csv has no column `vdeo`; did you mean `video`\?/,
    ],
    [
      "a key given twice",
      `${csv}-4,1,1,,\n`,
      "{file: x.csv, key: video}",
      /x\.csv, row 4: the key -4 was already given in .*x\.csv, row 2; every item has one row/,
    ],
    [
      "a key that is missing",
      `${csv},1,1,,\n`,
      "{file: x.csv, key: video}",
      /x\.csv, row 4, column `video`: the item's key is missing/,
    ],
    [
      "a key with a fraction",
      csv.replace("-4,", "1.5,").replaceAll(/9\d{15,}/g, "7"),
      "{file: x.csv, key: video}",
      /x\.csv, row 2, column `video`: .*whole numbers of 64 bits are due/,
    ],
    [
      "a key in words",
      csv.replace("-4,", "four,"),
      "{file: x.csv, key: video}",
      /x\.csv, row 2, column `video`: this value does not fit; whole numbers of 64 bits are due/,
    ],
    [
      "a key beyond 64 bits",
      csv.replace("-4,", "9223372036854775808,"),
      "{file: x.csv, key: video}",
      /x\.csv, row 2, column `video`: .*whole numbers of 64 bits are due/,
    ],
    [
      "a number in words",
      csv.replace("70", "long"),
      "{file: x.csv, key: video}",
      /x\.csv, row 2, column `duration`: this value does not fit; numbers are due/,
    ],
    ["no items", "video,category,duration,topics,cover\n", "{file: x.csv, key: video}", /x\.csv has no rows/],
    ["a row cut short", csv.replace("-4,,70,,", "-4"), "{file: x.csv, key: video}", /x\.csv/],
  ];
  it.each(broken)("names the place of %s", async (_, text, items, message) => {
    writeFiles(folder, { "x.csv": text, "items.xlsx": "" });
    const error = await read(items, split).then(
      () => null,
      (found: Error) => found,
    );
    expect(error?.name).toBe("TwinError");
    expect(error?.message).toMatch(message);
  });

  it("refuses text where lists are due, and shows how to split it", async () => {
    await expect(read("{file: items.csv, key: video}")).rejects.toThrow(
      /column `topics` of .*items\.csv holds VARCHAR, and lists of texts or of whole numbers are due; in .*items\.csv, row 1 it is "a\|b"; split it: `item\.topics: \{split: \{column: topics, by: "\|"\}\}`/,
    );
  });

  it("names the place of SQL that is wrong", async () => {
    await expect(read("{file: items.csv, key: video}", 'columns:\n  item.duration: "durtion * 2"')).rejects.toThrow(
      /data\.yaml:3:3: `durtion \* 2` is no expression over .*items\.csv, which has no column `durtion`; did you mean `duration`/,
    );
  });

  it("says so where a Parquet or gzip file is broken", async () => {
    writeFiles(folder, { "x.parquet": "PAR1 but not really PAR1", "x.csv.gz": gzipSync(csv).subarray(0, 60) });
    for (const file of ["x.parquet", "x.csv.gz"]) {
      const error = await read(`{file: ${file}, key: video}`, split).catch((found: Error) => found);
      expect((error as Error).name).toBe("TwinError");
      expect((error as Error).message).toContain(file);
    }
  });
});
